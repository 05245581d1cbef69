//! Measures the alignment on real clips: how many frames are paired with the very frame they show.
//!
//! `VMAFTINY_FFMPEG=… cargo run --example alignment [part of a clip's name]`

#[path = "../tests/support/clips.rs"]
mod clips;
#[path = "../tests/support/timeline.rs"]
mod timeline;
#[path = "../tests/support/trial.rs"]
mod trial;

use std::error::Error;

use clips::Clip;
use timeline::Outcome;
use trial::Trial;

const TRIALS: [Trial; 5] =
    [Trial::Constant, Trial::Freezes, Trial::Pauses, Trial::Stalls, Trial::Mixed];

fn main() -> Result<(), Box<dyn Error>> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let ffmpeg = clips::ffmpeg().ok_or("set VMAFTINY_FFMPEG to an ffmpeg with libx264")?;
    println!(
        "| clip | kb/s | trial | lock, frames | frames | exact % | visibly wrong % | \
         wrong, confident % | visibly wrong, confident % | right, confident % |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut sums = [Outcome::default(); TRIALS.len()];
    for path in clips::present() {
        if !path.to_string_lossy().contains(&wanted) {
            continue;
        }
        let clip = Clip::open(&ffmpeg, &path)?;
        for kbps in [100, 250, 500] {
            let distorted = clip.encoded(kbps)?;
            for (trial, sum) in TRIALS.into_iter().zip(&mut sums) {
                let outcome = trial.run(clip.rate, &clip.reference, &distorted);
                print_row(&clip.name, &kbps.to_string(), trial, &outcome);
                sum.add(&outcome);
            }
        }
    }
    for (trial, sum) in TRIALS.into_iter().zip(&sums) {
        print_row("all", "", trial, sum);
    }
    Ok(())
}

fn print_row(clip: &str, kbps: &str, trial: Trial, outcome: &Outcome) {
    let lock = outcome.lock.map_or("never".to_string(), |frames| frames.to_string());
    println!(
        "| {clip} | {kbps} | {trial:?} | {lock} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} |",
        outcome.frames,
        outcome.percent(outcome.exact),
        outcome.percent(outcome.visibly_wrong),
        outcome.percent(outcome.wrong_confident),
        outcome.percent(outcome.visibly_wrong_confident),
        outcome.percent(outcome.exact_confident),
    );
}
