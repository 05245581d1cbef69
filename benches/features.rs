//! Time of the canonical-6 features per picture pair.

#![allow(missing_docs, reason = "criterion generates the entry point")]

#[path = "../tests/support/measure.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod measure;
#[path = "../tests/support/patterns.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod patterns;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gstvmaftiny::features::{Depth, Geometry, Level, MotionExtractor, SpatialExtractor};
use measure::Picture;
use patterns::{Kind, pair};

fn frames(c: &mut Criterion) {
    for (width, height, depth) in
        [(1920, 1080, Depth::Eight), (1920, 1080, Depth::Ten), (3840, 2160, Depth::Eight)]
    {
        let geometry = Geometry { width, height, depth };
        let pictures = pair(Kind::Noise, width, height, 1, depth.bits());
        let reference = Picture::new(&pictures.reference, depth);
        let distorted = Picture::new(&pictures.distorted, depth);
        let (r, d) = (reference.luma(geometry), distorted.luma(geometry));
        let mut group = c.benchmark_group(format!("{geometry}"));
        group.throughput(Throughput::Elements((width * height) as u64)).sample_size(10);
        for level in Level::available() {
            for threads in [1, 2] {
                let name =
                    |kernel: &str| BenchmarkId::new(format!("{kernel} {}", level.name()), threads);
                let mut spatial =
                    SpatialExtractor::at_level(geometry, threads, level).expect("a legal size");
                group.bench_function(name("spatial"), |b| {
                    b.iter(|| spatial.extract(r, d).expect("matching pictures"));
                });
                let mut motion =
                    MotionExtractor::at_level(geometry, threads, level).expect("a legal size");
                group.bench_function(name("motion"), |b| {
                    b.iter(|| motion.difference(r, d).expect("matching pictures"));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, frames);
criterion_main!(benches);
