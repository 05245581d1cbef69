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

use gstvmaftiny::features::{Depth, Geometry, Level, MotionExtractor, Profile, SpatialExtractor};
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

/// Allocations of `frames` frames after the first ones.
fn allocations(
    depth: Depth,
    threads: usize,
    profile: Profile,
    level: Level,
    frames: usize,
) -> usize {
    let geometry = Geometry { width: 640, height: 360, depth };
    let pictures = pair(Kind::Noise, geometry.width, geometry.height, 1, depth.bits());
    let [reference, distorted] =
        [pictures.reference, pictures.distorted].map(|p| Picture::new(&p, depth));
    let (r, d) = (reference.luma(geometry), distorted.luma(geometry));
    let mut spatial =
        SpatialExtractor::with_profile(geometry, threads, level, profile).expect("a legal size");
    let mut motion = MotionExtractor::beside(&spatial);
    let mut measure = || {
        spatial.extract(r, d).expect("matching pictures");
        motion.difference(r, d).expect("matching pictures");
    };
    for _ in 0..2 {
        measure();
    }
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..frames {
        measure();
    }
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

// one test: the counter belongs to the whole process
#[test]
fn frames_take_no_memory() {
    for level in Level::available() {
        for depth in [Depth::Eight, Depth::Ten] {
            for profile in [Profile::Exact, Profile::Fast] {
                let found = allocations(depth, 1, profile, level, 4);
                assert_eq!(found, 0, "{depth:?} {profile:?} {}", level.name());
            }
        }
    }
    // the thread pool's queue takes a new block for every 63 hand-overs, of which a frame has two
    let frames = 63;
    let found = allocations(Depth::Eight, 2, Profile::Exact, Level::detected(), frames);
    assert!(found <= 4, "{found} allocations in {frames} frames on two threads");
}
