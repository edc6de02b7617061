//! Documents of which it is known how they differ from another: their sets are made from its set, not read again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::Documents;
use crate::deltas::differing;

/// Bytes of the sets of anchors that stay at hand: one of 5 kB serves the documents of a batch.
const ROOM: usize = 16 << 20;

/// Sets of anchors by position, made when first asked for.
#[derive(Default)]
pub struct Anchors(Mutex<Made>);

#[derive(Default)]
struct Made {
    sets: HashMap<usize, Arc<[u64]>>,
    bytes: usize,
}

impl Anchors {
    fn get(&self, position: usize, documents: &impl Documents) -> Arc<[u64]> {
        let lock = || self.0.lock().expect("no holder of the lock panics");
        if let Some(set) = lock().sets.get(&position) {
            return set.clone();
        }
        let set: Arc<[u64]> = documents.shingles(position).into();
        let mut made = lock();
        if made.bytes + 8 * set.len() > ROOM {
            *made = Made::default();
        }
        made.bytes += 8 * set.len();
        made.sets.insert(position, set.clone());
        set
    }
}

/// Documents, and how some of them differ from others.
pub struct Derived<'a, D> {
    pub documents: &'a D,
    /// As in `crate::deltas::Deltas`.
    pub rows: &'a [[i64; 4]],
    pub hashes: &'a [u64],
    pub anchors: &'a Anchors,
}

impl<D: Documents> Documents for Derived<'_, D> {
    fn shingles(&self, position: usize) -> Box<[u64]> {
        let Ok(at) = self.rows.binary_search_by_key(&(position as i64), |row| row[0]) else {
            return self.documents.shingles(position);
        };
        let [_, anchor, start, lacking] = self.rows[at].map(|value| value as usize);
        let end = self.rows.get(at + 1).map_or(self.hashes.len(), |next| next[2] as usize);
        let (lacking, more) = self.hashes[start..end].split_at(lacking);
        differing(&self.anchors.get(anchor, self.documents), lacking, more)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Sets of `length` numbers, the first of which is the position; counts how many are read.
    struct Read {
        length: usize,
        count: AtomicUsize,
    }

    impl Documents for Read {
        fn shingles(&self, position: usize) -> Box<[u64]> {
            self.count.fetch_add(1, Ordering::Relaxed);
            (position..position + self.length).map(|value| value as u64).collect()
        }
    }

    #[test]
    fn anchors_are_read_once() {
        let read = Read { length: 3, count: AtomicUsize::default() };
        let (anchors, hashes) = (Anchors::default(), [5, 8, 9, 6]);
        let rows = [[0, 5, 0, 1], [2, 5, 3, 1], [7, 5, 4, 0]];
        let derived = Derived { documents: &read, rows: &rows, hashes: &hashes, anchors: &anchors };
        assert_eq!(*derived.shingles(0), [6, 7, 8, 9]);
        assert_eq!(*derived.shingles(2), [5, 7]);
        assert_eq!(*derived.shingles(7), [5, 6, 7]);
        assert_eq!(read.count.load(Ordering::Relaxed), 1);
        assert_eq!(*derived.shingles(1), [1, 2, 3]);
        assert_eq!(read.count.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn room_for_anchors_ends() {
        let read = Read { length: ROOM / 8 / 2, count: AtomicUsize::default() };
        let anchors = Anchors::default();
        for position in [1, 2, 1, 2, 3, 2] {
            assert_eq!(anchors.get(position, &read)[0], position as u64);
        }
        assert_eq!(read.count.load(Ordering::Relaxed), 4);
    }
}
