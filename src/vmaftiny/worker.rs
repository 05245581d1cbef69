//! The thread that scores: video flow never waits inside a kernel.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::load::Cost;
use super::picture::Picture;
use crate::features::{Profile, Workers};
use crate::fusion::Fusion;
use crate::scoring::{Change, Conformer, Scorer, Store, Verdict};

/// Frames that may be with the worker before a file has to wait: one that is measured, and the next.
/// Each holds the buffers of two pictures.
const QUEUE: usize = 2;
/// Frames that may be with the worker before a live stream does without scores: more, because live
/// frames come in bursts.
pub(super) const LIVE_QUEUE: usize = 32;

/// Time added to every scored frame, ns: overload on demand, for tests.
static SLOWNESS: AtomicU64 = AtomicU64::new(0);

/// Makes every scoring thread of the process spend this much longer on each scored frame.
pub(super) fn slow_down(by: Duration) {
    SLOWNESS.store(by.as_nanos() as u64, Ordering::Relaxed);
}

/// One reference frame to be scored, or only watched for its motion.
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) reference: Arc<Picture>,
    pub(super) distorted: Option<(Arc<Picture>, Change)>,
}

enum Order {
    Frame(Job, Stamp),
    /// No frame follows the last one: finish it.
    Cut(Stamp),
}

/// When and in which generation an order was given.
#[derive(Clone, Copy)]
struct Stamp {
    generation: u64,
    given: Instant,
}

/// What became of a job.
pub(super) struct Outcome {
    pub(super) number: u64,
    pub(super) verdict: Finished,
    pub(super) cost: Cost,
    generation: u64,
}

/// Called by the thread when there is a new outcome. Must not wait for the worker.
pub(super) type Told = Box<dyn Fn() + Send>;

/// A verdict, or why there is none.
pub(super) type Finished = Result<Verdict, String>;

/// How long to wait for an outcome.
#[derive(Clone, Copy)]
pub(super) enum Wait {
    No,
    Until(Instant),
    Forever,
}

/// What the thread has to say.
pub(super) enum Answer {
    Outcome(Outcome),
    /// Nothing yet.
    Pending,
    /// The thread has ended: there will be no more outcomes.
    Gone,
}

/// Handle to the scoring thread; dropping it ends the thread.
pub(super) struct Worker {
    orders: Option<Sender<Order>>,
    outcomes: Receiver<Outcome>,
    // received while waiting for room
    ready: VecDeque<Outcome>,
    thread: Option<JoinHandle<()>>,
    outstanding: usize,
    // what was ordered in an older one is not wanted any more
    generation: Arc<AtomicU64>,
}

impl Worker {
    pub(super) fn spawn(
        fusion: Fusion,
        workers: Workers,
        profile: Profile,
        store: Store,
        told: Told,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::channel();
        let (outbox, outcomes) = mpsc::channel();
        let generation = Arc::new(AtomicU64::new(0));
        let current = generation.clone();
        let thread =
            std::thread::Builder::new().name("vmaftiny-score".into()).spawn(move || {
                let scorer = Scorer::new(fusion, workers.clone(), profile);
                let conformer = Conformer::new(store);
                let (waiting, failed) = (None, None);
                let thread = Thread { scorer, conformer, outbox, told, current, waiting, failed };
                workers.enter(move || thread.run(&inbox));
            })?;
        let (orders, thread) = (Some(orders), Some(thread));
        let ready = VecDeque::new();
        Ok(Self { orders, outcomes, ready, thread, outstanding: 0, generation })
    }

    /// Jobs whose outcome has not been taken.
    pub(super) fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// Waits for room in the queue of a file.
    pub(super) fn make_room(&mut self) {
        while self.outstanding - self.ready.len() >= QUEUE {
            match self.outcomes.recv() {
                Ok(outcome) if outcome.generation != self.current() => {}
                Ok(outcome) => self.ready.push_back(outcome),
                // the thread is gone, which shows when outcomes are asked for
                Err(_) => break,
            }
        }
    }

    /// Waits for room in the queue, unless `live`.
    pub(super) fn submit(&mut self, job: Job, live: bool) {
        if !live {
            self.make_room();
        }
        self.outstanding += 1;
        let stamp = self.stamp();
        self.order(Order::Frame(job, stamp));
    }

    /// Asks for the last frame's outcome without a successor.
    pub(super) fn cut(&mut self) {
        let stamp = self.stamp();
        self.order(Order::Cut(stamp));
    }

    /// Gives up on all outstanding jobs.
    pub(super) fn abandon(&mut self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
        self.ready.clear();
        self.outstanding = 0;
    }

    /// The next outcome, in order.
    pub(super) fn outcome(&mut self, wait: Wait) -> Answer {
        if let Some(outcome) = self.ready.pop_front() {
            self.outstanding -= 1;
            return Answer::Outcome(outcome);
        }
        while self.outstanding > 0 {
            let received = match wait {
                Wait::No => self.outcomes.recv_timeout(Duration::ZERO),
                Wait::Until(end) => {
                    self.outcomes.recv_timeout(end.saturating_duration_since(Instant::now()))
                }
                Wait::Forever => self.outcomes.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(outcome) if outcome.generation != self.current() => {}
                Ok(outcome) => {
                    self.outstanding -= 1;
                    return Answer::Outcome(outcome);
                }
                Err(RecvTimeoutError::Timeout) => return Answer::Pending,
                Err(RecvTimeoutError::Disconnected) => return Answer::Gone,
            }
        }
        Answer::Pending
    }

    fn current(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    fn stamp(&self) -> Stamp {
        Stamp { generation: self.current(), given: Instant::now() }
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // fails only when the thread is gone, which shows when outcomes are asked for
            let _ = orders.send(order);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.abandon();
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // a panic in the thread has been reported by the panic hook
            let _ = thread.join();
        }
    }
}

/// The thread's state.
struct Thread {
    scorer: Scorer<Arc<Picture>>,
    conformer: Conformer,
    outbox: mpsc::Sender<Outcome>,
    told: Told,
    current: Arc<AtomicU64>,
    // what the frame whose verdict is still to come has cost, and its generation
    waiting: Option<(Cost, u64)>,
    // why the waiting frame could not be brought into shape
    failed: Option<String>,
}

impl Thread {
    fn run(mut self, inbox: &Receiver<Order>) {
        for order in inbox {
            match order {
                Order::Frame(_, stamp) | Order::Cut(stamp) if self.is_old(stamp) => {
                    self.scorer.flush();
                    self.waiting = None;
                    self.failed = None;
                }
                Order::Frame(job, stamp) => self.score(job, stamp),
                Order::Cut(_) => {
                    let verdict = self.scorer.flush();
                    self.finish(verdict);
                }
            }
        }
    }

    fn is_old(&self, stamp: Stamp) -> bool {
        stamp.generation != self.current.load(Ordering::Relaxed)
    }

    fn score(&mut self, job: Job, stamp: Stamp) {
        let start = Instant::now();
        let Job { number, reference, distorted } = job;
        // the frame before waits for nothing else
        let verdict = self.scorer.advance(reference);
        self.finish(verdict);
        let scored = distorted.is_some();
        if scored {
            std::thread::sleep(Duration::from_nanos(SLOWNESS.load(Ordering::Relaxed)));
        }
        let shaped = distorted.map(|(picture, change)| match change {
            Change { size: None, range: None } => Ok(picture),
            change => picture.changed(change, &mut self.conformer).map(Arc::new),
        });
        self.failed = match shaped {
            None => None,
            Some(Ok(distorted)) => {
                self.scorer.compare(&distorted);
                None
            }
            Some(Err(problem)) => Some(problem),
        };
        let waited = start.saturating_duration_since(stamp.given);
        let cost = Cost { number, scored, waited, took: start.elapsed() };
        self.waiting = Some((cost, stamp.generation));
    }

    /// Sends the waiting frame's verdict.
    fn finish(&mut self, verdict: Option<Verdict>) {
        let Some((verdict, (cost, generation))) = verdict.zip(self.waiting.take()) else {
            return;
        };
        let verdict = match self.failed.take() {
            Some(problem) => Err(problem),
            None => Ok(verdict),
        };
        // nobody listens any more when the element has stopped
        let _ = self.outbox.send(Outcome { number: cost.number, verdict, cost, generation });
        (self.told)();
    }
}
