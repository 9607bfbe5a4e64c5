//! Slow hashing on a bounded pool: as many threads as the machine has cores, a bounded queue, and
//! a refusal when it is full, so that a flood of guesses costs neither memory nor the latency of
//! everything else (`threats.md` 22).
//!
//! They step back behind every other thread (on Linux, where niceness belongs to the thread): while
//! all cores hash, a request that needs no hash still gets its turn.
//!
//! Passwords go first. Keys and pictures, which administrators ask for and which take longer, have a
//! queue of their own and at most half of the threads: however many of them somebody wants, people
//! sign on.
//!
//! Threads start when there is work and end after a rest, and give their working memory (19 MiB
//! each) back with that.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_domain::password::hash::{PasswordHash, Scratch, verify_dummy};
use countersign_domain::ports::{BoxFuture, Heavy};
use countersign_domain::store::Fault;
use secrecy::SecretString;
use tokio::sync::oneshot;

/// Jobs that may wait for each thread.
const QUEUE_PER_THREAD: usize = 8;
/// How long a thread without work keeps its memory.
const REST: Duration = Duration::from_secs(10);
/// How far the threads step back. Under load they keep a tenth of the processor.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// The pool.
pub struct HeavyPool(Arc<Shared>);

struct Shared {
    threads: usize,
    queue_length: usize,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    /// Passwords.
    queue: VecDeque<Job>,
    /// Keys and pictures.
    aside: VecDeque<Job>,
    /// Threads that are at those.
    busy_aside: usize,
    running: usize,
    resting: usize,
    closed: bool,
}

/// A job answers its own caller.
type Job = Box<dyn FnOnce(&mut Scratch) + Send>;

/// Where a job waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Passwords,
    Aside,
}

impl Default for HeavyPool {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::new(cores, cores * QUEUE_PER_THREAD)
    }
}

impl HeavyPool {
    /// At most `threads` jobs at a time and `queue_length` more waiting.
    pub fn new(threads: usize, queue_length: usize) -> Self {
        Self(Arc::new(Shared {
            threads: threads.max(1),
            queue_length,
            state: Mutex::default(),
            work: Condvar::new(),
        }))
    }

    /// Runs a job on the pool.
    async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        job: impl FnOnce(&mut Scratch) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |scratch: &mut Scratch| {
            // Whoever asked may have hung up while the job waited.
            if !reply.is_closed() {
                let _ = reply.send(job(scratch));
            }
        });
        self.submit(lane, job)?;
        answer
            .await
            .map_err(|_| Fault::Overloaded("the hashing pool gave up the job"))
    }

    fn submit(&self, lane: Lane, job: Job) -> Result<(), Fault> {
        let mut state = self.0.lock();
        let may_start = state.running < self.0.threads;
        let at_once = state.resting + (self.0.threads - state.running);
        match lane {
            Lane::Passwords => {
                if state.queue.len() >= self.0.queue_length + at_once {
                    return Err(Fault::Overloaded("too many passwords are being checked"));
                }
                state.queue.push_back(job);
            }
            Lane::Aside => {
                if state.aside.len() >= self.0.queue_length {
                    return Err(Fault::Overloaded("too many keys are being made"));
                }
                state.aside.push_back(job);
            }
        }
        if state.queue.len() + state.aside.len() > state.resting && may_start {
            state.running += 1;
            let shared = Arc::clone(&self.0);
            let started = std::thread::Builder::new()
                .name("heavy".to_owned())
                .spawn(move || shared.work_until_idle());
            if let Err(error) = started {
                state.running -= 1;
                tracing::error!(%error, "cannot start a thread of the hashing pool");
                if state.running == 0 {
                    state.queue.clear();
                    state.aside.clear();
                    return Err(Fault::Overloaded("no thread can be started"));
                }
            }
        }
        drop(state);
        self.0.work.notify_one();
        Ok(())
    }
}

impl Drop for HeavyPool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.work.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work_until_idle(&self) {
        step_back();
        let mut scratch = Scratch::default();
        while let Some((lane, job)) = self.next() {
            let done = catch_unwind(AssertUnwindSafe(|| job(&mut scratch)));
            if lane == Lane::Aside {
                self.lock().busy_aside -= 1;
            }
            if done.is_err() {
                // Its caller gets a fault; the memory may be in any state.
                scratch = Scratch::default();
            }
        }
    }

    /// The next job. `None` when none came for a while: the thread is then counted out already,
    /// under the same lock, so that the next job starts another.
    fn next(&self) -> Option<(Lane, Job)> {
        let mut state = self.lock();
        loop {
            if let Some(next) = self.take(&mut state) {
                return Some(next);
            }
            if state.closed {
                state.running -= 1;
                return None;
            }
            state.resting += 1;
            let (woken, rest) = self
                .work
                .wait_timeout(state, REST)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.resting -= 1;
            if rest.timed_out() {
                let next = self.take(&mut state);
                if next.is_none() {
                    state.running -= 1;
                }
                return next;
            }
        }
    }

    /// What this thread does next, if there is anything that it may do.
    fn take(&self, state: &mut State) -> Option<(Lane, Job)> {
        if let Some(job) = state.queue.pop_front() {
            return Some((Lane::Passwords, job));
        }
        if state.busy_aside >= (self.threads / 2).max(1) {
            return None;
        }
        let job = state.aside.pop_front()?;
        state.busy_aside += 1;
        Some((Lane::Aside, job))
    }
}

#[cfg(target_os = "linux")]
fn step_back() {
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "hashing does not step back behind other requests");
    }
}

#[cfg(not(target_os = "linux"))]
const fn step_back() {}

impl Heavy for HeavyPool {
    fn verify_password(
        &self,
        hash: Option<PasswordHash>,
        password: SecretString,
    ) -> BoxFuture<'_, Result<bool, Fault>> {
        Box::pin(self.run(Lane::Passwords, move |scratch| match hash {
            Some(hash) => hash.verify(&password, scratch),
            None => verify_dummy(&password, scratch),
        }))
    }

    fn hash_password(
        &self,
        password: SecretString,
        salt: [u8; 16],
    ) -> BoxFuture<'_, Result<PasswordHash, Fault>> {
        Box::pin(async move {
            let hash = move |scratch: &mut Scratch| PasswordHash::hash(&password, &salt, scratch);
            self.run(Lane::Passwords, hash)
                .await?
                .map_err(|_| Fault::Crypto("the password could not be hashed"))
        })
    }

    fn work(&self, job: Box<dyn FnOnce() + Send>) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.run(Lane::Aside, move |_| job()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::task::Poll;

    use super::*;

    /// Occupies one thread until the sender is dropped; returns once it runs.
    fn occupy(pool: &HeavyPool, lane: Lane) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel::<()>();
        let (started, start) = mpsc::channel();
        let job: Job = Box::new(move |_| {
            started.send(()).unwrap();
            let _ = released.recv();
        });
        pool.submit(lane, job).unwrap();
        start.recv().unwrap();
        release
    }

    #[tokio::test]
    async fn a_password_is_known_again() {
        let pool = HeavyPool::new(1, 4);
        let right = SecretString::from("2FederateM0re!");
        let hash = pool.hash_password(right.clone(), [7; 16]).await.unwrap();
        let verify = |hash, text: &str| pool.verify_password(hash, SecretString::from(text));
        assert!(verify(Some(hash.clone()), "2FederateM0re!").await.unwrap());
        assert!(!verify(Some(hash), "wrong").await.unwrap());
        assert!(!verify(None, "2FederateM0re!").await.unwrap());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_steps_back_behind_everything_else() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let pool = HeavyPool::new(1, 1);
        let of_pool = pool
            .run(Lane::Passwords, move |_| niceness())
            .await
            .unwrap();
        assert_eq!(of_pool, (niceness() + NICENESS).min(19));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let pool = HeavyPool::new(1, 2);
        let busy = occupy(&pool, Lane::Passwords);
        pool.submit(Lane::Passwords, Box::new(|_| ())).unwrap();
        pool.submit(Lane::Passwords, Box::new(|_| ())).unwrap();
        let refused = pool.verify_password(None, SecretString::from("x")).await;
        assert!(matches!(refused, Err(Fault::Overloaded(_))));
        drop(busy);
    }

    #[tokio::test]
    async fn threat_22_keys_leave_room_for_passwords() {
        let pool = HeavyPool::new(2, 2);
        let making = occupy(&pool, Lane::Aside);
        let mut waiting = Vec::new();
        for _ in 0..2 {
            let mut key = Box::pin(pool.work(Box::new(|| ())));
            let first = std::future::poll_fn(|cx| Poll::Ready(key.as_mut().poll(cx))).await;
            assert!(first.is_pending());
            waiting.push(key);
        }
        let checked = pool.verify_password(None, SecretString::from("x")).await;
        assert!(matches!(checked, Ok(false)));
        let refused = pool.work(Box::new(|| ())).await;
        assert!(matches!(refused, Err(Fault::Overloaded(_))));
        drop(making);
        for key in waiting {
            key.await.unwrap();
        }
    }

    #[tokio::test]
    async fn jobs_of_callers_that_left_are_not_run() {
        let pool = HeavyPool::new(1, 4);
        let busy = occupy(&pool, Lane::Passwords);
        let (ran, runs) = mpsc::channel();
        let mut abandoned = Box::pin(pool.run(Lane::Passwords, move |_| ran.send(()).unwrap()));
        let first = std::future::poll_fn(|cx| Poll::Ready(abandoned.as_mut().poll(cx))).await;
        assert!(first.is_pending());
        drop(abandoned);
        drop(busy);
        pool.run(Lane::Passwords, |_| ()).await.unwrap();
        assert!(runs.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_panic_costs_one_job_and_no_thread() {
        let pool = HeavyPool::new(1, 4);
        let failed = pool.run(Lane::Passwords, |_| panic!("a bug")).await;
        assert!(matches!(failed, Err::<(), _>(Fault::Overloaded(_))));
        assert_eq!(pool.run(Lane::Aside, |_| 5).await.unwrap(), 5);
    }

    #[tokio::test]
    async fn threads_start_only_when_there_is_work_for_them() {
        let pool = HeavyPool::new(4, 4);
        assert_eq!(pool.0.lock().running, 0);
        let busy = occupy(&pool, Lane::Passwords);
        assert_eq!(pool.0.lock().running, 1);
        let second = occupy(&pool, Lane::Passwords);
        assert_eq!(pool.0.lock().running, 2);
        drop((busy, second));
    }
}
