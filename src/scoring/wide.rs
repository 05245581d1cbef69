use crate::features::{Depth, FeatureError, Geometry, Luma, Samples};

/// Room for a picture shifted up to a larger depth; reused from frame to frame.
#[derive(Default)]
pub(super) struct Wide(Vec<u16>);

impl Wide {
    /// The same picture with more bits a sample. Features do not change by it.
    pub(super) fn widened(&mut self, luma: Luma, depth: Depth) -> Result<Luma<'_>, FeatureError> {
        let Geometry { width, height, .. } = luma.geometry();
        let shift = depth.bits() - luma.geometry().depth.bits();
        self.0.clear();
        self.0.reserve(width * height);
        for y in 0..height {
            let row = y * luma.stride()..y * luma.stride() + width;
            match luma.samples() {
                Samples::U8(s) => self.0.extend(s[row].iter().map(|v| u16::from(*v) << shift)),
                Samples::U16(s) => self.0.extend(s[row].iter().map(|v| v << shift)),
            }
        }
        Luma::new(Samples::U16(&self.0), width, Geometry { depth, ..luma.geometry() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_move_to_the_high_bits_and_padding_goes() {
        let geometry = Geometry { width: 2, height: 2, depth: Depth::Eight };
        let luma = Luma::new(Samples::U8(&[1, 2, 99, 255, 0]), 3, geometry).expect("valid");
        let mut wide = Wide::default();
        let widened = wide.widened(luma, Depth::Ten).expect("valid");
        let Samples::U16(samples) = widened.samples() else { panic!("16-bit samples") };
        assert_eq!(samples, [4, 8, 1020, 0]);
        assert_eq!(widened.geometry().depth, Depth::Ten);
    }
}
