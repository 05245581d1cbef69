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
            Samples::U8(s) => Self::of_bytes(store.bytes(|b| pack(s, luma, b)), geometry),
            Samples::U16(s) => Self::of_words(store.words(|w| pack(s, luma, w)), geometry),
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

/// Appends the picture's rows, without what lies between them.
pub(super) fn pack<T: Copy>(samples: &[T], luma: &Luma, out: &mut Vec<T>) {
    let Geometry { width, height, .. } = luma.geometry();
    for row in samples.chunks(luma.stride()).take(height) {
        out.extend_from_slice(&row[..width]);
    }
}
