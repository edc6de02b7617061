//! What matching found, once every document is decided; the memory that only comparing needed is let go.

use std::collections::HashMap;
use std::sync::atomic::AtomicU32;

use super::ranking::Ranking;
use super::settle::Account;
use super::{Counts, Matching, Pair};

/// By rank, as everywhere here.
pub struct Outcome {
    /// Position in the input by rank.
    pub order: Vec<u32>,
    /// Rank of the representative; its own for a kept document.
    pub representatives: Vec<u32>,
    /// (document, representative) for every near relation, if asked for.
    pub links: Vec<(u32, u32)>,
    /// All verified pairs by (later, earlier), if asked for: each exact copy with its first copy, and every pair that
    /// was found by comparing with the exact copies of either side.
    pub pairs: Vec<Pair>,
    pub counts: Counts,
    empty: Vec<bool>,
    twins: Vec<u32>,
    joined: Vec<Pair>,
}

impl From<Matching> for Outcome {
    fn from(matching: Matching) -> Self {
        let Matching { ranking, account, empty, .. } = matching;
        let Ranking { order, twins, representatives, .. } = ranking;
        let Account { joined, pairs, links, counts } = account;
        Outcome {
            order,
            representatives: representatives.into_iter().map(AtomicU32::into_inner).collect(),
            links,
            pairs: with_copies(pairs, &twins),
            counts,
            empty,
            twins,
            joined,
        }
    }
}

impl Outcome {
    /// Whether the document has the tokens of the representative it was given, another document.
    pub fn is_exact(&self, rank: usize) -> bool {
        self.representatives[rank] == self.twins[rank] || self.joined_by(rank).is_some_and(|pair| pair.exact)
    }

    /// Rank of the first document with the same tokens; its own for one that is the first, or empty.
    pub fn first_copy(&self, rank: usize) -> u32 {
        self.twins[rank]
    }

    /// Similarity and containment with the representative; NaN for an empty document.
    pub fn measures(&self, rank: usize) -> (f64, f64) {
        if self.empty[rank] {
            return (f64::NAN, f64::NAN);
        }
        self.joined_by(rank).map_or((1.0, 1.0), |pair| (pair.similarity, pair.containment))
    }

    /// The pair by which the document, or its first copy, joined its representative.
    fn joined_by(&self, rank: usize) -> Option<&Pair> {
        let found = self.joined.binary_search_by_key(&self.twins[rank], |pair| pair.later);
        found.ok().map(|at| &self.joined[at])
    }
}

/// Pairs are found by comparing first copies: add those of their copies.
fn with_copies(found: Vec<Pair>, twins: &[u32]) -> Vec<Pair> {
    let is_twin = |pair: &Pair| twins[pair.later as usize] != pair.later;
    let mut copies: HashMap<u32, Vec<u32>> = HashMap::new();
    for pair in found.iter().filter(|pair| is_twin(pair)) {
        copies.entry(pair.earlier).or_default().push(pair.later);
    }
    let group = |rank: u32| std::iter::once(rank).chain(copies.get(&rank).into_iter().flatten().copied());
    let mut all: Vec<Pair> = Vec::with_capacity(found.len());
    for &pair in &found {
        if is_twin(&pair) {
            all.push(pair);
            continue;
        }
        for a in group(pair.earlier) {
            all.extend(group(pair.later).map(|b| Pair { earlier: a.min(b), later: a.max(b), ..pair }));
        }
    }
    all.sort_unstable_by_key(|pair| (pair.later, pair.earlier));
    all
}
