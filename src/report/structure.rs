//! Verdicts as GStreamer structures: the same fields in messages and in buffer metadata.

use super::{Counters, Frame, Pooled};

/// Name of frame and pooled messages; the C `vmaf` element's, so its listeners work.
pub const FRAME_STRUCTURE: &str = "VMAF";
/// Name of the custom meta on output buffers.
pub const META: &str = "VmafTinyMeta";

/// Makes the meta known. Must have happened before the first [`attach`]; more than once is fine.
pub fn register_meta() {
    if !gst::meta::CustomMeta::is_registered(META) {
        gst::meta::CustomMeta::register_simple(META);
    }
}

/// Everything about a frame. `add_features`: with the feature values.
pub fn frame_structure(frame: &Frame, add_features: bool) -> gst::Structure {
    let mut s = gst::Structure::new_empty(FRAME_STRUCTURE);
    s.set("type", "frame");
    // wraps by design: the C element's field is no wider
    s.set("index", frame.number as i32);
    s.set("frame-number", frame.number);
    s.set("epoch", frame.epoch);
    let times = &frame.times;
    set_time(&mut s, "timestamp", times.timestamp);
    set_time(&mut s, "stream-time", times.stream_time);
    set_time(&mut s, "running-time", times.running_time);
    set_time(&mut s, "duration", times.duration);
    s.set("status", frame.status.name());
    s.set("offset", frame.offset);
    if let Some(time) = frame.distorted_running_time {
        s.set("dist-running-time", time);
    }
    if let Some(measured) = &frame.measured {
        s.set("score", measured.score.value);
        if let Some(half_width) = measured.score.half_width {
            s.set("half-width", half_width);
        }
        if measured.score.extrapolated {
            s.set("extrapolated", true);
        }
        if add_features {
            for (name, value) in measured.names.iter().zip(&measured.values) {
                s.set(name.replace('_', "-"), value);
            }
        }
    }
    s
}

/// The verdict on a whole stretch of frames.
pub fn pooled_structure(
    pooled: Option<&Pooled>,
    counters: &Counters,
    model: &str,
) -> gst::Structure {
    let mut s = gst::Structure::new_empty(FRAME_STRUCTURE);
    s.set("type", "pooled");
    s.set("model", model);
    if let Some(p) = pooled {
        s.set("score", p.score);
        s.set("pool-method", p.method.name());
        s.set("mean", p.mean);
        s.set("harmonic-mean", p.harmonic_mean);
        s.set("min", p.min);
        s.set("max", p.max);
        s.set("stddev", p.stddev);
        let [p1, p5, p10] = p.percentiles;
        s.set("p1", p1);
        s.set("p5", p5);
        s.set("p10", p10);
    }
    s.set("frames", pooled.map_or(0, |p| p.frames));
    let Counters { scored, missing, no_pair, ended, skipped, unscorable, surplus } = *counters;
    s.set("excluded", scored - pooled.map_or(0, |p| p.frames).min(scored));
    s.set("missing", missing);
    s.set("no-pair", no_pair);
    s.set("ended", ended);
    s.set("skipped", skipped);
    s.set("unscorable", unscorable);
    s.set("surplus", surplus);
    s
}

/// Adds the fields of `structure` to a buffer, as [`META`].
///
/// # Errors
/// The meta is not registered.
pub fn attach(
    buffer: &mut gst::BufferRef,
    structure: &gst::StructureRef,
) -> Result<(), gst::glib::BoolError> {
    let mut meta = gst::meta::CustomMeta::add(buffer, META)?;
    let fields = meta.mut_structure();
    for (name, value) in structure.iter() {
        fields.set_value(name, value.clone());
    }
    Ok(())
}

fn set_time(s: &mut gst::Structure, name: &str, time: Option<u64>) {
    // GStreamer's way of saying that a time is not known
    s.set(name, time.unwrap_or(u64::MAX));
}
