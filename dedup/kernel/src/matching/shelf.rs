//! Shingle sets at hand: made when a document is first compared, dropped when room runs out.

use std::collections::VecDeque;
use std::ops::Range;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::bitmap::Bitmap;

/// Where documents can be read again.
pub trait Documents: Sync {
    /// The sorted, distinct shingle hashes of the document at an input position.
    fn shingles(&self, position: usize) -> Box<[u64]>;
}

/// Bytes of sets that are kept from block to block, to begin with: few representatives are compared twice, and making
/// a set again costs microseconds.
const ROOM: usize = 16 << 20;
/// Where pages share a template, each is compared with thousands of representatives, which have to be at hand: then
/// the room doubles, up to this. At 5 kB a set it holds 25,000 representatives.
const MOST_ROOM: usize = 128 << 20;

/// A set of shingle hashes, sorted, and its bitmap once one was asked for.
pub struct Set {
    pub hashes: Box<[u64]>,
    bitmap: OnceLock<Bitmap>,
}

impl Set {
    fn new(hashes: Box<[u64]>) -> Self {
        Set { hashes, bitmap: OnceLock::new() }
    }

    /// No less than |A ∩ B|, at a fraction of the cost.
    pub fn shared_at_most(&self, other: &Set) -> usize {
        self.bitmap().shared_at_most(self.hashes.len(), other.bitmap(), other.hashes.len())
    }

    fn bitmap(&self) -> &Bitmap {
        self.bitmap.get_or_init(|| Bitmap::new(&self.hashes))
    }

    /// Bytes that it may come to hold.
    fn bytes(&self) -> usize {
        8 * (self.hashes.len() + Bitmap::words(self.hashes.len()))
    }
}

/// Sets by rank.
pub struct Shelf {
    sets: Vec<Slot>,
    /// Ranks whose sets were made since the last `tidy`.
    made: Mutex<Vec<u32>>,
    /// Ranks whose sets are kept, oldest first.
    kept: VecDeque<u32>,
    bytes: usize,
    room: usize,
}

impl Shelf {
    pub fn new(count: usize) -> Self {
        let sets = std::iter::repeat_with(Slot::default).take(count).collect();
        Shelf { sets, made: Mutex::default(), kept: VecDeque::new(), bytes: 0, room: ROOM }
    }

    /// The set of a document, made if need be.
    pub fn get(&self, rank: u32, position: u32, documents: &impl Documents) -> &Set {
        let slot = &self.sets[rank as usize];
        slot.get().unwrap_or_else(|| {
            let (set, is_new) = slot.fill(Set::new(documents.shingles(position as usize)));
            if is_new {
                self.made.lock().expect("no holder of the lock panics").push(rank);
            }
            set
        })
    }

    /// After a block: drop the sets of its documents that nobody will be compared with, then the oldest.
    pub fn tidy(&mut self, block: Range<usize>, mut stays: impl FnMut(usize) -> bool) {
        let made = std::mem::take(self.made.get_mut().expect("no holder of the lock panics"));
        // A document's own set, and one more: else sets are dropped that are wanted again.
        if made.len() > 2 * block.len() {
            self.room = MOST_ROOM.min(2 * self.room);
        }
        for rank in made {
            let at = rank as usize;
            if block.contains(&at) && !stays(at) {
                self.sets[at].clear();
            } else {
                self.bytes += self.sets[at].bytes();
                self.kept.push_back(rank);
            }
        }
        while self.bytes > self.room {
            let Some(rank) = self.kept.pop_front() else { return };
            self.bytes -= self.sets[rank as usize].bytes();
            self.sets[rank as usize].clear();
        }
    }
}

/// Room for a set: eight bytes while there is none, a third of what `OnceLock` takes. Two threads that want the same
/// set may both make it, which is rare; one of them is kept.
#[derive(Default)]
struct Slot(AtomicPtr<Set>);

impl Slot {
    fn get(&self) -> Option<&Set> {
        // SAFETY: a pointer that is not null comes from `Box::into_raw` in `fill`, whose writes are seen here
        // (release, acquire), and is only freed by `clear`, which needs the slot to itself.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    /// Put a set there unless there is one; returns what is there, and whether it is this one.
    fn fill(&self, set: Set) -> (&Set, bool) {
        let new = Box::into_raw(Box::new(set));
        match self.0.compare_exchange(null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: as in `get`.
            Ok(_) => (unsafe { &*new }, true),
            Err(other) => {
                // SAFETY: `new` was made above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                // SAFETY: as in `get`; the exchange failed because `other` is not null.
                (unsafe { &*other }, false)
            }
        }
    }

    fn clear(&mut self) {
        let set = std::mem::replace(self.0.get_mut(), null_mut());
        if !set.is_null() {
            // SAFETY: it comes from `Box::into_raw` in `fill`, and nobody can hold what it points to any more.
            drop(unsafe { Box::from_raw(set) });
        }
    }

    fn bytes(&self) -> usize {
        self.get().map_or(0, Set::bytes)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets of a megabyte, with their bitmaps, that begin with the position, and how many were made.
    struct Large(Mutex<usize>);

    /// Three quarters of the words of a megabyte: the bitmap of so many takes the fourth.
    const COUNT: usize = (1 << 20) / 8 * 3 / 4;

    impl Documents for Large {
        fn shingles(&self, position: usize) -> Box<[u64]> {
            *self.0.lock().unwrap() += 1;
            let mut set = vec![0; COUNT];
            set[0] = position as u64;
            set.into_boxed_slice()
        }
    }

    fn made(shelf: &mut Shelf, documents: &Large, ranks: Range<u32>, block: Range<usize>) -> usize {
        let before = *documents.0.lock().unwrap();
        for rank in ranks {
            assert_eq!(shelf.get(rank, rank, documents).hashes[0], u64::from(rank));
        }
        shelf.tidy(block, |_| true);
        *documents.0.lock().unwrap() - before
    }

    #[test]
    fn keeps_the_newest_sets() {
        let (mut shelf, documents) = (Shelf::new(100), Large(Mutex::default()));
        assert_eq!(made(&mut shelf, &documents, 0..20, 0..20), 20);
        assert_eq!(made(&mut shelf, &documents, 4..20, 20..40), 0);
        assert_eq!(made(&mut shelf, &documents, 0..4, 40..60), 4);
        assert_eq!(shelf.bytes, ROOM);
    }

    #[test]
    fn makes_room_where_each_document_wants_many() {
        let (mut shelf, documents) = (Shelf::new(100), Large(Mutex::default()));
        for _ in 0..10 {
            made(&mut shelf, &documents, 0..100, 0..1);
        }
        assert_eq!(made(&mut shelf, &documents, 0..100, 0..1), 0);
        assert!(shelf.bytes <= MOST_ROOM);
    }

    #[test]
    fn drops_the_sets_of_documents_that_do_not_stay() {
        let (mut shelf, documents) = (Shelf::new(100), Large(Mutex::default()));
        for rank in [1, 9] {
            shelf.get(rank, rank, &documents);
        }
        shelf.tidy(5..10, |_| false);
        assert_eq!(shelf.bytes, 1 << 20);
        assert_eq!(shelf.sets.iter().filter(|slot| slot.get().is_some()).count(), 1);
    }

    #[test]
    fn two_threads_that_make_one_set_get_the_same() {
        let slot = Slot::default();
        let found: Vec<(usize, bool)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|i| {
                    let slot = &slot;
                    scope.spawn(move || {
                        let (set, is_new) = slot.fill(Set::new(vec![i; 3].into()));
                        (set.hashes.as_ptr() as usize, is_new)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(found.iter().filter(|(_, is_new)| *is_new).count(), 1);
        assert!(found.iter().all(|(set, _)| *set == found[0].0));
    }
}
