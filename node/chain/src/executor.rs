//! Threads for work that must not run on async threads, with a bounded queue.
//!
//! Execution nests deeply (EVM 1,024 frames, native modules between them), so its threads reserve a large stack; the
//! kernel commits only what is touched.

use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Stack of a thread that executes transactions: reserved address space, not memory.
pub const EXECUTION_STACK_BYTES: usize = 1024 * 1024 * 1024;
/// Stack of a thread that only decodes and checks.
pub const SMALL_STACK_BYTES: usize = 2 * 1024 * 1024;

/// How often a closing executor looks whether its threads have ended.
const CLOSE_POLL: Duration = Duration::from_millis(2);

type Job = Box<dyn FnOnce() + Send>;

/// Why work has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutorError {
    /// The queue is full.
    Busy {
        /// When to try again, in milliseconds.
        retry_after_ms: u64,
    },
    /// The work panicked, or the executor is closed.
    Failed,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    queue_max: usize,
    threads: usize,
}

struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

/// A fixed number of threads behind one queue. Dropping it lets running work finish and forgets what waits.
pub struct Executor {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Executor {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start(name: &str, threads: usize, stack_bytes: usize, queue_max: usize) -> io::Result<Self> {
        let queue = Mutex::new(Queue { jobs: VecDeque::new(), closed: false });
        let shared = Arc::new(Shared { queue, wake: Condvar::new(), queue_max, threads: threads.max(1) });
        let start = |_| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(name.to_owned()).stack_size(stack_bytes).spawn(move || work(&shared))
        };
        let threads = (0..shared.threads).map(start).collect::<io::Result<_>>()?;
        Ok(Self { shared, threads })
    }

    /// Takes no more work, forgets what waits, and gives running work until the deadline; whether all of it ended.
    pub fn close(&self, deadline: Instant) -> bool {
        self.shared.close();
        while !self.threads.iter().all(JoinHandle::is_finished) {
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(CLOSE_POLL);
        }
        true
    }

    /// Queues work that reports by itself.
    ///
    /// # Errors
    /// `Busy`, or `Failed` where the executor is closed.
    pub fn spawn(&self, job: impl FnOnce() + Send + 'static) -> Result<(), ExecutorError> {
        let mut queue = self.shared.queue.lock();
        if queue.closed {
            return Err(ExecutorError::Failed);
        }
        if queue.jobs.len() >= self.shared.queue_max {
            // About 20 ms of work per waiting job and thread, as a hint.
            let retry_after_ms = (queue.jobs.len() as u64 * 20 / self.shared.threads as u64).clamp(50, 5_000);
            return Err(ExecutorError::Busy { retry_after_ms });
        }
        queue.jobs.push_back(Box::new(job));
        drop(queue);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Runs work and awaits its result. Work whose caller has gone before it started is skipped.
    ///
    /// # Errors
    /// `Busy` or `Failed`.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, ExecutorError> {
        let (sender, receiver) = oneshot::channel();
        self.spawn(move || {
            if !sender.is_closed() {
                let _ = sender.send(job());
            }
        })?;
        receiver.await.map_err(|_| ExecutorError::Failed)
    }

    /// Runs work and blocks until its result is there. Not for async threads.
    ///
    /// # Errors
    /// `Busy` or `Failed`.
    pub fn run_blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ExecutorError> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.spawn(move || {
            let _ = sender.send(job());
        })?;
        receiver.recv().map_err(|_| ExecutorError::Failed)
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    fn close(&self) {
        let mut queue = self.queue.lock();
        queue.closed = true;
        let forgotten = std::mem::take(&mut queue.jobs);
        drop(queue);
        drop(forgotten);
        self.wake.notify_all();
    }
}

fn work(shared: &Shared) {
    loop {
        let job = {
            let mut queue = shared.queue.lock();
            loop {
                if let Some(job) = queue.jobs.pop_front() {
                    break job;
                }
                if queue.closed {
                    return;
                }
                shared.wake.wait(&mut queue);
            }
        };
        // A panic costs the job, whose caller sees a closed channel, never the thread.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("work on an executor thread panicked");
        }
    }
}
