//! Work on one frame split into strips of rows.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::FeatureError;
use super::cpu::Level;

/// Threads that measure one frame together, strip by strip, and what their code is compiled for.
/// Clones share the threads.
#[derive(Clone)]
pub struct Workers {
    pool: Option<Arc<rayon::ThreadPool>>,
    threads: usize,
    level: Level,
}

/// One of something for each thread of some [`Workers`]: memory must not grow with the strips.
pub(super) struct PerThread<S>(Vec<Mutex<S>>);

impl Workers {
    /// `threads`: 0 means one per core, 1 that the caller's own does all the work.
    ///
    /// # Errors
    /// [`FeatureError::Threads`].
    pub fn new(threads: usize) -> Result<Self, FeatureError> {
        Self::at_level(threads, Level::detected())
    }

    /// [`Self::new`] with kernels of `level`, or of the best one below it that the processor has.
    ///
    /// # Errors
    /// [`FeatureError::Threads`].
    pub fn at_level(threads: usize, level: Level) -> Result<Self, FeatureError> {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, |n| n.get()),
            n => n,
        };
        let pool = match threads {
            1 => None,
            n => Some(
                rayon::ThreadPoolBuilder::new()
                    .num_threads(n)
                    .thread_name(|i| format!("vmaftiny-{i}"))
                    .build()
                    .map(Arc::new)
                    .map_err(|e| FeatureError::Threads { count: n, reason: e.to_string() })?,
            ),
        };
        Ok(Self { pool, threads, level: level.min(Level::supported()) })
    }

    /// What the kernels are compiled for.
    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// Scratch memory for each thread.
    pub(super) fn each_their<S>(&self, make: impl Fn() -> S) -> PerThread<S> {
        PerThread((0..self.threads).map(|_| Mutex::new(make())).collect())
    }

    /// The calling thread's own, which nobody else wants.
    pub(super) fn own<'a, S>(&self, all: &'a PerThread<S>) -> MutexGuard<'a, S> {
        let thread = self.pool.as_ref().and_then(|pool| pool.current_thread_index());
        // scratch memory means nothing from one strip to the next
        all.0[thread.unwrap_or(0)].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Strips that divide `rows` rows: enough of them that no thread waits long for the last one.
    pub(super) fn strips(&self, rows: usize) -> Vec<Range<usize>> {
        self.strips_of(rows, 1)
    }

    /// [`Self::strips`] of whole multiples of `unit` rows; the last may be shorter.
    pub(super) fn strips_of(&self, rows: usize, unit: usize) -> Vec<Range<usize>> {
        let count = if self.threads == 1 { 1 } else { self.threads * 4 };
        let height = rows.div_ceil(count).max(1).next_multiple_of(unit);
        (0..rows).step_by(height).map(|start| start..(start + height).min(rows)).collect()
    }

    /// Does `work` on one of the threads. Measuring from there hands nothing over: a stream that is
    /// measured inside of one `enter` costs no memory per frame and wakes no thread for nothing.
    pub fn enter<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            None => work(),
            Some(pool) => pool.install(work),
        }
    }

    /// Runs `work` on every job.
    pub(super) fn each<J: Send>(&self, jobs: &mut [J], work: impl Fn(&mut J) + Send + Sync) {
        match &self.pool {
            None => jobs.iter_mut().for_each(work),
            Some(pool) => pool.install(|| jobs.par_iter_mut().with_max_len(1).for_each(work)),
        }
    }

    /// Runs `work` on every job and the part of `output` that is its to fill: `share` items each.
    pub(super) fn each_filling<J: Send, T: Send>(
        &self,
        jobs: &mut [J],
        output: &mut [T],
        share: usize,
        work: impl Fn(&mut J, &mut [T]) + Send + Sync,
    ) {
        match &self.pool {
            None => jobs.iter_mut().zip(output.chunks_mut(share)).for_each(|(j, o)| work(j, o)),
            Some(pool) => pool.install(|| {
                jobs.par_iter_mut()
                    .with_max_len(1)
                    .zip(output.par_chunks_mut(share))
                    .for_each(|(j, o)| work(j, o));
            }),
        }
    }
}
