//! Moving pictures made by formula, and what a transmission does to their brightness.

use std::f64::consts::TAU;

use gstvmaftiny::align::Fingerprint;
use gstvmaftiny::features::{Depth, Geometry, Luma, Samples};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const WIDTH: usize = 32;
const HEIGHT: usize = 18;

/// Waves that drift over the picture and never come back to the same place.
pub struct Scene {
    waves: Vec<Wave>,
}

struct Wave {
    x: f64,
    y: f64,
    amplitude: f64,
    speed: f64,
    // where it is in addition, five times a second
    sway: Vec<f64>,
}

impl Wave {
    fn moved(&self, seconds: f64) -> f64 {
        let step = (seconds * 5.0).floor();
        let share = seconds * 5.0 - step;
        let sway = |after: i64| self.sway[(step as i64 + after).rem_euclid(503) as usize];
        let smooth = share * share * (3.0 - 2.0 * share);
        self.speed * seconds + sway(0) + (sway(1) - sway(0)) * smooth
    }
}

impl Scene {
    pub fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let waves = (0..6).map(|_| Wave {
            x: random.random_range(-3.0..3.0),
            y: random.random_range(-2.0..2.0),
            amplitude: random.random_range(4.0..14.0),
            speed: random.random_range(-3.0..3.0),
            sway: (0..503).map(|_| random.random_range(-1.5..1.5)).collect(),
        });
        Self { waves: waves.collect() }
    }

    /// Brightness, 8-bit grey levels.
    fn at(&self, x: usize, y: usize, seconds: f64) -> f64 {
        let (x, y) = (x as f64 / WIDTH as f64, y as f64 / HEIGHT as f64);
        let wave = |w: &Wave| w.amplitude * (TAU * (w.x * x + w.y * y) + w.moved(seconds)).sin();
        120.0 + self.waves.iter().map(wave).sum::<f64>()
    }

    /// Fingerprint of the picture at a time, as `look` shows it.
    pub fn print(&self, seconds: f64, look: &mut Look) -> Fingerprint {
        let mut grey: Vec<f64> =
            (0..WIDTH * HEIGHT).map(|i| self.at(i % WIDTH, i / WIDTH, seconds)).collect();
        look.apply(&mut grey);
        let samples: Vec<u16> = grey.iter().map(|g| (g.clamp(0.0, 255.0) * 256.0) as u16).collect();
        fingerprint(&samples)
    }
}

/// A picture of one shade.
#[allow(dead_code, reason = "not every user needs it")]
pub fn shade(grey: u16) -> Fingerprint {
    fingerprint(&vec![grey * 256; WIDTH * HEIGHT])
}

fn fingerprint(samples: &[u16]) -> Fingerprint {
    let geometry = Geometry { width: WIDTH, height: HEIGHT, depth: Depth::Sixteen };
    Fingerprint::of(&Luma::new(Samples::U16(samples), WIDTH, geometry).expect("matching size"))
}

/// What happens to brightness on the way.
#[derive(Clone, Debug)]
pub struct Look {
    pub gain: f64,
    pub lift: f64,
    /// Largest change of brightness from picture to picture, grey levels.
    pub flicker: f64,
    pub gamma: f64,
    pub blur: bool,
    /// Largest error of a sample, grey levels.
    pub noise: f64,
    pub random: StdRng,
}

impl Look {
    pub fn untouched() -> Self {
        let random = StdRng::seed_from_u64(1);
        Self { gain: 1.0, lift: 0.0, flicker: 0.0, gamma: 1.0, blur: false, noise: 0.0, random }
    }

    fn apply(&mut self, grey: &mut [f64]) {
        let mut lift = self.lift;
        if self.flicker > 0.0 {
            lift += self.random.random_range(-self.flicker..self.flicker);
        }
        for sample in grey.iter_mut() {
            *sample = 255.0 * (*sample / 255.0).powf(self.gamma) * self.gain + lift;
            if self.noise > 0.0 {
                *sample += self.random.random_range(-self.noise..self.noise);
            }
        }
        if self.blur {
            let sharp = grey.to_vec();
            for i in 2..grey.len() - 2 {
                grey[i] = sharp[i - 2..=i + 2].iter().sum::<f64>() / 5.0;
            }
        }
    }
}
