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
mod shelf;
mod twins;

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;

use crate::sets::{jaccard, least_shared, shared_at_least};
use buckets::Buckets;
pub use shelf::Documents;
use shelf::Shelf;

/// Sketches of all documents, in input order.
#[derive(Default)]
pub struct Sketched {
    /// Band keys, band-major.
    pub keys: Vec<Vec<u32>>,
    /// Low bytes of the signatures, `num_perm` a document.
    pub low: Vec<u8>,
    pub tokens: Vec<u32>,
    pub digests: Vec<u128>,
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

/// What is decided of one document.
#[derive(Clone, Copy)]
pub struct Decision {
    /// Rank of the representative; its own for a kept document.
    pub representative: u32,
    pub similarity: f64,
    pub containment: f64,
}

/// Ranks decided together. In-block comparisons are sequential, so a block is small; a parallel section
/// costs some 10 µs, so it is not tiny.
const BLOCK: usize = 256;

pub struct Matching {
    gates: Gates,
    num_perm: usize,
    low: Vec<u8>,
    empty: Vec<bool>,
    /// Position in the input by rank.
    order: Vec<u32>,
    /// Rank of the first exact copy, by rank; its own for a document that is the first.
    twins: Vec<u32>,
    buckets: Buckets,
    shelf: Shelf,
    seekers: Vec<Seeker>,
    decisions: Vec<Decision>,
    pairs: Vec<Pair>,
    links: Vec<(u32, u32)>,
    counts: Counts,
}

/// What comparing found out about one document so far.
#[derive(Default)]
struct Finding {
    best: Option<Pair>,
    near: Vec<Pair>,
    counts: Counts,
}

/// Working memory of one thread.
struct Seeker {
    /// Last rank that met this candidate, plus one.
    met: Vec<u32>,
    candidates: Vec<u32>,
}

impl Matching {
    /// Group the sketches into buckets. `order` lists all positions, first choice first.
    pub fn new(sketched: Sketched, order: Vec<u32>, gates: Gates, num_perm: usize) -> Self {
        let Sketched { keys, low, tokens, digests } = sketched;
        let count = order.len();
        let empty: Vec<bool> = order.iter().map(|&doc| tokens[doc as usize] == 0).collect();
        let twins = twins::first_copies(&order, &digests, &empty);
        drop(digests);
        let leaders: Vec<u32> =
            (0..count as u32).filter(|&r| twins[r as usize] == r && !empty[r as usize]).collect();
        let buckets = Buckets::group(keys, &order, &leaders);
        let seekers = (0..rayon::current_num_threads())
            .map(|_| Seeker { met: vec![0; count], candidates: Vec::new() })
            .collect();
        Matching {
            gates,
            num_perm,
            low,
            empty,
            twins,
            buckets,
            shelf: Shelf::new(count),
            seekers,
            decisions: Vec::with_capacity(count),
            pairs: Vec::new(),
            links: Vec::new(),
            counts: Counts::default(),
            order,
        }
    }

    /// Decide up to `limit` more documents; returns how many are decided by now.
    pub fn advance(&mut self, limit: usize, documents: &impl Documents) -> usize {
        let stop = self.order.len().min(self.decisions.len() + limit);
        while self.decisions.len() < stop {
            let start = self.decisions.len();
            self.decide(start..stop.min(start + BLOCK), documents);
        }
        self.decisions.len()
    }

    fn decide(&mut self, block: Range<usize>, documents: &impl Documents) {
        let mut findings = self.seek_before(block.clone(), documents);
        for (rank, finding) in block.clone().zip(&mut findings) {
            let decision = self.settle(rank as u32, block.start as u32, finding, documents);
            self.decisions.push(decision);
        }
        let decisions = &self.decisions;
        self.shelf.tidy(block, |rank| self.gates.pairs || decisions[rank].representative == rank as u32);
    }

    /// Compare the documents of a block with those in the buckets so far, in parallel.
    fn seek_before(&mut self, block: Range<usize>, documents: &impl Documents) -> Vec<Finding> {
        let mut seekers = std::mem::take(&mut self.seekers);
        let share = block.len().div_ceil(seekers.len());
        let this = &*self;
        let findings = seekers
            .par_iter_mut()
            .enumerate()
            .flat_map_iter(|(i, seeker)| {
                let first = (block.start + i * share).min(block.end);
                let ranks = first..(first + share).min(block.end);
                let found = ranks.map(|rank| {
                    let mut finding = Finding::default();
                    if this.is_leader(rank) {
                        seeker.gather(rank as u32, this.buckets.all(rank));
                        this.compare(rank as u32, &mut seeker.candidates, &mut finding, documents);
                    }
                    finding
                });
                found.collect::<Vec<_>>()
            })
            .collect();
        self.seekers = seekers;
        findings
    }

    /// Compare a document with those put into buckets since its block began, then decide.
    fn settle(
        &mut self,
        rank: u32,
        block: u32,
        finding: &mut Finding,
        documents: &impl Documents,
    ) -> Decision {
        let at = rank as usize;
        let twin = self.twins[at];
        if self.empty[at] {
            return Decision { representative: rank, similarity: f64::NAN, containment: f64::NAN };
        }
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
            return self.decisions[twin as usize];
        }
        let mut seeker = self.seekers.swap_remove(0);
        seeker.gather(rank, self.buckets.since(at, block));
        self.compare(rank, &mut seeker.candidates, finding, documents);
        self.seekers.push(seeker);
        self.counts.candidates += finding.counts.candidates;
        self.counts.gated += finding.counts.gated;
        self.counts.verified += finding.counts.verified;
        if self.gates.pairs {
            self.pairs.extend(&finding.near);
        }
        if self.gates.links {
            let decisions = &self.decisions;
            let kept = |other: u32| decisions[other as usize].representative == other;
            let links = finding.near.iter().filter(|pair| kept(pair.earlier));
            self.links.extend(links.map(|pair| (rank, pair.earlier)));
        }
        if finding.best.is_none() || self.gates.pairs {
            self.buckets.put(at);
        }
        match finding.best {
            Some(Pair { earlier, similarity, containment, .. }) => {
                Decision { representative: earlier, similarity, containment }
            }
            None => Decision { representative: rank, similarity: 1.0, containment: 1.0 },
        }
    }

    /// Pass the candidates through the gates, in rank order, into the finding.
    fn compare(
        &self,
        rank: u32,
        candidates: &mut Vec<u32>,
        finding: &mut Finding,
        documents: &impl Documents,
    ) {
        finding.counts.candidates += candidates.len() as u64;
        let own_low = self.low_bytes(rank);
        candidates.retain(|&other| equal_bytes(own_low, self.low_bytes(other)) >= self.gates.low);
        finding.counts.verified += candidates.len() as u64;
        finding.counts.gated = finding.counts.candidates - finding.counts.verified;
        if candidates.is_empty() {
            return;
        }
        candidates.sort_unstable();
        let list_all = self.gates.pairs || self.gates.links;
        let own = self.shelf.get(rank, self.order[rank as usize], documents);
        for &other in &*candidates {
            let set = self.shelf.get(other, self.order[other as usize], documents);
            let best = finding.best.map(|pair| pair.similarity);
            let least = match best {
                // Ties go to the earlier representative, so a later one has to be better.
                Some(best) if !list_all => least_shared(own.len(), set.len(), best, |s| s > best),
                _ => least_shared(own.len(), set.len(), self.gates.threshold, |s| s >= self.gates.threshold),
            };
            let Some(shared) = shared_at_least(own, set, least) else {
                continue;
            };
            let pair = Pair {
                earlier: other,
                later: rank,
                exact: false,
                similarity: jaccard(shared, own.len(), set.len()),
                containment: shared as f64 / own.len().min(set.len()) as f64,
            };
            if list_all {
                finding.near.push(pair);
            }
            if self.is_representative(other) && best.is_none_or(|best| pair.similarity > best) {
                finding.best = Some(pair);
            }
        }
    }

    fn is_leader(&self, rank: usize) -> bool {
        self.twins[rank] == rank as u32 && !self.empty[rank]
    }

    fn is_representative(&self, rank: u32) -> bool {
        self.decisions[rank as usize].representative == rank
    }

    fn low_bytes(&self, rank: u32) -> &[u8] {
        let doc = self.order[rank as usize] as usize;
        &self.low[doc * self.num_perm..(doc + 1) * self.num_perm]
    }

    /// Position in the input, by rank.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// Whether the document is an exact copy of an earlier one.
    pub fn is_copy(&self, rank: usize) -> bool {
        self.twins[rank] != rank as u32
    }

    /// Whether the document at `rank` has the tokens of the representative it was given.
    pub fn is_exact(&self, rank: usize) -> bool {
        self.is_copy(rank) && self.decisions[rank].representative == self.twins[rank]
    }

    /// All verified pairs, by (later, earlier): each exact copy with its first copy, and every near pair with
    /// the exact copies of either side.
    pub fn pairs(&self) -> Vec<Pair> {
        let mut copies: HashMap<u32, Vec<u32>> = HashMap::new();
        for pair in self.pairs.iter().filter(|pair| pair.exact) {
            copies.entry(pair.earlier).or_default().push(pair.later);
        }
        let group = |rank: u32| std::iter::once(rank).chain(copies.get(&rank).into_iter().flatten().copied());
        let mut all: Vec<Pair> = Vec::with_capacity(self.pairs.len());
        for &pair in &self.pairs {
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

    pub fn links(&self) -> &[(u32, u32)] {
        &self.links
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }
}

impl Seeker {
    /// Collect the distinct members of the buckets.
    fn gather<'a>(&mut self, rank: u32, buckets: impl Iterator<Item = &'a [u32]>) {
        self.candidates.clear();
        for bucket in buckets {
            for &other in bucket {
                let met = &mut self.met[other as usize];
                if *met != rank + 1 {
                    *met = rank + 1;
                    self.candidates.push(other);
                }
            }
        }
    }
}

/// Number of positions at which two equally long slices agree.
fn equal_bytes(a: &[u8], b: &[u8]) -> u32 {
    const LANES: usize = 32;
    let mut equal = 0;
    // A lane counts up to 255 in its byte, so at most 255 chunks go into one sum.
    for (a, b) in a.chunks(LANES * 255).zip(b.chunks(LANES * 255)) {
        let mut lanes = [0u8; LANES];
        let (whole_a, rest_a) = a.as_chunks::<LANES>();
        let (whole_b, rest_b) = b.as_chunks::<LANES>();
        for (x, y) in whole_a.iter().zip(whole_b) {
            for lane in 0..LANES {
                lanes[lane] += u8::from(x[lane] == y[lane]);
            }
        }
        equal += lanes.iter().map(|&count| u32::from(count)).sum::<u32>();
        equal += rest_a.iter().zip(rest_b).filter(|(x, y)| x == y).count() as u32;
    }
    equal
}
