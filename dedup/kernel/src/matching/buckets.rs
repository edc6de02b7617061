//! Which documents share a band: groups of equal band keys, filled with representatives as they appear.

use rayon::prelude::*;

/// Bands that are grouped at the same time: each takes 16 bytes a document meanwhile.
const SIDE_BY_SIDE: usize = 4;

/// Buckets of at least two documents. A document alone in a bucket can match nobody there.
pub struct Buckets {
    /// Bucket numbers of document `r`: `of[of_starts[r]..of_starts[r + 1]]`.
    of: Vec<u32>,
    of_starts: Vec<u32>,
    /// Room of bucket `b`: `members[starts[b]..starts[b + 1]]`, of which `filled[b]` are there, ascending.
    members: Vec<u32>,
    starts: Vec<u32>,
    filled: Vec<u32>,
}

/// The groups of one band: their members one after the other, and how many each has.
struct Groups {
    members: Vec<u32>,
    sizes: Vec<u32>,
}

impl Buckets {
    /// Group the ranks `leaders` (ascending) by key in each band; `keys[band][order[rank]]` is a key.
    pub fn group(keys: Vec<Vec<u32>>, order: &[u32], leaders: &[u32]) -> Self {
        let mut keys = keys.into_iter();
        let mut bands: Vec<Groups> = Vec::with_capacity(keys.len());
        while keys.len() > 0 {
            let some: Vec<Vec<u32>> = keys.by_ref().take(SIDE_BY_SIDE).collect();
            bands.par_extend(some.into_par_iter().map(|keys| Groups::of_band(&keys, order, leaders)));
        }
        let total: usize = bands.iter().map(|groups| groups.members.len()).sum();
        assert!(total < u32::MAX as usize, "more than 4 billion places in buckets");
        let mut of_starts = vec![0u32; order.len() + 1];
        let mut starts = vec![0u32];
        for groups in &bands {
            for &rank in &groups.members {
                of_starts[rank as usize + 1] += 1;
            }
            for &size in &groups.sizes {
                starts.push(starts[starts.len() - 1] + size);
            }
        }
        for rank in 0..order.len() {
            of_starts[rank + 1] += of_starts[rank];
        }
        let mut next = of_starts.clone();
        let mut of = vec![0u32; total];
        let mut bucket = 0;
        for groups in bands {
            let mut members = groups.members.iter();
            for &size in &groups.sizes {
                for &rank in members.by_ref().take(size as usize) {
                    of[next[rank as usize] as usize] = bucket;
                    next[rank as usize] += 1;
                }
                bucket += 1;
            }
        }
        Buckets { of, of_starts, members: vec![0; total], filled: vec![0; starts.len() - 1], starts }
    }

    /// What is in each bucket of the document, so far.
    pub fn all(&self, rank: usize) -> impl Iterator<Item = &[u32]> {
        self.of(rank).iter().map(|&bucket| self.filled(bucket as usize))
    }

    /// What is in each bucket of the document from rank `first` on, so far.
    pub fn since(&self, rank: usize, first: u32) -> impl Iterator<Item = &[u32]> {
        self.all(rank).map(move |members| {
            let recent = members.iter().rev().take_while(|&&member| member >= first).count();
            &members[members.len() - recent..]
        })
    }

    /// Put the document into its buckets. Ranks must come in ascending order.
    pub fn put(&mut self, rank: usize) {
        for at in self.of_starts[rank]..self.of_starts[rank + 1] {
            let bucket = self.of[at as usize] as usize;
            self.members[(self.starts[bucket] + self.filled[bucket]) as usize] = rank as u32;
            self.filled[bucket] += 1;
        }
    }

    fn of(&self, rank: usize) -> &[u32] {
        &self.of[self.of_starts[rank] as usize..self.of_starts[rank + 1] as usize]
    }

    fn filled(&self, bucket: usize) -> &[u32] {
        let start = self.starts[bucket] as usize;
        &self.members[start..start + self.filled[bucket] as usize]
    }
}

impl Groups {
    fn of_band(keys: &[u32], order: &[u32], leaders: &[u32]) -> Self {
        let mut entries: Vec<u64> = leaders
            .iter()
            .map(|&rank| u64::from(keys[order[rank as usize] as usize]) << 32 | u64::from(rank))
            .collect();
        sort_by_key(&mut entries);
        let mut groups = Groups { members: Vec::new(), sizes: Vec::new() };
        for group in entries.chunk_by(|a, b| a >> 32 == b >> 32).filter(|group| group.len() > 1) {
            groups.members.extend(group.iter().map(|&entry| entry as u32));
            groups.sizes.push(group.len() as u32);
        }
        groups
    }
}

/// Sort entries that ascend in their low halves by their high halves: a stable radix sort, 11 bits a pass.
fn sort_by_key(entries: &mut Vec<u64>) {
    const BITS: u32 = 11;
    const BUCKETS: usize = 1 << BITS;
    if entries.len() < BUCKETS {
        entries.sort_unstable();
        return;
    }
    let mut sorted = vec![0u64; entries.len()];
    for shift in [32, 32 + BITS, 32 + 2 * BITS] {
        let digit = |entry: u64| (entry >> shift) as usize % BUCKETS;
        let mut next = [0u32; BUCKETS + 1];
        for &entry in &*entries {
            next[digit(entry) + 1] += 1;
        }
        for bucket in 0..BUCKETS {
            next[bucket + 1] += next[bucket];
        }
        for &entry in &*entries {
            let slot = &mut next[digit(entry)];
            sorted[*slot as usize] = entry;
            *slot += 1;
        }
        std::mem::swap(entries, &mut sorted);
    }
}
