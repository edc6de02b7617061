//! What matching found, once every document is decided; the memory that only comparing needed is let go.

use std::collections::HashMap;

use super::{Counts, Matching, Pair};

/// By rank, as everywhere here.
pub struct Outcome {
    /// Position in the input by rank.
    pub order: Vec<u32>,
    /// Rank of the representative; its own for a kept document.
    pub representatives: Vec<u32>,
    /// (document, representative) for every near relation, if asked for.
    pub links: Vec<(u32, u32)>,
    /// All verified pairs by (later, earlier), if asked for: each exact copy with its first copy, and every near pair
    /// with the exact copies of either side.
    pub pairs: Vec<Pair>,
    pub counts: Counts,
    empty: Vec<bool>,
    twins: Vec<u32>,
    joined: Vec<Pair>,
}

impl From<Matching> for Outcome {
    fn from(matching: Matching) -> Self {
        let Matching { order, representatives, links, pairs, counts, empty, twins, joined, .. } = matching;
        Outcome { order, representatives, links, pairs: with_copies(pairs), counts, empty, twins, joined }
    }
}

impl Outcome {
    /// Whether the document has the tokens of the representative it was given, another document.
    pub fn is_exact(&self, rank: usize) -> bool {
        self.twins[rank] != rank as u32 && self.representatives[rank] == self.twins[rank]
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
        // An exact copy has what its first copy has.
        let first = self.twins[rank];
        match self.joined.binary_search_by_key(&first, |pair| pair.later) {
            Ok(at) => (self.joined[at].similarity, self.joined[at].containment),
            Err(_) => (1.0, 1.0),
        }
    }
}

/// Near pairs are found among first copies: add those of their copies.
fn with_copies(found: Vec<Pair>) -> Vec<Pair> {
    let mut copies: HashMap<u32, Vec<u32>> = HashMap::new();
    for pair in found.iter().filter(|pair| pair.exact) {
        copies.entry(pair.earlier).or_default().push(pair.later);
    }
    let group = |rank: u32| std::iter::once(rank).chain(copies.get(&rank).into_iter().flatten().copied());
    let mut all: Vec<Pair> = Vec::with_capacity(found.len());
    for &pair in &found {
        if pair.exact {
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
