//! What rules match short lines: pages repeat their menus, and most short lines of a batch are menus.

use xxhash_rust::xxh3::xxh3_64;

use super::Hit;

/// Bytes of the lines that are remembered.
const MOST_BYTES: usize = 64;
const SLOTS: usize = 1 << 12;
/// Hits that are remembered; with more, everything is forgotten.
const MOST_HITS: usize = 1 << 14;

/// Hits of raw lines, for one set of rules. A line takes the place of another one that fell into its slot.
#[derive(Default)]
pub struct Memo {
    /// The set of rules; 0 = none yet.
    rules: u64,
    slots: Vec<Slot>,
    /// As of lines that start at 0.
    hits: Vec<Hit>,
}

#[derive(Clone, Copy)]
struct Slot {
    key: u64,
    hits: (usize, usize),
}

impl Memo {
    /// Forget what another set of rules matched: working memory outlives strippers.
    pub fn turn_to(&mut self, rules: u64) {
        if self.rules != rules {
            *self = Memo { rules, ..Memo::default() };
        }
    }

    /// The key of a raw line, if it is short: two lines of one key are taken for the same, as everywhere.
    pub fn key(line: &str) -> Option<u64> {
        (line.len() <= MOST_BYTES).then(|| xxh3_64(line.as_bytes()))
    }

    /// The hits of the line with this key, as of one that starts at 0; None if it is not known.
    pub fn find(&self, key: u64) -> Option<&[Hit]> {
        let slot = self.slots.get(key as usize % SLOTS).filter(|slot| slot.key == key)?;
        Some(&self.hits[slot.hits.0..slot.hits.1])
    }

    /// Remember the hits of a line that starts at `start`.
    pub fn add(&mut self, key: u64, start: usize, hits: &[Hit]) {
        if self.slots.is_empty() || self.hits.len() + hits.len() > MOST_HITS {
            self.hits.clear();
            self.slots.clear();
            // A key that belongs into the next slot stands for none.
            let empty = |number: usize| Slot { key: number as u64 + 1, hits: (0, 0) };
            self.slots.extend((0..SLOTS).map(empty));
        }
        let first = self.hits.len();
        self.hits.extend(hits.iter().map(|hit| hit.moved(|place| place - start)));
        self.slots[key as usize % SLOTS] = Slot { key, hits: (first, self.hits.len()) };
    }
}
