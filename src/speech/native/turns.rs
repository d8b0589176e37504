//! More decoders than cores: whose turn it is to compute, and which steps are computed together.
//!
//! A decoding step reads every weight of the decoder for one token of one text, and reads them no more
//! often for a token of each of several texts. So more utterances are in hand than there are cores.
//! A thread computes only in its turn, of which there are as many as cores, and gives it up
//! while it waits for a step. A turn goes first to who can go on without a step; only where nobody can
//! are steps computed, by a thread of those that wait for one, all that were asked for at once. So nobody
//! waits for a clock or for somebody who may never come, and no core rests while there is work.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// As many turns as cores, shared by some seats. A step is asked for as a `T` and comes back as one.
pub(super) struct Turns<T> {
    table: Mutex<Table<T>>,
    /// Most steps that are computed together.
    most: usize,
}

/// Where one thread is given a turn.
type Caller<T> = SyncSender<Turn<T>>;

struct Table<T> {
    /// Turns that nobody has.
    free: usize,
    /// Who can go on without a step, and the step that it waited for.
    ready: VecDeque<(Caller<T>, Option<T>)>,
    /// Steps that were asked for.
    asked: VecDeque<Asked<T>>,
    /// Steps that are being computed, and by how many threads.
    computing: (usize, usize),
}

struct Asked<T> {
    seat: Caller<T>,
    step: T,
}

/// What the holder of a new turn does with it.
enum Turn<T> {
    /// Goes on, with the step that it asked for. Nothing where it asked for none, and where its step was
    /// lost to a fault.
    GoOn(Option<T>),
    /// Computes these steps; its own is the last of them.
    Compute(Vec<Asked<T>>),
}

/// One thread's place at a table.
pub(super) struct Seat<T> {
    turns: Arc<Turns<T>>,
    /// For others to give it a turn: at most one lies there, since it is asked for at most once.
    own: Caller<T>,
    given: Receiver<Turn<T>>,
    has_turn: bool,
}

impl<T> Turns<T> {
    /// So many turns; at most `most` steps are computed together.
    pub fn new(turns: usize, most: usize) -> Arc<Self> {
        Arc::new(Self {
            table: Mutex::new(Table {
                free: turns.max(1),
                ready: VecDeque::new(),
                asked: VecDeque::new(),
                computing: (0, 0),
            }),
            most: most.max(1),
        })
    }

    /// A place for one thread.
    pub fn seat(self: &Arc<Self>) -> Seat<T> {
        let (own, given) = sync_channel(1);
        Seat {
            turns: Arc::clone(self),
            own,
            given,
            has_turn: false,
        }
    }

    fn table(&self) -> MutexGuard<'_, Table<T>> {
        // No code that could panic runs while it is locked but this module's own.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Table<T> {
    /// Gives away the turns that are free, as long as there is something to do.
    fn give_away(&mut self, most: usize) {
        while self.free > 0 {
            let (seat, turn) = match self.ready.pop_front() {
                Some((seat, step)) => (seat, Turn::GoOn(step)),
                None => match self.together(most) {
                    Some((seat, steps)) => (seat, Turn::Compute(steps)),
                    None => return,
                },
            };
            self.free = self.free.saturating_sub(1);
            // There is room for it, and whoever waits is there: see `Seat`.
            let _ = seat.try_send(turn);
        }
    }

    /// The steps that one more thread should compute: its share of those that are asked for and those
    /// that others compute, so that no thread is left with a few while another has many.
    fn together(&mut self, most: usize) -> Option<(Caller<T>, Vec<Asked<T>>)> {
        let (steps, threads) = self.computing;
        let all = self.asked.len().saturating_add(steps);
        let share = all.div_ceil(self.free.saturating_add(threads).max(1));
        let share = share.clamp(1, most).min(self.asked.len());
        let steps: Vec<Asked<T>> = self.asked.drain(..share).collect();
        // The last to ask is awake.
        let seat = steps.last()?.seat.clone();
        self.computing.0 = self.computing.0.saturating_add(steps.len());
        self.computing.1 = self.computing.1.saturating_add(1);
        Some((seat, steps))
    }
}

impl<T> Seat<T> {
    /// Waits for a turn, unless it has one.
    pub fn begin(&mut self) {
        if self.has_turn {
            return;
        }
        let mut table = self.turns.table();
        table.ready.push_back((self.own.clone(), None));
        table.give_away(self.turns.most);
        drop(table);
        // Who asked for no step is given none to compute.
        self.has_turn = self.given.recv().is_ok();
    }

    /// Gives its turn to others until it begins again.
    pub fn rest(&mut self) {
        if std::mem::take(&mut self.has_turn) {
            let mut table = self.turns.table();
            table.free = table.free.saturating_add(1);
            table.give_away(self.turns.most);
        }
    }

    /// Has `step` computed, together with others' or alone: `compute` is called if this thread is the one
    /// that computes. `None` where it panicked over several steps, of which one may be to blame: each
    /// thread whose step was among them gets it, and can try alone.
    ///
    /// # Panics
    /// When `compute` does over this step alone.
    pub fn step(&mut self, step: T, compute: impl FnOnce(&mut [T])) -> Option<T> {
        self.begin();
        let mut table = self.turns.table();
        table.asked.push_back(Asked {
            seat: self.own.clone(),
            step,
        });
        table.free = table.free.saturating_add(1);
        self.has_turn = false;
        table.give_away(self.turns.most);
        drop(table);
        let turn = self.given.recv().ok()?;
        self.has_turn = true;
        match turn {
            Turn::GoOn(step) => step,
            Turn::Compute(asked) => {
                let mut work = Computing {
                    turns: &self.turns,
                    count: asked.len(),
                    seats: Vec::with_capacity(asked.len()),
                    steps: Vec::with_capacity(asked.len()),
                    whole: false,
                };
                for Asked { seat, step } in asked {
                    work.seats.push(seat);
                    work.steps.push(step);
                }
                // This one needs no call.
                work.seats.pop();
                // What was half-done is dropped.
                let found = catch_unwind(AssertUnwindSafe(|| compute(&mut work.steps)));
                match found {
                    Ok(()) => work.whole = true,
                    Err(panic) if work.seats.is_empty() => resume_unwind(panic),
                    Err(_) => return None,
                }
                work.steps.pop()
            }
        }
    }
}

impl<T> Drop for Seat<T> {
    fn drop(&mut self) {
        self.rest();
    }
}

/// Steps in the hands of one thread. However it ends, those who wait for them go on.
struct Computing<'a, T> {
    turns: &'a Turns<T>,
    count: usize,
    /// Of all but the thread itself.
    seats: Vec<Caller<T>>,
    steps: Vec<T>,
    /// The steps were computed to the end.
    whole: bool,
}

impl<T> Drop for Computing<'_, T> {
    fn drop(&mut self) {
        let mut table = self.turns.table();
        let (steps, threads) = table.computing;
        table.computing = (steps.saturating_sub(self.count), threads.saturating_sub(1));
        let mut steps = self.steps.drain(..);
        for seat in self.seats.drain(..) {
            let step = steps.next().filter(|_| self.whole);
            table.ready.push_back((seat, step));
        }
        table.give_away(self.turns.most);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// A thread that has been told to come back waits no longer than this for a turn.
    const STUCK: Duration = Duration::from_secs(20);

    /// Runs `work` for seats 0 to `count`, each on its thread, and ends the test if one never ends. All
    /// begin before any of them goes on.
    fn side_by_side<T: Send + 'static>(
        turns: &Arc<Turns<T>>,
        count: usize,
        work: impl Fn(usize, &mut Seat<T>) + Send + Sync + 'static,
    ) {
        let work = Arc::new(work);
        let free = std::mem::take(&mut turns.table().free);
        let (done, ended) = sync_channel(count);
        for number in 0..count {
            let (mut seat, work, done) = (turns.seat(), Arc::clone(&work), done.clone());
            thread::spawn(move || {
                seat.begin();
                work(number, &mut seat);
                drop(seat);
                done.send(number).unwrap();
            });
        }
        while turns.table().ready.len() < count {
            thread::yield_now();
        }
        let mut table = turns.table();
        table.free = free;
        table.give_away(turns.most);
        drop(table);
        let until = Instant::now() + STUCK;
        for _ in 0..count {
            let left = until.saturating_duration_since(Instant::now());
            ended.recv_timeout(left).expect("a thread waits for ever");
        }
        let table = turns.table();
        assert_eq!((table.free, table.computing), (free, (0, 0)));
        assert!(table.ready.is_empty() && table.asked.is_empty());
    }

    #[test]
    fn with_one_turn_each_step_is_computed_with_all_that_are_left() {
        let turns = Turns::new(1, 8);
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&sizes);
        side_by_side(&turns, 4, move |number, seat| {
            for step in 0..=number {
                let found = seat.step((number, step, false), |steps| {
                    seen.lock().unwrap().push(steps.len());
                    steps.iter_mut().for_each(|step| step.2 = true);
                });
                assert_eq!(found, Some((number, step, true)));
            }
        });
        assert_eq!(*sizes.lock().unwrap(), [4, 3, 2, 1]);
    }

    #[test]
    fn two_turns_share_the_steps_and_never_more_than_most_are_together() {
        for (most, wanted) in [(8, 3), (2, 2)] {
            let turns = Turns::new(2, most);
            let largest = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&largest);
            side_by_side(&turns, 6, move |number, seat| {
                for _ in 0..200 {
                    let found = seat.step(number, |steps| {
                        seen.fetch_max(steps.len(), Ordering::SeqCst);
                        thread::yield_now();
                    });
                    assert_eq!(found, Some(number));
                }
            });
            let largest = largest.load(Ordering::SeqCst);
            // A thread that is alone for a moment may take more than its share, never more than most.
            assert!((wanted..=most).contains(&largest), "{largest}");
        }
    }

    #[test]
    fn threads_that_come_and_go_get_their_own_steps_and_no_more_than_the_turns_compute() {
        for cores in [1, 2, 3] {
            let turns = Turns::new(cores, 3);
            let (at_work, together) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
            let counted = Arc::clone(&together);
            let busy = Arc::new(at_work);
            side_by_side(&turns, 7, move |number, seat| {
                let mut random = number as u32 + 1;
                let mut next = |below: u32| {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    random / 65_536 % below
                };
                let compute = |spins: u32| {
                    assert!(busy.fetch_add(1, Ordering::SeqCst) < cores);
                    (0..spins * 50).for_each(|_| std::hint::spin_loop());
                    busy.fetch_sub(1, Ordering::SeqCst);
                };
                for utterance in 0..30 {
                    seat.begin();
                    compute(next(100));
                    for step in 0..next(20) {
                        let asked = (number, utterance, step, 0);
                        let found = seat.step(asked, |steps| {
                            counted.fetch_max(steps.len(), Ordering::SeqCst);
                            compute(10);
                            steps.iter_mut().for_each(|step| step.3 += 1);
                        });
                        assert_eq!(found, Some((number, utterance, step, 1)));
                        compute(next(3));
                    }
                    seat.rest();
                    if next(3) == 0 {
                        thread::sleep(Duration::from_micros(u64::from(next(300))));
                    }
                }
            });
            assert!(together.load(Ordering::SeqCst) > 1);
        }
    }

    #[test]
    fn a_panic_loses_the_steps_that_were_together_and_nobody_waits_for_ever() {
        for cores in [1, 2] {
            let turns = Turns::new(cores, 8);
            let lost = Arc::new(Mutex::new(Vec::new()));
            let missed = Arc::clone(&lost);
            side_by_side(&turns, 5, move |number, seat| {
                let fault = |steps: &mut [(usize, usize)]| {
                    if steps.contains(&(2, 50)) {
                        resume_unwind(Box::new("a fault on purpose"));
                    }
                };
                for step in 0..100 {
                    // On two cores the bad step may be computed alone, and panics there.
                    let step = AssertUnwindSafe(|| (step, seat.step((number, step), fault)));
                    match catch_unwind(step) {
                        Ok((step, Some(found))) => assert_eq!(found, (number, step)),
                        _ => missed.lock().unwrap().push(number),
                    }
                }
            });
            let mut lost = lost.lock().unwrap().clone();
            lost.sort_unstable();
            assert!(lost.contains(&2), "{lost:?}");
            assert!(cores == 2 || lost == [0, 1, 2, 3, 4], "{lost:?}");
        }
    }

    #[test]
    fn a_panic_over_a_step_alone_is_that_of_its_thread() {
        let turns: Arc<Turns<usize>> = Turns::new(1, 1);
        side_by_side(&turns, 3, |number, seat| {
            for step in 0..20 {
                let found = catch_unwind(AssertUnwindSafe(|| {
                    seat.step(number, |steps| {
                        if let ([1], 7) = (steps, step) {
                            resume_unwind(Box::new("a fault on purpose"));
                        }
                    })
                }));
                match found {
                    Ok(found) => assert_eq!(found, Some(number)),
                    Err(_) => assert_eq!((number, step), (1, 7)),
                }
            }
        });
    }

    #[test]
    fn who_leaves_in_its_turn_leaves_it_to_the_others() {
        let turns: Arc<Turns<usize>> = Turns::new(1, 8);
        side_by_side(&turns, 4, |number, seat| {
            if number != 1 {
                assert_eq!(seat.step(number, |_| {}), Some(number));
            }
            // The seat is dropped with its turn.
        });
    }
}
