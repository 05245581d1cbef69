//! Scores one file against another: builds the pipeline, reads the messages from the bus and the
//! metadata from the buffers.
//!
//! `cargo run --release --example score -- reference.mkv distorted.mp4 [model]`

use std::error::Error;

use gst::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (reference, distorted, model) = match &arguments[..] {
        [r, d] => (r, d, "vmaf_tiny_v2"),
        [r, d, m] => (r, d, m.as_str()),
        _ => return Err("usage: score REFERENCE DISTORTED [MODEL]".into()),
    };
    gst::init()?;
    gstvmaftiny::plugin_register_static()?;

    let line = "filesrc name=reference ! decodebin ! queue ! v.ref_sink \
                filesrc name=distorted ! decodebin ! queue ! v.dist_sink \
                vmaftiny name=v ! fakesink name=out sync=false";
    let pipeline =
        gst::parse::launch(line)?.downcast::<gst::Pipeline>().map_err(|_| "no pipeline")?;
    let element = |name: &str| pipeline.by_name(name).ok_or_else(|| format!("no {name}"));
    element("reference")?.set_property("location", reference);
    element("distorted")?.set_property("location", distorted);
    element("v")?.set_property("tiny-model", model);

    // downstream elements find the same values on the buffers
    let pad = element("out")?.static_pad("sink").ok_or("no pad")?;
    pad.add_probe(gst::PadProbeType::BUFFER, |_, info| {
        let score = info.buffer().and_then(|buffer| {
            let meta = gst::meta::CustomMeta::from_buffer(buffer, "VmafTinyMeta").ok()?;
            meta.structure().get::<f64>("score").ok()
        });
        if score.is_none() {
            eprintln!("a frame left without a score");
        }
        gst::PadProbeReturn::Ok
    });

    let bus = pipeline.bus().ok_or("a pipeline without a bus")?;
    pipeline.set_state(gst::State::Playing)?;
    for message in bus.iter_timed(gst::ClockTime::NONE) {
        match message.view() {
            gst::MessageView::Element(element) => {
                let Some(s) = element.structure().filter(|s| s.name() == "VMAF") else { continue };
                let score: f64 = s.get("score")?;
                match s.get("type")? {
                    "frame" => {
                        let time: gst::ClockTime =
                            s.get::<u64>("running-time").map(gst::ClockTime::from_nseconds)?;
                        println!("{time:.3} {score:7.3} {}", s.get::<&str>("status")?);
                    }
                    _ => println!("pooled {score:.3} over {} frames", s.get::<u64>("frames")?),
                }
            }
            gst::MessageView::Eos(_) => break,
            gst::MessageView::Error(e) => return Err(e.error().into()),
            _ => {}
        }
    }
    pipeline.set_state(gst::State::Null)?;
    Ok(())
}
