//! Seeking a document's candidates and comparing it with them: those that share a band, through the gates.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use super::ranking::Ranking;
use super::{BLOCK, Counts, Documents, Pair, Tables};
use crate::sets::{jaccard, least_shared, shared_at_least};

/// Candidates from which on bitmaps pay: making one costs as much as an intersection.
const MANY: usize = 8;

/// What comparing found out about one document so far.
#[derive(Default)]
pub struct Finding {
    pub best: Option<Pair>,
    pub near: Vec<Pair>,
    pub counts: Counts,
}

/// Working memory of one thread.
pub struct Seeker {
    /// A bit for each rank, set while it is among the candidates.
    met: Vec<u64>,
    candidates: Vec<u32>,
}

impl Seeker {
    /// For `count` documents.
    pub fn new(count: usize) -> Self {
        Seeker { met: vec![0; count.div_ceil(64)], candidates: Vec::new() }
    }

    /// Collect the distinct members of the buckets.
    fn gather<'a>(&mut self, buckets: impl Iterator<Item = &'a [AtomicU32]>) {
        self.candidates.clear();
        for bucket in buckets {
            for other in bucket {
                let other = other.load(Ordering::Relaxed);
                let (word, bit) = (&mut self.met[other as usize / 64], 1 << (other % 64));
                if *word & bit == 0 {
                    *word |= bit;
                    self.candidates.push(other);
                }
            }
        }
        for &other in &self.candidates {
            self.met[other as usize / 64] = 0;
        }
    }
}

/// What all threads share that compare.
pub struct Search<'a, D> {
    pub ranking: &'a Ranking,
    pub tables: &'a Tables<'a>,
    pub documents: &'a D,
}

impl<D: Documents> Search<'_, D> {
    /// Compare some documents with those in the buckets from before rank `first`, all of which are settled; others may be
    /// put into buckets meanwhile.
    pub fn seek(&self, ranks: Range<usize>, first: u32, seeker: &mut Seeker) -> Vec<Finding> {
        let seek = |rank: usize| {
            self.fetch(rank + 1);
            let mut finding = Finding::default();
            if self.ranking.placed[rank] {
                seeker.gather(self.tables.buckets.before(rank, first));
                self.compare(rank as u32, &mut seeker.candidates, &mut finding);
            }
            finding
        };
        ranks.map(seek).collect()
    }

    /// Compare a document with those in the buckets from rank `first` on.
    pub fn seek_since(&self, rank: u32, first: u32, seeker: &mut Seeker, finding: &mut Finding) {
        seeker.gather(self.tables.buckets.since(rank as usize, first));
        self.compare(rank, &mut seeker.candidates, finding);
    }

    /// Pass the candidates through the gates, in rank order, into the finding.
    fn compare(&self, rank: u32, candidates: &mut Vec<u32>, finding: &mut Finding) {
        let Search { ranking, tables, documents } = *self;
        let Ranking { gates, order, shelf, .. } = ranking;
        let position = |rank: u32| order[rank as usize] as usize;
        if tables.blocking.parts_copies() {
            candidates.retain(|&other| tables.blocking.allows(position(rank), position(other)));
        }
        finding.counts.candidates += candidates.len() as u64;
        let low = |rank: u32| tables.low_bytes(position(rank));
        let own_low = low(rank);
        candidates.retain(|&other| equal_bytes(own_low, low(other)) >= gates.low);
        finding.counts.verified += candidates.len() as u64;
        finding.counts.gated = finding.counts.candidates - finding.counts.verified;
        if candidates.is_empty() {
            return;
        }
        candidates.sort_unstable();
        let list_all = gates.pairs || gates.links;
        let own = shelf.get(rank, order[rank as usize], documents);
        let (count, is_many) = (own.hashes.len(), candidates.len() >= MANY);
        for &other in &*candidates {
            let set = shelf.get(other, order[other as usize], documents);
            let other_count = set.hashes.len();
            let best = finding.best.map(|pair| pair.similarity);
            let least = match best {
                // Ties go to the earlier representative, so a later one has to be better.
                Some(best) if !list_all => least_shared(count, other_count, best, |s| s > best),
                _ => least_shared(count, other_count, gates.threshold, |s| s >= gates.threshold),
            };
            if is_many && own.shared_at_most(set) < least {
                continue;
            }
            let Some(shared) = shared_at_least(&own.hashes, &set.hashes, least) else {
                continue;
            };
            let pair = Pair {
                earlier: other,
                later: rank,
                exact: tables.digests.is_some_and(|all| all[position(rank)] == all[position(other)]),
                similarity: jaccard(shared, count, other_count),
                containment: shared as f64 / count.min(other_count) as f64,
            };
            if list_all {
                finding.near.push(pair);
            }
            if ranking.is_representative(other) && best.is_none_or(|best| pair.similarity > best) {
                finding.best = Some(pair);
            }
        }
    }

    /// Fetch the buckets of a document into the cache, if there is one and it has any.
    fn fetch(&self, rank: usize) {
        if self.ranking.placed.get(rank) == Some(&true) {
            self.tables.buckets.fetch(rank);
        }
    }
}

impl Tables<'_> {
    fn low_bytes(&self, position: usize) -> &[u8] {
        let start = position % BLOCK * self.num_perm;
        &self.low[position / BLOCK][start..start + self.num_perm]
    }
}

/// Number of positions at which two equally long slices agree.
pub(super) fn equal_bytes(a: &[u8], b: &[u8]) -> u32 {
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
