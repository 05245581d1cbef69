//! The thread that scores: video flow never waits inside a kernel.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use super::picture::Picture;
use crate::features::{
    FeatureError, Features, Motion2, MotionExtractor, NAMES, Spatial, SpatialExtractor,
};
use crate::fusion::Fusion;
use crate::report::{Measured, Status};

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

pub(super) enum Verdict {
    Scored {
        status: Status,
        measured: Measured,
    },
    /// There was nothing to score.
    Watched,
    Failed(String),
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
        let thread = std::thread::Builder::new()
            .name("vmaftiny-score".into())
            .spawn(move || Scorer::new(fusion, threads, outbox).run(&inbox))?;
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
struct Scorer {
    fusion: Fusion,
    names: Arc<[String]>,
    threads: usize,
    outbox: mpsc::Sender<Outcome>,
    spatial: Option<SpatialExtractor>,
    motion: Option<MotionExtractor>,
    look_ahead: Motion2,
    previous: Option<Arc<Picture>>,
    waiting: Option<Waiting>,
}

/// A frame that lacks only its successor.
struct Waiting {
    number: u64,
    first: bool,
    spatial: Result<Option<Spatial>, String>,
}

impl Scorer {
    fn new(fusion: Fusion, threads: usize, outbox: mpsc::Sender<Outcome>) -> Self {
        let names = NAMES.map(String::from).into();
        Self {
            fusion,
            names,
            threads,
            outbox,
            spatial: None,
            motion: None,
            look_ahead: Motion2::default(),
            previous: None,
            waiting: None,
        }
    }

    fn run(&mut self, inbox: &Receiver<Order>) {
        for order in inbox {
            match order {
                Order::Frame(job) => self.frame(job),
                Order::Cut => self.cut(),
            }
        }
    }

    fn frame(&mut self, job: Job) {
        let Job { number, reference, distorted } = job;
        let changed = self.previous.as_ref().is_some_and(|p| p.geometry() != reference.geometry());
        if changed {
            self.cut();
        }
        let difference = self.difference(&reference);
        let first = difference.is_none();
        let finished = self.look_ahead.push(difference);
        self.finish(finished);
        let spatial = distorted.map(|d| self.measure(&reference, &d)).transpose();
        let spatial = spatial.map_err(|e| e.to_string());
        self.waiting = Some(Waiting { number, first, spatial });
        self.previous = Some(reference);
    }

    fn cut(&mut self) {
        let motion2 = self.look_ahead.flush();
        self.finish(motion2);
        self.previous = None;
    }

    fn finish(&mut self, motion2: Option<f64>) {
        let (Some(Waiting { number, first, spatial }), Some(motion2)) =
            (self.waiting.take(), motion2)
        else {
            return;
        };
        let verdict = match spatial {
            Ok(None) => Verdict::Watched,
            Ok(Some(spatial)) => self.fuse(Features { spatial, motion2 }, first),
            Err(reason) => Verdict::Failed(reason),
        };
        // nobody listens any more when the element has stopped
        let _ = self.outbox.send(Outcome { number, verdict });
    }

    fn fuse(&mut self, features: Features, first: bool) -> Verdict {
        let values = features.to_array();
        match self.fusion.score(&values) {
            Ok(score) => Verdict::Scored {
                status: if first { Status::First } else { Status::Ok },
                measured: Measured { score, names: self.names.clone(), values: values.to_vec() },
            },
            Err(e) => Verdict::Failed(e.to_string()),
        }
    }

    // None without a predecessor to compare with
    fn difference(&mut self, reference: &Picture) -> Option<f64> {
        let previous = self.previous.as_ref()?;
        let geometry = reference.geometry();
        let motion = made_for(
            &mut self.motion,
            |m| m.geometry() == geometry,
            || MotionExtractor::new(geometry, self.threads),
        );
        motion.ok()?.difference(previous.luma().ok()?, reference.luma().ok()?).ok()
    }

    fn measure(
        &mut self,
        reference: &Picture,
        distorted: &Picture,
    ) -> Result<Spatial, FeatureError> {
        let (r, d) = (reference.geometry(), distorted.geometry());
        if r.depth < d.depth {
            return self.measure(&reference.widened(d.depth)?, distorted);
        }
        if d.depth < r.depth {
            return self.measure(reference, &distorted.widened(r.depth)?);
        }
        let spatial = made_for(
            &mut self.spatial,
            |s| s.geometry() == r,
            || SpatialExtractor::new(r, self.threads),
        );
        spatial?.extract(reference.luma()?, distorted.luma()?)
    }
}

/// The extractor in `slot` if it fits, else a new one.
fn made_for<T>(
    slot: &mut Option<T>,
    fits: impl Fn(&T) -> bool,
    make: impl FnOnce() -> Result<T, FeatureError>,
) -> Result<&mut T, FeatureError> {
    let extractor = match slot.take().filter(fits) {
        Some(extractor) => extractor,
        None => make()?,
    };
    Ok(slot.insert(extractor))
}
