//! Verdicts as GStreamer structures: the same fields in messages and in buffer metadata.

use super::{Counters, Frame, Marks, Pooled, input_name};
use crate::align::pairing::Side;
use crate::features::Profile;

/// Name of frame and pooled messages; the C `vmaf` element's, so its listeners work.
pub const FRAME_STRUCTURE: &str = "VMAF";
/// Name of the periodic statistics.
pub const INTERVAL_STRUCTURE: &str = "VMAFInterval";
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
    if let Some(confidence) = frame.confidence {
        s.set("confidence", confidence);
    }
    if let Some(time) = frame.distorted_running_time {
        s.set("dist-running-time", time);
    }
    let Marks { frozen, black, corrupted, scaled, interlaced, late } = frame.marks;
    s.set("frozen", frozen);
    s.set("black", black);
    let rare =
        [("corrupted", corrupted), ("scaled", scaled), ("interlaced", interlaced), ("late", late)];
    rare.into_iter().filter(|(_, is_so)| *is_so).for_each(|(name, _)| s.set(name, true));
    if let Some(measured) = &frame.measured {
        s.set("score", measured.score.value);
        s.set("profile", measured.profile.name());
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

/// The verdict on many frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Statistics of the scores that count; none without any.
    pub pooled: Option<Pooled>,
    /// All reference frames, by what became of them.
    pub counters: Counters,
    /// Whether the offset between the streams is known; if not, the scores may be of wrong pairs.
    pub aligned: bool,
    /// Running time of the first frame, ns.
    pub start: Option<u64>,
    /// The model's name.
    pub model: String,
    /// How closely the features follow their definition.
    pub profile: Profile,
    /// The input whose samples were brought to the depth of the other's.
    pub widened: Option<Side>,
}

/// The verdict on all frames since the start.
pub fn pooled_structure(summary: &Summary) -> gst::Structure {
    let mut s = gst::Structure::new_empty(FRAME_STRUCTURE);
    s.set("type", "pooled");
    fill_summary(&mut s, summary);
    s
}

/// The verdict on the frames of an interval.
pub fn interval_structure(summary: &Summary) -> gst::Structure {
    let mut s = gst::Structure::new_empty(INTERVAL_STRUCTURE);
    fill_summary(&mut s, summary);
    s
}

fn fill_summary(s: &mut gst::Structure, summary: &Summary) {
    let Summary { pooled, counters, aligned, start, model, profile, widened } = summary;
    s.set("model", model);
    s.set("profile", profile.name());
    set_time(s, "start-running-time", *start);
    s.set("aligned", aligned);
    if let Some(side) = widened {
        s.set("widened", input_name(*side));
    }
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
    let frames = pooled.as_ref().map_or(0, |p| p.frames);
    s.set("frames", frames);
    s.set("excluded", counters.scored.saturating_sub(frames));
    fill_counters(s, counters);
}

/// Adds the counters of frames without score.
pub fn fill_counters(s: &mut gst::Structure, counters: &Counters) {
    let Counters { missing, no_pair, ended, skipped, unscorable, surplus, frozen, .. } = *counters;
    s.set("reference-frames", counters.frames());
    s.set("missing", missing);
    s.set("no-pair", no_pair);
    s.set("ended", ended);
    s.set("skipped", skipped);
    s.set("unscorable", unscorable);
    s.set("surplus", surplus);
    s.set("frozen-frames", frozen);
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
