//! The wavelet is exact on every instruction set: the features' tolerance would hide a wrong bit.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::Adm;
use crate::features::plane::Plane;
use crate::features::strips::Workers;
use crate::features::{Depth, Geometry, Level, Luma, Samples};

/// Checkers of black and white, some of them noise.
fn picture(geometry: Geometry, random: &mut StdRng) -> Vec<u16> {
    let Geometry { width, height, depth } = geometry;
    let top = ((1u32 << depth.bits()) - 1) as u16;
    let sizes = [(); 2].map(|()| random.random_range(1..10));
    let white = |i: usize| (i % width / sizes[0] + i / width / sizes[1]).is_multiple_of(2);
    let share = random.random_range(0.0..0.5);
    let mut sample = |i| match random.random_bool(share) {
        true => random.random_range(0..=top),
        false => u16::from(white(i)) * top,
    };
    (0..width * height).map(&mut sample).collect()
}

/// The low-pass bands of all levels, both pictures, as ADM leaves them on its canvas.
fn bands(geometry: Geometry, pair: &[Vec<u16>; 2], level: Level) -> Vec<u32> {
    let workers = Workers::at_level(1, level).expect("threads");
    let mut adm = Adm::new(geometry, &workers);
    let mut canvas = vec![0; adm.canvas()];
    if geometry.depth == Depth::Eight {
        let pair = pair.each_ref().map(|p| p.iter().map(|&s| s as u8).collect::<Vec<_>>());
        let luma = |s| Luma::new(Samples::U8(s), geometry.width, geometry).expect("a whole plane");
        let pair = pair.each_ref().map(|s| Plane::of(&luma(s), s));
        adm.measure(&workers, pair, &mut canvas);
    } else {
        let luma = |s| Luma::new(Samples::U16(s), geometry.width, geometry).expect("a whole plane");
        let pair = pair.each_ref().map(|s| Plane::of(&luma(s), s));
        adm.measure(&workers, pair, &mut canvas);
    }
    canvas
}

#[test]
fn low_pass_bands_are_the_same_on_every_instruction_set() {
    let mut random = StdRng::seed_from_u64(1);
    for i in 0..96 {
        let depth = [Depth::Eight, Depth::Ten, Depth::Twelve, Depth::Sixteen][i % 4];
        let geometry = Geometry { width: 33 + 3 * i, height: 33 + i % 40, depth };
        let pair = [(); 2].map(|()| picture(geometry, &mut random));
        let expected = bands(geometry, &pair, Level::Scalar);
        for level in Level::available() {
            assert!(bands(geometry, &pair, level) == expected, "{geometry}, {}", level.name());
        }
    }
}
