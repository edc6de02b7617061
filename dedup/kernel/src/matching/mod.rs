//! Greedy matching in priority order: sketches in, one representative per document out.
//!
//! Documents are taken in priority order; each is compared with all earlier representatives that share a
//! band with it and joins the most similar one that is near, or becomes a representative itself. That is
//! the lexicographically first maximal independent set of the verified graph (Blelloch, Fineman, Shun
//! 2012), so it does not matter in which order, or on how many threads, the comparing is done.
//!
//! Everything below is in rank space: document `r` is the `r`-th in priority order. Documents are compared in
//! parallel with the representatives that there are (`seek`), then, in order, with those that have become
//! representatives since (`settle`), which are few.

mod block;
mod buckets;
mod derived;
mod meeting;
mod outcome;
mod ranking;
mod seek;
mod settle;
mod shelf;
mod twins;

use std::ops::Range;

use block::Block;
pub use buckets::{BLOCK, Buckets, shared};
pub use derived::{Anchors, Derived};
pub use meeting::{Entry, Limits, Meeting, Role};
pub use outcome::Outcome;
use ranking::Ranking;
use seek::Search;
use settle::Account;
pub use shelf::{Documents, Shelf};

use crate::blocking::Blocking;

/// What is known of all documents without their text. The memory is the caller's.
pub struct Tables<'a> {
    pub buckets: Buckets<'a>,
    /// Low bytes of the signatures, `num_perm` a document in input order, in blocks of `BLOCK` documents.
    pub low: Vec<&'a [u8]>,
    pub num_perm: usize,
    pub blocking: Blocking<'a>,
    /// By position; needed where blocking parts exact copies, which then meet as candidates.
    pub digests: Option<&'a [[u64; 2]]>,
}

/// What decides a match.
#[derive(Clone, Copy)]
pub struct Gates {
    /// Least Jaccard of a near pair.
    pub threshold: f64,
    /// Least number of equal low bytes for a pair to be compared exactly.
    pub low: u32,
    /// Compare all documents that share a band, and list every pair that passes.
    pub pairs: bool,
    /// List every near relation between a document and a representative.
    pub links: bool,
}

/// A verified pair, by rank, `earlier < later`.
#[derive(Clone, Copy)]
pub struct Pair {
    pub earlier: u32,
    pub later: u32,
    pub exact: bool,
    pub similarity: f64,
    pub containment: f64,
}

/// Deterministic counters: the same for any number of threads.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    pub candidates: u64,
    pub gated: u64,
    pub verified: u64,
}

/// Ranks decided before anything is tidied up, for which all threads stop: that takes up to 100 µs, as some sleep by then.
const TOGETHER: usize = 512;

pub struct Matching {
    ranking: Ranking,
    empty: Vec<bool>,
    /// Number of documents decided so far.
    decided: usize,
    account: Account,
}

impl Matching {
    /// For documents in the order `order`, all positions, first choice first; `digests` and `empty` are by position.
    ///
    /// Also groups the band keys `keys` into buckets (see `buckets::group`) and returns the lengths of their tables.
    pub fn new(
        order: Vec<u32>,
        digests: &[[u64; 2]],
        empty: &[u8],
        keys: Vec<&mut [u32]>,
        bands: usize,
        gates: Gates,
        blocking: &Blocking,
    ) -> (Self, Vec<usize>) {
        let count = order.len();
        let empty: Vec<bool> = order.iter().map(|&doc| empty[doc as usize] != 0).collect();
        let mut twins = twins::first_copies(&order, digests, &empty, blocking);
        let alike = blocking.across.map(|_| std::mem::replace(&mut twins, (0..count as u32).collect()));
        let has_partners = |rank: u32| blocking.has_partners(order[rank as usize] as usize);
        let leaders: Vec<u32> = (0..count as u32)
            .filter(|&r| twins[r as usize] == r && !empty[r as usize] && has_partners(r))
            .collect();
        let (lengths, placed) = buckets::group(keys, bands, &order, &leaders, blocking);
        let ranking = Ranking::new(gates, order, twins, alike, placed);
        (Matching { ranking, empty, decided: 0, account: Account::default() }, lengths)
    }

    /// Decide up to `limit` more documents, in the calling thread where it is `alone`; returns how many are decided by now.
    pub fn advance(
        &mut self,
        limit: usize,
        tables: &Tables,
        documents: &impl Documents,
        alone: bool,
    ) -> usize {
        let stop = self.count().min(self.decided + limit);
        while self.decided < stop {
            let ranks = self.decided..stop.min(self.decided + TOGETHER);
            let search = Search { ranking: &self.ranking, tables, documents };
            Block::new(ranks.clone(), search, &mut self.account).decide(alone);
            self.decided = ranks.end;
            let Ranking { shelf, representatives, gates, .. } = &mut self.ranking;
            let mut is_representative = |rank: usize| *representatives[rank].get_mut() == rank as u32;
            shelf.tidy(ranks, |rank| gates.pairs || is_representative(rank));
        }
        self.decided
    }

    /// Whether the documents of some ranks are representatives; None unless all are decided.
    pub fn kept(&self, ranks: Range<usize>) -> Option<Vec<bool>> {
        let is_decided = ranks.start <= ranks.end && ranks.end <= self.decided;
        is_decided.then(|| ranks.map(|rank| self.ranking.is_representative(rank as u32)).collect())
    }

    /// Number of documents.
    pub fn count(&self) -> usize {
        self.ranking.order.len()
    }

    /// Whether every document is decided.
    pub fn is_done(&self) -> bool {
        self.decided == self.count()
    }
}
