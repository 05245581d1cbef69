use std::collections::VecDeque;

use super::fingerprint::{BLOCKS, Fingerprint};
use super::rhythm::Rhythm;

/// Energy of the changes that coding noise alone makes, squared grey levels over all blocks.
pub(super) const NOISE: f32 = 0.02 * BLOCKS as f32;

/// Whole numbers: processors multiply and add eight and more of them at a time.
type Blocks = [i16; BLOCKS];

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
        for (block, (before, after)) in blocks.iter_mut().zip(before.iter().zip(after)) {
            *block = (i32::from(*after) - i32::from(*before)) as f32 / PRINT_SCALE;
        }
        let energy = blocks.iter().map(|block| block * block).sum::<f32>();
        let scale = (energy + NOISE).powf(-0.25);
        let weight = energy * scale * scale;
        Self { blocks: blocks.map(|b| (b * scale * CHANGE_SCALE).round() as i16), weight, energy }
    }

    /// Scalar product of two compressed differences.
    pub(super) fn agreement(&self, other: &Self) -> f32 {
        dot(&self.blocks, &other.blocks) / (CHANGE_SCALE * CHANGE_SCALE)
    }

    /// Too little to say anything: a repeated or static picture.
    pub(super) fn is_still(&self) -> bool {
        self.energy < 0.3 * NOISE
    }
}

/// The recent frames of a side.
#[derive(Debug)]
pub(super) struct History {
    frames: VecDeque<Shown>,
    pub(super) rhythm: Rhythm,
    cut: bool,
    span: i64,
}

// of a 240 Hz stream the whole default window and then some
const MOST_FRAMES: usize = 4096;

impl History {
    pub(super) fn new() -> Self {
        Self { frames: VecDeque::new(), rhythm: Rhythm::new(), cut: false, span: 0 }
    }

    pub(super) fn frames(&self) -> &VecDeque<Shown> {
        &self.frames
    }

    pub(super) fn newest(&self) -> Option<&Shown> {
        self.frames.back()
    }

    pub(super) fn newest_time(&self) -> Option<i64> {
        self.newest().map(|frame| frame.time)
    }

    /// The next frame does not continue what was shown.
    pub(super) fn cut(&mut self) {
        self.cut = true;
        self.rhythm.cut();
    }

    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.cut();
    }

    /// `time` is later than that of the newest frame.
    pub(super) fn push(&mut self, time: i64, print: &Fingerprint) {
        self.rhythm.push(time);
        let cut = std::mem::take(&mut self.cut);
        if self.frames.len() == MOST_FRAMES {
            self.frames.pop_front();
        }
        let blocks = print.blocks().map(|block| (block * PRINT_SCALE).round() as i16);
        let power = dot(&blocks, &blocks);
        self.frames.push_back(Shown { time, blocks, power, change: None, cut });
        self.compare(self.frames.len() - 1);
    }

    pub(super) fn forget_before(&mut self, limit: i64) {
        while self.frames.front().is_some_and(|frame| frame.time < limit) {
            self.frames.pop_front();
        }
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

    /// The frame nearest to a time, if one is within `reach`.
    pub(super) fn nearest(&self, time: i64, reach: i64) -> Option<&Shown> {
        let after = self.frames.partition_point(|frame| frame.time < time);
        let candidates = [after.checked_sub(1), Some(after)];
        let near = candidates.into_iter().flatten().filter_map(|i| self.frames.get(i));
        near.min_by_key(|frame| (frame.time - time).abs())
            .filter(|frame| (frame.time - time).abs() <= reach)
    }

    /// From the frame nearest to where an offset puts another side's frame to that frame, ns.
    pub(super) fn nearest_difference(&self, other: &Shown, offset: i64) -> Option<i64> {
        self.nearest(other.time - offset, i64::MAX).map(|own| other.time - own.time)
    }

    /// Frames of a stretch of time, both ends included.
    pub(super) fn between(&self, from: i64, to: i64) -> impl Iterator<Item = &Shown> {
        let start = self.frames.partition_point(|frame| frame.time < from);
        self.frames.range(start..).take_while(move |frame| frame.time <= to)
    }
}

fn dot(a: &Blocks, b: &Blocks) -> f32 {
    // without their mean, pictures have at most 144 · (127.5 · 30)², their compressed changes at most
    // 256² · 2 · √144 · 127.5: neither overflows
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>() as f32
}
