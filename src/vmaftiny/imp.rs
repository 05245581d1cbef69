//! The element as GStreamer sees it: pads, properties, events, flow.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use gst::glib;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::prelude::*;

use super::formats;
use super::input::Input;
use super::output;
use super::session::{Decision, Policy, Report, Session, on_reference_line};
use super::settings::{self, Output, Settings};
use crate::align::pairing::Side;
use crate::features::NAMES;
use crate::fusion::{Fusion, FusionError, Options};
use crate::report;

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("vmaftiny", gst::DebugColorFlags::empty(), Some("VMAF per frame"))
});

/// Instance of the element.
pub struct VmafTiny {
    ref_sink: gst_base::AggregatorPad,
    dist_sink: gst_base::AggregatorPad,
    // lock order: settings, then state; neither is held while GStreamer is called
    settings: Mutex<Settings>,
    state: Mutex<State>,
}

/// Everything between start and stop.
#[derive(Default)]
struct State {
    session: Option<Session>,
    inputs: [Input; 2],
    output: output::Output,
    // serialized events of the stream that passes through, to leave before its next buffer
    events: Vec<gst::Event>,
    warned: Warned,
}

/// What the operator has been told once.
#[derive(Default)]
struct Warned {
    unscorable: Option<String>,
    guessed: bool,
}

#[glib::object_subclass]
impl ObjectSubclass for VmafTiny {
    const NAME: &'static str = "GstVmafTiny";
    type Type = super::VmafTiny;
    type ParentType = gst_base::Aggregator;

    fn with_class(class: &Self::Class) -> Self {
        let pad = |name: &str| {
            // the class has just been given this template
            let template = class.pad_template(name).expect("installed in pad_templates");
            gst::PadBuilder::<gst_base::AggregatorPad>::from_template(&template).name(name).build()
        };
        Self {
            ref_sink: pad("ref_sink"),
            dist_sink: pad("dist_sink"),
            settings: Mutex::default(),
            state: Mutex::default(),
        }
    }
}

impl ObjectImpl for VmafTiny {
    fn constructed(&self) {
        self.parent_constructed();
        let element = self.obj();
        for pad in [&self.ref_sink, &self.dist_sink] {
            element.add_pad(pad).expect("a new element has no pad of this name");
        }
        // the reference must flow before the encoder's first picture
        element.set_ignore_inactive_pads(true);
    }

    fn properties() -> &'static [glib::ParamSpec] {
        settings::properties()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        lock(&self.settings).set(pspec.name(), value);
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        lock(&self.settings).get(pspec.name())
    }
}

impl GstObjectImpl for VmafTiny {}

impl ElementImpl for VmafTiny {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "VMAF per frame",
                "Filter/Analyzer/Video",
                "Aligns a reference and a distorted video stream, passes one of them through and \
                 reports VMAF for every frame as messages and buffer metadata",
                "The vmaftiny authors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            [
                ("ref_sink", gst::PadDirection::Sink),
                ("dist_sink", gst::PadDirection::Sink),
                ("src", gst::PadDirection::Src),
            ]
            .into_iter()
            .map(|(name, direction)| {
                gst::PadTemplate::with_gtype(
                    name,
                    direction,
                    gst::PadPresence::Always,
                    &formats::caps(),
                    gst_base::AggregatorPad::static_type(),
                )
                .expect("a valid template")
            })
            .collect()
        });
        &TEMPLATES
    }
}

impl AggregatorImpl for VmafTiny {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        self.parent_start()?;
        let settings = lock(&self.settings).clone();
        let options = Options { phone: settings.phone_model, directory: None };
        let fusion = Fusion::open_with(&settings.tiny_model, &NAMES, &options)
            .map_err(|e| model_error(&settings.tiny_model, &e))?;
        gst::info!(CAT, imp = self, "scoring with {:?}", fusion.info());
        let session = Session::new(fusion, settings.threads as usize).map_err(|e| {
            gst::error_msg!(gst::CoreError::Thread, ["cannot start the scoring thread: {e}"])
        })?;
        *lock(&self.state) = State { session: Some(session), ..State::default() };
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        let old = std::mem::take(&mut *lock(&self.state));
        // ends the worker
        drop(old);
        self.parent_stop()
    }

    fn flush(&self) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.finish_stretch();
        let mut state = lock(&self.state);
        if let Some(session) = &mut state.session {
            session.restart();
        }
        state.output = output::Output::default();
        state.events.clear();
        state.inputs.iter_mut().for_each(Input::reset);
        drop(state);
        self.parent_flush()
    }

    // caps are those of the stream that passes through
    fn negotiate(&self) -> bool {
        true
    }

    fn aggregate(&self, timeout: bool) -> Result<gst::FlowSuccess, gst::FlowError> {
        let live = self.obj().latency().is_some();
        self.pull(timeout);
        let eos = [Side::Reference, Side::Distorted].map(|side| self.pad(side).is_eos());
        let policy = self.policy(live);
        let mut state = lock(&self.state);
        let Some(session) = &mut state.session else { return Err(gst::FlowError::Flushing) };
        for (side, eos) in [Side::Reference, Side::Distorted].into_iter().zip(eos) {
            if eos {
                session.end(side);
            }
        }
        drop(state);
        self.decide(policy)?;

        let output = self.pad(self.passing());
        let over = (eos[0] || output.is_eos()) && !output.has_buffer();
        if over {
            self.finish_stretch();
            self.push_out(true)?;
            return Err(gst::FlowError::Eos);
        }
        self.collect(false);
        if timeout {
            self.push_overdue()?;
        }
        self.push_out(false)?;
        Err(gst_base::AGGREGATOR_FLOW_NEED_DATA)
    }

    fn next_time(&self) -> Option<gst::ClockTime> {
        let due = lock(&self.state).output.due();
        let waiting = [Side::Reference, Side::Distorted].into_iter().filter_map(|side| {
            let pad = self.pad(side);
            let segment = pad.segment();
            let pts = pad.peek_buffer()?.pts()?;
            segment.downcast_ref::<gst::ClockTime>()?.to_running_time(pts)
        });
        waiting.chain(due).min()
    }

    fn sink_event(&self, pad: &gst_base::AggregatorPad, event: gst::Event) -> bool {
        let side = self.side(pad);
        let passes = side == self.passing();
        match event.view() {
            gst::EventView::Caps(e) => self.take_caps(side, passes, e.caps_owned()),
            gst::EventView::Segment(e) => {
                if passes {
                    // frames of the old segment leave under the old one
                    self.cut();
                    self.obj().update_segment(e.segment());
                }
                self.parent_sink_event(pad, event)
            }
            gst::EventView::Tag(_) => {
                if passes {
                    lock(&self.state).events.push(event);
                }
                true
            }
            gst::EventView::FlushStop(_) => {
                let mut state = lock(&self.state);
                state.inputs[side as usize].reset();
                let forgotten = state.session.as_mut().map(|s| s.forget(side)).unwrap_or_default();
                if passes {
                    forgotten.into_iter().for_each(|token| state.output.settle(token, None));
                }
                drop(state);
                self.parent_sink_event(pad, event)
            }
            gst::EventView::StreamStart(_)
            | gst::EventView::FlushStart(_)
            | gst::EventView::Eos(_)
            | gst::EventView::Gap(_) => self.parent_sink_event(pad, event),
            // the other stream's business ends here
            _ if !passes && event.is_serialized() => true,
            _ => self.parent_sink_event(pad, event),
        }
    }

    fn sink_query(&self, pad: &gst_base::AggregatorPad, query: &mut gst::QueryRef) -> bool {
        if let gst::QueryViewMut::Caps(q) = query.view_mut() {
            let mut caps = pad.pad_template_caps();
            if self.side(pad) == self.passing() {
                let downstream = self.obj().src_pad().peer_query_caps(Some(&caps));
                caps = caps.intersect_with_mode(&downstream, gst::CapsIntersectMode::First);
            }
            if let Some(filter) = q.filter_owned() {
                caps = filter.intersect_with_mode(&caps, gst::CapsIntersectMode::First);
            }
            q.set_result(&caps);
            return true;
        }
        self.parent_sink_query(pad, query)
    }

    fn src_event(&self, event: gst::Event) -> bool {
        match event.view() {
            // a decoder that skips frames because of us would be measured as a bad one
            gst::EventView::Qos(_) => true,
            gst::EventView::Seek(_) | gst::EventView::Reconfigure(_) => {
                self.parent_src_event(event)
            }
            _ => self.pad(self.passing()).push_event(event),
        }
    }

    fn propose_allocation(
        &self,
        _pad: &gst_base::AggregatorPad,
        _decide_query: Option<&gst::query::Allocation>,
        query: &mut gst::query::Allocation,
    ) -> Result<(), gst::LoggableError> {
        query.add_allocation_meta::<gst_video::VideoMeta>(None);
        Ok(())
    }

    fn peek_next_sample(&self, pad: &gst_base::AggregatorPad) -> Option<gst::Sample> {
        let buffer = pad.peek_buffer()?;
        let segment = pad.segment();
        let mut sample = gst::Sample::builder().buffer(&buffer).segment(&segment);
        let caps = pad.current_caps();
        if let Some(caps) = &caps {
            sample = sample.caps(caps);
        }
        Some(sample.build())
    }
}

impl VmafTiny {
    fn pad(&self, side: Side) -> &gst_base::AggregatorPad {
        match side {
            Side::Reference => &self.ref_sink,
            Side::Distorted => &self.dist_sink,
        }
    }

    fn side(&self, pad: &gst_base::AggregatorPad) -> Side {
        if *pad == self.ref_sink { Side::Reference } else { Side::Distorted }
    }

    /// The side whose stream passes through.
    fn passing(&self) -> Side {
        match lock(&self.settings).output {
            Output::Reference => Side::Reference,
            Output::Distorted => Side::Distorted,
        }
    }

    fn policy(&self, live: bool) -> Policy {
        let settings = lock(&self.settings);
        Policy {
            offset: settings.offset,
            tolerance: settings.tolerance as i64,
            subsample: settings.subsample.into(),
            live,
        }
    }

    /// Takes buffers in the order of their times, so that neither side runs ahead of the other;
    /// all there are if `everything`.
    fn pull(&self, everything: bool) {
        let sides = [Side::Reference, Side::Distorted];
        loop {
            let offset = lock(&self.settings).offset;
            let heads = sides.map(|side| {
                let pad = self.pad(side);
                let pts = pad.peek_buffer()?.pts();
                let segment = pad.segment();
                let segment = segment.downcast_ref::<gst::ClockTime>()?;
                let time = pts.and_then(|pts| segment.to_running_time(pts));
                let time = time.and_then(|t| i64::try_from(t.nseconds()).ok()).unwrap_or(0);
                Some(on_reference_line(side, time, offset))
            });
            let side = match heads {
                [None, None] => return,
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
                _ => return,
            };
            self.take(side);
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
        let add_meta = lock(&self.settings).add_meta;
        let mut state = lock(&self.state);
        let State { session, inputs, output, .. } = &mut *state;
        let Some(session) = session else { return };
        let flags = buffer.flags();
        let empty = buffer.size() == 0 && flags.contains(gst::BufferFlags::GAP);
        let shown = !empty && !flags.contains(gst::BufferFlags::DECODE_ONLY);
        let arrived = shown.then(|| inputs[side as usize].arrive(&buffer, &segment)).flatten();
        if passes {
            let token = arrived.as_ref().filter(|_| add_meta).map(|(_, frame)| frame.token);
            let segment = segment.downcast_ref::<gst::ClockTime>();
            let due = segment.zip(buffer.pts()).and_then(|(s, pts)| s.to_running_time(pts));
            output.push(buffer, token, due);
        }
        if let Some((running_time, frame)) = arrived {
            session.take(side, running_time, frame);
        }
        let guessed = inputs[side as usize].take_guessed()
            && !std::mem::replace(&mut state.warned.guessed, true);
        drop(state);
        if guessed {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Format,
                ["buffers on {} have no timestamps: taken to follow each other", pad.name()]
            );
        }
    }

    fn decide(&self, policy: Policy) -> Result<(), gst::FlowError> {
        let mut state = lock(&self.state);
        let State { session, output, .. } = &mut *state;
        let Some(session) = session else { return Err(gst::FlowError::Flushing) };
        let distorted_passes = lock(&self.settings).output == Output::Distorted;
        let mut differ = None;
        for decision in session.decide(policy) {
            match decision {
                Decision::Surplus(token) if distorted_passes => output.settle(token, None),
                Decision::Surplus(_) => {}
                Decision::SizesDiffer(r, d) => differ = Some((r, d)),
            }
        }
        drop(state);
        if let Some((r, d)) = differ {
            gst::element_imp_error!(
                self,
                gst::StreamError::Format,
                (
                    "The reference is {}x{}, the distorted stream {}x{}: put a videoscale before \
                     one of them",
                    r.width,
                    r.height,
                    d.width,
                    d.height
                ),
                ["sizes differ"]
            );
            return Err(gst::FlowError::NotNegotiated);
        }
        Ok(())
    }

    /// Posts what the worker has finished; waits for all of it if `wait`.
    fn collect(&self, wait: bool) {
        loop {
            let settings = lock(&self.settings).clone();
            let mut state = lock(&self.state);
            let Some(report) = state.session.as_mut().and_then(|s| s.report(wait)) else { return };
            let problem = state.warned.new_problem(&report);
            let Report { frame, reference, distorted, .. } = report;
            let structure = report::frame_structure(&frame, settings.add_features);
            let token = match settings.output {
                Output::Reference => Some(reference),
                Output::Distorted => distorted,
            };
            if let Some(token) = token {
                state.output.settle(token, settings.add_meta.then(|| structure.clone()));
            }
            drop(state);
            gst::trace!(CAT, imp = self, "{structure}");
            if let Some(problem) = problem {
                gst::element_imp_warning!(
                    self,
                    gst::StreamError::Failed,
                    ("Frames pass through without scores: {problem}"),
                    ["first at frame {}", frame.number]
                );
            }
            let wanted = frame.measured.is_some() || settings.report_missing;
            if settings.frame_message && wanted {
                self.post(structure);
            }
        }
    }

    fn post(&self, structure: gst::Structure) {
        let element = self.obj();
        let message = gst::message::Element::builder(structure).src(&*element).build();
        // refused only when the bus is flushing: nobody listens
        let _ = element.post_message(message);
    }

    /// Finishes all frames in flight without successors.
    fn cut(&self) {
        if let Some(session) = &mut lock(&self.state).session {
            session.cut();
        }
        self.collect(true);
        if let Err(e) = self.push_out(true) {
            gst::debug!(CAT, imp = self, "downstream said {e} to the last frames of a stretch");
        }
    }

    /// As [`Self::cut`], then posts the verdict on everything.
    fn finish_stretch(&self) {
        if let Some(session) = &mut lock(&self.state).session {
            session.cut();
        }
        self.collect(true);
        let method = lock(&self.settings).pool_method;
        let state = lock(&self.state);
        let structure = state.session.as_ref().and_then(|session| {
            let pooled = session.pooled(method.into());
            let counted = *session.counters() != report::Counters::default();
            counted.then(|| {
                report::pooled_structure(pooled.as_ref(), session.counters(), &session.model().id)
            })
        });
        drop(state);
        if let Some(structure) = structure {
            self.post(structure);
        }
    }

    /// Pushes what is settled; everything if `all`.
    fn push_out(&self, all: bool) -> Result<(), gst::FlowError> {
        loop {
            let mut state = lock(&self.state);
            let next = if all { state.output.force() } else { state.output.pop() };
            let Some((buffer, meta)) = next else { return Ok(()) };
            let events = std::mem::take(&mut state.events);
            drop(state);
            self.push(buffer, meta, events)?;
        }
    }

    /// Pushes the buffer whose time has come without waiting for its score.
    fn push_overdue(&self) -> Result<(), gst::FlowError> {
        let mut state = lock(&self.state);
        let Some((buffer, meta)) = state.output.force() else { return Ok(()) };
        let events = std::mem::take(&mut state.events);
        drop(state);
        self.push(buffer, meta, events)
    }

    fn push(
        &self,
        mut buffer: gst::Buffer,
        meta: Option<gst::Structure>,
        events: Vec<gst::Event>,
    ) -> Result<(), gst::FlowError> {
        let element = self.obj();
        if buffer.size() == 0 && buffer.flags().contains(gst::BufferFlags::GAP) {
            if let Some(pts) = buffer.pts() {
                let gap = gst::event::Gap::builder(pts).duration(buffer.duration()).build();
                element.src_pad().push_event(gap);
            }
            return Ok(());
        }
        if let Some(meta) = meta
            && let Err(e) = report::attach(buffer.make_mut(), &meta)
        {
            gst::warning!(CAT, imp = self, "cannot attach {}: {e}", report::META);
        }
        let flow = element.finish_buffer(buffer);
        for event in events {
            element.src_pad().push_event(event);
        }
        match flow {
            // measuring goes on when nobody wants the video
            Ok(_) | Err(gst::FlowError::NotLinked) => Ok(()),
            Err(e) => Err(e),
        }
    }

    fn take_caps(&self, side: Side, passes: bool, caps: gst::Caps) -> bool {
        let info = match gst_video::VideoInfo::from_caps(&caps) {
            Ok(info) => info,
            Err(e) => {
                gst::element_imp_error!(
                    self,
                    gst::StreamError::Format,
                    ["{} on {}: {e}", caps, self.pad(side).name()]
                );
                return false;
            }
        };
        gst::debug!(CAT, imp = self, "{:?} is {caps}", side);
        if passes {
            // frames of the old caps leave under the old ones
            self.cut();
        }
        let (add_meta, element) = (lock(&self.settings).add_meta, self.obj());
        let duration = {
            let mut state = lock(&self.state);
            let input = &mut state.inputs[side as usize];
            input.set_info(info);
            input.frame_duration()
        };
        if side == Side::Reference {
            let assumed = gst::ClockTime::from_mseconds(40);
            let wait = if add_meta { duration.unwrap_or(assumed) } else { gst::ClockTime::ZERO };
            element.set_latency(wait, gst::ClockTime::NONE);
        }
        if passes {
            element.set_src_caps(&caps);
        }
        true
    }
}

impl Warned {
    /// The report's problem, unless the operator knows it already.
    fn new_problem(&mut self, report: &Report) -> Option<String> {
        let problem = report.problem.as_ref()?;
        if self.unscorable.as_ref() == Some(problem) {
            return None;
        }
        self.unscorable = Some(problem.clone());
        Some(problem.clone())
    }
}

fn model_error(model: &str, error: &FusionError) -> gst::ErrorMessage {
    gst::error_msg!(
        gst::ResourceError::Settings,
        ("Cannot use the model \"{model}\": {error}"),
        ["tiny-model={model}"]
    )
}

/// A poisoned lock means that a panic was reported already; what it guards is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
