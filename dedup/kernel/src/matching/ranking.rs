//! The documents in priority order and what is decided of them: what all threads share that compare.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::seek::Seeker;
use super::{Gates, Shelf};

/// By rank.
pub struct Ranking {
    pub gates: Gates,
    /// Position in the input.
    pub order: Vec<u32>,
    /// Rank of the first exact copy; its own for a document that is the first. One with the same values for blocking: it is
    /// compared with the same documents.
    pub twins: Vec<u32>,
    /// Where copies with the same values are not compared with one another, the first of them instead; nobody has a twin
    /// then.
    pub alike: Option<Vec<u32>>,
    /// Whether it shares a bucket with anybody; most do not.
    pub placed: Vec<bool>,
    /// Rank of the representative of each document decided so far; its own for a kept one. One thread at a time decides; others
    /// ask for what was decided before they began.
    pub representatives: Vec<AtomicU32>,
    pub shelf: Shelf,
    /// As many as threads sought at the same time so far.
    pub seekers: Mutex<Vec<Seeker>>,
}

impl Ranking {
    /// Nothing is decided.
    pub fn new(
        gates: Gates,
        order: Vec<u32>,
        twins: Vec<u32>,
        alike: Option<Vec<u32>>,
        placed: Vec<bool>,
    ) -> Self {
        let count = order.len();
        let representatives = std::iter::repeat_with(AtomicU32::default).take(count).collect();
        let (shelf, seekers) = (Shelf::new(count), Mutex::default());
        Ranking { gates, order, twins, alike, placed, representatives, shelf, seekers }
    }

    /// The representative of a document that is decided.
    pub fn representative(&self, rank: u32) -> u32 {
        self.representatives[rank as usize].load(Ordering::Relaxed)
    }

    pub fn is_representative(&self, rank: u32) -> bool {
        self.representative(rank) == rank
    }

    /// Lend working memory to a thread.
    pub fn with_seeker(&self, work: impl FnOnce(&mut Seeker)) {
        let free = || self.seekers.lock().expect("no holder of the lock panics");
        let seeker = free().pop();
        let mut seeker = seeker.unwrap_or_else(|| Seeker::new(self.order.len()));
        work(&mut seeker);
        free().push(seeker);
    }

    /// Whether an earlier representative is as near every document as this one: all that could join it join that one.
    pub fn is_preceded(&self, rank: u32) -> bool {
        self.alike.as_ref().is_some_and(|alike| {
            let first = alike[rank as usize];
            first != rank && self.is_representative(first)
        })
    }
}
