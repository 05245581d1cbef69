use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use gstvmaftiny::fusion::DEFAULT_MODEL;

use crate::choice::{Align, FeatureProfile};

/// Scores a distorted video against its reference, frame by frame, with a tiny VMAF model.
///
/// Takes the arguments of libvmaf's `vmaf`. `.y4m` and `.yuv` files are read directly; anything
/// else (mp4, mkv, ts, webm, mov, a URI) is decoded by GStreamer.
#[derive(Debug, Parser)]
#[command(
    name = "vmaf",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    args_conflicts_with_subcommands = true
)]
pub(super) struct Args {
    /// With --plot: the JSON report of a finished run, instead of a run
    #[cfg(feature = "plot")]
    #[arg(value_name = "REPORT", requires = "plot", conflicts_with_all = ["reference", "distorted"])]
    pub(super) report: Option<PathBuf>,
    /// What was sent: a file or URI
    #[arg(short, long, value_name = "FILE")]
    pub(super) reference: Option<String>,
    /// What arrived: a file or URI
    #[arg(short, long, value_name = "FILE")]
    pub(super) distorted: Option<String>,

    /// Width of .yuv files, in pixels
    #[arg(short, long, value_name = "PIXELS", help_heading = "Raw video")]
    pub(super) width: Option<usize>,
    /// Height of .yuv files, in pixels
    #[arg(short = 'h', long, value_name = "PIXELS", help_heading = "Raw video")]
    pub(super) height: Option<usize>,
    /// Chroma of .yuv files; 400 is none
    #[arg(
        short,
        long = "pixel_format",
        visible_alias = "pixel-format",
        value_parser = ["420", "422", "444", "400"],
        help_heading = "Raw video"
    )]
    pub(super) pixel_format: Option<String>,
    /// Bits a sample of .yuv files: 8, 10, 12 or 16
    #[arg(short, long, value_name = "BITS", help_heading = "Raw video")]
    pub(super) bitdepth: Option<u32>,

    /// Write a report to this file, or to the standard output (-)
    #[arg(short, long, value_name = "FILE", help_heading = "Report")]
    pub(super) output: Option<PathBuf>,
    /// Write the report as XML (the default)
    #[arg(long, group = "format", help_heading = "Report")]
    pub(super) xml: bool,
    /// Write the report as JSON
    #[arg(long, group = "format", help_heading = "Report")]
    pub(super) json: bool,
    /// Write the report as CSV
    #[arg(long, group = "format", help_heading = "Report")]
    pub(super) csv: bool,
    /// Write the report as subtitles
    #[arg(long, group = "format", help_heading = "Report")]
    pub(super) sub: bool,
    /// Draw the scores, worst frames and features: a .png, .svg or .html file
    #[cfg(feature = "plot")]
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(super) plot: Option<PathBuf>,
    /// No progress meter; with a report, nothing on the standard output
    #[arg(short, long, help_heading = "Report")]
    pub(super) quiet: bool,
    /// Report the features only, without a score
    #[arg(short, long = "no_prediction", visible_alias = "no-prediction", help_heading = "Report")]
    pub(super) no_prediction: bool,

    /// Model: a registry id (with :fp32 or :int8 to choose its weights) or an ONNX file
    #[arg(long, value_name = "ID|FILE", default_value = DEFAULT_MODEL, help_heading = "Model")]
    pub(super) tiny_model: String,
    /// Threads of the model: 1 (or 0, which means the same); a tiny network has no use for more
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Model")]
    pub(super) tiny_threads: u32,
    /// Where the model runs
    #[arg(long, default_value = "cpu", help_heading = "Model")]
    pub(super) tiny_device: Device,
    /// Score for viewing on a phone, with models that can
    #[arg(long = "phone_model", visible_alias = "phone-model", help_heading = "Model")]
    pub(super) phone_model: bool,

    /// How frames are paired
    #[arg(long, default_value = "auto", help_heading = "Frames")]
    pub(super) align: Align,
    /// Scale distorted pictures to the reference's size (bicubic)
    #[arg(long, help_heading = "Frames")]
    pub(super) scale: bool,
    /// How closely features follow libvmaf's
    #[arg(long, default_value = "exact", help_heading = "Frames")]
    pub(super) profile: FeatureProfile,
    /// Threads that measure a frame together; 0: one per core
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Frames")]
    pub(super) threads: u16,
    /// Stop after so many reference frames; 0: all
    #[arg(
        long = "frame_cnt",
        visible_alias = "frame-cnt",
        value_name = "N",
        default_value_t = 0,
        help_heading = "Frames"
    )]
    pub(super) frame_cnt: u64,
    /// Leave out the first frames of the reference
    #[arg(
        long = "frame_skip_ref",
        visible_alias = "frame-skip-ref",
        value_name = "N",
        default_value_t = 0,
        help_heading = "Frames"
    )]
    pub(super) frame_skip_ref: u64,
    /// Leave out the first frames of the distorted video
    #[arg(
        long = "frame_skip_dist",
        visible_alias = "frame-skip-dist",
        value_name = "N",
        default_value_t = 0,
        help_heading = "Frames"
    )]
    pub(super) frame_skip_dist: u64,
    /// Score every n-th frame only
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Frames")]
    pub(super) subsample: u64,

    /// A feature to report: adm, vif or motion, which always are
    #[arg(long, value_name = "NAME", help_heading = "libvmaf")]
    pub(super) feature: Vec<String>,
    /// Not supported: this program has no SVM models, see --tiny-model
    #[arg(short, long, value_name = "MODEL", help_heading = "libvmaf")]
    pub(super) model: Vec<String>,
    /// Not supported: nothing here runs on a GPU
    #[arg(long, value_name = "MASK", help_heading = "libvmaf")]
    pub(super) gpumask: Option<String>,
    /// Not supported: set VMAFTINY_CPU to choose slower instructions
    #[arg(short, long, value_name = "MASK", help_heading = "libvmaf")]
    pub(super) cpumask: Option<String>,

    #[command(subcommand)]
    pub(super) mode: Option<Mode>,

    /// Print help
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
    /// Print version
    #[arg(short, long, action = ArgAction::Version)]
    version: Option<bool>,
}

/// What else the command does.
#[derive(Debug, Subcommand)]
pub(super) enum Mode {
    /// Serve the Model Context Protocol on standard input and output
    ///
    /// Only files in the directories of VMAF_MCP_ALLOW (separated as in PATH) can be named.
    #[cfg(feature = "mcp")]
    Mcp,
    /// Print the manual page, as man reads it
    Man,
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// `--tiny-device`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Device {
    /// The processor
    Cpu,
}
