//! Greedy matching in priority order: sketches in, one representative per document out.
//!
//! Documents are taken in priority order; each is compared with all earlier representatives that share a
//! band with it and joins the most similar one that is near, or becomes a representative itself. That is
//! the lexicographically first maximal independent set of the verified graph (Blelloch, Fineman, Shun
//! 2012), so it does not matter in which order, or on how many threads, the comparing is done.
//!
//! Everything below is in rank space: document `r` is the `r`-th in priority order. Work goes by blocks of
//! ranks. Against representatives of earlier blocks, the documents of a block are compared in parallel;
//! then, in order, against those that became representatives within the block.

mod buckets;
mod derived;
mod meeting;
mod outcome;
mod seek;
mod shelf;
mod twins;

use std::ops::Range;

pub use buckets::{BLOCK, Buckets};
pub use derived::{Anchors, Derived};
pub use meeting::{Entry, Limits, Meeting, Role};
pub use outcome::Outcome;
use seek::{Finding, Seeker};
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

/// Ranks decided together. In-block comparisons are sequential, so a block is small; a parallel section
/// costs some 10 µs, so it is not tiny.
const TOGETHER: usize = 256;

pub struct Matching {
    gates: Gates,
    empty: Vec<bool>,
    /// Position in the input by rank.
    order: Vec<u32>,
    /// Rank of the first exact copy, by rank; its own for a document that is the first. One with the same values for
    /// blocking: it is compared with the same documents.
    twins: Vec<u32>,
    /// Where copies with the same values are not compared with one another, the first of them instead, by rank; nobody
    /// has a twin then.
    alike: Option<Vec<u32>>,
    /// By rank, whether it shares a bucket with anybody; most do not.
    placed: Vec<bool>,
    shelf: Shelf,
    /// As many as threads sought at the same time so far: there may be more from slice to slice.
    seekers: Vec<Seeker>,
    /// Rank of the representative of each document decided so far; its own for a kept one.
    representatives: Vec<u32>,
    /// The pair of each document that joined a representative because it is near it, in rank order.
    joined: Vec<Pair>,
    pairs: Vec<Pair>,
    links: Vec<(u32, u32)>,
    counts: Counts,
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
        let matching = Matching {
            gates,
            empty,
            twins,
            alike,
            placed,
            shelf: Shelf::new(count),
            seekers: Vec::new(),
            representatives: Vec::with_capacity(count),
            joined: Vec::new(),
            pairs: Vec::new(),
            links: Vec::new(),
            counts: Counts::default(),
            order,
        };
        (matching, lengths)
    }

    /// Decide up to `limit` more documents, in the calling thread where it is `alone`; returns how many are decided by now.
    pub fn advance(
        &mut self,
        limit: usize,
        tables: &mut Tables,
        documents: &impl Documents,
        alone: bool,
    ) -> usize {
        let stop = self.order.len().min(self.decided() + limit);
        while self.decided() < stop {
            let start = self.decided();
            self.decide(start..stop.min(start + TOGETHER), tables, documents, alone);
        }
        self.decided()
    }

    /// Number of documents.
    pub fn count(&self) -> usize {
        self.order.len()
    }

    /// Whether every document is decided.
    pub fn is_done(&self) -> bool {
        self.decided() == self.count()
    }

    fn decided(&self) -> usize {
        self.representatives.len()
    }

    fn decide(&mut self, block: Range<usize>, tables: &mut Tables, documents: &impl Documents, alone: bool) {
        let mut findings = self.seek_before(block.clone(), tables, documents, alone);
        for (rank, finding) in block.clone().zip(&mut findings) {
            self.fetch(rank + 1, block.end, tables);
            let representative = self.settle(rank as u32, block.start as u32, finding, tables, documents);
            self.representatives.push(representative);
        }
        let representatives = &self.representatives;
        self.shelf.tidy(block, |rank| self.gates.pairs || representatives[rank] == rank as u32);
    }

    /// Compare a document with those put into buckets since its block began, then decide; gives its representative.
    fn settle(
        &mut self,
        rank: u32,
        block: u32,
        finding: &mut Finding,
        tables: &mut Tables,
        documents: &impl Documents,
    ) -> u32 {
        let at = rank as usize;
        let twin = self.twins[at];
        if twin != rank {
            if self.gates.pairs {
                self.pairs.push(Pair {
                    earlier: twin,
                    later: rank,
                    exact: true,
                    similarity: 1.0,
                    containment: 1.0,
                });
            }
            return self.representatives[twin as usize];
        }
        if !self.placed[at] {
            return rank;
        }
        self.seek_since(rank, block, finding, tables, documents);
        self.counts.candidates += finding.counts.candidates;
        self.counts.gated += finding.counts.gated;
        self.counts.verified += finding.counts.verified;
        if self.gates.pairs {
            self.pairs.extend(&finding.near);
        }
        if self.gates.links {
            let kept = |other: u32| self.representatives[other as usize] == other;
            let links = finding.near.iter().filter(|pair| kept(pair.earlier));
            self.links.extend(links.map(|pair| (rank, pair.earlier)));
        }
        if self.gates.pairs || (finding.best.is_none() && (self.gates.links || !self.is_preceded(rank))) {
            tables.buckets.put(at);
        }
        self.joined.extend(finding.best);
        finding.best.map_or(rank, |pair| pair.earlier)
    }

    /// Whether an earlier representative is as near every document as this one: all that could join it join that one.
    fn is_preceded(&self, rank: u32) -> bool {
        self.alike.as_ref().is_some_and(|alike| {
            let first = alike[rank as usize];
            first != rank && self.is_representative(first)
        })
    }

    fn is_representative(&self, rank: u32) -> bool {
        self.representatives[rank as usize] == rank
    }
}
