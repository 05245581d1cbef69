//! The element as GStreamer sees it: pads, properties, events, queries.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

use gst::glib;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::prelude::*;

use super::flow::{Over, State, lock};
use super::formats;
use super::input::Input;
use super::session::Session;
use super::settings::{self, Output, Settings};
use super::worker::Wait;
use crate::align::pairing::Side;
use crate::features::{NAMES, Workers};
use crate::fusion::{Fusion, FusionError, Options};
use crate::report::{Event, EventKind, Log};

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("vmaftiny", gst::DebugColorFlags::empty(), Some("VMAF per frame"))
});

/// How often a paused element looks whether it plays.
const LOOK_AGAIN: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// Instance of the element.
pub struct VmafTiny {
    ref_sink: gst_base::AggregatorPad,
    dist_sink: gst_base::AggregatorPad,
    // lock order: turn, settings, state, log; but for the first none is held while GStreamer is called
    /// Whose turn it is to post results: they are posted in order.
    pub(super) turn: Mutex<()>,
    pub(super) settings: Mutex<Settings>,
    pub(super) state: Mutex<State>,
    pub(super) log: Mutex<Option<Log>>,
    /// The log could not be written, which was told.
    pub(super) log_failed: AtomicBool,
    /// Buffers are timed by a clock: then the state is never held while the worker is waited for,
    /// but for a whole turn.
    pub(super) live: AtomicBool,
    /// Buffers that downstream has complained about since that was last looked at. No lock: whoever
    /// complains shows the video.
    pub(super) late_downstream: AtomicU32,
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
            turn: Mutex::default(),
            settings: Mutex::default(),
            state: Mutex::default(),
            log: Mutex::default(),
            log_failed: AtomicBool::default(),
            live: AtomicBool::default(),
            late_downstream: AtomicU32::default(),
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
        if pspec.name() == "log-location" {
            // written out and closed; the next message opens it anew
            *lock(&self.log) = None;
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        let offset = lock(&self.settings).offset;
        let reading = || lock(&self.state).reading(offset);
        match pspec.name() {
            "current-offset" => reading().offset.to_value(),
            "current-confidence" => reading().confidence.to_value(),
            "locked" => reading().locked.to_value(),
            "last-score" => reading().last_score.unwrap_or(-1.0).to_value(),
            "stats" => lock(&self.state).stats(offset).to_value(),
            name => lock(&self.settings).get(name),
        }
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
        let no_thread = |problem: &dyn std::fmt::Display| {
            gst::error_msg!(gst::CoreError::Thread, ["cannot start the scoring threads: {problem}"])
        };
        let workers = Workers::new(settings.threads as usize).map_err(|e| no_thread(&e))?;
        let element = self.obj().downgrade();
        let told = Box::new(move || {
            if let Some(element) = element.upgrade() {
                element.imp().collect_early();
            }
        });
        let profile = settings.profile.into();
        let session = Session::new(fusion, workers, profile, settings.manner(), told)
            .map_err(|e| no_thread(&e))?;
        if let Some(location) = &settings.log_location {
            let log = Log::open(Path::new(location)).map_err(|e| {
                gst::error_msg!(
                    gst::ResourceError::OpenWrite,
                    ("Cannot write the log file \"{location}\": {e}")
                )
            })?;
            *lock(&self.log) = Some(log);
        }
        lock(&self.settings).begin();
        *lock(&self.state) = State { session: Some(session), ..State::default() };
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        let old = std::mem::take(&mut *lock(&self.state));
        // ends the worker
        drop(old);
        lock(&self.settings).end();
        self.log_failed.store(false, Ordering::Relaxed);
        *lock(&self.log) = None;
        self.parent_stop()
    }

    fn flush(&self) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.finish_stretch(true)?;
        let reset = lock(&self.settings).reset_on_flush;
        let mut state = lock(&self.state);
        if let Some(session) = &mut state.session {
            session.restart(reset);
        }
        state.output.flush();
        state.inputs.iter_mut().for_each(Input::reset);
        drop(state);
        self.parent_flush()
    }

    // caps are those of the stream that passes through
    fn negotiate(&self) -> bool {
        true
    }

    fn aggregate(&self, timeout: bool) -> Result<gst::FlowSuccess, gst::FlowError> {
        let clock = self.clock_now();
        self.live.store(clock.is_some(), Ordering::Relaxed);
        self.pull(timeout || clock.is_some(), clock)?;
        self.check_inputs(clock);
        let over = self.decide(clock)?;
        if over == Over::Yes {
            self.finish_stretch(false)?;
            return Err(gst::FlowError::Eos);
        }
        self.collect(Wait::No);
        self.tell();
        if timeout {
            self.push_overdue()?;
        }
        self.push_out(false)?;
        Err(gst_base::AGGREGATOR_FLOW_NEED_DATA)
    }

    fn next_time(&self) -> Option<gst::ClockTime> {
        let side = self.passing();
        let ended = self.pad(side).is_eos() && !self.pad(side).has_buffer();
        let timeout = lock(&self.settings).timeout;
        let state = lock(&self.state);
        let due = state.output.due();
        // silence must be noticed, too
        let checks = state.inputs.iter().filter_map(|input| input.watch.deadline(timeout));
        // partners of the reference's last frames may still come
        let hope = state.hope().filter(|_| ended && side == Side::Reference);
        let checks = checks.chain(hope).min();
        drop(state);
        if ended && hope.is_none() {
            // the end waits for nobody, least of all for an input that has gone silent
            return Some(gst::ClockTime::ZERO);
        }
        let checks = match self.obj().current_state() {
            gst::State::Playing => checks.map(gst::ClockTime::from_nseconds),
            // the clock goes on, and would find each deadline passed
            _ => checks.and(self.obj().current_running_time()).map(|now| now + LOOK_AGAIN),
        };
        let waiting = [Side::Reference, Side::Distorted].into_iter().filter_map(|side| {
            let pad = self.pad(side);
            let segment = pad.segment();
            let pts = pad.peek_buffer()?.pts()?;
            segment.downcast_ref::<gst::ClockTime>()?.to_running_time(pts)
        });
        let frames = waiting.chain(due).min();
        frames.or(checks)
    }

    fn sink_event(&self, pad: &gst_base::AggregatorPad, event: gst::Event) -> bool {
        let side = self.side(pad);
        let passes = side == self.passing();
        match event.view() {
            gst::EventView::Caps(e) => {
                if lock(&self.state).inputs[side as usize].has_caps(e.caps()) {
                    return true;
                }
                let taken = self.take_caps(side, e.caps_owned());
                if taken && passes {
                    self.follow(event);
                }
                taken
            }
            gst::EventView::Segment(e) => {
                if e.segment().rate() < 0.0
                    && let Some(session) = &mut lock(&self.state).session
                {
                    let text = "nothing is scored while playback runs backwards";
                    session.news.tell_once(Event::new(EventKind::Reverse).saying(text));
                }
                lock(&self.state).inputs[side as usize].cut();
                if passes {
                    self.follow(event.clone());
                }
                self.parent_sink_event(pad, event)
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
            // a gap in no segment has no place in time
            gst::EventView::Gap(_) if pad.segment().format() != gst::Format::Time => true,
            gst::EventView::StreamStart(_)
            | gst::EventView::FlushStart(_)
            | gst::EventView::Eos(_)
            | gst::EventView::Gap(_) => self.parent_sink_event(pad, event),
            // the other stream's business ends here
            _ if !passes && event.is_serialized() => true,
            // waits for no frame: none may follow
            gst::EventView::SegmentDone(_) => self.parent_sink_event(pad, event),
            _ if event.is_serialized() => {
                self.follow(event);
                true
            }
            _ => self.parent_sink_event(pad, event),
        }
    }

    fn sink_query(&self, pad: &gst_base::AggregatorPad, query: &mut gst::QueryRef) -> bool {
        if let gst::QueryViewMut::AcceptCaps(q) = query.view_mut()
            && q.caps().features(0).is_some_and(|f| f.contains("format:Interlaced"))
        {
            gst::element_imp_error!(
                self,
                gst::StreamError::Format,
                ("{}: one field per buffer is not supported, put a deinterlace before", pad.name())
            );
            q.set_result(false);
            return true;
        }
        if let gst::QueryViewMut::Allocation(_) = query.view_mut()
            && self.side(pad) == self.passing()
        {
            // its very buffers go on: what downstream cannot read must not be made
            return self.obj().src_pad().peer_query(query);
        }
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
            gst::EventView::Qos(e) => {
                let (kind, _, jitter, _) = e.get();
                if kind == gst::QOSType::Underflow && jitter > 0 {
                    self.late_downstream.fetch_add(1, Ordering::Relaxed);
                }
                true
            }
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
        query.add_allocation_meta::<gst_video::VideoCropMeta>(None);
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
    pub(super) fn pad(&self, side: Side) -> &gst_base::AggregatorPad {
        match side {
            Side::Reference => &self.ref_sink,
            Side::Distorted => &self.dist_sink,
        }
    }

    fn side(&self, pad: &gst_base::AggregatorPad) -> Side {
        if *pad == self.ref_sink { Side::Reference } else { Side::Distorted }
    }

    /// The side whose stream passes through.
    pub(super) fn passing(&self) -> Side {
        match lock(&self.settings).fixed().output {
            Output::Reference => Side::Reference,
            Output::Distorted => Side::Distorted,
        }
    }

    /// The event leaves when all buffers before it have: under what they came under.
    fn follow(&self, event: gst::Event) {
        lock(&self.state).output.follow(event);
        self.push_events();
    }

    fn take_caps(&self, side: Side, caps: gst::Caps) -> bool {
        let info = match super::formats::info(&caps) {
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
        let mut state = lock(&self.state);
        let input = &mut state.inputs[side as usize];
        input.set_caps(caps, info);
        let duration = input.frame_duration();
        drop(state);
        if side == Side::Reference {
            let assumed = gst::ClockTime::from_mseconds(40);
            let add_meta = lock(&self.settings).fixed().add_meta;
            let wait = if add_meta { duration.unwrap_or(assumed) } else { gst::ClockTime::ZERO };
            self.obj().set_latency(wait, gst::ClockTime::NONE);
        }
        true
    }
}

fn model_error(model: &str, error: &FusionError) -> gst::ErrorMessage {
    gst::error_msg!(
        gst::ResourceError::Settings,
        ("Cannot use the model \"{model}\": {error}"),
        ["tiny-model={model}"]
    )
}
