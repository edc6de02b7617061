//! Shingle sets at hand: made when a document is first compared, dropped when room runs out.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, OnceLock};

/// Where documents can be read again.
pub trait Documents: Sync {
    /// The sorted, distinct shingle hashes of the document at an input position.
    fn shingles(&self, position: usize) -> Box<[u64]>;
}

/// Bytes of sets that are kept from block to block. At 5 kB a set this is 25,000 representatives.
const ROOM: usize = 128 << 20;

/// Sets by rank.
pub struct Shelf {
    sets: Vec<OnceLock<Box<[u64]>>>,
    /// Ranks whose sets were made since the last `tidy`.
    made: Mutex<Vec<u32>>,
    /// Ranks whose sets are kept, oldest first.
    kept: VecDeque<u32>,
    bytes: usize,
}

impl Shelf {
    pub fn new(count: usize) -> Self {
        let sets = std::iter::repeat_with(OnceLock::new).take(count).collect();
        Shelf { sets, made: Mutex::default(), kept: VecDeque::new(), bytes: 0 }
    }

    /// The set of a document, made if need be.
    pub fn get(&self, rank: u32, position: u32, documents: &impl Documents) -> &[u64] {
        self.sets[rank as usize].get_or_init(|| {
            self.made.lock().expect("no holder of the lock panics").push(rank);
            documents.shingles(position as usize)
        })
    }

    /// After a block: drop the sets of its documents that nobody will be compared with, then the oldest.
    pub fn tidy(&mut self, block: Range<usize>, stays: impl Fn(usize) -> bool) {
        for rank in self.made.get_mut().expect("no holder of the lock panics").drain(..) {
            let at = rank as usize;
            if block.contains(&at) && !stays(at) {
                self.sets[at].take();
            } else {
                self.bytes += size(&self.sets[at]);
                self.kept.push_back(rank);
            }
        }
        while self.bytes > ROOM {
            let Some(rank) = self.kept.pop_front() else { return };
            self.bytes -= size(&self.sets[rank as usize]);
            self.sets[rank as usize].take();
        }
    }
}

fn size(set: &OnceLock<Box<[u64]>>) -> usize {
    set.get().map_or(0, |set| 8 * set.len())
}
