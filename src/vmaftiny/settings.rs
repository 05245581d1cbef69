use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

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
    pub(super) pool_method: PoolMethodProperty,
    pub(super) offset: i64,
    pub(super) tolerance: u64,
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
            pool_method: PoolMethodProperty::default(),
            offset: 0,
            tolerance: 2_000_000,
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
        glib::ParamSpecEnum::builder_with_default("pool-method", d.pool_method)
            .nick("Pool method")
            .blurb("How the scores of all frames become the one of the pooled message")
            .mutable_playing()
            .build(),
        glib::ParamSpecInt64::builder("offset")
            .nick("Offset")
            .blurb("Running time of a distorted frame less that of the same reference frame, ns; positive when the distorted stream is late")
            .default_value(d.offset)
            .mutable_playing()
            .build(),
        glib::ParamSpecUInt64::builder("tolerance")
            .nick("Tolerance")
            .blurb("How far beyond half a frame two timestamps may be apart and still be paired, ns")
            .maximum(i64::MAX as u64)
            .default_value(d.tolerance)
            .mutable_playing()
            .build(),
    ]
}

impl Settings {
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
            "pool-method" => self.pool_method = take(value),
            "offset" => self.offset = take(value),
            "tolerance" => self.tolerance = take(value),
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
            "pool-method" => self.pool_method.to_value(),
            "offset" => self.offset.to_value(),
            "tolerance" => self.tolerance.to_value(),
            _ => unreachable!("GObject only gets properties that are installed"),
        }
    }
}
