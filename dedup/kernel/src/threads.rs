//! The thread pool that the kernel works on: replaceable, and made anew in a forked process.

use std::mem;
use std::num::NonZero;
use std::process;
use std::sync::{Arc, Mutex};
use std::thread;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

struct Threads {
    count: usize,
    /// The pool and the process that made it: threads do not survive a fork.
    pool: Option<(u32, Arc<ThreadPool>)>,
}

/// As many as a run or an index has stages at the same time: to read, to sketch, and to decide or store.
const FEW: usize = 3;

static THREADS: Mutex<Threads> = Mutex::new(Threads { count: 0, pool: None });

/// Use `count` threads from now on; 0 = one per core. Work under way keeps its pool. Returns how many they are.
pub fn set(count: usize) -> usize {
    let mut threads = THREADS.lock().expect("no holder of the lock panics");
    if threads.count != count {
        threads.count = count;
        let_go(threads.pool.take());
    }
    number(count)
}

/// Whether there are so few threads that a stage does its work by itself while others run beside it: to hand parts to them
/// takes longer than they would spare.
pub fn are_few() -> bool {
    number(THREADS.lock().expect("no holder of the lock panics").count) <= FEW
}

/// Whether there is but one: the caller may as well do the work.
pub fn is_one() -> bool {
    number(THREADS.lock().expect("no holder of the lock panics").count) == 1
}

/// Asked for here, because the environment would have a say if the builder of pools were left to choose.
fn number(count: usize) -> usize {
    match count {
        0 => thread::available_parallelism().map_or(1, NonZero::get),
        count => count,
    }
}

/// The pool of this process; an error where the system does not let it start threads.
pub fn current() -> Result<Arc<ThreadPool>, ThreadPoolBuildError> {
    let mut threads = THREADS.lock().expect("no holder of the lock panics");
    let process = process::id();
    if let Some((owner, pool)) = &threads.pool
        && *owner == process
    {
        return Ok(pool.clone());
    }
    let pool = Arc::new(ThreadPoolBuilder::new().num_threads(number(threads.count)).build()?);
    let_go(threads.pool.replace((process, pool.clone())));
    Ok(pool)
}

/// What `work` makes of all items, in their order, with a state that no other item has at the time. Items are handed out
/// one by one; a single one stays in this thread.
pub fn each<I: Send, S: Send, T: Send>(
    items: Vec<I>,
    make: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, I) -> T + Sync + Send,
) -> Vec<T> {
    if items.len() <= 1 {
        let mut state = make();
        return items.into_iter().map(|item| work(&mut state, item)).collect();
    }
    let states = Mutex::new(Vec::new());
    let free = || states.lock().expect("no holder of the lock panics");
    let one = |item| {
        let state = free().pop();
        let mut state = state.unwrap_or_else(&make);
        let made = work(&mut state, item);
        free().push(state);
        made
    };
    items.into_par_iter().with_max_len(1).map(one).collect()
}

/// Drop a pool, unless a parent process made it: dropping wakes the threads of the pool through their locks, and one
/// that was held at the fork stays locked for ever.
fn let_go(pool: Option<(u32, Arc<ThreadPool>)>) {
    if let Some((owner, pool)) = pool
        && owner != process::id()
    {
        mem::forget(pool);
    }
}
