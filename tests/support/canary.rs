//! Tells when the machine itself stood still: a test of timing may blame nobody for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often it looks.
const TICK: Duration = Duration::from_millis(2);
const STOPPED: &str = "stopped once, at the end";

/// Threads that sleep and note when they were woken too late, one for each processor.
pub struct Canary {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<(Instant, Instant)>>>,
}

impl Canary {
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let watch = |stop: Arc<AtomicBool>| {
            let mut late = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let due = Instant::now() + TICK;
                std::thread::sleep(TICK);
                let now = Instant::now();
                if now > due + TICK {
                    late.push((due, now));
                }
            }
            late
        };
        let threads = (0..cores).map(|_| {
            let stop = stop.clone();
            std::thread::spawn(move || watch(stop))
        });
        Self { threads: threads.collect(), stop }
    }

    pub fn stop(self) -> Stumbles {
        self.stop.store(true, Ordering::Relaxed);
        Stumbles(self.threads.into_iter().map(|t| t.join().expect(STOPPED)).collect())
    }
}

pub struct Stumbles(Vec<Vec<(Instant, Instant)>>);

impl Stumbles {
    /// How long a thread may have waited for a processor between two moments.
    pub fn between(&self, start: Instant, end: Instant) -> Duration {
        let within = |(from, to): &(Instant, Instant)| {
            (*to).min(end).saturating_duration_since((*from).max(start))
        };
        let of_thread = |late: &Vec<_>| late.iter().map(within).sum();
        self.0.iter().map(of_thread).max().unwrap_or_default()
    }
}
