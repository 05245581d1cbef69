//! Brings distorted pictures to the size and colour range of the reference.
//!
//! Scaling is bicubic with the kernel of FFmpeg's scaler (B = 0, C = 0.6, widened when scaling
//! down), to keep scores near those of scaling with `ffmpeg` first.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U16};
use fast_image_resize::{Filter, FilterType, ResizeAlg, ResizeOptions, Resizer};

use super::Plane;
use super::plane::pack;
use super::store::{Store, Stored};
use crate::features::{Depth, Geometry, Luma, Samples};

/// What has to be done to a distorted picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// To this width and height.
    pub size: Option<(usize, usize)>,
    /// To the other colour range.
    pub range: Option<RangeChange>,
}

/// From one colour range to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeChange {
    /// All values a sample can have.
    ToFull,
    /// 16 to 235, times 2 for each bit above 8.
    ToLimited,
}

impl RangeChange {
    /// What brings the distorted picture's range to the reference's, if both are known and differ;
    /// each is whether the range is the full one.
    pub fn between(reference: Option<bool>, distorted: Option<bool>) -> Option<Self> {
        match (reference, distorted) {
            (Some(true), Some(false)) => Some(Self::ToFull),
            (Some(false), Some(true)) => Some(Self::ToLimited),
            _ => None,
        }
    }

    /// Maps a sample of `depth`.
    fn apply(self, sample: u16, depth: Depth) -> u16 {
        let top = f64::from((1u32 << depth.bits()) - 1);
        let unit = f64::from(1u32 << (depth.bits() - 8));
        let (black, span) = (16.0 * unit, 219.0 * unit);
        let v = f64::from(sample);
        let mapped = match self {
            Self::ToFull => (v - black) / span * top,
            Self::ToLimited => v / top * span + black,
        };
        mapped.round().clamp(0.0, top) as u16
    }
}

/// Does changes; keeps its tables and scratch memory.
pub struct Conformer {
    store: Store,
    resizer: Resizer,
    table: Option<(RangeChange, Depth, Vec<u16>)>,
}

impl Conformer {
    /// Results come from `store`.
    pub fn new(store: Store) -> Self {
        Self { store, resizer: Resizer::new(), table: None }
    }

    /// The changed picture.
    ///
    /// # Errors
    /// A message that says why it cannot be scaled.
    pub fn conform(&mut self, luma: &Luma, change: Change) -> Result<Plane, String> {
        let from = luma.geometry();
        let (width, height) = change.size.unwrap_or((from.width, from.height));
        let to = Geometry { width, height, ..from };
        let scale = change.size.is_some();
        let store = self.store.clone();
        Ok(match luma.samples() {
            Samples::U8(samples) => {
                let mut stored = store.bytes(|out| pack(samples, luma, out));
                if scale {
                    stored = self.scaled_bytes(&stored, from, to)?;
                }
                let stored = match self.table(change.range, from.depth) {
                    Some(table) => store.bytes(|out| {
                        out.extend(stored.iter().map(|v| table[usize::from(*v)] as u8));
                    }),
                    None => stored,
                };
                Plane::of_bytes(stored, to)
            }
            Samples::U16(samples) => {
                let mut stored = store.words(|out| pack(samples, luma, out));
                if scale {
                    stored = self.scaled_words(&stored, from, to)?;
                }
                let stored = match self.table(change.range, from.depth) {
                    Some(table) => store.words(|out| {
                        out.extend(stored.iter().map(|v| table[usize::from(*v)]));
                    }),
                    None => stored,
                };
                Plane::of_words(stored, to)
            }
        })
    }

    fn scaled_bytes(
        &mut self,
        samples: &[u8],
        from: Geometry,
        to: Geometry,
    ) -> Result<Stored<u8>, String> {
        let (options, problem) = (bicubic()?, |e: &dyn std::fmt::Display| e.to_string());
        let [w, h, new_w, new_h] = sides(from, to)?;
        let source = TypedImageRef::<U8>::from_buffer(w, h, samples).map_err(|e| problem(&e))?;
        let mut out = Ok(());
        let stored = self.store.bytes(|room| {
            room.resize(to.width * to.height, 0);
            out = TypedImage::<U8>::from_buffer(new_w, new_h, room)
                .map_err(|e| problem(&e))
                .and_then(|mut target| {
                    self.resizer
                        .resize_typed(&source, &mut target, &options)
                        .map_err(|e| problem(&e))
                });
        });
        out.map(|()| stored)
    }

    fn scaled_words(
        &mut self,
        samples: &[u16],
        from: Geometry,
        to: Geometry,
    ) -> Result<Stored<u16>, String> {
        let (options, problem) = (bicubic()?, |e: &dyn std::fmt::Display| e.to_string());
        let [w, h, new_w, new_h] = sides(from, to)?;
        let source = TypedImageRef::<U16>::from_buffer(w, h, bytemuck::cast_slice(samples))
            .map_err(|e| problem(&e))?;
        let top = ((1u32 << from.depth.bits()) - 1) as u16;
        let mut out = Ok(());
        let stored = self.store.words(|room| {
            room.resize(to.width * to.height, 0);
            let bytes = bytemuck::cast_slice_mut(room);
            out = TypedImage::<U16>::from_buffer(new_w, new_h, bytes)
                .map_err(|e| problem(&e))
                .and_then(|mut target| {
                    self.resizer
                        .resize_typed(&source, &mut target, &options)
                        .map_err(|e| problem(&e))
                });
            // the kernel overshoots at edges
            room.iter_mut().for_each(|v| *v = (*v).min(top));
        });
        out.map(|()| stored)
    }

    fn table(&mut self, change: Option<RangeChange>, depth: Depth) -> Option<&[u16]> {
        let change = change?;
        let known = self.table.take().filter(|(c, d, _)| (*c, *d) == (change, depth));
        let table = known.unwrap_or_else(|| {
            let samples = 0..=((1u32 << depth.bits()) - 1) as u16;
            (change, depth, samples.map(|v| change.apply(v, depth)).collect())
        });
        Some(&self.table.insert(table).2)
    }
}

fn sides(from: Geometry, to: Geometry) -> Result<[u32; 4], String> {
    let sides = [from.width, from.height, to.width, to.height].map(u32::try_from);
    match sides {
        [Ok(w), Ok(h), Ok(new_w), Ok(new_h)] => Ok([w, h, new_w, new_h]),
        _ => Err(format!("cannot scale {from} to {to}")),
    }
}

fn bicubic() -> Result<ResizeOptions, String> {
    let filter = Filter::new("bicubic", kernel, 2.0).map_err(|e| e.to_string())?;
    Ok(ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Custom(filter))))
}

/// Cubic convolution with B = 0, C = 0.6.
fn kernel(x: f64) -> f64 {
    const C: f64 = 0.6;
    let x = x.abs();
    if x < 1.0 {
        ((2.0 - C) * x + C - 3.0) * x * x + 1.0
    } else if x < 2.0 {
        C * (((5.0 - x) * x - 8.0) * x + 4.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::Picture as _;

    #[test]
    fn the_kernel_is_ones_sum() {
        for step in 0..=10 {
            let x = f64::from(step) / 10.0;
            let sum: f64 = (-2..=2).map(|i| kernel(x - f64::from(i))).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{x}: {sum}");
        }
    }

    #[test]
    fn ranges_map_end_to_end_and_back() {
        for depth in [Depth::Eight, Depth::Ten, Depth::Twelve] {
            let (top, unit) = ((1u16 << depth.bits()) - 1, 1u16 << (depth.bits() - 8));
            for (full, limited) in [(0, 16 * unit), (top, 235 * unit)] {
                assert_eq!(RangeChange::ToLimited.apply(full, depth), limited);
                assert_eq!(RangeChange::ToFull.apply(limited, depth), full);
            }
        }
    }

    #[test]
    fn edges_overshoot_as_a_cubic_kernel_makes_them() {
        let store = Store::default();
        let mut conformer = Conformer::new(store.clone());
        let change = Change { size: Some((40, 36)), range: None };
        let geometry = Geometry { width: 20, height: 18, depth: Depth::Eight };
        let samples = (0..20 * 18).map(|i| if i % 20 < 10 { 100 } else { 150 });
        let picture = Plane::of_bytes(store.bytes(|b| b.extend(samples)), geometry);
        let scaled = conformer.conform(&picture.luma().expect("whole"), change).expect("scales");
        let luma = scaled.luma().expect("whole");
        let Samples::U8(samples) = luma.samples() else { panic!("bytes") };
        // a quarter of a sample before the edge's last dark one, and so on
        let expected = [0.75, 0.25].map(|x| {
            let bright: f64 = (0..2).map(|i| kernel(f64::from(i) + 1.0 + 0.5 - x)).sum();
            (100.0 + 50.0 * bright).round() as u8
        });
        assert!(samples[..40].iter().any(|v| *v < 100) && samples[..40].iter().any(|v| *v > 150));
        assert!(expected.iter().all(|v| samples[..40].contains(v)), "{expected:?} {samples:?}");
    }

    #[test]
    fn scaling_keeps_what_is_flat_and_stays_within_the_depth() {
        let store = Store::default();
        let mut conformer = Conformer::new(store.clone());
        let change = Change { size: Some((40, 36)), range: None };
        let geometry = Geometry { width: 20, height: 18, depth: Depth::Ten };
        // an edge between black and white: the kernel would overshoot
        let samples = (0..20 * 18).map(|i| if i % 20 < 10 { 0 } else { 1023 });
        let picture = Plane::of_words(store.words(|w| w.extend(samples)), geometry);
        let scaled = conformer.conform(&picture.luma().expect("whole"), change).expect("scales");
        let luma = scaled.luma().expect("whole");
        let Samples::U16(samples) = luma.samples() else { panic!("words") };
        assert_eq!((luma.geometry().width, luma.geometry().height), (40, 36));
        assert!(samples.iter().all(|v| *v <= 1023));
        assert_eq!((samples[0], samples[39]), (0, 1023));
    }
}
