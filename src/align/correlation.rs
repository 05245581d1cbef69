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
    points: Vec<Point>,
}

/// Over how many frames agreement is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// About 25.
    Slow,
    /// About 4.
    Fast,
}

#[derive(Clone, Copy, Debug, Default)]
struct Point {
    slow: Sums,
    fast: Sums,
    // since the fast sums were cleared
    pairs: u32,
    // of the agreeing pairs' time differences from the grid point
    residual: f64,
    residual_weight: f64,
    // of the pictures, lately
    distance: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    cross: f32,
    reference: f32,
    distorted: f32,
    score: f32,
}

impl Sums {
    fn add(&mut self, decay: f32, cross: f32, reference: f32, distorted: f32) {
        self.cross = self.cross * decay + cross;
        self.reference = self.reference * decay + reference;
        self.distorted = self.distorted * decay + distorted;
        self.update();
    }

    fn update(&mut self) {
        self.score = self.cross / ((self.reference + FLOOR) * (self.distorted + FLOOR)).sqrt();
    }
}

/// Best point of the grid and its strongest rival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Peak {
    pub(super) index: usize,
    pub(super) score: f32,
    /// Best score further than the neighbours.
    pub(super) rival: f32,
}

const SLOW: f32 = 0.96;
const FAST: f32 = 0.75;
// share of the newest picture in the distance
const NEWEST: f32 = 0.4;

/// Weight (see `Change::weight`) of a change that noise alone makes.
pub(super) const FLOOR: f32 = 1.2;

impl Correlation {
    /// `step` and `window`: ns between grid points, and the largest offset.
    pub(super) fn new(step: i64, window: i64) -> Self {
        let reach = (window / step + 2) as usize;
        let points = vec![Point::default(); 2 * reach + 1];
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
        self.points.len()
    }

    /// The grid point of a time difference.
    pub(super) fn index_of(&self, difference: i64) -> Option<usize> {
        let index = (difference as f64 - self.phase) * self.per_ns + self.reach as f64 + 0.5;
        (index >= 0.0 && index < self.points.len() as f64).then_some(index as usize)
    }

    fn position(&self, index: usize) -> f64 {
        self.phase + (index as f64 - self.reach as f64) * self.step as f64
    }

    /// Where the pairs that agreed at a grid point, and at some on either side, really lie.
    pub(super) fn offset(&self, index: usize, beside: usize) -> i64 {
        let last = (index + beside).min(self.points.len() - 1);
        let (mut sum, mut weight) = (0.0, 0.0);
        for near in index.saturating_sub(beside)..=last {
            let point = &self.points[near];
            let away = self.position(near) - self.position(index);
            sum += point.residual + point.residual_weight * away;
            weight += point.residual_weight;
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
            self.points.rotate_right(1);
            self.points[0] = Point::default();
        } else if self.phase < -step / 2.0 {
            self.phase += step;
            self.points.rotate_left(1);
            let last = self.points.len() - 1;
            self.points[last] = Point::default();
        }
    }

    /// `difference` of times, ns; `cross`: product of the two changes; `reference`, `distorted`:
    /// their weights; `distance` of the pictures.
    #[inline]
    pub(super) fn add(
        &mut self,
        difference: i64,
        cross: f32,
        reference: f32,
        distorted: f32,
        distance: f32,
    ) {
        let Some(index) = self.index_of(difference) else { return };
        let away = difference as f64 - self.position(index);
        let point = &mut self.points[index];
        point.slow.add(SLOW, cross, reference, distorted);
        point.fast.add(FAST, cross, reference, distorted);
        let share = if point.pairs == 0 { 1.0 } else { NEWEST };
        point.distance += share * (distance - point.distance);
        point.pairs = point.pairs.saturating_add(1);
        let agreement = f64::from(cross.max(0.0));
        point.residual = point.residual * f64::from(SLOW) + agreement * away;
        point.residual_weight = point.residual_weight * f64::from(SLOW) + agreement;
    }

    /// What was seen so far counts little from now on.
    pub(super) fn doubt(&mut self) {
        for point in &mut self.points {
            let Sums { cross, reference, distorted, .. } = &mut point.slow;
            [cross, reference, distorted].into_iter().for_each(|sum| *sum *= 0.3);
            point.slow.update();
            point.fast = Sums::default();
            point.pairs = 0;
        }
    }

    /// Pairs added at a grid point since the last doubt.
    pub(super) fn pairs(&self, index: usize) -> u32 {
        self.points[index].pairs
    }

    /// Agreement at a grid point, −1 to 1.
    pub(super) fn score(&self, index: usize, memory: Memory) -> f32 {
        match memory {
            Memory::Slow => self.points[index].slow.score,
            Memory::Fast => self.points[index].fast.score,
        }
    }

    /// Distance of the last pictures at a grid point, 0 for equal ones to 1.
    pub(super) fn distance(&self, index: usize) -> Option<f32> {
        self.points.get(index).filter(|point| point.pairs > 0).map(|point| point.distance)
    }

    /// Least distance at any grid point that has seen some pairs.
    pub(super) fn least_distance(&self, pairs: u32) -> f32 {
        let seen = self.points.iter().filter(|point| point.pairs >= pairs);
        seen.map(|point| point.distance).fold(1.0, f32::min)
    }

    /// Motion seen at a grid point, in noise floors.
    pub(super) fn motion(&self, index: usize, memory: Memory) -> f32 {
        let point = &self.points[index];
        let sums = match memory {
            Memory::Slow => &point.slow,
            Memory::Fast => &point.fast,
        };
        sums.distorted.min(sums.reference) / FLOOR
    }

    /// The best point of a part of the grid; points within `neighbours` of it are no rivals.
    pub(super) fn peak(
        &self,
        memory: Memory,
        part: std::ops::Range<usize>,
        neighbours: usize,
        pairs: u32,
    ) -> Option<Peak> {
        let part = part.start..part.end.min(self.points.len());
        let seen = part.filter(|index| self.points[*index].pairs >= pairs);
        let scored = seen.map(|index| (index, self.score(index, memory)));
        let (index, score) = scored.clone().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let rivals = scored.filter(|(other, _)| other.abs_diff(index) > neighbours);
        let rival = rivals.map(|(_, score)| score).fold(0.0, f32::max);
        Some(Peak { index, score, rival })
    }
}
