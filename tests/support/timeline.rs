//! Two streams whose true offset is known, pushed as they would arrive; how the aligner did.

use gstvmaftiny::align::pairing::Side;
use gstvmaftiny::align::{Aligner, Config, Event, Fingerprint};

/// A distorted frame.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Running time, ns.
    pub time: i64,
    /// Index of the reference frame it shows.
    pub content: usize,
    /// Shows it again.
    pub repeated: bool,
}

/// When which frame is shown.
pub struct Timeline {
    /// Running times of the reference frames, ns.
    pub reference: Vec<i64>,
    /// In rising time.
    pub distorted: Vec<Shown>,
}

/// Something that happens to the distorted stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "not every user needs each")]
pub enum Incident {
    /// One picture stays, then the stream goes on where it would be.
    Freeze,
    /// One picture stays, then the stream goes on from there: later than before.
    Pause,
    /// Nothing is shown for a while, then the stream goes on from there: later than before.
    Stall,
    /// Nothing is shown for a while, then the stream goes on where it would be.
    Outage,
    /// Pictures are left out without a gap: earlier than before.
    Skip,
}

impl Incident {
    #[allow(dead_code, reason = "not every user needs it")]
    pub const ALL: [Self; 5] = [Self::Freeze, Self::Pause, Self::Stall, Self::Outage, Self::Skip];
}

impl Timeline {
    /// `frames` reference frames every `interval` ns, shown `offset` ns later; `incidents` are
    /// (index of the picture they begin after, what, frames it lasts).
    pub fn new(
        frames: usize,
        interval: i64,
        offset: i64,
        incidents: &[(usize, Incident, usize)],
    ) -> Self {
        let mut distorted = Vec::new();
        let mut time = offset;
        let mut show = |content: usize, repeated: bool, interval: i64| {
            distorted.push(Shown { time, content, repeated });
            time += interval;
        };
        let mut content = 0;
        let mut waiting = incidents.iter().peekable();
        while content < frames {
            let incident = waiting.next_if(|(start, ..)| content >= *start);
            let (stalled, repeated, skipped) = match incident {
                None => (0, 0, 0),
                Some((_, Incident::Freeze, length)) => (0, *length, *length),
                Some((_, Incident::Pause, length)) => (0, *length, 0),
                Some((_, Incident::Stall, length)) => (*length, 0, 0),
                Some((_, Incident::Outage, length)) => (*length, 0, *length),
                Some((_, Incident::Skip, length)) => (0, 0, *length),
            };
            show(content, false, interval * (1 + stalled as i64));
            (0..repeated).for_each(|_| show(content, true, interval));
            content += 1 + skipped;
        }
        Self { reference: (0..frames as i64).map(|i| i * interval).collect(), distorted }
    }

    /// What each distorted frame's offset really is, ns.
    fn truth(&self, shown: &Shown) -> i64 {
        shown.time - self.reference[shown.content]
    }
}

/// Counts of distorted frames that are no repetitions, paired after the first lock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Changed reference pictures seen together with their partners until the lock.
    pub lock: Option<usize>,
    pub frames: usize,
    /// Paired with the frame they show.
    pub exact: usize,
    /// Paired with another.
    pub wrong: usize,
    /// Of the wrong ones: the frame they show had not come yet, so nobody could know.
    pub unknowable: usize,
    /// Paired with one that looks different.
    pub visibly_wrong: usize,
    /// Wrong with a confidence of 0.6 or more.
    pub wrong_confident: usize,
    pub visibly_wrong_confident: usize,
    /// Exact with a confidence of 0.6 or more.
    pub exact_confident: usize,
    pub changes: usize,
    pub losses: usize,
}

impl Outcome {
    #[allow(dead_code, reason = "not every user needs it")]
    pub fn add(&mut self, other: &Outcome) {
        self.lock = self.lock.max(other.lock);
        self.frames += other.frames;
        self.exact += other.exact;
        self.wrong += other.wrong;
        self.unknowable += other.unknowable;
        self.visibly_wrong += other.visibly_wrong;
        self.wrong_confident += other.wrong_confident;
        self.visibly_wrong_confident += other.visibly_wrong_confident;
        self.exact_confident += other.exact_confident;
        self.changes += other.changes;
        self.losses += other.losses;
    }

    pub fn percent(&self, part: usize) -> f64 {
        100.0 * part as f64 / self.frames.max(1) as f64
    }
}

// squared grey levels over the 144 blocks
const VISIBLE: f64 = 11.5;
const MOVED: f64 = 3.0;

/// Runs an aligner over a timeline. A frame is judged when an element would pair it: when it and
/// the reference frame that the offset in use gives it have both arrived.
pub fn follow(
    config: Config,
    timeline: &Timeline,
    reference: &[Fingerprint],
    distorted: impl Fn(usize) -> Fingerprint,
    mut event: impl FnMut(i64, Event),
) -> Outcome {
    let mut arrivals: Vec<(i64, Side, usize)> = Vec::new();
    arrivals.extend(timeline.reference.iter().enumerate().map(|(i, t)| (*t, Side::Reference, i)));
    let shown = timeline.distorted.iter().enumerate();
    arrivals.extend(shown.map(|(i, s)| (s.time, Side::Distorted, i)));
    arrivals.sort_by_key(|(time, side, _)| (*time, *side == Side::Distorted));
    let interval = timeline.reference[1] - timeline.reference[0];
    let mut aligner = Aligner::new(config);
    let mut outcome = Outcome::default();
    let (mut newest_r, mut newest_d) = (i64::MIN / 4, i64::MIN / 4);
    let mut pending = 0;
    for (time, side, index) in arrivals {
        match side {
            Side::Reference => {
                newest_r = time;
                aligner.push(side, time, &reference[index]);
            }
            Side::Distorted => {
                newest_d = time;
                aligner.push(side, time, &distorted(timeline.distorted[index].content));
            }
        }
        while let Some(noticed) = aligner.next_event() {
            match noticed {
                Event::OffsetChanged { .. } => outcome.changes += 1,
                Event::Lost => outcome.losses += 1,
                _ => {}
            }
            event(time, noticed);
        }
        if outcome.lock.is_none() && aligner.is_locked() {
            outcome.lock = Some(moved(timeline, reference, newest_r, newest_d));
        }
        while let Some(shown) = timeline.distorted.get(pending) {
            let partner = shown.time - aligner.offset();
            if shown.time > newest_d || partner > newest_r + interval / 2 {
                break;
            }
            pending += 1;
            if !shown.repeated && outcome.lock.is_some() {
                judge(&mut outcome, &aligner, timeline, reference, shown);
                let to_come = timeline.reference[shown.content] > newest_r;
                outcome.unknowable += usize::from(to_come);
            }
        }
    }
    outcome
}

fn judge(
    outcome: &mut Outcome,
    aligner: &Aligner,
    timeline: &Timeline,
    reference: &[Fingerprint],
    shown: &Shown,
) {
    let interval = timeline.reference[1] - timeline.reference[0];
    let confident = aligner.confidence() >= 0.6;
    outcome.frames += 1;
    if (aligner.offset() - timeline.truth(shown)).abs() < interval / 2 {
        outcome.exact += 1;
        outcome.exact_confident += usize::from(confident);
        return;
    }
    let partner = shown.time - aligner.offset();
    let partner = timeline.reference.partition_point(|time| *time < partner - interval / 2);
    let looks_alike = reference
        .get(partner)
        .is_some_and(|partner| partner.difference(&reference[shown.content]) < VISIBLE);
    outcome.wrong += 1;
    outcome.visibly_wrong += usize::from(!looks_alike);
    outcome.wrong_confident += usize::from(confident);
    outcome.visibly_wrong_confident += usize::from(confident && !looks_alike);
}

/// Reference pictures that differ from their predecessor and whose partner has come.
fn moved(timeline: &Timeline, reference: &[Fingerprint], newest_r: i64, newest_d: i64) -> usize {
    let seen = timeline.distorted.iter().take_while(|shown| shown.time <= newest_d);
    let both = seen.filter(|shown| {
        !shown.repeated && shown.content > 0 && timeline.reference[shown.content] <= newest_r
    });
    both.filter(|shown| reference[shown.content].difference(&reference[shown.content - 1]) > MOVED)
        .count()
}
