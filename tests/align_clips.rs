//! Alignment of real clips through x264, where an ffmpeg is named and clips are present.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/timeline.rs"]
mod timeline;
#[path = "support/trial.rs"]
mod trial;

use clips::Clip;
use trial::Trial;

#[test]
fn short_clips_at_100_kbps_keep_the_promises() {
    let Some(ffmpeg) = clips::ffmpeg() else {
        eprintln!("not run: VMAFTINY_FFMPEG names no ffmpeg");
        return;
    };
    // the last one rests most of the time
    let wanted = ["bikes", "carphone_pristine", "BA1_FT_C", "MR2_MW_A", "car-detection"];
    let paths = clips::present();
    let found: Vec<_> =
        paths.iter().filter(|p| wanted.iter().any(|w| p.to_string_lossy().contains(w))).collect();
    if found.is_empty() {
        eprintln!("not run: no clips");
    }
    for path in found {
        let clip = Clip::open(&ffmpeg, path).expect("a readable clip");
        let distorted = clip.encoded(100).expect("an encoded clip");
        assert_eq!(distorted.len(), clip.reference.len(), "{}", clip.name);
        let run = |trial: Trial| (trial.run(clip.rate, &clip.reference, &distorted), &clip.name);

        let (constant, name) = run(Trial::Constant);
        assert!(constant.frames > 300, "{name} {constant:?}");
        assert_eq!((constant.wrong, constant.losses), (0, 0), "{name} {constant:?}");
        assert!(constant.lock.is_some_and(|frames| frames <= 10), "{name} {constant:?}");

        let (freezes, name) = run(Trial::Freezes);
        assert!(freezes.percent(freezes.exact) >= 97.0, "{name} {freezes:?}");
        assert!(freezes.percent(freezes.wrong_confident) <= 0.5, "{name} {freezes:?}");

        for trial in [Trial::Pauses, Trial::Stalls] {
            let (pauses, name) = run(trial);
            assert!(pauses.percent(pauses.exact) >= 90.0, "{name} {trial:?} {pauses:?}");
            assert!(pauses.percent(pauses.wrong_confident) <= 0.5, "{name} {trial:?} {pauses:?}");
        }

        let (mixed, name) = run(Trial::Mixed);
        assert!(mixed.percent(mixed.wrong_confident) <= 0.5, "{name} {mixed:?}");
    }
}
