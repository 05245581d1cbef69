//! How many frames a live stream leaves time to score.

use std::time::Duration;

/// Late jobs, each later than the one before, that make the step longer; or late buffers downstream.
const LATE_JOBS: u32 = 3;
/// Share of the time that scoring may take before the step is made shorter.
const EASY: f64 = 0.7;
/// Time it must have been so, ns.
const EASY_FOR: i64 = 2_000_000_000;
/// Share of the time that scoring must take before it is blamed for what is late downstream.
const WORTH: f64 = 0.1;
/// Weight of the newest job in the mean.
const SMOOTHING: f64 = 0.2;

/// What a finished job cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub(super) number: u64,
    /// Whether it was scored, or only watched for its motion.
    pub(super) scored: bool,
    /// From the queue to the start.
    pub(super) waited: Duration,
    /// From the start to the end.
    pub(super) took: Duration,
}

/// Scores every frame, every second, every third… by what scoring costs.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    step: u64,
    late: u32,
    // of the job before
    waited: Duration,
    scored: f64,
    watched: f64,
    // the first job that was submitted under the present step
    changed_at: u64,
    easy_since: Option<i64>,
    // of downstream, and when the last one came
    complaints: u32,
    complained_at: i64,
}

impl Default for Ladder {
    fn default() -> Self {
        Self {
            step: 1,
            late: 0,
            waited: Duration::ZERO,
            scored: 0.0,
            watched: 0.0,
            changed_at: 0,
            easy_since: None,
            complaints: 0,
            complained_at: 0,
        }
    }
}

impl Ladder {
    /// Every how many frames one is scored.
    pub(super) fn step(&self) -> u64 {
        self.step
    }

    /// How long the last finished job waited for its turn.
    pub(super) fn waited(&self) -> Duration {
        self.waited
    }

    /// Whether this frame is one to score.
    pub(super) fn chooses(&self, number: u64) -> bool {
        number.is_multiple_of(self.step)
    }

    /// The longest step may have become shorter. Whether the step has changed.
    pub(super) fn limit(&mut self, next: u64, max: u64) -> bool {
        self.step > max && self.change(max.max(1), next)
    }

    /// Takes a job's cost. `max`: longest step. Whether the step has changed.
    pub(super) fn take(&mut self, cost: Cost, frame: Moment, max: u64) -> bool {
        let took = cost.took.as_nanos() as f64;
        let mean = if cost.scored { &mut self.scored } else { &mut self.watched };
        *mean = if *mean == 0.0 { took } else { *mean + SMOOTHING * (took - *mean) };
        let interval = frame.interval.max(1) as f64;
        // jobs of before the change say nothing about it
        if cost.number >= self.changed_at {
            let waited = cost.waited.as_nanos() as f64 > 2.0 * interval;
            // in a burst frames wait although there is time enough
            let late = waited && self.load(self.step, interval) >= EASY;
            // after a hiccup they wait less and less
            let longer = cost.waited >= self.waited;
            self.late = if late { self.late + u32::from(longer) } else { 0 };
        }
        self.waited = cost.waited;
        if self.late >= LATE_JOBS && self.step < max {
            let needed = self.steps_needed(interval);
            return self.change(needed.max(self.step + 1).min(max), frame.next);
        }
        if self.step == 1 || self.late > 0 || self.load(self.step - 1, interval) >= EASY {
            self.easy_since = None;
            return false;
        }
        let since = *self.easy_since.get_or_insert(frame.time);
        let easy = (1..self.step).find(|step| self.load(*step, interval) < EASY);
        frame.time - since >= EASY_FOR && self.change(easy.unwrap_or(self.step), frame.next)
    }

    /// A frame found no room in the queue. Whether the step has changed.
    pub(super) fn refuse(&mut self, frame: Moment, max: u64) -> bool {
        let next = frame.next;
        let busy = self.scored == 0.0 || self.load(self.step, frame.interval.max(1) as f64) >= EASY;
        busy && next >= self.changed_at + 2 * self.step
            && self.step < max
            && self.change(self.step + 1, next)
    }

    /// So many buffers were late downstream. Whether the step has changed.
    pub(super) fn complain(&mut self, late: u32, frame: Moment, max: u64) -> bool {
        let Moment { time, interval, next } = frame;
        // what takes no time has none to give
        if late == 0 || self.load(self.step, interval.max(1) as f64) < WORTH {
            return false;
        }
        if time - self.complained_at > EASY_FOR {
            self.complaints = 0;
        }
        self.complaints = self.complaints.saturating_add(late);
        self.complained_at = time;
        self.easy_since = None;
        self.complaints >= LATE_JOBS
            && next >= self.changed_at + 2 * self.step
            && self.step < max
            && self.change(self.step + 1, next)
    }

    /// Share of the time that scoring takes at a step.
    fn load(&self, step: u64, interval: f64) -> f64 {
        (self.scored + (step - 1) as f64 * self.watched) / (step as f64 * interval)
    }

    fn steps_needed(&self, interval: f64) -> u64 {
        let spare = (0.9 * interval - self.watched).max(interval * 0.01);
        ((self.scored - self.watched) / spare).ceil().max(1.0) as u64
    }

    fn change(&mut self, step: u64, next: u64) -> bool {
        let changed = self.step != step;
        *self = Self { step, late: 0, changed_at: next, easy_since: None, complaints: 0, ..*self };
        changed
    }
}

/// Where in the stream a cost is taken account of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Running time, ns.
    pub(super) time: i64,
    /// Distance of frames, ns.
    pub(super) interval: i64,
    /// Number of the next job.
    pub(super) next: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: i64 = 20_000_000;

    /// Runs frames through an endless queue; returns the step after each.
    fn run(ladder: &mut Ladder, costs: &[(u64, u64)], max: u64) -> Vec<u64> {
        let mut free = 0i64;
        let mut steps = Vec::new();
        for (i, (scored, watched)) in costs.iter().enumerate() {
            let arrived = i as i64 * INTERVAL;
            let number = i as u64;
            let chosen = ladder.chooses(number);
            let start = free.max(arrived);
            let took = Duration::from_millis(if chosen { *scored } else { *watched });
            free = start + took.as_nanos() as i64;
            let cost = Cost {
                number,
                scored: chosen,
                waited: Duration::from_nanos((start - arrived) as u64),
                took,
            };
            let moment = Moment { time: arrived, interval: INTERVAL, next: number + 1 };
            ladder.take(cost, moment, max);
            steps.push(ladder.step());
        }
        steps
    }

    #[test]
    fn a_load_that_fits_is_left_alone() {
        assert!(run(&mut Ladder::default(), &[(15, 1); 500], 30).iter().all(|s| *s == 1));
    }

    #[test]
    fn a_hiccup_is_no_overload() {
        let mut costs = [(16, 1); 500];
        // the first frame meets memory that nobody has touched
        [costs[0], costs[200], costs[201]] = [(200, 1); 3];
        assert!(run(&mut Ladder::default(), &costs, 30).iter().all(|s| *s == 1));
    }

    #[test]
    fn the_third_job_that_is_later_than_the_one_before_makes_the_step_longer() {
        // 50 ms of work every 20 ms: jobs 2, 3 and 4 wait 60, 90 and 120 ms, more than two frames
        let steps = run(&mut Ladder::default(), &[(50, 1); 5], 30);
        assert_eq!(steps[..4], [1; 4], "{steps:?}");
        assert!(steps[4] > 1, "{steps:?}");
    }

    /// The step after complaints at these times, one each, ms; scoring takes `took` ms of 20.
    fn complained(took: u64, times: impl IntoIterator<Item = i64>, max: u64) -> u64 {
        let mut ladder = Ladder::default();
        run(&mut ladder, &[(took, 0); 100], max);
        for time in times {
            let next = 100 + time as u64 / 20;
            let moment = Moment { time: time * 1_000_000, interval: INTERVAL, next };
            ladder.complain(1, moment, max);
        }
        ladder.step()
    }

    #[test]
    fn three_complaints_of_downstream_make_the_step_longer() {
        assert_eq!(complained(10, [0, 20], 30), 1);
        assert_eq!(complained(10, [0, 20, 40], 30), 2);
        // far apart they are no pattern
        assert_eq!(complained(10, (0..10).map(|i| i * 3000), 30), 1);
    }

    #[test]
    fn complaints_make_scoring_small_but_not_smaller_than_is_worth_it_or_wanted() {
        let many = || (0..500).map(|i| i * 20);
        // half of the time, of which every fifth frame leaves a tenth
        assert_eq!(complained(10, many(), 30), 6);
        assert_eq!(complained(10, many(), 4), 4);
        assert_eq!(complained(1, many(), 30), 1);
    }

    #[test]
    fn complaints_are_forgotten_after_two_seconds_without() {
        let mut ladder = Ladder::default();
        run(&mut ladder, &[(10, 0); 100], 30);
        let moment = Moment { time: 2_000_000_000, interval: INTERVAL, next: 100 };
        assert!(ladder.complain(3, moment, 30));
        let mut steps = Vec::new();
        for i in 1..=200u64 {
            let took = if ladder.chooses(i) { Duration::from_millis(10) } else { Duration::ZERO };
            let scored = ladder.chooses(i);
            let cost = Cost { number: 100 + i, scored, waited: Duration::ZERO, took };
            let time = 2_000_000_000 + i as i64 * INTERVAL;
            ladder.take(cost, Moment { time, interval: INTERVAL, next: 101 + i }, 30);
            steps.push(ladder.step());
        }
        assert_eq!((steps[90], steps[199]), (2, 1));
    }

    #[test]
    fn an_overload_is_answered_at_once_and_steadily() {
        let steps = run(&mut Ladder::default(), &[(100, 1); 1000], 30);
        // 100 ms of work in 20 ms frames with 1 ms for those between: 6 steps make 105 of 120 ms
        let settled = steps[200];
        assert!((6..=8).contains(&settled), "{settled}");
        let changes = steps[200..].windows(2).filter(|w| w[0] != w[1]).count();
        assert!(changes <= 1, "{changes} changes");
    }

    #[test]
    fn relief_takes_two_seconds() {
        let mut ladder = Ladder::default();
        run(&mut ladder, &[(100, 1); 300], 30);
        let before = ladder.step();
        let steps = run(&mut ladder, &[(5, 1); 2000], 30);
        assert_eq!(steps[50], before);
        assert_eq!(steps[400], 1);
    }

    #[test]
    fn a_shorter_longest_step_holds_at_once() {
        let mut ladder = Ladder::default();
        run(&mut ladder, &[(100, 1); 300], 30);
        assert!(!ladder.limit(300, 30) && ladder.step() > 3);
        assert!(ladder.limit(300, 3));
        assert_eq!(ladder.step(), 3);
        assert!(!ladder.limit(300, 3));
    }

    #[test]
    fn the_longest_step_is_the_limit() {
        let steps = run(&mut Ladder::default(), &[(5000, 1); 2000], 30);
        assert_eq!(steps.iter().max(), Some(&30));
    }
}
