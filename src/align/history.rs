use std::collections::VecDeque;

use super::fingerprint::{BLOCKS, Fingerprint};
use super::rhythm::Rhythm;

/// Energy of the changes that coding noise alone makes, squared grey levels over all blocks.
pub(super) const NOISE: f32 = 0.02 * BLOCKS as f32;

/// Whole numbers: processors multiply and add eight and more of them at a time, fastest where none
/// lies across two cache lines.
#[derive(Clone, Copy, Debug)]
#[repr(align(16))]
struct Blocks([i16; BLOCKS]);

// of numbers multiplied together: compilers know the instruction for that from sums of as many,
// and take two of half as many otherwise
const LANES: usize = 8;

// next below a half: more would round the number next below a half up
const HALF: f32 = 0.5 - f32::EPSILON / 4.0;

const PRINT_SCALE: f32 = 30.0;
const CHANGE_SCALE: f32 = 256.0;

/// What a frame looked like, and how it differs from the one before.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) time: i64,
    /// The fingerprint, in thirtieths of a grey level.
    blocks: Blocks,
    /// Scalar product of the picture with itself.
    power: f32,
    /// Against the picture one span earlier; `None` after a gap.
    pub(super) change: Option<Change>,
    /// Nothing before this frame belongs to it.
    cut: bool,
}

/// Temporal difference of fingerprints.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Compressed: its energy grows as the amplitude, so that one scene cut does not outweigh
    /// seconds of motion.
    blocks: Blocks,
    /// Of the compressed difference.
    pub(super) weight: f32,
    /// Of the difference itself, squared grey levels over all blocks.
    pub(super) energy: f32,
}

impl Shown {
    /// 0 for equal pictures, whatever their contrast, to 1.
    pub(super) fn distance(&self, other: &Self) -> f32 {
        let cross = dot(&self.blocks, &other.blocks).max(0.0);
        let least = NOISE * PRINT_SCALE * PRINT_SCALE;
        1.0 - cross * cross / (self.power * other.power).max(least * least)
    }

    /// What is left of another picture's difference when contrast is matched, squared grey levels
    /// over all blocks.
    pub(super) fn mismatch(&self, other: &Self) -> f32 {
        self.distance(other) * self.power.min(other.power) / (PRINT_SCALE * PRINT_SCALE)
    }
}

impl Change {
    fn between(before: &Blocks, after: &Blocks) -> Self {
        let mut blocks = [0.0f32; BLOCKS];
        for (block, (before, after)) in blocks.iter_mut().zip(before.0.iter().zip(&after.0)) {
            *block = (i32::from(*after) - i32::from(*before)) as f32 / PRINT_SCALE;
        }
        let energy = blocks.iter().map(|block| block * block).sum::<f32>();
        let scale = (energy + NOISE).powf(-0.25);
        let weight = energy * scale * scale;
        let blocks = Blocks::rounded(&blocks.map(|block| block * scale * CHANGE_SCALE));
        Self { blocks, weight, energy }
    }

    /// Scalar product of two compressed differences.
    pub(super) fn agreement(&self, other: &Self) -> f32 {
        dot(&self.blocks, &other.blocks) / (CHANGE_SCALE * CHANGE_SCALE)
    }

    /// Too little to say anything: a repeated or static picture.
    pub(super) fn is_still(&self) -> bool {
        self.energy < 0.3 * NOISE
    }

    /// More than what noise and coding make of a static picture.
    pub(super) fn is_motion(&self) -> bool {
        self.energy > NOISE
    }
}

/// The recent frames of a side.
#[derive(Debug)]
pub(super) struct History {
    frames: VecDeque<Shown>,
    // of the frames, side by side: what is looked for is found without fetching frames
    times: VecDeque<i64>,
    pub(super) rhythm: Rhythm,
    cut: bool,
    span: i64,
}

// of a 240 Hz stream the whole default window and then some
const MOST_FRAMES: usize = 4096;

impl History {
    pub(super) fn new() -> Self {
        let (frames, times) = (VecDeque::new(), VecDeque::new());
        Self { frames, times, rhythm: Rhythm::new(), cut: false, span: 0 }
    }

    pub(super) fn frames(&self) -> &VecDeque<Shown> {
        &self.frames
    }

    pub(super) fn newest(&self) -> Option<&Shown> {
        self.frames.back()
    }

    pub(super) fn newest_time(&self) -> Option<i64> {
        self.times.back().copied()
    }

    /// The next frame does not continue what was shown.
    pub(super) fn cut(&mut self) {
        self.cut = true;
        self.rhythm.cut();
    }

    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.times.clear();
        self.cut();
    }

    /// `time` is later than that of the newest frame.
    pub(super) fn push(&mut self, time: i64, print: &Fingerprint) {
        self.rhythm.push(time);
        let cut = std::mem::take(&mut self.cut);
        if self.frames.len() == MOST_FRAMES {
            self.forget_first();
        }
        let blocks = Blocks::rounded(&print.blocks().map(|block| block * PRINT_SCALE));
        let power = dot(&blocks, &blocks);
        self.times.push_back(time);
        self.frames.push_back(Shown { time, blocks, power, change: None, cut });
        self.compare(self.frames.len() - 1);
    }

    pub(super) fn forget_before(&mut self, limit: i64) {
        while self.times.front().is_some_and(|time| *time < limit) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        self.times.pop_front();
        self.frames.pop_front();
    }

    /// Changes are taken over about this time from now on, ns.
    pub(super) fn set_span(&mut self, span: i64) {
        self.span = span;
        (0..self.frames.len()).for_each(|index| self.compare(index));
    }

    pub(super) fn span(&self) -> i64 {
        self.span
    }

    fn compare(&mut self, index: usize) {
        let before = self.before(index).map(|before| self.frames[before].blocks);
        let frame = &mut self.frames[index];
        frame.change = before.map(|before| Change::between(&before, &frame.blocks));
    }

    /// The frame nearest to one span before another.
    fn before(&self, index: usize) -> Option<usize> {
        let wanted = self.frames[index].time - self.span;
        let mut nearest = None;
        let mut least = self.span / 2;
        for earlier in (0..index).rev() {
            if self.frames[earlier + 1].cut {
                break;
            }
            let distance = (self.frames[earlier].time - wanted).abs();
            if distance < least {
                nearest = Some(earlier);
                least = distance;
            } else if self.frames[earlier].time < wanted {
                break;
            }
        }
        nearest
    }

    /// How much later than one span after its predecessor a frame is, if it continues that, ns.
    pub(super) fn gap_before(&self, frame: &Shown) -> i64 {
        let index = self.times.partition_point(|earlier| *earlier < frame.time);
        let before = index.checked_sub(1).filter(|_| !frame.cut);
        before.map_or(0, |before| frame.time - self.times[before] - self.span)
    }

    /// The newest frame that is not later than a time.
    pub(super) fn last_until(&self, time: i64) -> Option<&Shown> {
        let after = self.times.partition_point(|other| *other <= time);
        after.checked_sub(1).map(|index| &self.frames[index])
    }

    /// The frame nearest to a time, if one is within `reach`.
    pub(super) fn nearest(&self, time: i64, reach: i64) -> Option<&Shown> {
        self.nearest_index(time, reach).map(|index| &self.frames[index])
    }

    fn nearest_index(&self, time: i64, reach: i64) -> Option<usize> {
        let after = self.times.partition_point(|other| *other < time);
        let near = [after.checked_sub(1), Some(after)].into_iter().flatten();
        let near = near.filter_map(|index| Some((index, (self.times.get(index)? - time).abs())));
        let nearest = near.min_by_key(|(_, away)| *away);
        nearest.filter(|(_, away)| *away <= reach).map(|(index, _)| index)
    }

    /// From the frame nearest to where an offset puts another side's frame to that frame, ns.
    pub(super) fn nearest_difference(&self, other: &Shown, offset: i64) -> Option<i64> {
        self.nearest_index(other.time - offset, i64::MAX).map(|own| other.time - self.times[own])
    }

    /// Frames of a stretch of time, both ends included.
    pub(super) fn between(&self, from: i64, to: i64) -> impl Iterator<Item = &Shown> {
        let start = self.times.partition_point(|time| *time < from);
        let end = self.times.partition_point(|time| *time <= to);
        self.frames.range(start..end.max(start))
    }
}

impl Blocks {
    fn rounded(numbers: &[f32; BLOCKS]) -> Self {
        let mut blocks = [0; BLOCKS];
        for (block, number) in blocks.iter_mut().zip(numbers) {
            // `round` is a call where processors do not have it; this is what those that have do
            let nearest = number + HALF.copysign(*number);
            *block = nearest.clamp(i16::MIN.into(), i16::MAX.into()) as i32 as i16;
        }
        Self(blocks)
    }
}

fn dot(a: &Blocks, b: &Blocks) -> f32 {
    const { assert!(BLOCKS.is_multiple_of(LANES), "no rest") };
    // without their mean, pictures have at most 144 · (127.5 · 30)², their compressed changes at most
    // 256² · 2 · √144 · 127.5: neither overflows
    let mut sums = [0; LANES];
    for (a, b) in a.0.as_chunks::<LANES>().0.iter().zip(b.0.as_chunks::<LANES>().0) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += i32::from(*a) * i32::from(*b);
        }
    }
    sums.iter().sum::<i32>() as f32
}
