use super::correlation::{Compared, Correlation, Memory, Peak};
use super::fingerprint::Fingerprint;
use super::history::{History, NOISE, Shown};
use super::pair::Pair;
use super::pairing::Side;

/// What both sides have shown lately, and how it agrees at every offset. Decides nothing.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) reference: History,
    pub(super) distorted: History,
    /// `None` until the frame rates are known.
    pub(super) correlation: Option<Correlation>,
    // the largest offset, ns
    reach: i64,
}

// finer grids than 250 frames per second are not needed
const SMALLEST_STEP: i64 = 4_000_000;
// distance of pictures that differ by nothing but coding
const SAME: f32 = 0.0005;
// distance of pictures that no coding explains
const UNLIKE: f32 = 0.3;
// how much less alike all other pictures must be
const OUTSTANDING: f32 = 1.3;
/// Most that [`Evidence::excess`] may be where pictures belong together.
pub(super) const MATCHING: f32 = 1.5;
/// Scores nearer than this do not tell two offsets apart.
pub(super) const DISTINCT: f32 = 0.05;

impl Evidence {
    /// For offsets up to `reach`, ns, either way.
    pub(super) fn new(reach: i64) -> Self {
        let (reference, distorted) = (History::new(), History::new());
        Self { reference, distorted, correlation: None, reach }
    }

    pub(super) fn side(&mut self, side: Side) -> &mut History {
        match side {
            Side::Reference => &mut self.reference,
            Side::Distorted => &mut self.distorted,
        }
    }

    /// A side's next frame, later than its last; true if the frame rates became known or others,
    /// so that points of the grid are not what they were. Pairs are looked for around `offset`.
    pub(super) fn add(&mut self, side: Side, time: i64, print: &Fingerprint, offset: i64) -> bool {
        self.side(side).push(time, print);
        self.forget();
        let tuned = self.tune(offset);
        if !tuned {
            self.correlate(side, offset);
        }
        tuned
    }

    /// What was seen so far counts little from now on.
    pub(super) fn doubt(&mut self) {
        if let Some(correlation) = &mut self.correlation {
            correlation.doubt();
        }
    }

    /// Offsets nearer than this are the same, ns.
    pub(super) fn half_step(&self) -> i64 {
        self.correlation.as_ref().map_or(SMALLEST_STEP, |c| c.step() / 2)
    }

    /// Which frames belong together changes all the time, for the rates differ.
    pub(super) fn is_drifting(&self) -> bool {
        self.correlation.as_ref().is_some_and(|correlation| {
            !rates_are_commensurable(correlation.step(), self.reference.span())
        })
    }

    /// The offset that the pairs at a grid point really have, ns.
    pub(super) fn measured(&self, index: usize) -> Option<i64> {
        let beside = usize::from(self.is_drifting());
        self.correlation.as_ref().map(|correlation| correlation.offset(index, beside))
    }

    /// The last changes and the pictures themselves say the same as a peak.
    pub(super) fn agreed(&self, index: usize) -> bool {
        let Some(correlation) = &self.correlation else { return false };
        let all = 0..correlation.len();
        let best = correlation.peak(Memory::Fast, all, 0, 2).map_or(0.0, |peak| peak.score);
        correlation.score(index, Memory::Fast) > best - DISTINCT / 2.0
            && self.excess(index) < MATCHING
            && correlation.distance(index).is_some_and(|distance| distance < UNLIKE)
    }

    /// Distorted frames up to this time have met their partners at an offset, ns.
    pub(super) fn paired_until(&self, offset: i64) -> i64 {
        self.reference.newest_time().unwrap_or(0) + offset + self.half_step()
    }

    /// The first distorted frame after a time that has met its partner at an offset.
    pub(super) fn pair_after(&self, time: Option<i64>, offset: i64) -> Option<Pair> {
        let from = time.map_or(i64::MIN, |time| time + 1);
        let mut met = self.distorted.between(from, self.paired_until(offset));
        met.find_map(|frame| self.pair(frame, offset))
    }

    /// The last distorted frame that has met its partner at an offset.
    pub(super) fn last_pair(&self, offset: i64) -> Option<Pair> {
        let frame = self.distorted.last_until(self.paired_until(offset))?;
        self.pair(frame, offset)
    }

    fn pair(&self, frame: &Shown, offset: i64) -> Option<Pair> {
        let partner = self.reference.nearest(frame.time - offset, 2 * self.half_step())?;
        Some(Pair {
            time: frame.time,
            gap: self.distorted.gap_before(frame),
            mismatch: frame.mismatch(partner),
            own: frame.change.as_ref().map(|change| change.energy),
            reference: partner.change.as_ref().map(|change| change.energy),
        })
    }

    /// Mismatch of the distorted frame of a time with the partner that an offset gives it.
    pub(super) fn mismatch(&self, time: i64, offset: i64) -> Option<f32> {
        let frame = self.distorted.nearest(time, 0)?;
        let partner = self.reference.nearest(time - offset, 2 * self.half_step())?;
        Some(frame.mismatch(partner))
    }

    /// The offset after a pause that made the stream later, if the first frame after it, of some
    /// time, looks like that and not like the offset before.
    pub(super) fn resumed(&self, time: i64, later: i64, before: i64) -> Option<i64> {
        let frame = self.distorted.nearest(time, 0)?;
        let step = 2 * self.half_step();
        // a small movement at either end may have passed for stillness
        let best = [later - step, later + step]
            .into_iter()
            .fold(later, |best, other| if self.prefers(frame, other, best) { other } else { best });
        self.prefers(frame, best, before).then_some(best)
    }

    /// A distorted frame looks clearly more like the reference frame that one offset gives it than
    /// like that of another. What coding may change, and stillness, make no difference clear.
    fn prefers(&self, frame: &Shown, offset: i64, other: i64) -> bool {
        let partner = |offset| self.reference.nearest(frame.time - offset, self.half_step());
        let mismatch = |offset| partner(offset).map(|partner| frame.mismatch(partner));
        let pair = mismatch(offset).zip(mismatch(other));
        pair.is_some_and(|(own, others)| others > 2.0 * own + 4.0 * NOISE)
    }

    /// A distorted frame looks more like one reference frame than like any other, and by far than
    /// like those more than a frame away: damaged or not, they belong together. `own`: their mismatch.
    pub(super) fn stands_out(&self, frame: &Shown, partner: &Shown, own: f32) -> bool {
        let clear = OUTSTANDING * own + 2.0 * NOISE;
        self.reference.frames().iter().all(|other| {
            let apart = (other.time - partner.time).abs();
            let least = if 2 * apart > 3 * self.reference.span() { clear } else { own };
            apart == 0 || frame.mismatch(other) > least
        })
    }

    /// Distance of the pictures at a grid point, relative to the least anywhere.
    pub(super) fn excess(&self, index: usize) -> f32 {
        let Some(correlation) = &self.correlation else { return 1.0 };
        let own = correlation.distance(index).unwrap_or(1.0);
        let least = correlation.least_distance(correlation.pairs(index).min(3));
        (own + SAME) / (least + SAME)
    }

    /// Of a peak and neighbours whose changes agree as well: where the pictures are most alike.
    pub(super) fn likest_beside(&self, peak: &Peak) -> usize {
        let Some(correlation) = &self.correlation else { return peak.index };
        let neighbours = self.neighbours();
        let last = (peak.index + neighbours).min(correlation.len() - 1);
        let as_good = (peak.index.saturating_sub(neighbours)..=last).filter(|index| {
            correlation.pairs(*index) >= 3
                && correlation.score(*index, Memory::Slow) > peak.score - DISTINCT / 2.0
        });
        let distance = |index: usize| correlation.distance(index).unwrap_or(1.0);
        as_good.min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(peak.index)
    }

    /// Best agreement of a grid point's neighbours.
    pub(super) fn best_beside(&self, index: usize) -> f32 {
        let Some(correlation) = &self.correlation else { return 0.0 };
        let neighbours = self.neighbours();
        let last = (index + neighbours).min(correlation.len() - 1);
        best_but(correlation, index, index.saturating_sub(neighbours)..=last)
    }

    /// Best agreement of all other grid points.
    pub(super) fn best_elsewhere(&self, index: usize) -> f32 {
        let Some(correlation) = &self.correlation else { return 0.0 };
        best_but(correlation, index, 0..=correlation.len() - 1)
    }

    /// Grid points that a moving picture cannot tell from a peak.
    pub(super) fn neighbours(&self) -> usize {
        let Some(correlation) = &self.correlation else { return 0 };
        (2 * self.reference.span() / correlation.step()) as usize
    }

    /// A frame is needed as long as one of the other side may come that lies within the window.
    fn forget(&mut self) {
        let window = self.reach + 1_000_000_000;
        let [reference, distorted] = [&self.reference, &self.distorted].map(History::newest_time);
        for history in [&mut self.reference, &mut self.distorted] {
            let Some(own) = history.newest_time() else { continue };
            let other = reference.zip(distorted).map_or(own, |(r, d)| r.min(d));
            history.forget_before((other - window).max(own - 2 * window));
        }
    }

    /// Fits the search to the frame rates, if they are new; true if it did.
    fn tune(&mut self, offset: i64) -> bool {
        let rhythms = (self.reference.rhythm.best(), self.distorted.rhythm.best());
        let (Some(r), Some(d)) = rhythms else { return false };
        let equal = (r.0 - d.0).abs() < (3.0 * r.1.hypot(d.1)).max(r.0 / 100.0);
        let steadier = if r.1 <= d.1 { r.0 } else { d.0 };
        let (step, span) = match equal {
            true => (steadier, steadier),
            false => (r.0.min(d.0), r.0.max(d.0)),
        };
        let [step, span] =
            [step, span].map(|interval| (interval.round() as i64).max(SMALLEST_STEP));
        // over the whole window, a grid 1 % too fine is off by more than a frame
        let exact = equal && r.1.min(d.1) < 0.0005 * r.0;
        let share = if exact { 400 } else { 10 };
        let fits = |used: i64, wanted: i64| (used - wanted).abs() <= wanted / share;
        let tuned = self.correlation.as_ref().is_some_and(|c| fits(c.step(), step));
        if tuned && fits(self.reference.span(), span) {
            return false;
        }
        self.reference.set_span(span);
        self.distorted.set_span(span);
        let mut correlation = Correlation::new(step, self.reach);
        if rates_are_commensurable(step, span) {
            for (i, frame) in self.distorted.frames().iter().enumerate() {
                if let Some(difference) = self.reference.nearest_difference(frame, offset) {
                    correlation.follow(difference, 1.0 / (i + 1) as f64);
                }
            }
        }
        for distorted in self.distorted.frames() {
            add(&mut correlation, self.reference.frames().iter().map(|r| (distorted, r)));
        }
        self.correlation = Some(correlation);
        true
    }

    /// Adds the pairs that a side's newest frame makes.
    fn correlate(&mut self, side: Side, offset: i64) {
        let Some(correlation) = &mut self.correlation else { return };
        let window = correlation.window();
        match side {
            Side::Distorted => {
                let Some(newest) = self.distorted.newest() else { return };
                if rates_are_commensurable(correlation.step(), self.reference.span())
                    && let Some(difference) = self.reference.nearest_difference(newest, offset)
                {
                    correlation.follow(difference, 0.05);
                }
                let near = self.reference.between(newest.time - window, newest.time + window);
                add(correlation, near.map(|reference| (newest, reference)));
            }
            Side::Reference => {
                let Some(newest) = self.reference.newest() else { return };
                let near = self.distorted.between(newest.time - window, newest.time + window);
                add(correlation, near.map(|distorted| (distorted, newest)));
            }
        }
    }
}

fn best_but(
    correlation: &Correlation,
    index: usize,
    points: std::ops::RangeInclusive<usize>,
) -> f32 {
    let sides = [*points.start()..index, index + 1..*points.end() + 1];
    let best = sides.map(|side| correlation.best_score(Memory::Slow, side, 0));
    best[0].max(best[1])
}

/// The time differences of the frames of two such rates stay the same modulo the smaller one.
fn rates_are_commensurable(step: i64, span: i64) -> bool {
    let ratio = span as f64 / step as f64;
    (ratio - ratio.round()).abs() < 0.01
}

/// Adds pairs of a distorted and a reference frame.
fn add<'a>(correlation: &mut Correlation, pairs: impl Iterator<Item = (&'a Shown, &'a Shown)>) {
    correlation.add(pairs.filter_map(|(distorted, reference)| {
        let own = distorted.change.as_ref().filter(|change| !change.is_still())?;
        let change = reference.change.as_ref()?;
        Some(Compared {
            difference: distorted.time - reference.time,
            cross: own.agreement(change),
            reference: change.weight,
            distorted: own.weight,
            distance: distorted.distance(reference),
        })
    }));
}
