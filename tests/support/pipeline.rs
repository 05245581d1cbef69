//! Running real pipelines with the element in them, and hearing what it says.

use std::path::PathBuf;
use std::sync::LazyLock;

use gst::prelude::*;
use gstvmaftiny::report::{Event, EventKind};

use crate::mlp;

/// Makes the element known; safe to call from every test.
pub fn init() {
    static ONCE: LazyLock<()> = LazyLock::new(|| {
        gst::init().expect("GStreamer starts");
        gstvmaftiny::plugin_register_static().expect("the plugin registers");
    });
    LazyLock::force(&ONCE);
}

/// A model whose score is `1 + 60·adm2 + 5·(vif0+vif1+vif2+vif3) + 0.5·motion2`: tests know every
/// weight.
pub fn model() -> &'static str {
    static MODEL: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("linear.onnx");
        let bytes = mlp::bytes(&mlp::linear(&[60.0, 5.0, 5.0, 5.0, 5.0, 0.5], 1.0));
        std::fs::write(&path, bytes).expect("a writable directory");
        (directory, path)
    });
    MODEL.1.to_str().expect("a readable path")
}

/// What a run of a pipeline left on the bus.
#[derive(Default)]
pub struct Heard {
    pub frames: Vec<gst::Structure>,
    pub pooled: Vec<gst::Structure>,
    pub intervals: Vec<gst::Structure>,
    pub events: Vec<Event>,
    pub qos: Vec<gst::Message>,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
    pub eos: bool,
}

impl Heard {
    pub fn scores(&self) -> Vec<f64> {
        self.frames.iter().filter_map(|f| f.get("score").ok()).collect()
    }

    /// Events of a kind.
    pub fn told(&self, kind: EventKind) -> Vec<&Event> {
        self.events.iter().filter(|e| e.kind == kind).collect()
    }

    pub fn statuses(&self) -> Vec<&str> {
        self.frames.iter().map(|f| f.get("status").expect("always there")).collect()
    }

    /// The one pooled message.
    pub fn verdict(&self) -> &gst::StructureRef {
        let [pooled] = &self.pooled[..] else { panic!("{} pooled messages", self.pooled.len()) };
        pooled
    }

    /// Takes note of a message; whether it is the last one.
    pub fn note(&mut self, message: &gst::Message) -> bool {
        match message.view() {
            gst::MessageView::Element(e) => {
                let Some(s) = e.structure() else { return false };
                match s.name().as_str() {
                    "VMAF" if s.get::<&str>("type") == Ok("frame") => {
                        self.frames.push(s.to_owned())
                    }
                    "VMAF" => self.pooled.push(s.to_owned()),
                    "VMAFInterval" => self.intervals.push(s.to_owned()),
                    "VMAFEvent" => self.events.push(s.try_into().expect("a known event")),
                    _ => {}
                }
                false
            }
            gst::MessageView::Qos(_) => {
                self.qos.push(message.clone());
                false
            }
            gst::MessageView::Warning(w) => {
                self.warnings.push(w.error().to_string());
                false
            }
            gst::MessageView::Error(e) => {
                self.errors.push(e.error().to_string());
                true
            }
            gst::MessageView::Eos(_) => {
                self.eos = true;
                true
            }
            _ => false,
        }
    }
}

/// Builds a pipeline from a launch line; `MODEL` in it stands for the test model's path.
pub fn parse(line: &str) -> gst::Pipeline {
    init();
    let line = line.replace("MODEL", model());
    let element = gst::parse::launch(&line).expect("a valid launch line");
    element.downcast().expect("a pipeline")
}

/// Plays to the end (or the first error) and stops.
pub fn play(pipeline: &gst::Pipeline) -> Heard {
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let mut heard = Heard::default();
    // a refusal is also said on the bus
    let _ = pipeline.set_state(gst::State::Playing);
    while let Some(message) = bus.timed_pop(gst::ClockTime::from_seconds(60)) {
        if heard.note(&message) {
            break;
        }
    }
    pipeline.set_state(gst::State::Null).expect("every element stops");
    heard
}

/// [`parse`] and [`play`].
pub fn run(line: &str) -> Heard {
    play(&parse(line))
}
