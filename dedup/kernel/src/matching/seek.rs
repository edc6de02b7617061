//! Seeking a document's candidates and comparing it with them: those that share a band, through the gates.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use super::ranking::Ranking;
use super::{BLOCK, Counts, Documents, Pair, TOGETHER, Tables};
use crate::sets::{jaccard, least_shared, shared_at_least};
use crate::threads::each;

/// Candidates from which on bitmaps pay: making one costs as much as an intersection.
const MANY: usize = 8;

/// Documents that a thread takes at a time: most cost little and a few much, as they are read again. At the end of a block
/// others wait for the last ones: with 16, a tenth of the time on two threads.
const AT_ONCE: usize = 4;

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

impl Ranking {
    /// Compare the documents of a block with those in the buckets from before rank `first`, in parallel but where a thread
    /// is `alone`. All before that rank are settled; others may be put into buckets meanwhile.
    pub(super) fn seek(
        &self,
        block: Range<usize>,
        first: u32,
        tables: &Tables,
        documents: &impl Documents,
        alone: bool,
    ) -> Vec<Finding> {
        let seek = |seeker: &mut Seeker, ranks: Range<usize>| -> Vec<Finding> {
            let end = ranks.end;
            let found = ranks.map(|rank| {
                self.fetch(rank + 1, end, tables);
                let mut finding = Finding::default();
                if self.placed[rank] {
                    seeker.gather(tables.buckets.before(rank, first));
                    self.compare(rank as u32, &mut seeker.candidates, &mut finding, tables, documents);
                }
                finding
            });
            found.collect()
        };
        let at_once = if alone { TOGETHER } else { AT_ONCE };
        let parts = block.clone().step_by(at_once).map(|first| first..block.end.min(first + at_once));
        let findings =
            each(parts.collect(), || (), |(), ranks| self.with_seeker(|seeker| seek(seeker, ranks)));
        findings.into_iter().flatten().collect()
    }

    /// Compare a document with those in the buckets from rank `first` on.
    pub(super) fn seek_since(
        &self,
        rank: u32,
        first: u32,
        finding: &mut Finding,
        tables: &Tables,
        documents: &impl Documents,
    ) {
        self.with_seeker(|seeker| {
            seeker.gather(tables.buckets.since(rank as usize, first));
            self.compare(rank, &mut seeker.candidates, finding, tables, documents);
        });
    }

    fn with_seeker<T>(&self, work: impl FnOnce(&mut Seeker) -> T) -> T {
        let free = || self.seekers.lock().expect("no holder of the lock panics");
        let seeker = free().pop();
        let mut seeker = seeker.unwrap_or_else(|| Seeker::new(self.order.len()));
        let made = work(&mut seeker);
        free().push(seeker);
        made
    }

    /// Pass the candidates through the gates, in rank order, into the finding.
    fn compare(
        &self,
        rank: u32,
        candidates: &mut Vec<u32>,
        finding: &mut Finding,
        tables: &Tables,
        documents: &impl Documents,
    ) {
        let position = |rank: u32| self.order[rank as usize] as usize;
        if tables.blocking.parts_copies() {
            candidates.retain(|&other| tables.blocking.allows(position(rank), position(other)));
        }
        finding.counts.candidates += candidates.len() as u64;
        let low = |rank: u32| tables.low_bytes(position(rank));
        let own_low = low(rank);
        candidates.retain(|&other| equal_bytes(own_low, low(other)) >= self.gates.low);
        finding.counts.verified += candidates.len() as u64;
        finding.counts.gated = finding.counts.candidates - finding.counts.verified;
        if candidates.is_empty() {
            return;
        }
        candidates.sort_unstable();
        let list_all = self.gates.pairs || self.gates.links;
        let own = self.shelf.get(rank, self.order[rank as usize], documents);
        let (count, is_many) = (own.hashes.len(), candidates.len() >= MANY);
        for &other in &*candidates {
            let set = self.shelf.get(other, self.order[other as usize], documents);
            let other_count = set.hashes.len();
            let best = finding.best.map(|pair| pair.similarity);
            let least = match best {
                // Ties go to the earlier representative, so a later one has to be better.
                Some(best) if !list_all => least_shared(count, other_count, best, |s| s > best),
                _ => least_shared(count, other_count, self.gates.threshold, |s| s >= self.gates.threshold),
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
            if self.is_representative(other) && best.is_none_or(|best| pair.similarity > best) {
                finding.best = Some(pair);
            }
        }
    }

    /// Fetch the buckets of a document into the cache, if it is one before `end` that has any.
    pub(super) fn fetch(&self, rank: usize, end: usize, tables: &Tables) {
        if rank < end && self.placed[rank] {
            tables.buckets.fetch(rank);
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
