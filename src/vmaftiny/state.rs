//! Everything the element knows between start and stop.

use super::alignment::Trust;
use super::input::Input;
use super::output::Output;
use super::session::{Report, Session};
use crate::align::pairing::Side;
use crate::report::{self, Alarm, Frame, Status, Times};

/// Problems under the same caps that the operator is told of: garbage has a new one each time.
const MOST_PROBLEMS: usize = 4;

/// Everything between start and stop.
#[derive(Default)]
pub(super) struct State {
    pub(super) session: Option<Session>,
    pub(super) inputs: [Input; 2],
    pub(super) output: Output,
    pub(super) alarm: Alarm,
    /// Running time of the reference's newest finished frame, ns.
    pub(super) position: Option<u64>,
    /// Where the present interval of statistics began, ns.
    pub(super) interval_start: Option<u64>,
    pub(super) warned: Warned,
}

/// What the operator has been told once.
#[derive(Default)]
pub(super) struct Warned {
    // under the present caps
    unscorable: Vec<String>,
    formats: u64,
    pub(super) guessed: bool,
}

/// The element's instruments.
pub(super) struct Reading {
    pub(super) offset: i64,
    pub(super) confidence: f64,
    pub(super) locked: bool,
    pub(super) last_score: Option<f64>,
}

impl State {
    /// What the read-only properties say. `set`: the offset property.
    pub(super) fn reading(&self, set: i64) -> Reading {
        let trust = self.session.as_ref().map_or(Trust::Unknown, Session::trust);
        Reading {
            offset: self.session.as_ref().map_or(set, Session::offset),
            confidence: match trust {
                Trust::Given => 1.0,
                Trust::Unknown => 0.0,
                Trust::Measured(confidence) => confidence,
            },
            locked: trust != Trust::Unknown,
            last_score: self.session.as_ref().and_then(Session::last_score),
        }
    }

    pub(super) fn stats(&self, offset: i64) -> gst::Structure {
        let Reading { offset, confidence, locked, last_score } = self.reading(offset);
        let mut s = gst::Structure::builder("stats")
            .field("offset", offset)
            .field("confidence", confidence)
            .field("locked", locked)
            .field_if_some("last-score", last_score)
            .field("held-buffers", self.output.len() as u64)
            .build();
        let Some(session) = &self.session else { return s };
        let [reference, distorted, scoring] = session.queues().map(|n| n as u64);
        s.set("waiting-reference", reference);
        s.set("waiting-distorted", distorted);
        s.set("in-scoring", scoring);
        s.set("step", session.step());
        s.set("scored", session.counters().scored);
        report::fill_counters(&mut s, session.counters());
        s
    }

    /// Until when partners of reference frames may come, if any may: running time, ns.
    pub(super) fn hope(&self) -> Option<u64> {
        let lost = self.inputs[Side::Distorted as usize].watch.is_lost();
        self.session.as_ref().filter(|_| !lost)?.patience_ends()
    }

    /// Whether the frame has no partner because of a silence of the distorted input that has been
    /// told: then it need not be told frame by frame.
    pub(super) fn is_of_silence(&self, frame: &Frame) -> bool {
        let time = frame.times.running_time.and_then(|t| t.checked_add_signed(frame.offset));
        let watch = &self.inputs[Side::Distorted as usize].watch;
        frame.status == Status::Missing && time.is_some_and(|time| watch.was_lost(time))
    }

    /// Whether it is time for statistics: the frame ends an interval of this length, ns.
    pub(super) fn interval_over(&mut self, times: &Times, length: u64) -> bool {
        let Some(now) = times.running_time.filter(|_| length > 0) else { return false };
        let start = *self.interval_start.get_or_insert(now);
        // time can go back after a flush or a new segment
        let over = now >= start.saturating_add(length) || now < start;
        if over {
            self.interval_start = Some(now);
        }
        over
    }
}

impl Warned {
    /// The report's problem, unless the operator knows it already, or others enough.
    pub(super) fn new_problem(&mut self, report: &Report) -> Option<String> {
        if self.formats != report.formats {
            self.formats = report.formats;
            self.unscorable.clear();
        }
        let problem = report.problem.as_ref()?;
        if self.unscorable.len() == MOST_PROBLEMS || self.unscorable.contains(problem) {
            return None;
        }
        self.unscorable.push(problem.clone());
        Some(problem.clone())
    }
}
