//! The thread pool that the kernel works on: replaceable, and made anew in a forked process.

use std::sync::{Arc, Mutex};

use rayon::{ThreadPool, ThreadPoolBuilder};

struct Threads {
    count: usize,
    /// The pool and the process that made it: threads do not survive a fork.
    pool: Option<(u32, Arc<ThreadPool>)>,
}

static THREADS: Mutex<Threads> = Mutex::new(Threads { count: 0, pool: None });

/// Use `count` threads from now on; 0 = one per core. Work under way keeps its pool.
pub fn set(count: usize) {
    let mut threads = THREADS.lock().expect("no holder of the lock panics");
    if threads.count != count {
        *threads = Threads { count, pool: None };
    }
}

/// The pool of this process.
pub fn current() -> Arc<ThreadPool> {
    let mut threads = THREADS.lock().expect("no holder of the lock panics");
    let process = std::process::id();
    match &threads.pool {
        Some((owner, pool)) if *owner == process => pool.clone(),
        _ => {
            let builder = ThreadPoolBuilder::new().num_threads(threads.count);
            let pool = Arc::new(builder.build().expect("the system lets this process start threads"));
            if let Some((_, inherited)) = threads.pool.replace((process, pool.clone())) {
                // Dropping a pool waits for its threads, which a forked child does not have.
                std::mem::forget(inherited);
            }
            pool
        }
    }
}
