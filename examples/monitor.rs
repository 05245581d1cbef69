//! Watches a live pipeline: a line a second, and every event as it happens.
//!
//! ```sh
//! cargo run --release --example monitor -- videotestsrc is-live=true pattern=ball ! tee name=t \
//!     t. ! queue ! v.ref_sink \
//!     t. ! queue ! x264enc tune=zerolatency bitrate=400 ! avdec_h264 ! queue ! v.dist_sink \
//!     vmaftiny name=v ! fakesink sync=true
//! ```

use std::error::Error;

use gst::prelude::*;
use gstvmaftiny::report::{EVENT_STRUCTURE, Event, INTERVAL_STRUCTURE, input_name};

fn main() -> Result<(), Box<dyn Error>> {
    let line = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return Err("give a launch line with a vmaftiny element in it".into());
    }
    gst::init()?;
    gstvmaftiny::plugin_register_static()?;
    let pipeline = gst::parse::launch(&line)?;
    let bus = pipeline.bus().ok_or("give at least two elements: a pipeline")?;
    // what is wrong is said on the bus
    let _ = pipeline.set_state(gst::State::Playing);
    let outcome = watch(&bus);
    pipeline.set_state(gst::State::Null)?;
    outcome
}

fn watch(bus: &gst::Bus) -> Result<(), Box<dyn Error>> {
    for message in bus.iter_timed(gst::ClockTime::NONE) {
        match message.view() {
            gst::MessageView::Element(e) => {
                if let Some(line) = e.structure().and_then(tell) {
                    println!("{line}");
                }
            }
            gst::MessageView::Warning(w) => eprintln!("warning: {}", w.error()),
            gst::MessageView::Error(e) => return Err(e.error().into()),
            gst::MessageView::Eos(_) => break,
            _ => {}
        }
    }
    Ok(())
}

/// A line about statistics, an event or the whole; none about single frames.
fn tell(s: &gst::StructureRef) -> Option<String> {
    if s.name() == EVENT_STRUCTURE {
        let event = Event::try_from(s).ok()?;
        let mut line =
            format!("{:>9}  {} {}", time(event.running_time), severity(&event), event.kind.name());
        if let Some(offset) = event.offset {
            line += &format!(" offset {:.1} ms", offset as f64 / 1e6);
        }
        if let Some(input) = event.input.map(input_name) {
            line += &format!(" {input}");
        }
        if let Some(text) = event.text {
            line += &format!(": {text}");
        }
        return Some(line);
    }
    let pooled = s.get::<&str>("type") == Ok("pooled");
    if s.name() != INTERVAL_STRUCTURE && !pooled {
        return None;
    }
    let count = |name: &str| s.get::<u64>(name).unwrap_or(0);
    let score = |name: &str| s.get::<f64>(name).map_or("-".into(), |v| format!("{v:.2}"));
    Some(format!(
        "{:>9}  {} VMAF {} (min {}, p5 {}) of {} frames, {} missing, {} skipped, {} not pooled",
        time(s.get("start-running-time").ok().filter(|t| *t != u64::MAX)),
        if pooled { "all " } else { "    " },
        score("score"),
        score("min"),
        score("p5"),
        count("frames"),
        count("missing"),
        count("skipped"),
        count("excluded"),
    ))
}

fn severity(event: &Event) -> &'static str {
    event.kind.severity().name()
}

fn time(running_time: Option<u64>) -> String {
    running_time.map_or("-".into(), |t| format!("{:.2} s", t as f64 / 1e9))
}
