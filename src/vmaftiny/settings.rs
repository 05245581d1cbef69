use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

use super::alignment::Manner;
use crate::features::Profile;
use crate::report::PoolMethod;

/// Which input passes through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[repr(u32)]
#[enum_type(name = "GstVmafTinyOutput")]
pub enum Output {
    /// `ref_sink`.
    #[default]
    #[enum_value(name = "The reference stream", nick = "reference")]
    Reference,
    /// `dist_sink`.
    #[enum_value(name = "The distorted stream", nick = "distorted")]
    Distorted,
}

/// [`PoolMethod`] as a property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[repr(u32)]
#[enum_type(name = "GstVmafTinyPoolMethod")]
pub enum PoolMethodProperty {
    /// Lowest score.
    #[enum_value(name = "Minimum value", nick = "min")]
    Min,
    /// Highest score.
    #[enum_value(name = "Maximum value", nick = "max")]
    Max,
    /// Arithmetic mean.
    #[default]
    #[enum_value(name = "Arithmetic mean", nick = "mean")]
    Mean,
    /// Harmonic mean.
    #[enum_value(name = "Harmonic mean", nick = "harmonic_mean")]
    HarmonicMean,
}

impl From<PoolMethodProperty> for PoolMethod {
    fn from(method: PoolMethodProperty) -> Self {
        match method {
            PoolMethodProperty::Min => Self::Min,
            PoolMethodProperty::Max => Self::Max,
            PoolMethodProperty::Mean => Self::Mean,
            PoolMethodProperty::HarmonicMean => Self::HarmonicMean,
        }
    }
}

/// [`Profile`] as a property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[repr(u32)]
#[enum_type(name = "GstVmafTinyProfile")]
pub enum ProfileProperty {
    /// Every pixel.
    #[default]
    #[enum_value(name = "Features of every pixel, as libvmaf defines them", nick = "exact")]
    Exact,
    /// A grid of pixels.
    #[enum_value(name = "VIF's two finest scales on a grid of pixels", nick = "fast")]
    Fast,
}

impl From<ProfileProperty> for Profile {
    fn from(profile: ProfileProperty) -> Self {
        match profile {
            ProfileProperty::Exact => Self::Exact,
            ProfileProperty::Fast => Self::Fast,
        }
    }
}

/// How the offset between the streams is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[repr(u32)]
#[enum_type(name = "GstVmafTinyAlignMode")]
pub enum AlignMode {
    /// Metadata where both streams have it, checked by the pictures; else the pictures.
    #[default]
    #[enum_value(name = "By metadata, then by the pictures", nick = "auto")]
    Auto,
    /// The pictures alone.
    #[enum_value(name = "By the pictures alone", nick = "content")]
    Content,
    /// Not at all: the `offset` property.
    #[enum_value(name = "By timestamps and the offset property", nick = "timestamps")]
    Timestamps,
    /// Reference timestamps or time codes alone.
    #[enum_value(name = "By reference timestamps or time codes", nick = "metadata")]
    Metadata,
}

/// What is done about pictures that differ in size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[repr(u32)]
#[enum_type(name = "GstVmafTinySizePolicy")]
pub enum SizePolicy {
    /// Scale the distorted luma.
    #[default]
    #[enum_value(
        name = "Scale the distorted luma to the reference's size, bicubic",
        nick = "scale"
    )]
    Scale,
    /// Stop the stream.
    #[enum_value(name = "Post an error", nick = "error")]
    Error,
    /// Make no scores.
    #[enum_value(name = "Pass through without scores", nick = "ignore")]
    Ignore,
}

/// What is done about colour ranges that differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[repr(u32)]
#[enum_type(name = "GstVmafTinyRangePolicy")]
pub enum RangePolicy {
    /// Convert the distorted luma.
    #[default]
    #[enum_value(name = "Convert the distorted luma to the reference's range", nick = "convert")]
    Convert,
    /// Compare what is stored.
    #[enum_value(name = "Compare the samples as they are", nick = "ignore")]
    Ignore,
}

/// Values of the properties.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) tiny_model: String,
    pub(super) phone_model: bool,
    pub(super) output: Output,
    pub(super) frame_message: bool,
    pub(super) add_meta: bool,
    pub(super) add_features: bool,
    pub(super) report_missing: bool,
    pub(super) subsample: u32,
    pub(super) threads: u32,
    pub(super) profile: ProfileProperty,
    pub(super) pool_method: PoolMethodProperty,
    pub(super) align_mode: AlignMode,
    pub(super) offset: i64,
    pub(super) max_offset: u64,
    pub(super) min_confidence: f64,
    pub(super) tolerance: u64,
    pub(super) size_policy: SizePolicy,
    pub(super) range_policy: RangePolicy,
    pub(super) max_skip: u32,
    pub(super) timeout: u64,
    pub(super) max_memory: u64,
    pub(super) reset_on_flush: bool,
    pub(super) interval: u64,
    pub(super) alarm_below: f64,
    pub(super) alarm_window: u64,
    pub(super) alarm_hysteresis: f64,
    pub(super) log_location: Option<String>,
    running: Option<Fixed>,
}

/// What does not change while the element runs: what is set then is for the next time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed {
    pub(super) output: Output,
    pub(super) add_meta: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tiny_model: "vmaf_tiny_v2".into(),
            phone_model: false,
            output: Output::default(),
            frame_message: true,
            add_meta: true,
            add_features: true,
            report_missing: false,
            subsample: 1,
            threads: 0,
            profile: ProfileProperty::default(),
            pool_method: PoolMethodProperty::default(),
            align_mode: AlignMode::default(),
            offset: 0,
            max_offset: 5_000_000_000,
            min_confidence: 0.6,
            tolerance: 2_000_000,
            size_policy: SizePolicy::default(),
            range_policy: RangePolicy::default(),
            max_skip: 30,
            timeout: 1_000_000_000,
            max_memory: 512 << 20,
            reset_on_flush: true,
            interval: 1_000_000_000,
            alarm_below: -1.0,
            alarm_window: 2_000_000_000,
            alarm_hysteresis: 3.0,
            log_location: None,
            running: None,
        }
    }
}

pub(super) fn properties() -> &'static [glib::ParamSpec] {
    static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(build);
    &PROPERTIES
}

fn build() -> Vec<glib::ParamSpec> {
    let d = Settings::default();
    let flag = |name, nick, blurb, default| {
        glib::ParamSpecBoolean::builder(name)
            .nick(nick)
            .blurb(blurb)
            .default_value(default)
            .mutable_playing()
            .build()
    };
    let time = |name, nick, blurb, default| {
        glib::ParamSpecUInt64::builder(name)
            .nick(nick)
            .blurb(blurb)
            .maximum(i64::MAX as u64)
            .default_value(default)
            .mutable_playing()
            .build()
    };
    let number = |name, nick, blurb, minimum, default| {
        glib::ParamSpecDouble::builder(name)
            .nick(nick)
            .blurb(blurb)
            .minimum(minimum)
            .maximum(1000.0)
            .default_value(default)
            .mutable_playing()
            .build()
    };
    vec![
        glib::ParamSpecString::builder("tiny-model")
            .nick("Tiny model")
            .blurb("Registry id (\":fp32\" or \":int8\" appended chooses the weights) or path of an ONNX file")
            .default_value(Some(d.tiny_model.as_str()))
            .mutable_ready()
            .build(),
        glib::ParamSpecBoolean::builder("phone-model")
            .nick("Phone model")
            .blurb("Score for viewing on a phone; the model must have a phone transform")
            .default_value(d.phone_model)
            .mutable_ready()
            .build(),
        glib::ParamSpecEnum::builder_with_default("output", d.output)
            .nick("Output")
            .blurb("Input that passes through, untouched")
            .mutable_ready()
            .build(),
        flag("frame-message", "Frame message", "Post a VMAF message for every scored frame", d.frame_message),
        glib::ParamSpecBoolean::builder("add-meta")
            .nick("Add meta")
            .blurb("Attach VmafTinyMeta to output buffers; holds them for one frame, until the score is known")
            .default_value(d.add_meta)
            .mutable_ready()
            .build(),
        flag("add-features", "Add features", "Include the feature values in messages and metas", d.add_features),
        flag("report-missing", "Report missing", "Post messages (without score) for frames that were not scored, too", d.report_missing),
        glib::ParamSpecUInt::builder("subsample")
            .nick("Subsample")
            .blurb("Score every n-th reference frame")
            .minimum(1)
            .default_value(d.subsample)
            .mutable_playing()
            .build(),
        glib::ParamSpecUInt::builder("threads")
            .nick("Threads")
            .blurb("Threads that measure a frame together (0 = one per core)")
            .maximum(256)
            .default_value(d.threads)
            .mutable_ready()
            .build(),
        glib::ParamSpecEnum::builder_with_default("profile", d.profile)
            .nick("Profile")
            .blurb("How closely the features follow their definition: fast is within 0.05 VMAF of exact from 360 lines up, and the same below")
            .mutable_ready()
            .build(),
        glib::ParamSpecEnum::builder_with_default("pool-method", d.pool_method)
            .nick("Pool method")
            .blurb("How the scores of all frames become the one of the pooled message")
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default("align-mode", d.align_mode)
            .nick("Align mode")
            .blurb("How the offset between the streams is found")
            .mutable_playing()
            .build(),
        glib::ParamSpecInt64::builder("offset")
            .nick("Offset")
            .blurb("Running time of a distorted frame less that of the same reference frame, ns; positive when the distorted stream is late. Where the search begins, or the value that is used with align-mode=timestamps")
            .default_value(d.offset)
            .mutable_playing()
            .build(),
        glib::ParamSpecUInt64::builder("max-offset")
            .nick("Max offset")
            .blurb("Offsets up to this, either way, are searched, ns")
            .maximum(60_000_000_000)
            .default_value(d.max_offset)
            .mutable_playing()
            .build(),
        glib::ParamSpecDouble::builder("min-confidence")
            .nick("Min confidence")
            .blurb("Scores of frames whose offset is less sure than this are not pooled, unless it proves right")
            .minimum(0.0)
            .maximum(1.0)
            .default_value(d.min_confidence)
            .mutable_playing()
            .build(),
        time("tolerance", "Tolerance", "How far beyond half a frame two timestamps may be apart and still be paired, ns", d.tolerance),
        glib::ParamSpecEnum::builder_with_default("size-policy", d.size_policy)
            .nick("Size policy")
            .blurb("What is done when the pictures differ in size")
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default("range-policy", d.range_policy)
            .nick("Range policy")
            .blurb("What is done when one stream has full, the other limited colour range")
            .mutable_playing()
            .build(),
        glib::ParamSpecUInt::builder("max-skip")
            .nick("Max skip")
            .blurb("When a live stream leaves no time: score at least every n-th frame")
            .minimum(1)
            .default_value(d.max_skip)
            .mutable_playing()
            .build(),
        time("timeout", "Timeout", "An input of a live stream that gives nothing for this long is lost, ns", d.timeout),
        glib::ParamSpecUInt64::builder("max-memory")
            .nick("Max memory")
            .blurb("Luma of frames that wait for partners, bytes; beyond it the oldest are dropped")
            .default_value(d.max_memory)
            .mutable_playing()
            .build(),
        flag("reset-on-flush", "Reset on flush", "Count and pool from zero after a flushing seek", d.reset_on_flush),
        time("interval", "Interval", "Time between VMAFInterval messages, ns (0 = none)", d.interval),
        number("alarm-below", "Alarm below", "Raise an alarm when the mean score is below this (negative = never)", -1.0, d.alarm_below),
        time("alarm-window", "Alarm window", "Time the alarm's mean is taken over, ns", d.alarm_window),
        number("alarm-hysteresis", "Alarm hysteresis", "End the alarm when the mean is this many points above alarm-below", 0.0, d.alarm_hysteresis),
        glib::ParamSpecString::builder("log-location")
            .nick("Log location")
            .blurb("File to append every message to, as a line of JSON; setting it again opens it anew")
            .mutable_playing()
            .build(),
        glib::ParamSpecInt64::builder("current-offset")
            .nick("Current offset")
            .blurb("Offset frames are paired with now, ns; positive when the distorted stream is late")
            .read_only()
            .build(),
        glib::ParamSpecDouble::builder("current-confidence")
            .nick("Current confidence")
            .blurb("How sure the offset is, 0 to 1; 1 when it is not measured")
            .minimum(0.0)
            .maximum(1.0)
            .read_only()
            .build(),
        glib::ParamSpecBoolean::builder("locked")
            .nick("Locked")
            .blurb("Whether the offset between the streams is known")
            .read_only()
            .build(),
        glib::ParamSpecDouble::builder("last-score")
            .nick("Last score")
            .blurb("Score of the newest scored frame; negative before the first")
            .minimum(f64::MIN)
            .default_value(-1.0)
            .read_only()
            .build(),
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("Counters since the start or the last reset, and the length of queues")
            .read_only()
            .build(),
    ]
}

impl Settings {
    /// What holds until the element stops; before it has started, what is set.
    pub(super) fn fixed(&self) -> Fixed {
        self.running.unwrap_or(Fixed { output: self.output, add_meta: self.add_meta })
    }

    pub(super) fn begin(&mut self) {
        self.running = Some(self.fixed());
    }

    pub(super) fn end(&mut self) {
        self.running = None;
    }

    /// How the offset is to be found.
    pub(super) fn manner(&self) -> Manner {
        Manner {
            mode: self.align_mode,
            offset: self.offset,
            max_offset: i64::try_from(self.max_offset).unwrap_or(i64::MAX),
        }
    }

    /// `value` has the type of the property: GObject has checked it.
    pub(super) fn set(&mut self, name: &str, value: &glib::Value) {
        fn take<T: for<'a> glib::value::FromValue<'a> + 'static>(value: &glib::Value) -> T {
            value.get_owned().expect("type checked by GObject")
        }
        match name {
            // unset means the default
            "tiny-model" => {
                let model: Option<String> = take(value);
                self.tiny_model = model.unwrap_or_else(|| Self::default().tiny_model);
            }
            "phone-model" => self.phone_model = take(value),
            "output" => self.output = take(value),
            "frame-message" => self.frame_message = take(value),
            "add-meta" => self.add_meta = take(value),
            "add-features" => self.add_features = take(value),
            "report-missing" => self.report_missing = take(value),
            "subsample" => self.subsample = take(value),
            "threads" => self.threads = take(value),
            "profile" => self.profile = take(value),
            "pool-method" => self.pool_method = take(value),
            "align-mode" => self.align_mode = take(value),
            "offset" => self.offset = take(value),
            "max-offset" => self.max_offset = take(value),
            "min-confidence" => self.min_confidence = take(value),
            "tolerance" => self.tolerance = take(value),
            "size-policy" => self.size_policy = take(value),
            "range-policy" => self.range_policy = take(value),
            "max-skip" => self.max_skip = take(value),
            "timeout" => self.timeout = take(value),
            "max-memory" => self.max_memory = take(value),
            "reset-on-flush" => self.reset_on_flush = take(value),
            "interval" => self.interval = take(value),
            "alarm-below" => self.alarm_below = take(value),
            "alarm-window" => self.alarm_window = take(value),
            "alarm-hysteresis" => self.alarm_hysteresis = take(value),
            "log-location" => self.log_location = take(value),
            _ => unreachable!("GObject only sets properties that are installed"),
        }
    }

    pub(super) fn get(&self, name: &str) -> glib::Value {
        match name {
            "tiny-model" => self.tiny_model.to_value(),
            "phone-model" => self.phone_model.to_value(),
            "output" => self.output.to_value(),
            "frame-message" => self.frame_message.to_value(),
            "add-meta" => self.add_meta.to_value(),
            "add-features" => self.add_features.to_value(),
            "report-missing" => self.report_missing.to_value(),
            "subsample" => self.subsample.to_value(),
            "threads" => self.threads.to_value(),
            "profile" => self.profile.to_value(),
            "pool-method" => self.pool_method.to_value(),
            "align-mode" => self.align_mode.to_value(),
            "offset" => self.offset.to_value(),
            "max-offset" => self.max_offset.to_value(),
            "min-confidence" => self.min_confidence.to_value(),
            "tolerance" => self.tolerance.to_value(),
            "size-policy" => self.size_policy.to_value(),
            "range-policy" => self.range_policy.to_value(),
            "max-skip" => self.max_skip.to_value(),
            "timeout" => self.timeout.to_value(),
            "max-memory" => self.max_memory.to_value(),
            "reset-on-flush" => self.reset_on_flush.to_value(),
            "interval" => self.interval.to_value(),
            "alarm-below" => self.alarm_below.to_value(),
            "alarm-window" => self.alarm_window.to_value(),
            "alarm-hysteresis" => self.alarm_hysteresis.to_value(),
            "log-location" => self.log_location.to_value(),
            _ => unreachable!("GObject only gets properties that are installed"),
        }
    }
}
