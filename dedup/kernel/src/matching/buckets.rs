//! Which documents share a band: groups of equal band keys, filled with representatives as they appear.
//!
//! The tables are the caller's, who may have them in files: band keys come in blocks of documents and leave as places of
//! buckets by rank, in the same memory; the members of all buckets of a band lie in a table of its own.

use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use crate::blocking::Blocking;

/// Documents of a block of band keys; the last may have fewer.
pub const BLOCK: usize = 1 << 16;

/// Bands that are grouped at the same time: each takes 16 bytes a document meanwhile.
const SIDE_BY_SIDE: usize = 4;

/// Buckets of at least two documents. A document alone in a bucket can match nobody there.
///
/// One thread at a time puts documents in while others read what was there before.
pub struct Buckets<'a> {
    /// By block: for each band and each rank of the block, where its bucket begins in `members`; 0 = it is in none.
    pub places: Vec<&'a [u32]>,
    /// By band: a bucket is the number of members that are there, then room for all of them, who come in ascending order.
    pub members: Vec<&'a [AtomicU32]>,
}

/// A table of members that several threads read while one writes.
pub fn shared(table: &mut [u32]) -> &[AtomicU32] {
    // SAFETY: `AtomicU32` has the layout of `u32`, and the borrow leaves no other way to the table.
    unsafe { &*(ptr::from_mut(table) as *const [AtomicU32]) }
}

/// Group the ranks `leaders` (ascending) by key in each band: keys become places of buckets.
///
/// `blocks` holds, by band, one key a document; the key of a rank is at its position in the input, which is
/// `order[rank]`, its place at the rank itself. Documents that blocking keeps apart by their values of `same` share no
/// bucket. Returns the length of the members of each band, and by rank whether a document is in any bucket.
pub fn group(
    blocks: Vec<&mut [u32]>,
    bands: usize,
    order: &[u32],
    leaders: &[u32],
    blocking: &Blocking,
) -> (Vec<usize>, Vec<bool>) {
    let mut columns: Vec<Vec<&mut [u32]>> = (0..bands).map(|_| Vec::new()).collect();
    for block in blocks {
        let count = block.len() / bands;
        for (column, part) in columns.iter_mut().zip(block.chunks_exact_mut(count)) {
            column.push(part);
        }
    }
    let mut lengths = Vec::with_capacity(bands);
    for some in columns.chunks_mut(SIDE_BY_SIDE) {
        lengths.par_extend(some.par_iter_mut().map(|column| group_band(column, order, leaders, blocking)));
    }
    let mut placed = vec![false; order.len()];
    for places in columns {
        for (placed, &place) in placed.iter_mut().zip(places.iter().flat_map(|part| part.iter())) {
            *placed |= place > 0;
        }
    }
    (lengths, placed)
}

fn group_band(column: &mut [&mut [u32]], order: &[u32], leaders: &[u32], blocking: &Blocking) -> usize {
    let doc = |entry: u64| order[entry as u32 as usize] as usize;
    let key = |rank: u32| {
        let position = order[rank as usize] as usize;
        column[position / BLOCK][position % BLOCK]
    };
    let mut entries: Vec<u64> =
        leaders.iter().map(|&rank| u64::from(key(rank)) << 32 | u64::from(rank)).collect();
    sort_by_key(&mut entries);
    column.iter_mut().for_each(|part| part.fill(0));
    // A place is never 0.
    let mut length = 1;
    for group in entries.chunk_by_mut(|a, b| a >> 32 == b >> 32).filter(|group| group.len() > 1) {
        blocking.split(group, doc, |bucket| {
            if bucket.len() < 2 || blocking.keeps_apart(bucket.iter().map(|&entry| doc(entry))) {
                return;
            }
            for &entry in bucket {
                let rank = entry as u32 as usize;
                column[rank / BLOCK][rank % BLOCK] = length as u32;
            }
            length += 1 + bucket.len();
        });
    }
    length
}

impl<'a> Buckets<'a> {
    /// What is in each bucket of the document from before rank `first`, ascending.
    pub fn before(&self, rank: usize, first: u32) -> impl Iterator<Item = &'a [AtomicU32]> {
        self.split(rank, first).map(|(before, _)| before)
    }

    /// What is in each bucket of the document from rank `first` on, so far, ascending.
    pub fn since(&self, rank: usize, first: u32) -> impl Iterator<Item = &'a [AtomicU32]> {
        self.split(rank, first).map(|(_, since)| since)
    }

    /// What is in each bucket of the document so far, cut at rank `first`.
    fn split(&self, rank: usize, first: u32) -> impl Iterator<Item = (&'a [AtomicU32], &'a [AtomicU32])> {
        self.places(rank).map(move |(members, place)| {
            let (count, room) = members[place..].split_first().expect("a bucket has a count");
            // With the count, the members that it counts are seen.
            let there = &room[..count.load(Ordering::Acquire) as usize];
            let is_since = |member: &&AtomicU32| member.load(Ordering::Relaxed) >= first;
            there.split_at(there.len() - there.iter().rev().take_while(is_since).count())
        })
    }

    /// Fetch the buckets of the document into the cache: each lies anywhere in its table.
    pub fn fetch(&self, rank: usize) {
        self.places(rank).for_each(|(members, place)| prefetch(&members[place]));
    }

    /// Put the document into its buckets. Ranks must come in ascending order, from one thread at a time.
    pub fn put(&self, rank: usize) {
        for (members, place) in self.places(rank) {
            let count = members[place].load(Ordering::Relaxed) + 1;
            members[place + count as usize].store(rank as u32, Ordering::Relaxed);
            members[place].store(count, Ordering::Release);
        }
    }

    /// Where the buckets of the document begin: the members of the band, and the place among them.
    fn places(&self, rank: usize) -> impl Iterator<Item = (&'a [AtomicU32], usize)> {
        let block = self.places[rank / BLOCK];
        let column = block.len() / self.members.len();
        let places = block.chunks_exact(column).map(move |places| places[rank % BLOCK] as usize);
        self.members.iter().copied().zip(places).filter(|&(_, place)| place > 0)
    }
}

#[inline(always)]
fn prefetch<T>(at: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which every processor of this architecture knows.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(at).cast());
    }
    let _ = at;
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
