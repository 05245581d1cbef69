use super::Picture;
use super::store::{Store, Stored};
use crate::features::{FeatureError, Geometry, Luma, Samples};

/// Luma of its own, row after row without gaps; its memory goes back to the store it came from.
pub struct Plane {
    samples: Kept,
    geometry: Geometry,
}

enum Kept {
    Bytes(Stored<u8>),
    Words(Stored<u16>),
}

impl Plane {
    /// A copy in memory of `store`.
    pub fn copied(luma: &Luma, store: &Store) -> Self {
        let geometry = luma.geometry();
        match luma.samples() {
            Samples::U8(s) => Self::of_bytes(store.bytes(|b| b.extend(rows(s, luma))), geometry),
            Samples::U16(s) => Self::of_words(store.words(|w| w.extend(rows(s, luma))), geometry),
        }
    }

    /// Of 8 bits.
    pub fn of_bytes(samples: Stored<u8>, geometry: Geometry) -> Self {
        Self { samples: Kept::Bytes(samples), geometry }
    }

    /// Of more than 8 bits.
    pub fn of_words(samples: Stored<u16>, geometry: Geometry) -> Self {
        Self { samples: Kept::Words(samples), geometry }
    }
}

impl Picture for Plane {
    fn luma(&self) -> Result<Luma<'_>, FeatureError> {
        let samples = match &self.samples {
            Kept::Bytes(s) => Samples::U8(s),
            Kept::Words(s) => Samples::U16(s),
        };
        Luma::new(samples, self.geometry.width, self.geometry)
    }
}

/// The picture's samples, without what lies between rows.
pub(super) fn rows<T: Copy>(samples: &[T], luma: &Luma) -> impl Iterator<Item = T> {
    let Geometry { width, height, .. } = luma.geometry();
    let stride = luma.stride();
    (0..height).flat_map(move |y| samples[y * stride..y * stride + width].iter().copied())
}
