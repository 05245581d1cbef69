//! The thread that scores: video flow never waits inside a kernel.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use super::picture::Picture;
use crate::fusion::Fusion;
use crate::scoring::{Scorer, Verdict};

/// Frames that may wait for the worker.
pub(super) const QUEUE: usize = 4;

/// One reference frame to be scored, or only watched for its motion.
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) reference: Arc<Picture>,
    pub(super) distorted: Option<Arc<Picture>>,
}

enum Order {
    Frame(Job),
    /// No frame follows the last one: finish it.
    Cut,
}

/// What became of a job.
pub(super) struct Outcome {
    pub(super) number: u64,
    pub(super) verdict: Verdict,
}

/// Handle to the scoring thread; dropping it ends the thread.
pub(super) struct Worker {
    orders: Option<SyncSender<Order>>,
    outcomes: Receiver<Outcome>,
    thread: Option<JoinHandle<()>>,
    outstanding: usize,
}

impl Worker {
    /// `threads` measure one frame together, 0 for one per core.
    pub(super) fn spawn(fusion: Fusion, threads: usize) -> std::io::Result<Self> {
        let (orders, inbox) = sync_channel(QUEUE);
        let (outbox, outcomes) = mpsc::channel();
        let thread =
            std::thread::Builder::new().name("vmaftiny-score".into()).spawn(move || {
                let scorer = Scorer::new(fusion, threads);
                Thread { scorer, outbox, waiting: None }.run(&inbox);
            })?;
        Ok(Self { orders: Some(orders), outcomes, thread: Some(thread), outstanding: 0 })
    }

    /// Jobs whose outcome has not been taken.
    pub(super) fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// Waits for room in the queue.
    pub(super) fn submit(&mut self, job: Job) {
        self.outstanding += 1;
        self.order(Order::Frame(job));
    }

    /// Asks for the last frame's outcome without a successor.
    pub(super) fn cut(&mut self) {
        self.order(Order::Cut);
    }

    /// The next outcome, in order; waits for it if `wait` and one is to come.
    pub(super) fn outcome(&mut self, wait: bool) -> Option<Outcome> {
        if self.outstanding == 0 {
            return None;
        }
        let outcome = match wait {
            true => self.outcomes.recv().ok(),
            false => self.outcomes.try_recv().ok(),
        };
        self.outstanding -= usize::from(outcome.is_some());
        outcome
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // fails only when the thread is gone, which then shows as missing outcomes
            let _ = orders.send(order);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
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
    outbox: mpsc::Sender<Outcome>,
    // the frame whose verdict is still to come
    waiting: Option<u64>,
}

impl Thread {
    fn run(mut self, inbox: &Receiver<Order>) {
        for order in inbox {
            let (verdict, next) = match order {
                Order::Frame(Job { number, reference, distorted }) => {
                    (self.scorer.push(reference, distorted), Some(number))
                }
                Order::Cut => (self.scorer.flush(), None),
            };
            if let Some((verdict, number)) = verdict.zip(self.waiting.take()) {
                // nobody listens any more when the element has stopped
                let _ = self.outbox.send(Outcome { number, verdict });
            }
            self.waiting = next;
        }
    }
}
