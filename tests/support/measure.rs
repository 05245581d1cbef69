//! Feature extraction over whole sequences of 16-bit test pictures.

use gstvmaftiny::features::{
    Depth, Features, Geometry, Level, Luma, Motion2, MotionExtractor, Profile, Samples, Spatial,
    SpatialExtractor, Workers,
};

/// Samples of one picture in the width the depth asks for.
pub enum Picture {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

impl Picture {
    pub fn new(samples: &[u16], depth: Depth) -> Self {
        match depth {
            Depth::Eight => Self::U8(samples.iter().map(|&s| s as u8).collect()),
            _ => Self::U16(samples.to_vec()),
        }
    }

    pub fn luma(&self, geometry: Geometry) -> Luma<'_> {
        let samples = match self {
            Self::U8(s) => Samples::U8(s),
            Self::U16(s) => Samples::U16(s),
        };
        Luma::new(samples, geometry.width, geometry).expect("a whole plane")
    }
}

/// All features of all frames.
pub fn sequence(
    frames: &[(Picture, Picture)],
    geometry: Geometry,
    threads: usize,
    level: Level,
) -> Vec<Features> {
    let workers = Workers::at_level(threads, level).expect("threads");
    let mut spatial =
        SpatialExtractor::on(&workers, geometry, Profile::Exact).expect("a legal size");
    let mut motion = MotionExtractor::on(&workers, geometry).expect("a legal size");
    let mut look_ahead = Motion2::default();
    let (mut measured, mut motions): (Vec<Spatial>, Vec<f64>) = Default::default();
    for (i, (reference, distorted)) in frames.iter().enumerate() {
        let (r, d) = (reference.luma(geometry), distorted.luma(geometry));
        measured.push(spatial.extract(r, d).expect("matching pictures"));
        let difference = i.checked_sub(1).map(|before| {
            let previous = frames[before].0.luma(geometry);
            motion.difference(previous, r).expect("matching pictures")
        });
        motions.extend(look_ahead.push(difference));
    }
    motions.extend(look_ahead.flush());
    let both = measured.into_iter().zip(motions);
    both.map(|(spatial, motion2)| Features { spatial, motion2 }).collect()
}
