mod points;
#[cfg(test)]
mod tests;

use std::ops::Range;

use points::{Points, Run, best};

/// How well the changes of the two sides agree, for every offset of a grid over the window.
///
/// Each pair of frames is added once, at the grid point nearest to the difference of its times.
#[derive(Debug)]
pub(super) struct Correlation {
    step: i64,
    // grid points
    per_ns: f64,
    reach: usize,
    // distance of the grid from multiples of the step
    phase: f64,
    points: Points,
}

/// Over how many frames agreement is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// About 25.
    Slow,
    /// About 4.
    Fast,
}

/// What a pair of frames says about the difference of their times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compared {
    /// Of times, ns.
    pub(super) difference: i64,
    /// Product of the two changes.
    pub(super) cross: f32,
    /// Weight of the reference's change.
    pub(super) reference: f32,
    /// Weight of the distorted side's change.
    pub(super) distorted: f32,
    /// Of the pictures.
    pub(super) distance: f32,
}

/// Best point of the grid and its strongest rival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Peak {
    pub(super) index: usize,
    pub(super) score: f32,
    /// Best score further than the neighbours.
    pub(super) rival: f32,
}

/// Weight (see `Change::weight`) of a change that noise alone makes.
pub(super) const FLOOR: f32 = 1.2;

impl Correlation {
    /// `step` and `window`: ns between grid points, and the largest offset.
    pub(super) fn new(step: i64, window: i64) -> Self {
        let reach = (window / step + 2) as usize;
        let points = Points::new(2 * reach + 1);
        Self { step, per_ns: 1.0 / step as f64, reach, phase: 0.0, points }
    }

    pub(super) fn step(&self) -> i64 {
        self.step
    }

    /// Largest time difference on the grid.
    pub(super) fn window(&self) -> i64 {
        self.reach as i64 * self.step
    }

    pub(super) fn len(&self) -> usize {
        self.points.pairs.len()
    }

    /// The grid point of a time difference.
    pub(super) fn index_of(&self, difference: i64) -> Option<usize> {
        let index = (difference as f64 - self.phase) * self.per_ns + self.reach as f64 + 0.5;
        // by way of 32 bits, which processors convert in one instruction
        (index >= 0.0 && index < self.len() as f64).then_some(index as i32 as usize)
    }

    fn position(&self, index: usize) -> f64 {
        self.phase + (index as i32 - self.reach as i32) as f64 * self.step as f64
    }

    /// Where the pairs that agreed at a grid point, and at some on either side, really lie.
    pub(super) fn offset(&self, index: usize, beside: usize) -> i64 {
        let last = (index + beside).min(self.len() - 1);
        let (mut sum, mut weight) = (0.0, 0.0);
        for near in index.saturating_sub(beside)..=last {
            let own = self.points.residual_weight[near];
            let away = self.position(near) - self.position(index);
            sum += self.points.residual[near] + own * away;
            weight += own;
        }
        let residual = if weight > 0.0 { sum / weight } else { 0.0 };
        (self.position(index) + residual).round() as i64
    }

    /// Moves the grid a little towards where time differences lie.
    pub(super) fn follow(&mut self, difference: i64, share: f64) {
        let step = self.step as f64;
        let away = (difference as f64 - self.phase) / step;
        let away = (away - away.round()) * step;
        self.phase += share * away;
        if self.phase > step / 2.0 {
            self.phase -= step;
            self.points.shift(true);
        } else if self.phase < -step / 2.0 {
            self.phase += step;
            self.points.shift(false);
        }
    }

    /// Adds pairs, one after the other. A frame and successive ones of the other side make pairs
    /// side by side on the grid: those are added together.
    #[inline]
    pub(super) fn add(&mut self, pairs: impl Iterator<Item = Compared>) {
        let mut run = Run::default();
        for pair in pairs {
            let Some(index) = self.index_of(pair.difference) else { continue };
            let away = pair.difference as f64 - self.position(index);
            run.push(index, away, &pair);
            if run.is_full() {
                self.points.add(&mut run);
            }
        }
        self.points.add(&mut run);
    }

    /// What was seen so far counts little from now on.
    pub(super) fn doubt(&mut self) {
        self.points.doubt();
    }

    /// Pairs added at a grid point since the last doubt.
    pub(super) fn pairs(&self, index: usize) -> u32 {
        self.points.pairs[index]
    }

    /// Agreement at a grid point, −1 to 1.
    pub(super) fn score(&self, index: usize, memory: Memory) -> f32 {
        self.points.sums(memory).score[index]
    }

    /// Best agreement of a part of the grid where some pairs were seen, at least 0.
    pub(super) fn best_score(&self, memory: Memory, part: Range<usize>, pairs: u32) -> f32 {
        self.highest(memory, part, pairs, 0.0)
    }

    fn highest(&self, memory: Memory, part: Range<usize>, pairs: u32, least: f32) -> f32 {
        let scores = &self.points.sums(memory).score[part.clone()];
        best(scores, &self.points.pairs[part], pairs, least, |score, best| score > best)
    }

    /// Distance of the last pictures at a grid point, 0 for equal ones to 1.
    pub(super) fn distance(&self, index: usize) -> Option<f32> {
        let pairs = self.points.pairs.get(index)?;
        (*pairs > 0).then(|| self.points.distance[index])
    }

    /// Least distance at any grid point that has seen some pairs.
    pub(super) fn least_distance(&self, pairs: u32) -> f32 {
        let Points { distance, pairs: seen, .. } = &self.points;
        best(distance, seen, pairs, 1.0, |distance, least| distance < least)
    }

    /// Motion seen at a grid point, in noise floors.
    pub(super) fn motion(&self, index: usize, memory: Memory) -> f32 {
        let sums = self.points.sums(memory);
        sums.distorted[index].min(sums.reference[index]) / FLOOR
    }

    /// The best point of a part of the grid, of equal ones the last; points within `neighbours` of
    /// it are no rivals.
    pub(super) fn peak(
        &self,
        memory: Memory,
        part: Range<usize>,
        neighbours: usize,
        pairs: u32,
    ) -> Option<Peak> {
        let mut part = part.start..part.end.min(self.len());
        let score = self.highest(memory, part.clone(), pairs, f32::NEG_INFINITY);
        let Range { start, end } = part;
        let found = |index: &usize| {
            self.points.pairs[*index] >= pairs && self.score(*index, memory) == score
        };
        let index = part.rfind(found)?;
        let before = start..index.saturating_sub(neighbours).max(start);
        let after = (index + neighbours + 1).min(end)..end;
        let [before, after] = [before, after].map(|part| self.best_score(memory, part, pairs));
        Some(Peak { index, score, rival: before.max(after) })
    }
}
