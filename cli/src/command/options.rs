use std::path::PathBuf;

use gstvmaftiny::features::{Depth, Geometry};
use gstvmaftiny::fusion;

use super::args::Args;
use crate::input::{Chroma, Layout};
use crate::report::Format;
use crate::{Error, Job};

/// libvmaf's names of the extractors whose features are always measured.
const FEATURES: [&str; 6] =
    ["adm", "vif", "motion", "integer_adm", "integer_vif", "integer_motion"];

/// Arguments that make sense together.
pub(super) struct Options {
    pub(super) job: Job,
    pub(super) output: Option<(PathBuf, Format)>,
    pub(super) quiet: bool,
}

impl Options {
    pub(super) fn new(args: &Args) -> Result<Self, Error> {
        refuse_unsupported(args)?;
        let required = |file: &Option<String>, name| {
            file.clone().ok_or_else(|| Error::Options(format!("--{name} is missing")))
        };
        let job = Job {
            layout: layout(args)?,
            model: args.tiny_model.clone(),
            model_options: fusion::Options { phone: args.phone_model, directory: None },
            prediction: !args.no_prediction,
            by: args.align.by(),
            scale: args.scale,
            profile: args.profile.into(),
            threads: args.threads.into(),
            frame_count: args.frame_cnt,
            skip_reference: args.frame_skip_ref,
            skip_distorted: args.frame_skip_dist,
            subsample: args.subsample,
            ..Job::new(
                required(&args.reference, "reference")?,
                required(&args.distorted, "distorted")?,
            )
        };
        Ok(Self { job, output: args.output.clone().map(|o| (o, format(args))), quiet: args.quiet })
    }
}

fn refuse_unsupported(args: &Args) -> Result<(), Error> {
    let refused = |what: String| Err(Error::Options(what));
    if let Some(model) = args.model.first() {
        return refused(format!("--model {model}: SVM models are not supported; use --tiny-model"));
    }
    // options of a feature follow an equals sign or colon
    let name = |feature: &str| feature.split(['=', ':']).next().unwrap_or_default().to_owned();
    if let Some(feature) = args.feature.iter().find(|f| !FEATURES.contains(&name(f).as_str())) {
        return refused(format!("--feature {feature} is not measured; there are adm, vif, motion"));
    }
    if let Some(feature) = args.feature.iter().find(|f| **f != name(f)) {
        return refused(format!("--feature {feature}: features have no options here"));
    }
    if args.gpumask.is_some() {
        return refused("--gpumask: nothing runs on a GPU".into());
    }
    if args.cpumask.is_some() {
        return refused("--cpumask is not supported; set VMAFTINY_CPU instead".into());
    }
    if args.tiny_threads > 1 {
        let threads = args.tiny_threads;
        return refused(format!("--tiny-threads {threads}: tiny models run on one thread"));
    }
    Ok(())
}

fn layout(args: &Args) -> Result<Option<Layout>, Error> {
    let Args { width, height, pixel_format, bitdepth, .. } = args;
    let chroma = pixel_format.as_deref().and_then(Chroma::named);
    match (*width, *height, chroma, *bitdepth) {
        (None, None, None, None) => Ok(None),
        (Some(width), Some(height), Some(chroma), Some(bits)) => {
            let depth = Depth::try_from(bits);
            let depth = depth.map_err(|e| Error::Options(format!("--bitdepth: {e}")))?;
            Ok(Some(Layout { geometry: Geometry { width, height, depth }, chroma }))
        }
        _ => Err(Error::Options(
            "--width, --height, --pixel_format and --bitdepth must be given together".into(),
        )),
    }
}

fn format(args: &Args) -> Format {
    match args {
        Args { json: true, .. } => Format::Json,
        Args { csv: true, .. } => Format::Csv,
        Args { sub: true, .. } => Format::Sub,
        _ => Format::Xml,
    }
}
