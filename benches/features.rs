//! Time of the canonical-6 features, whole and in parts, on each instruction set; of a picture's
//! fingerprint; and of the models.

#![allow(missing_docs, reason = "criterion generates the entry point")]

#[path = "../tests/support/measure.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod measure;
#[path = "../tests/support/patterns.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod patterns;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gstvmaftiny::align::Fingerprint;
use gstvmaftiny::features::{
    Depth, Geometry, Level, MotionExtractor, NAMES, Part, Profile, SpatialExtractor, Workers,
};
use gstvmaftiny::fusion::Fusion;
use measure::Picture;
use patterns::{Kind, pair};

const PARTS: [(&str, Part); 6] = [
    ("vif pyramid", Part::Pyramid),
    ("vif scale 0", Part::Scale(0)),
    ("vif scale 1", Part::Scale(1)),
    ("vif scale 2", Part::Scale(2)),
    ("vif scale 3", Part::Scale(3)),
    ("adm", Part::Adm),
];

fn pictures(g: Geometry) -> [Picture; 2] {
    let pictures = pair(Kind::Noise, g.width, g.height, 1, g.depth.bits());
    [pictures.reference, pictures.distorted].map(|p| Picture::new(&p, g.depth))
}

fn frames(c: &mut Criterion) {
    for (width, height, depth) in
        [(1920, 1080, Depth::Eight), (1920, 1080, Depth::Ten), (3840, 2160, Depth::Eight)]
    {
        let geometry = Geometry { width, height, depth };
        let [reference, distorted] = pictures(geometry);
        let (r, d) = (reference.luma(geometry), distorted.luma(geometry));
        let mut group = c.benchmark_group(format!("{geometry}"));
        group.throughput(Throughput::Elements((width * height) as u64)).sample_size(10);
        for level in Level::available() {
            for (threads, profile) in
                [(1, Profile::Exact), (2, Profile::Exact), (1, Profile::Fast), (2, Profile::Fast)]
            {
                let name = format!("{} {}", profile.name(), level.name());
                let workers = Workers::at_level(threads, level).expect("threads");
                let mut spatial =
                    SpatialExtractor::on(&workers, geometry, profile).expect("a legal size");
                let mut motion = MotionExtractor::on(&workers, geometry).expect("a legal size");
                group.bench_function(BenchmarkId::new(name, threads), |b| {
                    b.iter(|| {
                        spatial.extract(r, d).expect("matching pictures");
                        motion.difference(r, d).expect("matching pictures");
                    });
                });
            }
        }
        group.finish();
    }
}

fn kernels(c: &mut Criterion) {
    for (width, height, depth) in
        [(1920, 1080, Depth::Eight), (1920, 1080, Depth::Ten), (853, 481, Depth::Eight)]
    {
        let geometry = Geometry { width, height, depth };
        let [reference, distorted] = pictures(geometry);
        let (r, d) = (reference.luma(geometry), distorted.luma(geometry));
        for level in Level::available() {
            let mut group = c.benchmark_group(format!("kernels {geometry} {}", level.name()));
            group.throughput(Throughput::Elements((width * height) as u64)).sample_size(10);
            let workers = Workers::at_level(1, level).expect("threads");
            let mut spatial =
                SpatialExtractor::on(&workers, geometry, Profile::Exact).expect("a legal size");
            for (name, part) in PARTS {
                group.bench_function(name, |b| b.iter(|| spatial.run_part(part, r, d)));
            }
            let mut motion = MotionExtractor::on(&workers, geometry).expect("a legal size");
            group.bench_function("motion", |b| {
                b.iter(|| motion.difference(r, d).expect("matching pictures"));
            });
            group.finish();
        }
    }
}

fn beside_the_features(c: &mut Criterion) {
    let geometry = Geometry { width: 1920, height: 1080, depth: Depth::Eight };
    let [picture, _] = pictures(geometry);
    let luma = picture.luma(geometry);
    c.bench_function("fingerprint 1920x1080", |b| b.iter(|| Fingerprint::of(&luma)));
    let mut group = c.benchmark_group("models");
    for id in ["vmaf_tiny_v2", "vmaf_tiny_v3", "vmaf_tiny_v4"] {
        let mut fusion = Fusion::open(id, &NAMES).expect("a shipped model");
        let features = [0.97, 0.6, 0.85, 0.91, 0.94, 3.5];
        group.bench_function(id, |b| b.iter(|| fusion.score(&features).expect("a score")));
    }
    group.finish();
}

criterion_group!(benches, frames, kernels, beside_the_features);
criterion_main!(benches);
