//! What is known at the points of the grid. An array for each number: most are looked at one by
//! one, all along the grid, several times per frame.

use super::{Compared, FLOOR, Memory};

#[derive(Debug)]
pub(super) struct Points {
    pub(super) slow: Sums,
    pub(super) fast: Sums,
    // since the fast sums were cleared
    pub(super) pairs: Vec<u32>,
    // of the agreeing pairs' time differences from the grid point
    pub(super) residual: Vec<f64>,
    pub(super) residual_weight: Vec<f64>,
    // of the pictures, lately
    pub(super) distance: Vec<f32>,
}

#[derive(Debug)]
pub(super) struct Sums {
    cross: Vec<f32>,
    pub(super) reference: Vec<f32>,
    pub(super) distorted: Vec<f32>,
    pub(super) score: Vec<f32>,
}

/// Pairs that are added together.
#[derive(Debug, Default)]
pub(super) struct Run {
    length: usize,
    indices: [usize; RUN],
    said: Said<RUN>,
}

/// What pairs say, at as many grid points.
#[derive(Clone, Debug)]
struct Said<const N: usize> {
    away: [f64; N],
    cross: [f32; N],
    reference: [f32; N],
    distorted: [f32; N],
    distance: [f32; N],
}

const RUN: usize = 8;
const SLOW: f32 = 0.96;
const FAST: f32 = 0.75;
// share of the newest picture in the distance
const NEWEST: f32 = 0.4;

impl<const N: usize> Default for Said<N> {
    fn default() -> Self {
        let none = [0.0; N];
        Self { away: [0.0; N], cross: none, reference: none, distorted: none, distance: none }
    }
}

impl Run {
    #[inline(always)]
    pub(super) fn push(&mut self, index: usize, away: f64, pair: &Compared) {
        let Self { length, indices, said } = self;
        indices[*length] = index;
        said.away[*length] = away;
        said.cross[*length] = pair.cross;
        said.reference[*length] = pair.reference;
        said.distorted[*length] = pair.distorted;
        said.distance[*length] = pair.distance;
        *length += 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.length == RUN
    }

    /// Where the run begins if it lies side by side on the grid, turned so that it rises.
    fn turned(&mut self) -> Option<usize> {
        let first = self.indices[0];
        let mut indices = self.indices.iter().enumerate();
        if indices.clone().all(|(k, index)| *index == first + k) {
            return Some(first);
        }
        if !indices.all(|(k, index)| *index + k == first) {
            return None;
        }
        let Said { away, cross, reference, distorted, distance } = &mut self.said;
        away.reverse();
        [cross, reference, distorted, distance].into_iter().for_each(|said| said.reverse());
        Some(first + 1 - RUN)
    }
}

impl Said<RUN> {
    fn one(&self, k: usize) -> Said<1> {
        let [cross, reference, distorted, distance] =
            [&self.cross, &self.reference, &self.distorted, &self.distance].map(|said| [said[k]]);
        Said { away: [self.away[k]], cross, reference, distorted, distance }
    }
}

impl Points {
    pub(super) fn new(length: usize) -> Self {
        Self {
            slow: Sums::new(length),
            fast: Sums::new(length),
            pairs: vec![0; length],
            residual: vec![0.0; length],
            residual_weight: vec![0.0; length],
            distance: vec![0.0; length],
        }
    }

    pub(super) fn sums(&self, memory: Memory) -> &Sums {
        match memory {
            Memory::Slow => &self.slow,
            Memory::Fast => &self.fast,
        }
    }

    /// Adds a run and empties it.
    pub(super) fn add(&mut self, run: &mut Run) {
        let length = std::mem::take(&mut run.length);
        if length == RUN
            && let Some(first) = run.turned()
        {
            return self.add_said(first, &run.said);
        }
        for k in 0..length {
            self.add_said(run.indices[k], &run.said.one(k));
        }
    }

    /// Adds what pairs say at points side by side.
    #[inline(always)]
    fn add_said<const N: usize>(&mut self, first: usize, said: &Said<N>) {
        self.slow.add(first, SLOW, said);
        self.fast.add(first, FAST, said);
        let [mut residual, mut weight] =
            [&self.residual, &self.residual_weight].map(|sums| part::<_, N>(sums, first));
        let mut distance = part::<_, N>(&self.distance, first);
        let mut pairs = part::<_, N>(&self.pairs, first);
        for k in 0..N {
            let share = if pairs[k] == 0 { 1.0 } else { NEWEST };
            distance[k] += share * (said.distance[k] - distance[k]);
            pairs[k] = pairs[k].saturating_add(1);
            let agreement = f64::from(said.cross[k].max(0.0));
            residual[k] = residual[k] * f64::from(SLOW) + agreement * said.away[k];
            weight[k] = weight[k] * f64::from(SLOW) + agreement;
        }
        let part = first..first + N;
        self.residual[part.clone()].copy_from_slice(&residual);
        self.residual_weight[part.clone()].copy_from_slice(&weight);
        self.distance[part.clone()].copy_from_slice(&distance);
        self.pairs[part].copy_from_slice(&pairs);
    }

    pub(super) fn doubt(&mut self) {
        let Sums { cross, reference, distorted, score } = &mut self.slow;
        for (k, score) in score.iter_mut().enumerate() {
            for sums in [&mut *cross, reference, distorted] {
                sums[k] *= 0.3;
            }
            *score = agreement(cross[k], reference[k], distorted[k]);
        }
        self.fast.all().into_iter().for_each(|sums| sums.fill(0.0));
        self.pairs.fill(0);
    }

    /// Moves what is known by a point, to a later or an earlier one; nothing is known of the first
    /// or last one then.
    pub(super) fn shift(&mut self, later: bool) {
        let Self { slow, fast, pairs, residual, residual_weight, distance } = self;
        slow.all().into_iter().chain(fast.all()).for_each(|sums| shift(sums, later));
        [residual, residual_weight].into_iter().for_each(|sums| shift(sums, later));
        shift(pairs, later);
        shift(distance, later);
    }
}

impl Sums {
    fn new(length: usize) -> Self {
        let [cross, reference, distorted, score] = std::array::from_fn(|_| vec![0.0; length]);
        Self { cross, reference, distorted, score }
    }

    fn all(&mut self) -> [&mut Vec<f32>; 4] {
        [&mut self.cross, &mut self.reference, &mut self.distorted, &mut self.score]
    }

    #[inline(always)]
    fn add<const N: usize>(&mut self, first: usize, decay: f32, said: &Said<N>) {
        let [mut cross, mut reference, mut distorted] =
            [&self.cross, &self.reference, &self.distorted].map(|sums| part::<_, N>(sums, first));
        let mut score = [0.0; N];
        for k in 0..N {
            cross[k] = cross[k] * decay + said.cross[k];
            reference[k] = reference[k] * decay + said.reference[k];
            distorted[k] = distorted[k] * decay + said.distorted[k];
            score[k] = agreement(cross[k], reference[k], distorted[k]);
        }
        let new = [cross, reference, distorted, score];
        for (sums, new) in self.all().into_iter().zip(new) {
            sums[first..first + N].copy_from_slice(&new);
        }
    }
}

#[inline(always)]
fn agreement(cross: f32, reference: f32, distorted: f32) -> f32 {
    cross / ((reference + FLOOR) * (distorted + FLOOR)).sqrt()
}

#[inline(always)]
fn part<T: Copy, const N: usize>(values: &[T], first: usize) -> [T; N] {
    *values[first..].first_chunk().expect("on the grid")
}

fn shift<T: Copy + Default>(values: &mut [T], later: bool) {
    let end = if later {
        values.rotate_right(1);
        values.first_mut()
    } else {
        values.rotate_left(1);
        values.last_mut()
    };
    if let Some(end) = end {
        *end = T::default();
    }
}

/// The value that is `better` than any other of a grid point that has seen enough pairs, and than
/// `worst`.
#[inline]
pub(super) fn best(
    values: &[f32],
    pairs: &[u32],
    enough: u32,
    worst: f32,
    better: impl Fn(f32, f32) -> bool,
) -> f32 {
    let choose = |best: &mut f32, value: f32, pairs: u32| {
        // both asked in any case: a branch for every value takes longer
        *best = if (pairs >= enough) & better(value, *best) { value } else { *best };
    };
    // apart, or one would have to wait for the other
    let mut bests = [worst; 8];
    let (values, last_values) = values.as_chunks::<8>();
    let (pairs, last_pairs) = pairs.as_chunks::<8>();
    for (values, pairs) in values.iter().zip(pairs) {
        for k in 0..8 {
            choose(&mut bests[k], values[k], pairs[k]);
        }
    }
    let mut best = worst;
    bests.into_iter().for_each(|other| choose(&mut best, other, enough));
    last_values.iter().zip(last_pairs).for_each(|(value, pairs)| choose(&mut best, *value, *pairs));
    best
}
