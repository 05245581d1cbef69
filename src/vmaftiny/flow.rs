//! The way of frames through the element: in, paired, scored, told, out.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gst::subclass::prelude::*;
use gst_base::prelude::*;

use super::alignment::Trust;
use super::compare::Rules;
use super::imp::{CAT, VmafTiny};
use super::output::Leaving;
use super::session::{Decision, Policy, Report, on_reference_line};
use super::settings::{Fixed, Output};
pub(super) use super::state::State;
use super::worker::Wait;
use crate::align::pairing::Side;
use crate::report::{self, AlarmChange, AlarmLimits, Event, EventKind, Frame, Log};

const SIDES: [Side; 2] = [Side::Reference, Side::Distorted];

/// Times that are further apart, ns, do not tell in which order to read streams of unknown offset.
const LEAP: u64 = 500_000_000;

/// In live mode, the last scores are waited for this long, when the video has left.
const FAREWELL: Duration = Duration::from_secs(2);

/// The base class's mark on gaps of data that was lost.
const MISSING_DATA: &str = "GstAggregatorMissingDataMeta";

/// Whether the output has ended.
#[derive(PartialEq, Eq)]
pub(super) enum Over {
    Yes,
    No,
}

/// Time of a live pipeline, ns since playing began.
#[derive(Clone, Copy)]
pub(super) struct ClockNow {
    /// On the clock.
    pub(super) clock: u64,
    /// Of frames that are just arriving.
    pub(super) arriving: i64,
}

impl VmafTiny {
    /// The time, if the pipeline is live.
    pub(super) fn clock_now(&self) -> Option<ClockNow> {
        let element = self.obj();
        let latency = element.latency()?;
        let clock = self.running_time();
        let arriving = clock.saturating_sub(latency).nseconds();
        Some(ClockNow {
            clock: clock.nseconds(),
            arriving: i64::try_from(arriving).unwrap_or(i64::MAX),
        })
    }

    /// Clock time since playing began. Before the element plays, its base time is not set and the
    /// difference to it would be any number.
    fn running_time(&self) -> gst::ClockTime {
        let element = self.obj();
        let time = element.current_running_time();
        time.filter(|_| element.current_state() == gst::State::Playing).unwrap_or_default()
    }

    fn policy(&self, clock: Option<ClockNow>) -> Policy {
        let settings = lock(&self.settings);
        Policy {
            manner: settings.manner(),
            min_confidence: settings.min_confidence,
            tolerance: settings.tolerance as i64,
            subsample: settings.subsample.into(),
            rules: Rules { size: settings.size_policy, range: settings.range_policy },
            max_skip: settings.max_skip.into(),
            max_memory: settings.max_memory,
            live: clock.map(|now| now.arriving),
        }
    }

    /// Takes buffers in the order of their times, so that neither side runs ahead of the other;
    /// all there are if `everything`. Pairs after each, while what is known is about it.
    pub(super) fn pull(
        &self,
        everything: bool,
        clock: Option<ClockNow>,
    ) -> Result<(), gst::FlowError> {
        loop {
            let mut state = lock(&self.state);
            let Some(session) = &mut state.session else { return Ok(()) };
            if clock.is_none() {
                session.make_room();
            }
            let (offset, unknown) = (session.offset(), session.trust() == Trust::Unknown);
            drop(state);
            let heads = SIDES.map(|side| {
                let pad = self.pad(side);
                let pts = pad.peek_buffer()?.pts();
                let segment = pad.segment();
                let segment = segment.downcast_ref::<gst::ClockTime>()?;
                let time = pts.and_then(|pts| segment.to_running_time(pts));
                let time = time.and_then(|t| i64::try_from(t.nseconds()).ok()).unwrap_or(0);
                Some(on_reference_line(side, time, offset))
            });
            let side = match heads {
                [None, None] => return Ok(()),
                // nothing says that one side would be ahead: waiting for it could last for ever
                [Some(r), Some(d)] if unknown && r.abs_diff(d) > LEAP => {
                    self.take(Side::Reference);
                    Side::Distorted
                }
                [Some(r), Some(d)] => {
                    if r <= d {
                        Side::Reference
                    } else {
                        Side::Distorted
                    }
                }
                [Some(time), None] if everything || self.may_take(time, Side::Distorted) => {
                    Side::Reference
                }
                [None, Some(time)] if everything || self.may_take(time, Side::Reference) => {
                    Side::Distorted
                }
                _ => return Ok(()),
            };
            self.take(side);
            self.decide(clock)?;
            if clock.is_none() {
                // files that are faster than scoring always have more
                self.collect(Wait::No);
                self.tell();
                self.push_out(false)?;
            }
        }
    }

    /// Whether a frame of this time would not run ahead of the `other` side, which has nothing now.
    fn may_take(&self, time: i64, other: Side) -> bool {
        let pad = self.pad(other);
        if pad.is_eos() || pad.is_inactive() {
            return true;
        }
        let state = lock(&self.state);
        let read = state.session.as_ref().and_then(|s| s.read_to(other));
        read.is_some_and(|read| time <= read)
    }

    fn take(&self, side: Side) {
        let pad = self.pad(side);
        let Some(buffer) = pad.pop_buffer() else { return };
        let (segment, passes) = (pad.segment(), side == self.passing());
        let now = self.running_time().nseconds();
        let add_meta = lock(&self.settings).fixed().add_meta;
        let mut state = lock(&self.state);
        let State { session, inputs, output, .. } = &mut *state;
        let Some(session) = session else { return };
        let input = &mut inputs[side as usize];
        if let Some(length) = input.watch.seen(now) {
            session.news.tell(Event::new(EventKind::InputResumed).on(side).lasting(length));
            session.verify(side);
        }
        let flags = buffer.flags();
        let shown = !is_gap(&buffer)
            && !flags.contains(gst::BufferFlags::DECODE_ONLY)
            && segment.rate() > 0.0;
        let arrived = shown.then(|| input.arrive(&buffer, &segment, &session.store)).flatten();
        if passes {
            let token = arrived.as_ref().filter(|_| add_meta).map(|(_, frame)| frame.token);
            let segment = segment.downcast_ref::<gst::ClockTime>();
            let due = segment.zip(buffer.pts()).and_then(|(s, pts)| s.to_running_time(pts));
            output.push(buffer, token, due);
        }
        let guessed = inputs[side as usize].take_guessed();
        if let Some((running_time, frame)) = arrived {
            session.take(side, running_time, frame);
        }
        let guessed = guessed && !std::mem::replace(&mut state.warned.guessed, true);
        drop(state);
        if guessed {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Format,
                ("Buffers on {} have no timestamps: taken to follow each other", pad.name())
            );
        }
    }

    /// Notices inputs of a live pipeline that have gone silent.
    pub(super) fn check_inputs(&self, clock: Option<ClockNow>) {
        let Some(now) = clock else { return };
        let timeout = lock(&self.settings).timeout;
        let ended = SIDES.map(|side| self.pad(side).is_eos());
        let mut state = lock(&self.state);
        let State { session: Some(session), inputs, .. } = &mut *state else { return };
        for (side, ended) in SIDES.into_iter().zip(ended) {
            if inputs[side as usize].watch.check(now.clock, timeout) && !ended {
                let text = format!("nothing for {} ms", timeout / 1_000_000);
                session.news.tell(Event::new(EventKind::InputLost).on(side).saying(text));
            }
        }
    }

    /// Pairs what can be paired and starts scoring it; whether that was all.
    pub(super) fn decide(&self, clock: Option<ClockNow>) -> Result<Over, gst::FlowError> {
        let passing = self.pad(self.passing());
        let drained = passing.is_eos() && !passing.has_buffer();
        let ended = SIDES.map(|side| self.pad(side).is_eos() && !self.pad(side).has_buffer());
        let policy = self.policy(clock);
        let distorted_passes = lock(&self.settings).fixed().output == Output::Distorted;
        let late = self.late_downstream.swap(0, Ordering::Relaxed);
        let mut state = lock(&self.state);
        let State { session, output, inputs, .. } = &mut *state;
        let Some(session) = session else { return Err(gst::FlowError::Flushing) };
        for (side, _) in SIDES.into_iter().zip(ended).filter(|(_, ended)| *ended) {
            session.end(side);
            session.news.tell_once(Event::new(EventKind::InputEos).on(side));
        }
        session.give_way(late, policy);
        let mut differ = None;
        let mut decide = |session: &mut super::session::Session| {
            for decision in session.decide(policy) {
                match decision {
                    Decision::Surplus(token) if distorted_passes => output.settle(token, None),
                    Decision::Surplus(_) => {}
                    Decision::SizesDiffer(refusal) => differ = Some(refusal),
                }
            }
        };
        decide(session);
        // the reference's last frames wait for late partners as long as some may come
        let hopeless = ended[1] || inputs[1].watch.is_lost();
        let [waiting, ..] = session.queues();
        let reference_over = ended[0] && (waiting == 0 || hopeless);
        let output_over = if distorted_passes { drained } else { drained && reference_over };
        let over = output_over || (ended[0] && ended[1]);
        if over {
            SIDES.into_iter().for_each(|side| session.end(side));
            decide(session);
            session.tell_caps();
        }
        drop(state);
        if let Some(refusal) = differ {
            gst::element_imp_error!(
                self,
                gst::StreamError::Format,
                ("Sizes differ: {refusal}"),
                ["size-policy=error"]
            );
            return Err(gst::FlowError::NotNegotiated);
        }
        Ok(if over { Over::Yes } else { Over::No })
    }

    /// Posts what the worker has finished, or finishes in that time.
    pub(super) fn collect(&self, patience: Wait) {
        let _turn = lock(&self.turn);
        while self.collect_next(Some(patience)) {}
    }

    /// Posts what the worker has just finished, from its own thread, where the next frame may be far
    /// away: in a live stream. Whoever is at it already, or has the state, sees to it himself: the
    /// worker must not wait for those who wait for it.
    pub(super) fn collect_early(&self) {
        if !self.live.load(Ordering::Relaxed) {
            return;
        }
        let Ok(_turn) = self.turn.try_lock() else { return };
        while self.collect_next(None) {}
    }

    /// Posts the next finished frame, if there is one. Without `patience` only if nobody has the
    /// state.
    fn collect_next(&self, patience: Option<Wait>) -> bool {
        let settings = lock(&self.settings).clone();
        let state = match patience {
            Some(_) => Some(lock(&self.state)),
            None => self.state.try_lock().ok(),
        };
        let Some(mut state) = state else { return false };
        let Some(session) = &mut state.session else { return false };
        let report = session.report(patience.unwrap_or(Wait::No), settings.max_skip.into());
        let Some(mut report) = report else { return false };
        let problem = state.warned.new_problem(&report);
        let Fixed { output, add_meta } = settings.fixed();
        let token = match output {
            Output::Reference => Some(report.reference),
            Output::Distorted => report.distorted,
        };
        let held = token.filter(|token| state.output.holds(*token));
        report.frame.marks.late = add_meta && held.is_none() && report.frame.measured.is_some();
        let structure = report::frame_structure(&report.frame, settings.add_features);
        if let Some(token) = held {
            state.output.settle(token, add_meta.then(|| structure.clone()));
        }
        let silent = state.is_of_silence(&report.frame);
        state.position = report.frame.times.running_time.or(state.position);
        let limits = AlarmLimits {
            below: settings.alarm_below,
            window: settings.alarm_window,
            hysteresis: settings.alarm_hysteresis,
        };
        let alarm = state.alarm_about(&report.frame, limits);
        if let (Some(session), Some(event)) = (&mut state.session, alarm) {
            session.news.tell(event);
        }
        let interval = state.interval_over(&report.frame.times, settings.interval);
        let recent = state.session.as_mut().filter(|_| interval).map(|session| {
            report::interval_structure(&session.take_recent(settings.pool_method.into()))
        });
        let counters = state.session.as_ref().map(|s| *s.counters()).unwrap_or_default();
        drop(state);
        gst::trace!(CAT, imp = self, "{structure}");
        if let Some(problem) = problem {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Failed,
                ("Frames pass through without scores: {problem}"),
                ["first at frame {}", report.frame.number]
            );
        }
        if report.overload {
            self.post_qos(&report, &counters);
        }
        let wanted = report.frame.measured.is_some() || (settings.report_missing && !silent);
        if settings.frame_message && wanted {
            self.post(structure);
        }
        if let Some(recent) = recent {
            self.post(recent);
            let element = self.obj();
            ["stats", "current-offset", "current-confidence", "locked", "last-score"]
                .iter()
                .for_each(|name| element.notify(name));
        }
        true
    }

    /// Posts the events that have come up.
    pub(super) fn tell(&self) {
        let mut state = lock(&self.state);
        let position = state.position;
        let Some(session) = &mut state.session else { return };
        let events = session.news.take();
        drop(state);
        for event in events {
            let time = event.running_time.or(position);
            let structure = gst::Structure::from(&event.at(time));
            gst::info!(CAT, imp = self, "{structure}");
            self.post(structure);
        }
    }

    fn post(&self, structure: gst::Structure) {
        self.write_log(&structure);
        let element = self.obj();
        let message = gst::message::Element::builder(structure).src(&*element).build();
        // refused only when the bus is flushing: nobody listens
        let _ = element.post_message(message);
    }

    fn write_log(&self, structure: &gst::StructureRef) {
        let Some(location) = lock(&self.settings).log_location.clone() else { return };
        let mut log = lock(&self.log);
        let written = match &mut *log {
            Some(log) => log.write(structure),
            None => {
                Log::open(Path::new(&location)).and_then(|new| log.insert(new).write(structure))
            }
        };
        drop(log);
        let failed = self.log_failed.swap(written.is_err(), Ordering::Relaxed);
        if let Err(e) = written
            && !failed
        {
            gst::element_imp_warning!(
                self,
                gst::ResourceError::Write,
                ("Cannot write the log file \"{location}\": {e}")
            );
        }
    }

    fn post_qos(&self, report: &Report, counters: &report::Counters) {
        let element = self.obj();
        let time = |t: Option<u64>| t.map(gst::ClockTime::from_nseconds);
        let times = &report.frame.times;
        let frames = counters.frames().max(1);
        let waited = i64::try_from(report.waited.as_nanos()).unwrap_or(i64::MAX);
        let message = gst::message::Qos::builder(true)
            .running_time(time(times.running_time))
            .stream_time(time(times.stream_time))
            .timestamp(time(times.timestamp))
            .duration(time(times.duration))
            .values(waited, counters.scored as f64 / frames as f64, 1_000_000)
            .stats(
                gst::format::Buffers::from_u64(counters.scored),
                gst::format::Buffers::from_u64(counters.skipped),
            )
            .src(&*element)
            .build();
        let _ = element.post_message(message);
    }

    /// Posts what the worker finishes in that time; the rest goes unscored.
    fn collect_all(&self, patience: Wait) {
        self.collect(patience);
        if let Some(session) = &mut lock(&self.state).session
            && session.queues()[2] > 0
        {
            session.abandon();
        }
        self.collect(Wait::No);
        self.tell();
    }

    /// Finishes all frames in flight and posts the verdict on everything. `flushed`: what has not
    /// left will not. What downstream said to the last frames.
    pub(super) fn finish_stretch(&self, flushed: bool) -> Result<(), gst::FlowError> {
        let Some(patience) = self.cut_session() else { return Ok(()) };
        let farewell = match patience {
            Wait::Until(_) => Wait::Until(Instant::now() + FAREWELL),
            forever => forever,
        };
        let mut pushed = Ok(());
        if !flushed {
            // the verdict may wait for scores that the video cannot wait for
            self.collect(patience);
            self.tell();
            pushed = self.push_out(true);
        }
        self.collect_all(farewell);
        let method = lock(&self.settings).pool_method;
        let state = lock(&self.state);
        let counted = state.session.as_ref().filter(|s| s.counters().frames() > 0);
        let structure = counted.map(|s| report::pooled_structure(&s.total(method.into())));
        drop(state);
        if let Some(structure) = structure {
            self.post(structure);
        }
        pushed
    }

    /// Tells the worker that no frame follows; how long the video may be held for scores: live, to
    /// the deadline of the frame that is held longest.
    fn cut_session(&self) -> Option<Wait> {
        let clock = self.clock_now();
        let mut state = lock(&self.state);
        let due = state.output.due().and_then(|due| i64::try_from(due.nseconds()).ok());
        let session = state.session.as_mut()?;
        session.cut();
        let patience = session.patience();
        let (Wait::Until(end), Some(now), Some(due)) = (patience, clock, due) else {
            return Some(patience);
        };
        let left = u64::try_from(due.saturating_sub(now.arriving)).unwrap_or(0);
        Some(Wait::Until(end.min(Instant::now() + Duration::from_nanos(left))))
    }

    /// Pushes what is settled; everything if `all`.
    pub(super) fn push_out(&self, all: bool) -> Result<(), gst::FlowError> {
        loop {
            let mut state = lock(&self.state);
            let next = if all { state.output.force() } else { state.output.pop() };
            drop(state);
            let Some(leaving) = next else { break };
            self.push(leaving)?;
        }
        self.push_events();
        Ok(())
    }

    /// Pushes events that no buffer is before any more.
    pub(super) fn push_events(&self) {
        let begun = self.has_begun();
        let events = lock(&self.state).output.take_events(|e| begun || opens(e));
        self.forward(events);
    }

    fn has_begun(&self) -> bool {
        self.obj().src_pad().sticky_event::<gst::event::Segment>(0).is_some()
    }

    fn forward(&self, events: Vec<gst::Event>) {
        let element = self.obj();
        for event in events {
            match event.view() {
                gst::EventView::Caps(e) => element.set_src_caps(&e.caps_owned()),
                gst::EventView::Segment(e) => element.update_segment(e.segment()),
                // an event that nobody wants is no fault
                _ => {
                    let _ = element.src_pad().push_event(event);
                }
            }
        }
    }

    /// Pushes the buffer whose time has come without waiting for its score.
    pub(super) fn push_overdue(&self) -> Result<(), gst::FlowError> {
        let next = lock(&self.state).output.force();
        next.map_or(Ok(()), |leaving| self.push(leaving))
    }

    fn push(&self, leaving: Leaving) -> Result<(), gst::FlowError> {
        let Leaving { events, mut buffer, meta } = leaving;
        let element = self.obj();
        // what came before the first buffer follows it
        let begun = self.has_begun();
        let (before, after) = events.into_iter().partition(|event| begun || opens(event));
        self.forward(before);
        if is_gap(&buffer) {
            if let Some(pts) = buffer.pts() {
                let gap = gst::event::Gap::builder(pts)
                    .duration(buffer.duration())
                    .gap_flags(gap_flags(&buffer))
                    .build();
                element.src_pad().push_event(gap);
            }
            return Ok(());
        }
        if let Some(meta) = meta
            && let Err(e) = report::attach(buffer.make_mut(), &meta)
        {
            gst::warning!(CAT, imp = self, "cannot attach {}: {e}", report::META);
        }
        element.selected_samples(buffer.pts(), buffer.dts(), buffer.duration(), None);
        let flow = element.finish_buffer(buffer);
        self.forward(after);
        match flow {
            // measuring goes on when nobody wants the video
            Ok(_) | Err(gst::FlowError::NotLinked) => Ok(()),
            Err(e) => Err(e),
        }
    }
}

impl State {
    fn alarm_about(&mut self, frame: &Frame, limits: AlarmLimits) -> Option<Event> {
        let score = frame.measured.as_ref().filter(|_| frame.status.pooled())?.score.value;
        let time = frame.times.running_time?;
        let event = match self.alarm.add(time, score, limits)? {
            AlarmChange::Start { mean } => {
                Event { score: Some(mean), ..Event::new(EventKind::AlarmStart) }
            }
            AlarmChange::End { minimum, length } => {
                let event = Event::new(EventKind::AlarmEnd).lasting(length);
                Event { score: Some(minimum), ..event }
            }
        };
        Some(event.at(Some(time)))
    }
}

/// Whether a stream begins with such events, which leave with its first buffer.
fn opens(event: &gst::Event) -> bool {
    matches!(event.type_(), gst::EventType::Caps | gst::EventType::Segment)
}

/// Why there is nothing, as the event that became this buffer has said.
fn gap_flags(buffer: &gst::BufferRef) -> gst::GapFlags {
    match gst::meta::CustomMeta::from_buffer(buffer, MISSING_DATA) {
        Ok(_) => gst::GapFlags::DATA,
        Err(_) => gst::GapFlags::empty(),
    }
}

fn is_gap(buffer: &gst::BufferRef) -> bool {
    buffer.size() == 0 && buffer.flags().contains(gst::BufferFlags::GAP)
}

/// A poisoned lock means that a panic was reported already; what it guards is still whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
