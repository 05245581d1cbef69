//! Live streams for tests: frames come when they are due.

use std::ops::Range;
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstvmaftiny::align::pairing::Side::{self, Distorted, Reference};

use crate::bench::{Bench, FRAME, frame};
use crate::canary::Stumbles;
use crate::pipeline::Heard;

pub fn live(options: &str) -> Bench {
    let mut bench = Bench::new(&format!("max-skip=1 {options}"), true);
    bench.play();
    bench
}

/// Feeds frames when they are due: `sends` says which side gets which frame.
pub fn feed(bench: &mut Bench, numbers: Range<u64>, sends: impl Fn(Side, u64) -> bool) {
    for n in numbers {
        let due = n * FRAME;
        let now = bench.pipeline.current_running_time().map_or(0, gst::ClockTime::nseconds);
        bench.idle(Duration::from_nanos(due.saturating_sub(now)));
        for side in [Reference, Distorted] {
            if sends(side, n) {
                bench.push(side, frame(n, due));
            }
        }
    }
}

/// When the pipeline's running time was 0.
pub fn start_of(bench: &Bench) -> Instant {
    let base = bench.pipeline.base_time().expect("playing");
    let clock = bench.pipeline.clock().expect("playing");
    Instant::now() - Duration::from_nanos((clock.time() - base).nseconds())
}

/// Every frame left the element at most `most` after its time, the machine's own stumbling apart;
/// some frames later where others have the processors.
pub fn assert_in_time(
    start: Instant,
    seen: &[(Instant, gst::Buffer)],
    stumbles: &Stumbles,
    most: Duration,
) {
    let most = if stumbles.busy > 0.3 { 6 * most } else { most };
    for (n, (at, buffer)) in seen.iter().enumerate() {
        let due = start + Duration::from_nanos(buffer.pts().expect("set").nseconds());
        let delay = at.saturating_duration_since(due);
        let excused = stumbles.between(due, *at);
        let busy = stumbles.busy;
        assert!(
            delay <= most + excused,
            "frame {n}: {delay:?} late, {excused:?} excused, {busy:.2} busy"
        );
    }
}

/// What became of a reference frame, if that was told.
pub fn status(heard: &Heard, number: u64) -> Option<&str> {
    let frame = heard.frames.iter().find(|f| f.get("frame-number") == Ok(number))?;
    frame.get("status").ok()
}
