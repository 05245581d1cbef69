//! Whether and how two pictures can be compared, and what must be said about it.

use gst_video::VideoColorMatrix;

use super::news::News;
use super::picture::Picture;
use super::settings::{RangePolicy, SizePolicy};
use super::traits::Light;
use crate::align::pairing::Side;
use crate::features::{FeatureError, SpatialExtractor};
use crate::report::{Event, EventKind, Marks};
use crate::scoring::{Change, RangeChange};

/// What the user wants done about pictures that differ.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) size: SizePolicy,
    pub(super) range: RangePolicy,
}

/// How a pair is to be compared.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    /// To be done to the distorted picture first.
    pub(super) change: Change,
    /// The score will not mean what it should.
    pub(super) suspect: bool,
    pub(super) marks: Marks,
}

/// Why a pair is not compared.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Refusal {
    #[error(
        "the reference is {}x{}, the distorted stream {}x{}: put a videoscale before one of them, \
         or set size-policy=scale", reference.0, reference.1, distorted.0, distorted.1
    )]
    SizesDiffer { reference: (usize, usize), distorted: (usize, usize) },
    #[error("sizes differ and size-policy is \"ignore\"")]
    SizesIgnored,
    #[error(transparent)]
    TooSmall(#[from] FeatureError),
}

/// Compares what is known about two pictures; tells `news` what an operator should know.
pub(super) fn compare(
    reference: &Picture,
    distorted: &Picture,
    rules: Rules,
    news: &mut News,
) -> Result<Comparison, Refusal> {
    let mut comparison = Comparison::default();
    let (r, d) = (reference.geometry(), distorted.geometry());
    let minimum = SpatialExtractor::MINIMUM;
    if r.width < minimum || r.height < minimum {
        let (width, height) = (r.width, r.height);
        let problem = FeatureError::TooSmall { width, height, feature: "adm2", minimum };
        news.tell_once(Event::new(EventKind::TooSmall).saying(problem.to_string()));
        return Err(problem.into());
    }
    let (reference_size, distorted_size) = ((r.width, r.height), (d.width, d.height));
    if reference_size != distorted_size {
        let refusal = Refusal::SizesDiffer { reference: reference_size, distorted: distorted_size };
        if rules.size == SizePolicy::Error {
            return Err(refusal);
        }
        news.tell_once(
            Event::new(EventKind::SizeMismatch)
                .saying(format!("the reference is {r}, the distorted stream {d}")),
        );
        if rules.size == SizePolicy::Ignore {
            return Err(Refusal::SizesIgnored);
        }
        comparison.change.size = Some(reference_size);
        comparison.marks.scaled = true;
    }
    let (r, d) = (reference.traits, distorted.traits);
    if let Some(change) = RangeChange::between(r.full_range, d.full_range) {
        let (reference, distorted) = match change {
            RangeChange::ToFull => ("full", "limited"),
            RangeChange::ToLimited => ("limited", "full"),
        };
        let text =
            format!("the reference has {reference} range, the distorted stream {distorted} range");
        news.tell_once(Event::new(EventKind::RangeMismatch).saying(text));
        comparison.change.range = (rules.range == RangePolicy::Convert).then_some(change);
    }
    if r.light != d.light {
        comparison.suspect = true;
        news.tell_once(Event::new(EventKind::ColorimetryMismatch).saying(format!(
            "the reference is {}, the distorted stream {}",
            light_name(r.light),
            light_name(d.light)
        )));
    } else if r.light != Light::Sdr {
        let text = format!("both streams are {}: models are trained on SDR", light_name(r.light));
        news.tell_once(Event::new(EventKind::Hdr).saying(text));
    }
    if let (Some(of_reference), Some(of_distorted)) = (r.matrix, d.matrix)
        && of_reference != of_distorted
        // of two sizes with nothing told, two matrices are supposed
        && !(r.usual_matrix && d.usual_matrix)
    {
        comparison.suspect = true;
        news.tell_once(Event::new(EventKind::ColorimetryMismatch).saying(format!(
            "the reference's luma is that of {}, the distorted stream's that of {}",
            matrix_name(of_reference),
            matrix_name(of_distorted)
        )));
    }
    comparison.marks.interlaced = r.interlaced || d.interlaced;
    if comparison.marks.interlaced {
        let text = "woven fields are scored: better deinterlace both streams in the same way";
        let side = if r.interlaced { Side::Reference } else { Side::Distorted };
        news.tell_once(Event::new(EventKind::Interlaced).on(side).saying(text));
    }
    if r.interlaced && d.interlaced && r.top_field_first != d.top_field_first {
        comparison.suspect = true;
        let first = |top: bool| if top { "top" } else { "bottom" };
        news.tell_once(Event::new(EventKind::FieldOrderMismatch).saying(format!(
            "the reference's {} field comes first, the distorted stream's {} field",
            first(r.top_field_first),
            first(d.top_field_first)
        )));
    }
    Ok(comparison)
}

fn light_name(light: Light) -> &'static str {
    match light {
        Light::Sdr => "SDR",
        Light::Pq => "PQ",
        Light::Hlg => "HLG",
    }
}

fn matrix_name(matrix: VideoColorMatrix) -> &'static str {
    match matrix {
        VideoColorMatrix::Bt601 => "BT.601",
        VideoColorMatrix::Bt709 => "BT.709",
        VideoColorMatrix::Bt2020 => "BT.2020",
        VideoColorMatrix::Smpte240m => "SMPTE 240M",
        VideoColorMatrix::Fcc => "FCC",
        _ => "another matrix",
    }
}
