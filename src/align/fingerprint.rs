use crate::features::{Geometry, Luma, Samples};

const COLUMNS: usize = 16;
const ROWS: usize = 9;

/// Numbers in a fingerprint.
pub(super) const BLOCKS: usize = COLUMNS * ROWS;

/// What is needed of a picture to find it again: the mean of 16 × 9 blocks of luma, in 8-bit grey
/// levels whatever the depth and size of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fingerprint {
    // with the picture's mean removed
    blocks: [f32; BLOCKS],
    mean: f32,
    darkest: f32,
    brightest: f32,
}

// more than this say nothing new about a block mean
const SAMPLED_ROWS: usize = 180;
const SAMPLES: usize = SAMPLED_ROWS * 640;

// columns summed up together, row after row: what a cache line holds, so that each is fetched once
// and the processor foresees the next
const STRIPE: usize = 64;

// black is 16 in video range; codecs and noise lift it a little
const BLACK: f32 = 20.0;
const FLAT: f32 = 1.5;

impl Fingerprint {
    /// Reads at most 360 rows of the picture, fewer where they are long; allocates nothing. A picture without samples
    /// has the fingerprint of black.
    pub fn of(luma: &Luma) -> Self {
        match luma.samples() {
            Samples::U8(samples) => Self::from_means(block_means(samples, luma)),
            Samples::U16(samples) => Self::from_means(block_means(samples, luma)),
        }
    }

    fn from_means(means: [f32; BLOCKS]) -> Self {
        let mean = means.iter().sum::<f32>() / BLOCKS as f32;
        let darkest = means.iter().copied().fold(f32::INFINITY, f32::min);
        let brightest = means.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Self { blocks: means.map(|block| block - mean), mean, darkest, brightest }
    }

    /// Mean luma, 0 to 255.
    pub fn mean(&self) -> f64 {
        f64::from(self.mean)
    }

    /// No block is brighter than black of video range (16) and a little noise.
    pub fn is_black(&self) -> bool {
        self.brightest <= BLACK
    }

    /// All blocks are equally bright, to 1.5 grey levels. Texture finer than a block is not seen.
    pub fn is_flat(&self) -> bool {
        self.brightest - self.darkest < FLAT
    }

    /// Sum of the blocks' squared differences, grey levels, the pictures' means apart. Above some
    /// 12 the pictures look different.
    pub fn difference(&self, other: &Self) -> f64 {
        let pairs = self.blocks.iter().zip(&other.blocks);
        pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum()
    }

    pub(super) fn blocks(&self) -> &[f32; BLOCKS] {
        &self.blocks
    }
}

fn block_means<P: Sample>(samples: &[P], luma: &Luma) -> [f32; BLOCKS] {
    let Geometry { width, height, depth } = luma.geometry();
    let mut means = [0.0; BLOCKS];
    if width == 0 || height == 0 {
        return means;
    }
    let step = (height / SAMPLED_ROWS).max(width * height / SAMPLES).max(1);
    let scale = 1.0 / f64::from(1u32 << (depth.bits() - 8));
    let columns: [_; COLUMNS] = std::array::from_fn(|column| share(column, COLUMNS, width));
    for (row, means) in means.chunks_exact_mut(COLUMNS).enumerate() {
        let rows = share(row, ROWS, height);
        let taken = rows.len().div_ceil(step) as u64;
        let mut sums = [0u64; COLUMNS];
        // before the stripe lie none of those from here on
        let mut first = 0;
        for start in (0..width).step_by(STRIPE) {
            let end = (start + STRIPE).min(width);
            let lines = rows.clone().step_by(step).map(|y| {
                let line = y * luma.stride();
                &samples[line + start..line + end]
            });
            let totals = P::totals(lines);
            while columns[first].end <= start {
                first += 1;
            }
            for (sum, column) in sums[first..].iter_mut().zip(&columns[first..]) {
                let (from, to) = (column.start.max(start), column.end.min(end));
                if from >= to {
                    break;
                }
                let totals = &totals[from - start..to - start];
                *sum += u64::from(totals.iter().map(|t| (*t).into()).sum::<u32>());
            }
        }
        for (mean, (sum, column)) in means.iter_mut().zip(sums.iter().zip(&columns)) {
            *mean = (*sum as f64 / (taken * column.len() as u64) as f64 * scale) as f32;
        }
    }
    means
}

/// The `index`th of `parts` nearly equal parts of `0..length`; never empty for `length` ≥ 1.
fn share(index: usize, parts: usize, length: usize) -> std::ops::Range<usize> {
    let start = index * length / parts;
    start..((index + 1) * length / parts).max(start + 1)
}

trait Sample: Sized + Copy {
    /// Holds the sum of as many samples as a block has sampled rows: at most 40.
    type Total: Copy + Default + Into<u32> + std::ops::AddAssign + From<Self>;

    /// Sums down the columns of a stripe.
    fn totals<'a>(lines: impl Iterator<Item = &'a [Self]>) -> [Self::Total; STRIPE]
    where
        Self: 'a,
    {
        let mut totals = [Self::Total::default(); STRIPE];
        for line in lines {
            match line.first_chunk::<STRIPE>() {
                // a length known to the compiler
                Some(line) => add(&mut totals, line),
                None => add(&mut totals, line),
            }
        }
        totals
    }
}

#[inline(always)]
fn add<P: Sample>(totals: &mut [P::Total], line: &[P]) {
    for (total, sample) in totals.iter_mut().zip(line) {
        *total += P::Total::from(*sample);
    }
}

impl Sample for u8 {
    type Total = u16;
}

impl Sample for u16 {
    type Total = u32;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Depth;

    fn luma_u8(samples: &[u8], width: usize, height: usize) -> Luma<'_> {
        let geometry = Geometry { width, height, depth: Depth::Eight };
        Luma::new(Samples::U8(samples), width, geometry).expect("matching size")
    }

    #[test]
    fn block_means_are_those_of_the_blocks() {
        let (width, height) = (160, 90);
        let samples: Vec<u8> =
            (0..width * height).map(|i| (i % width / 10 * 7 + i / width / 10 * 11) as u8).collect();
        let print = Fingerprint::of(&luma_u8(&samples, width, height));
        for (i, block) in print.blocks().iter().enumerate() {
            let expected = (i % 16 * 7 + i / 16 * 11) as f64;
            assert!((f64::from(*block) + print.mean() - expected).abs() < 1e-3);
        }
    }

    #[test]
    fn depth_and_size_do_not_matter() {
        let shade = |x: usize, y: usize, w: usize, h: usize| 40 + 100 * x / w + 90 * y / h;
        let picture = |w: usize, h: usize, shift: u32| -> Vec<u16> {
            (0..w * h).map(|i| (shade(i % w, i / w, w, h) << shift) as u16).collect()
        };
        let small: Vec<u8> = picture(320, 180, 0).iter().map(|s| *s as u8).collect();
        let small = Fingerprint::of(&luma_u8(&small, 320, 180));
        let samples = picture(1920, 1080, 2);
        let geometry = Geometry { width: 1920, height: 1080, depth: Depth::Ten };
        let large = Luma::new(Samples::U16(&samples), 1920, geometry).expect("matching size");
        let large = Fingerprint::of(&large);
        for (s, l) in small.blocks().iter().zip(large.blocks()) {
            assert!((s - l).abs() < 0.6, "{s} {l}");
        }
    }

    #[test]
    fn black_and_flat_are_told_from_pictures() {
        let black = Fingerprint::of(&luma_u8(&[16; 64 * 36], 64, 36));
        assert!(black.is_black() && black.is_flat());
        let grey = Fingerprint::of(&luma_u8(&[90; 64 * 36], 64, 36));
        assert!(!grey.is_black() && grey.is_flat());
        let ramp: Vec<u8> = (0..64 * 36).map(|i| (i % 64 * 4) as u8).collect();
        let ramp = Fingerprint::of(&luma_u8(&ramp, 64, 36));
        assert!(!ramp.is_black() && !ramp.is_flat());
    }

    #[test]
    fn every_size_has_a_fingerprint() {
        for (width, height) in [(0, 0), (1, 1), (3, 20), (17, 5), (5000, 1), (33, 2161)] {
            let samples = vec![77; width * height];
            let print = Fingerprint::of(&luma_u8(&samples, width, height));
            let expected = if samples.is_empty() { 0.0 } else { 77.0 };
            assert_eq!(print.mean(), expected, "{width}x{height}");
        }
    }
}
