//! Every instruction set against the portable code, which is exact.

#[path = "support/patterns.rs"]
mod patterns;

use gstvmaftiny::features::{
    Depth, Geometry, Level, Luma, MotionExtractor, NAMES, Profile, Samples, SpatialExtractor,
    Workers,
};
use patterns::Kind;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// What the features are promised to keep on every instruction set.
const TOLERANCE: f64 = 5e-5;

/// A picture somewhere in a larger buffer.
#[derive(Clone, Copy, Debug)]
struct Place {
    geometry: Geometry,
    stride: usize,
    start: usize,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    Pattern(Kind),
    /// Two unrelated pictures of full-range noise.
    Noise,
    /// Dark or bright and nearly flat: where single precision has the least room.
    Weak {
        level: u32,
        amplitude: u32,
    },
    /// Little contrast in the reference, much in the distorted picture.
    Raised,
    Checkers,
}

fn pictures(content: Content, g: Geometry, seed: u64) -> [Vec<u16>; 2] {
    let bits = g.depth.bits();
    let top = (1u32 << bits) - 1;
    let mut random = StdRng::seed_from_u64(seed);
    let count = g.width * g.height;
    let pattern = |kind, t| patterns::pair(kind, g.width, g.height, t, bits);
    match content {
        Content::Pattern(kind) => {
            let pair = pattern(kind, (seed % 4) as u32);
            [pair.reference, pair.distorted]
        }
        Content::Noise => {
            [(); 2].map(|()| (0..count).map(|_| random.random_range(0..=top) as u16).collect())
        }
        Content::Weak { level, amplitude } => [(); 2].map(|()| {
            let step = 1 << (bits - 8);
            (0..count)
                .map(|_| {
                    let noise = random.random_range(0..=amplitude * step);
                    (level * step + noise).min(top) as u16
                })
                .collect()
        }),
        Content::Raised => {
            let distorted = pattern(Kind::Quant, 0).reference;
            let middle = (top / 2) as i32;
            let soft = |&s: &u16| (middle + (i32::from(s) - middle) / 16) as u16;
            [distorted.iter().map(soft).collect(), distorted]
        }
        Content::Checkers => {
            let at =
                |i: usize, x: usize, y: usize| ((i % g.width / x + i / g.width / y) % 2) as u32;
            let picture = |x, y| (0..count).map(|i| (at(i, x, y) * top) as u16).collect();
            [picture(1, 1), picture(2, 3)]
        }
    }
}

/// Samples around which the buffer is full of what must not be read.
enum Buffer {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

impl Buffer {
    fn new(samples: &[u16], place: Place) -> Self {
        let Place { geometry: g, stride, start } = place;
        let mut all = vec![0x5aa5; start + stride * g.height];
        for (y, row) in samples.chunks(g.width).enumerate() {
            all[start + y * stride..][..g.width].copy_from_slice(row);
        }
        match g.depth {
            Depth::Eight => Self::U8(all.into_iter().map(|s| s as u8).collect()),
            _ => Self::U16(all),
        }
    }

    fn luma(&self, place: Place) -> Luma<'_> {
        let samples = match self {
            Self::U8(s) => Samples::U8(&s[place.start..]),
            Self::U16(s) => Samples::U16(&s[place.start..]),
        };
        Luma::new(samples, place.stride, place.geometry).expect("a whole plane")
    }
}

/// Both pictures' features, and motion from the one to the other.
fn features(pair: [Luma; 2], level: Level) -> [f64; 6] {
    let geometry = pair[0].geometry();
    let workers = Workers::at_level(1, level).expect("threads");
    let mut spatial =
        SpatialExtractor::on(&workers, geometry, Profile::Exact).expect("a legal size");
    let mut motion = MotionExtractor::on(&workers, geometry).expect("a legal size");
    let found = spatial.extract(pair[0], pair[1]).expect("matching pictures");
    let motion = motion.difference(pair[0], pair[1]).expect("matching pictures");
    let [v0, v1, v2, v3] = found.vif;
    [found.adm2, v0, v1, v2, v3, motion]
}

fn place() -> impl Strategy<Value = Place> {
    let depth = prop::sample::select(vec![Depth::Eight, Depth::Ten, Depth::Twelve, Depth::Sixteen]);
    (33usize..150, 33usize..90, depth, 0usize..40, 0usize..33).prop_map(
        |(width, height, depth, gap, start)| Place {
            geometry: Geometry { width, height, depth },
            stride: width + gap,
            start,
        },
    )
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        prop::sample::select(vec![Kind::Quant, Kind::Blur, Kind::Noise]).prop_map(Content::Pattern),
        Just(Content::Noise),
        (0u32..250, 1u32..6).prop_map(|(level, amplitude)| Content::Weak { level, amplitude }),
        Just(Content::Raised),
        Just(Content::Checkers),
    ]
}

fn compare(place: Place, content: Content, seed: u64) -> Result<(), TestCaseError> {
    let buffers = pictures(content, place.geometry, seed).map(|s| Buffer::new(&s, place));
    let pair = [buffers[0].luma(place), buffers[1].luma(place)];
    let expected = features(pair, Level::Scalar);
    for level in Level::available().filter(|&level| level > Level::Scalar) {
        let found = features(pair, level);
        for (i, name) in NAMES.iter().enumerate() {
            let difference = (found[i] - expected[i]).abs();
            prop_assert!(
                difference <= TOLERANCE,
                "{name} at {} is {}, portable code says {} ({difference:e})",
                level.name(),
                found[i],
                expected[i]
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..Default::default() })]

    #[test]
    fn levels_agree_on_any_size_stride_start_depth_and_content(
        place in place(),
        content in content(),
        seed: u64,
    ) {
        compare(place, content, seed)?;
    }
}

#[test]
fn levels_agree_around_the_width_of_vectors() {
    for width in (33..=50).chain([63, 64, 65, 79, 80, 81, 95, 96, 97, 127, 128, 129]) {
        for depth in [Depth::Eight, Depth::Ten] {
            let geometry = Geometry { width, height: 49, depth };
            let place = Place { geometry, stride: width, start: 0 };
            compare(place, Content::Pattern(Kind::Noise), 1).expect("levels agree");
        }
    }
}

#[test]
fn every_level_of_this_processor_was_run() {
    let names: Vec<_> = Level::available().map(Level::name).collect();
    println!("levels compared on this processor: {}", names.join(", "));
    assert_eq!(names[0], "scalar");
}
