//! A block of documents on its way: its parts are sought by whichever thread is free, and settled in order.
//!
//! Nobody waits for anybody until the block ends: who has sought a part settles all that are next and ready, unless
//! another thread is at it, and goes on.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Documents;
use super::seek::{Finding, Search, Seeker};
use super::settle::Account;

/// Documents that a thread takes at a time: most cost little and a few much, as they are read again. Those that are sought
/// at the same time are compared with one another one by one, and at the end of a block others wait for the last ones.
const PART: usize = 4;

/// Documents of a part, of which it was found out what they have in common with those before rank `first`.
struct Sought {
    first: u32,
    findings: Vec<Finding>,
}

pub struct Block<'a, D> {
    ranks: Range<usize>,
    search: Search<'a, D>,
    /// The part that is sought next.
    next: AtomicUsize,
    /// By part, until it is settled.
    sought: Vec<Mutex<Option<Sought>>>,
    /// Parts that are settled; who settles holds `account`.
    settled: AtomicUsize,
    account: Mutex<&'a mut Account>,
}

impl<'a, D: Documents> Block<'a, D> {
    /// All before its ranks are settled.
    pub fn new(ranks: Range<usize>, search: Search<'a, D>, account: &'a mut Account) -> Self {
        let sought = std::iter::repeat_with(Mutex::default).take(ranks.len().div_ceil(PART)).collect();
        let (next, settled, account) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(account));
        Block { ranks, search, next, sought, settled, account }
    }

    /// Decide its documents: on the threads of the pool this runs in, or where a thread is `alone` in that.
    pub fn decide(&self, alone: bool) {
        if alone {
            self.work();
        } else {
            let count = rayon::current_num_threads().min(self.sought.len());
            rayon::scope(|scope| (0..count).for_each(|_| scope.spawn(|_| self.work())));
        }
        // Two threads may each have left the last part to the other.
        self.search.ranking.with_seeker(|seeker| self.settle(seeker));
        debug_assert_eq!(self.settled.load(Ordering::Relaxed), self.sought.len());
    }

    fn work(&self) {
        self.search.ranking.with_seeker(|seeker| {
            loop {
                let part = self.next.fetch_add(1, Ordering::Relaxed);
                let Some(place) = self.sought.get(part) else { return };
                let first = self.start(self.settled.load(Ordering::Acquire)) as u32;
                let findings = self.search.seek(self.part(part), first, seeker);
                *place.lock().expect("no holder of the lock panics") = Some(Sought { first, findings });
                self.settle(seeker);
            }
        });
    }

    /// Settle the parts that are next, as far as they have been sought.
    fn settle(&self, seeker: &mut Seeker) {
        let Ok(mut account) = self.account.try_lock() else { return };
        let mut part = self.settled.load(Ordering::Relaxed);
        while let Some(sought) = self.sought.get(part) {
            let sought = sought.lock().expect("no holder of the lock panics").take();
            let Some(Sought { first, findings }) = sought else { return };
            account.settle(&self.search, self.part(part), findings, first, seeker);
            part += 1;
            self.settled.store(part, Ordering::Release);
        }
    }

    /// The ranks of a part.
    fn part(&self, part: usize) -> Range<usize> {
        self.start(part)..self.start(part + 1)
    }

    fn start(&self, part: usize) -> usize {
        self.ranks.end.min(self.ranks.start + part * PART)
    }
}
