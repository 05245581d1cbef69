//! Tells when the machine itself stood still or was busy with something else: a test of timing may
//! blame nobody for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often it looks.
const TICK: Duration = Duration::from_millis(2);
const STOPPED: &str = "stopped once, at the end";

/// Threads that sleep and note when they were woken too late, one for each processor.
pub struct Canary {
    since: Instant,
    // of all others, at the start
    others: Duration,
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
        let threads = threads.collect();
        Self { since: Instant::now(), others: time_of_others(), threads, stop }
    }

    pub fn stop(self) -> Stumbles {
        self.stop.store(true, Ordering::Relaxed);
        let others = time_of_others().saturating_sub(self.others);
        Stumbles {
            late: self.threads.into_iter().map(|t| t.join().expect(STOPPED)).collect(),
            busy: others.as_secs_f64() / self.since.elapsed().as_secs_f64(),
        }
    }
}

/// Processor time that everything but this process has used since the machine was started, what
/// its host took away included.
fn time_of_others() -> Duration {
    let all = std::fs::read_to_string("/proc/stat").expect("Linux");
    // user, nice, system, idle, waiting, interrupts of two kinds, stolen
    let all: Vec<u64> = all.split_whitespace().skip(1).take(8).map(ticks).collect();
    Duration::from_millis(10 * (all.iter().sum::<u64>() - all[3] - all[4]))
        .saturating_sub(own_time())
}

/// Processor time that this process has used.
pub fn own_time() -> Duration {
    let own = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = own.rsplit(')').next().expect("never empty");
    Duration::from_millis(
        10 * after_name.split_whitespace().skip(11).take(2).map(ticks).sum::<u64>(),
    )
}

fn ticks(field: &str) -> u64 {
    field.parse().expect("a number")
}

pub struct Stumbles {
    late: Vec<Vec<(Instant, Instant)>>,
    /// Processors that others kept busy, on average.
    pub busy: f64,
}

impl Stumbles {
    /// How long a thread may have waited for a processor between two moments.
    pub fn between(&self, start: Instant, end: Instant) -> Duration {
        let within = |(from, to): &(Instant, Instant)| {
            (*to).min(end).saturating_duration_since((*from).max(start))
        };
        let of_thread = |late: &Vec<_>| late.iter().map(within).sum();
        self.late.iter().map(of_thread).max().unwrap_or_default()
    }
}
