//! Measuring a frame takes no memory from the system.

#![allow(unsafe_code, reason = "an allocator that counts is an unsafe trait")]

#[path = "support/measure.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod measure;
#[path = "support/patterns.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod patterns;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use gstvmaftiny::features::{
    Depth, Geometry, Level, MotionExtractor, Profile, SpatialExtractor, Workers,
};
use measure::Picture;
use patterns::{Kind, pair};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: all work is the system allocator's
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's layout, unchanged
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: memory is the system allocator's, as `alloc` got it
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Allocations of 130 frames after the first ones. Each thread takes some memory when it first gets
/// work, which may be late on a busy machine: so least of some tries.
fn allocations(depth: Depth, threads: usize, profile: Profile, level: Level) -> usize {
    let geometry = Geometry { width: 320, height: 360, depth };
    let pictures = pair(Kind::Noise, geometry.width, geometry.height, 1, depth.bits());
    let [reference, distorted] =
        [pictures.reference, pictures.distorted].map(|p| Picture::new(&p, depth));
    let (r, d) = (reference.luma(geometry), distorted.luma(geometry));
    let workers = Workers::at_level(threads, level).expect("threads");
    let mut spatial = SpatialExtractor::on(&workers, geometry, profile).expect("a legal size");
    let mut motion = MotionExtractor::on(&workers, geometry).expect("a legal size");
    let mut measure = |frames: usize| {
        for _ in 0..frames {
            spatial.extract(r, d).expect("matching pictures");
            motion.difference(r, d).expect("matching pictures");
        }
    };
    workers.enter(move || {
        measure(20);
        let mut least = usize::MAX;
        for _ in 0..5 {
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            measure(130);
            least = least.min(ALLOCATIONS.load(Ordering::Relaxed) - before);
            if least == 0 {
                break;
            }
        }
        least
    })
}

// one test: the counter belongs to the whole process
#[test]
fn frames_take_no_memory() {
    for level in Level::available() {
        for threads in [1, 2, 3] {
            for depth in [Depth::Eight, Depth::Ten] {
                for profile in [Profile::Exact, Profile::Fast] {
                    let found = allocations(depth, threads, profile, level);
                    let level = level.name();
                    assert_eq!(found, 0, "{depth:?} {profile:?} {level}, {threads} threads");
                }
            }
        }
    }
}
