//! A few threads that wait for the next matrix product: spinning for a moment, then asleep.
//!
//! A decoding step is about a hundred short products, each a few tens of microseconds; waking a
//! sleeping thread costs as much. So a helper that has just finished looks for more work for a while
//! before it lies down. A task is a closure that claims pieces of work until none is left: a helper
//! that comes late finds nothing, and nobody waits for a helper that never came.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

/// More threads than this only share the same memory.
const MOST_THREADS: usize = 8;
/// How long a helper looks for work before it sleeps: longer than the gaps inside a step.
const AWAKE: Duration = Duration::from_micros(100);
/// Looks between two readings of the clock.
const LOOKS: u32 = 64;

/// Set in the state while helpers may join.
const OPEN: u64 = 1 << 31;
/// The helpers at work, below the open bit.
const HELPERS: u64 = OPEN - 1;
/// Added to the state for each task.
const TASK: u64 = 1 << 32;

type Task<'a> = dyn Fn() + Sync + 'a;

thread_local! {
    /// Threads that may work on a task of this thread, its own included.
    static MOST: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Says how many threads work on the calling thread's tasks from now on, its own included: where memory
/// is what holds them back, or two share a core, fewer than all may be faster; where as many threads as there
/// are cores work side by side, each works alone.
pub fn work_with(threads: usize) {
    MOST.set(threads.max(1));
}

/// Threads that help the caller.
pub struct Pool {
    shared: Arc<Shared>,
    helpers: usize,
    /// Held by the caller whose task runs.
    caller: Mutex<()>,
}

struct Shared {
    /// Number of the task, the open bit, helpers at work.
    state: AtomicU64,
    task: Mutex<Option<&'static Task<'static>>>,
    /// Guards the sleep: a helper looks at `state` under it before it lies down.
    sleepers: Mutex<usize>,
    wake: Condvar,
    failed: AtomicBool,
    /// Helpers that may join the task.
    most: AtomicU64,
}

/// A lock whose holder panicked guards nothing that could be half-written here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// The program's one pool, started at the first call. Where threads cannot be started, the
    /// caller works alone.
    pub fn shared() -> &'static Pool {
        static POOL: OnceLock<Pool> = OnceLock::new();
        POOL.get_or_init(|| {
            let cores = thread::available_parallelism().map_or(1, usize::from);
            Pool::new(cores.min(MOST_THREADS))
        })
    }

    /// A pool of `threads` threads, the caller's included.
    fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            task: Mutex::new(None),
            sleepers: Mutex::new(0),
            wake: Condvar::new(),
            failed: AtomicBool::new(false),
            most: AtomicU64::new(HELPERS),
        });
        let mut helpers = 0;
        for _ in 1..threads {
            let shared = Arc::clone(&shared);
            let started = thread::Builder::new()
                .name("compute".to_owned())
                .spawn(move || shared.help());
            helpers += usize::from(started.is_ok());
        }
        Self {
            shared,
            helpers,
            caller: Mutex::new(()),
        }
    }

    /// Threads that may work on a task, the caller's included.
    pub fn threads(&self) -> usize {
        self.helpers.saturating_add(1)
    }

    /// Runs `task` on the calling thread and on each helper that is free, at the same time, and
    /// returns when all have left it. `task` must divide the work itself. While another thread's
    /// task runs, the caller works alone.
    ///
    /// # Panics
    /// When the task panicked on a helper.
    pub fn run(&self, task: &(dyn Fn() + Sync)) {
        let most = MOST.get().saturating_sub(1);
        if most == 0 {
            return task();
        }
        let caller = match self.caller.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        if caller.is_none() || self.helpers == 0 {
            return task();
        }
        let open = self.open(task, most as u64);
        task();
        drop(open);
        if self.shared.failed.load(Ordering::Acquire) {
            panic::resume_unwind(Box::new("a thread of the engine panicked"));
        }
    }

    /// Calls `work` with each of `items`, on as many threads as are free.
    ///
    /// # Panics
    /// As [`Pool::run`].
    pub fn each<I>(&self, items: I, work: impl Fn(I::Item) + Sync)
    where
        I: Iterator + Send,
        I::Item: Send,
    {
        let items = Mutex::new(items);
        self.run(&|| {
            loop {
                // A statement of its own, so that the lock is given back before the work.
                let item = lock(&items).next();
                match item {
                    Some(item) => work(item),
                    None => break,
                }
            }
        });
    }

    fn open<'a>(&'a self, task: &'a Task<'a>, most: u64) -> Opened<'a> {
        // SAFETY: only the lifetime is changed. The reference is used by helpers that counted
        // themselves in while the state was open; `Opened` closes the state, waits until they have
        // counted themselves out and forgets the reference before `task` can end, also when the
        // caller's own share panics.
        let task: &'static Task<'static> =
            unsafe { std::mem::transmute::<&'a Task<'a>, &'static Task<'static>>(task) };
        *lock(&self.shared.task) = Some(task);
        self.shared.failed.store(false, Ordering::Relaxed);
        self.shared.most.store(most, Ordering::Relaxed);
        let last = self.shared.state.load(Ordering::Relaxed) & !(OPEN | HELPERS);
        self.shared
            .state
            .store(last.wrapping_add(TASK) | OPEN, Ordering::SeqCst);
        if *lock(&self.shared.sleepers) > 0 {
            self.shared.wake.notify_all();
        }
        Opened(&self.shared)
    }
}

/// A task that helpers may join until this is dropped.
struct Opened<'a>(&'a Shared);

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.state.fetch_and(!OPEN, Ordering::SeqCst);
        let mut looks = 0u32;
        while self.0.state.load(Ordering::Acquire) & HELPERS != 0 {
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(LOOKS * 64) {
                // The helper's core may have been given to somebody else.
                thread::yield_now();
            }
            std::hint::spin_loop();
        }
        *lock(&self.0.task) = None;
    }
}

impl Shared {
    fn help(&self) {
        let mut done = 0;
        loop {
            let state = self.next(done);
            if state & HELPERS >= self.most.load(Ordering::Relaxed) {
                // Enough are at it.
                done = state / TASK;
                continue;
            }
            let joined = self.state.compare_exchange(
                state,
                state.wrapping_add(1),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            if joined.is_err() {
                // Another helper joined first, or the task closed: look again.
                continue;
            }
            done = state / TASK;
            let task = *lock(&self.task);
            if let Some(task) = task
                && panic::catch_unwind(AssertUnwindSafe(task)).is_err()
            {
                self.failed.store(true, Ordering::Release);
            }
            self.state.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// The state as soon as it is open for a task other than `done`.
    fn next(&self, done: u64) -> u64 {
        let fresh = |state: u64| state & OPEN != 0 && state / TASK != done;
        loop {
            let begun = Instant::now();
            while begun.elapsed() < AWAKE {
                for _ in 0..LOOKS {
                    let state = self.state.load(Ordering::Acquire);
                    if fresh(state) {
                        return state;
                    }
                    std::hint::spin_loop();
                }
            }
            let mut sleepers = lock(&self.sleepers);
            *sleepers = sleepers.saturating_add(1);
            while !fresh(self.state.load(Ordering::SeqCst)) {
                sleepers = self
                    .wake
                    .wait(sleepers)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            *sleepers = sleepers.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn every_piece_is_done_once_in_ten_thousand_tasks() {
        let pool = Pool::new(4);
        assert_eq!(pool.threads(), 4);
        for round in 0..10_000usize {
            let pieces = round % 7;
            let (next, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
            pool.run(&|| {
                loop {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    if piece >= pieces {
                        break;
                    }
                    sum.fetch_add(piece + 1, Ordering::Relaxed);
                }
            });
            assert_eq!(sum.into_inner(), pieces * (pieces + 1) / 2);
            if round % 1000 == 0 {
                thread::sleep(AWAKE * 3);
            }
        }
    }

    #[test]
    fn two_callers_at_once_both_finish() {
        let pool = Pool::new(2);
        let ran = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let left = AtomicUsize::new(3);
                        pool.run(&|| {
                            let claim = |n: usize| n.checked_sub(1);
                            while left
                                .fetch_update(Ordering::AcqRel, Ordering::Acquire, claim)
                                .is_ok()
                            {
                                ran.fetch_add(1, Ordering::Relaxed);
                            }
                        });
                    }
                });
            }
        });
        assert_eq!(ran.into_inner(), 3 * 3 * 500);
    }

    #[test]
    fn who_works_alone_gets_no_help() {
        let pool = Pool::new(3);
        work_with(1);
        let own = thread::current().id();
        for _ in 0..200 {
            pool.each(0..8, |_| assert_eq!(thread::current().id(), own));
        }
        work_with(usize::MAX);
    }

    #[test]
    fn no_more_threads_work_than_were_asked_for() {
        let pool = Pool::new(4);
        for threads in [1, 2, 3, 4, 9] {
            work_with(threads);
            let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            for _ in 0..50 {
                pool.each(0..24, |_| {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::yield_now();
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
            assert!(most.into_inner() <= threads.min(4), "{threads}");
        }
        work_with(usize::MAX);
    }

    #[test]
    fn a_panic_comes_back_to_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(3);
        let caught = panic::catch_unwind(AssertUnwindSafe(|| {
            pool.run(&|| panic::resume_unwind(Box::new("task")));
        }));
        assert!(caught.is_err());
        let ran = AtomicUsize::new(0);
        pool.run(&|| {
            ran.fetch_add(1, Ordering::Relaxed);
        });
        assert!(ran.into_inner() >= 1);
    }
}
