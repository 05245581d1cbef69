//! Features against numbers printed by libvmaf 3.2's scalar code, six decimals.

#[path = "support/measure.rs"]
mod measure;
#[path = "support/patterns.rs"]
mod patterns;

use gstvmaftiny::features::{Depth, Features, Geometry, Level, Luma, Samples, SpatialExtractor};
use measure::Picture;
use patterns::{Kind, pair};

/// Half a unit of the sixth decimal is the print's own rounding.
const TOLERANCE: f64 = 1e-6;
/// Vector code is not exact: what is aimed at is 1e-5, what is promised 5e-5.
const VECTOR_TOLERANCE: f64 = 5e-5;

fn tolerance(level: Level) -> f64 {
    if level == Level::Scalar { TOLERANCE } else { VECTOR_TOLERANCE }
}

struct Golden {
    kind: Kind,
    geometry: Geometry,
    // canonical order
    frames: Vec<[f64; 6]>,
}

/// Clips of `golden/features.csv`, in file order.
fn golden() -> Vec<Golden> {
    let mut clips: Vec<Golden> = Vec::new();
    for line in include_str!("golden/features.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |i: usize| fields[i].parse::<f64>().expect("a number");
        let features = [5, 7, 8, 9, 10, 6].map(number);
        if number(4) == 0.0 {
            let depth = Depth::try_from(number(3) as u32).expect("a depth");
            let geometry =
                Geometry { width: number(1) as usize, height: number(2) as usize, depth };
            let kind = match fields[0] {
                "quant" => Kind::Quant,
                "blur" => Kind::Blur,
                _ => Kind::Noise,
            };
            clips.push(Golden { kind, geometry, frames: vec![features] });
        } else if let Some(clip) = clips.last_mut() {
            clip.frames.push(features);
        }
    }
    clips
}

fn pictures(kind: Kind, g: Geometry, frames: usize) -> Vec<(Picture, Picture)> {
    (0..frames as u32)
        .map(|t| {
            let p = pair(kind, g.width, g.height, t, g.depth.bits());
            (Picture::new(&p.reference, g.depth), Picture::new(&p.distorted, g.depth))
        })
        .collect()
}

#[test]
fn patterns_are_those_of_the_specification() {
    let sums = |kind, w, h, t, bits| {
        let p = pair(kind, w, h, t, bits);
        [p.reference, p.distorted].map(|s| s.iter().map(|&v| u64::from(v)).sum::<u64>())
    };
    assert_eq!(sums(Kind::Quant, 64, 64, 0, 8), [448180, 450204]);
    assert_eq!(sums(Kind::Blur, 64, 64, 3, 8), [447964, 448274]);
    assert_eq!(sums(Kind::Noise, 177, 145, 1, 8), [2723612, 2723249]);
    assert_eq!(sums(Kind::Quant, 64, 64, 2, 10), [1797043, 1799328]);
}

#[test]
fn every_feature_of_every_golden_frame_agrees() {
    let clips = golden();
    assert!(clips.iter().map(|c| c.frames.len()).sum::<usize>() > 60, "the whole table was read");
    for Golden { kind, geometry, frames } in clips {
        let pictures = pictures(kind, geometry, frames.len());
        for level in Level::available() {
            let found = measure::sequence(&pictures, geometry, 1, level);
            let tolerance = tolerance(level);
            for (t, (found, expected)) in
                found.iter().map(Features::to_array).zip(&frames).enumerate()
            {
                for (i, name) in gstvmaftiny::features::NAMES.iter().enumerate() {
                    let difference = (found[i] - expected[i]).abs();
                    assert!(
                        difference <= tolerance,
                        "{kind:?} {geometry} frame {t}, {}: {name} is {}, libvmaf says {}",
                        level.name(),
                        found[i],
                        expected[i]
                    );
                }
            }
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let geometry = Geometry { width: 177, height: 145, depth: Depth::Ten };
    let frames = pictures(Kind::Noise, geometry, 3);
    for level in Level::available() {
        let alone = measure::sequence(&frames, geometry, 1, level);
        for threads in [2, 3, 8] {
            let together = measure::sequence(&frames, geometry, threads, level);
            assert_eq!(together, alone, "{threads} threads, {}", level.name());
        }
    }
}

#[test]
fn special_pairs_agree() {
    let g = Geometry { width: 64, height: 64, depth: Depth::Eight };
    let p: Vec<u8> = {
        let pattern = pair(Kind::Quant, g.width, g.height, 0, 8).reference;
        pattern.into_iter().map(|s| s as u8).collect()
    };
    let flat = |v: u8| vec![v; p.len()];
    let inverse: Vec<u8> = p.iter().map(|v| 255 - v).collect();
    // floor of a half of the signed distance from mid-grey
    let soft: Vec<u8> = p.iter().map(|&v| (128 + ((i32::from(v) - 128) >> 1)) as u8).collect();
    let cases: [(Vec<u8>, Vec<u8>, [f64; 5]); 7] = [
        (flat(0), flat(0), [1.0; 5]),
        (flat(128), flat(120), [1.0; 5]),
        (p.clone(), p.clone(), [1.000002, 1.0, 1.0, 1.0, 1.0]),
        (p.clone(), flat(0), [0.235467, 0.0, 0.0, 0.0, 0.0]),
        (p.clone(), inverse, [0.235467, 0.0, 0.0, 0.0, 0.0]),
        (flat(0), p.clone(), [1.0, 0.982981, 0.986230, 0.986663, 0.986282]),
        (soft, p.clone(), [1.580936, 1.359203, 1.409621, 1.406738, 1.390676]),
    ];
    for level in Level::available() {
        let tolerance = tolerance(level);
        let mut extractor = SpatialExtractor::at_level(g, 1, level).expect("a legal size");
        for (i, (reference, distorted, expected)) in cases.iter().enumerate() {
            let luma = |s| Luma::new(Samples::U8(s), g.width, g).expect("a whole plane");
            let found =
                extractor.extract(luma(reference), luma(distorted)).expect("matching pictures");
            let [v0, v1, v2, v3] = found.vif;
            for (found, expected) in [found.adm2, v0, v1, v2, v3].iter().zip(expected) {
                let name = level.name();
                assert!(
                    (found - expected).abs() <= tolerance,
                    "pair {i}, {name}: {found} is not {expected}"
                );
            }
        }
    }
}
