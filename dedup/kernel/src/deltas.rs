//! Documents that hardly differ from one shortly before: sketches in their making go in, what differs comes out.
//!
//! Variants of an article would all be read again to be compared exactly. Instead, the first that resembles another
//! becomes an anchor, whose set of shingle hashes stays at hand for a while; of those that resemble it is noted which
//! hashes they lack and which they have beside. Whatever is noted is exact; what resembles what is only guessed.

use crate::sets::Sorter;
use crate::sign::{LANES, Permutations};

/// Hashes in which a document may differ from its anchor: a word changed in either makes 20 of shingles of five.
const MOST: usize = 64;
/// Hashes of an anchor or of a document that is compared with one: longer ones would leave the cache.
const LONGEST: usize = 1 << 14;
/// Anchors at hand, the newest; each takes up to 256 kB, 15 kB at 600 shingles.
const ANCHORS: usize = 16;
/// Consecutive values of a signature that are looked up together: sets that differ by as much as 5% agree on four of
/// five groups, by a fifth on two.
const GROUP: usize = 4;
/// Groups that are looked up of a document.
const GROUPS: usize = 8;
/// Groups that are remembered: those of the last hundred documents.
const SEEN: usize = 1 << 10;

/// How documents of a batch differ from earlier ones.
#[derive(Default)]
pub struct Deltas {
    /// Document and anchor, as positions in the batch; where its hashes begin in `hashes`; how many of these the anchor
    /// has and the document lacks, ascending, in front of those it has beside, ascending. In the order of documents.
    pub rows: Vec<[i64; 4]>,
    pub hashes: Vec<u64>,
}

/// What one thread remembers of the last documents of a batch.
#[derive(Default)]
pub struct Recent {
    /// Direct-mapped: a group of values, and the number of the anchor that a document with it resembled; 0 = none.
    seen: Vec<(u32, u32)>,
    anchors: Vec<Anchor>,
    /// Number of the newest anchor.
    newest: u32,
    sorter: Sorter,
    mixed: Vec<u32>,
    lost: Vec<u32>,
    gained: Vec<u32>,
}

/// A document that was noted: what it resembles, and how it differs.
pub struct Noted<'a> {
    anchor: usize,
    lacking: &'a [u64],
    more: &'a [u64],
}

#[derive(Default)]
struct Anchor {
    number: u32,
    document: usize,
    /// Distinct, ascending.
    set: Vec<u64>,
    /// Where in the set the hashes begin that have the same top bits.
    starts: Vec<u16>,
    shift: u32,
    /// By hash of the set, in which round it was last met.
    met: Vec<u32>,
    round: u32,
    /// Made when it is first asked for.
    signature: Vec<u32>,
}

impl Recent {
    /// Note how a document of these shingles differs from an anchor, if it resembles one; says so if it does.
    ///
    /// The first values of its signature suffice.
    pub fn note<'a>(
        &mut self,
        document: usize,
        hashes: &[u64],
        signature: &[u32],
        deltas: &'a mut Deltas,
    ) -> Option<Noted<'a>> {
        if hashes.is_empty() || hashes.len() > LONGEST {
            return None;
        }
        self.seen.resize(SEEN, (0, 0));
        let groups = || signature.chunks_exact(GROUP).take(GROUPS).map(mixed);
        let (mut known, mut number, mut noted) = (0, 0, None);
        for group in groups() {
            let (seen, of) = self.seen[group as usize % SEEN];
            if seen == group {
                (known, number) = (known + 1, of);
            }
        }
        if 2 * known <= GROUPS {
            number = 0;
        } else if let Some(at) = self.anchors.iter().position(|anchor| anchor.number == number) {
            noted = self.anchors[at].note(document, hashes, deltas).then_some(at);
            number = if noted.is_some() { number } else { 0 };
        } else {
            number = self.add(document, hashes);
        }
        for group in groups() {
            self.seen[group as usize % SEEN] = (group, number);
        }
        noted.map(|anchor| {
            let [.., start, lacking] = deltas.rows[deltas.rows.len() - 1];
            let (lacking, more) = deltas.hashes[start as usize..].split_at(lacking as usize);
            Noted { anchor, lacking, more }
        })
    }

    /// The values after the first `LANES` of the signature of a document that was noted, of shingles that were mixed
    /// when those were signed.
    ///
    /// A minimum that no hash has which is lacking stays, unless one of those beside is less. Where one is lost, the values
    /// around it are signed anew.
    pub fn sign(&mut self, by: &Permutations, noted: &Noted, mixed: &mut Vec<u32>, values: &mut [u32]) {
        let anchor = &mut self.anchors[noted.anchor];
        let few = &mut self.mixed;
        for (signature, hashes) in [(&mut self.lost, noted.lacking), (&mut self.gained, noted.more)] {
            signature.resize(by.count(), 0);
            by.sign(hashes, few, signature);
        }
        if anchor.signature.is_empty() {
            anchor.signature.resize(by.count(), 0);
            by.sign(&anchor.set, few, &mut anchor.signature);
        }
        for (i, values) in values.chunks_mut(LANES).enumerate() {
            let first = LANES * (i + 1);
            let part = first..first + values.len();
            let (kept, lost) = (&anchor.signature[part.clone()], &self.lost[part.clone()]);
            if kept.iter().zip(lost).any(|(kept, lost)| kept == lost) {
                by.sign_from(first, &[], mixed, values);
                continue;
            }
            for ((value, &kept), &gained) in values.iter_mut().zip(kept).zip(&self.gained[part]) {
                *value = kept.min(gained);
            }
        }
    }

    /// Make a document an anchor, in the place of the oldest; gives its number.
    fn add(&mut self, document: usize, hashes: &[u64]) -> u32 {
        let at = self.newest as usize % ANCHORS;
        if at == self.anchors.len() {
            self.anchors.push(Anchor::default());
        }
        self.newest += 1;
        self.anchors[at].become_one(self.newest, document, hashes, &mut self.sorter);
        self.newest
    }
}

impl Anchor {
    fn become_one(&mut self, number: u32, document: usize, hashes: &[u64], sorter: &mut Sorter) {
        (self.number, self.document, self.round) = (number, document, 0);
        self.signature.clear();
        self.set.clear();
        sorter.append_unique(hashes, &mut self.set);
        self.met.clear();
        self.met.resize(self.set.len(), 0);
        // Half as many hashes as stretches, at most: nearly all stretches have one or none.
        let bits = usize::BITS - self.set.len().leading_zeros() + 1;
        self.shift = u64::BITS - bits;
        self.starts.clear();
        self.starts.resize((1 << bits) + 1, 0);
        for &hash in &self.set {
            self.starts[(hash >> self.shift) as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
    }

    /// Note how a document differs, if by few hashes; whether it does.
    fn note(&mut self, document: usize, hashes: &[u64], deltas: &mut Deltas) -> bool {
        self.round += 1;
        let (mut more, mut common) = ([0; MOST], 0);
        let mut count = 0;
        for &hash in hashes {
            let top = (hash >> self.shift) as usize;
            let (first, end) = (self.starts[top] as usize, self.starts[top + 1] as usize);
            if let Ok(at) = self.set[first..end].binary_search(&hash) {
                let met = &mut self.met[first + at];
                common += usize::from(*met != self.round);
                *met = self.round;
            } else if count < MOST {
                more[count] = hash;
                count += 1;
            } else {
                return false;
            }
        }
        let lacking = self.set.len() - common;
        if lacking + count > MOST {
            return false;
        }
        let start = deltas.hashes.len();
        let lacked = self.set.iter().zip(&self.met).filter(|&(_, &met)| met != self.round);
        deltas.hashes.extend(lacked.map(|(&hash, _)| hash));
        more[..count].sort_unstable();
        let mut last = None;
        deltas.hashes.extend(more[..count].iter().filter(|&&hash| last.replace(hash) != Some(hash)));
        deltas.rows.push([document as i64, self.document as i64, start as i64, lacking as i64]);
        true
    }
}

/// A group of values as one.
fn mixed(group: &[u32]) -> u32 {
    let all = group.iter().fold(0u64, |all, &value| {
        (all ^ u64::from(value)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
    });
    (all ^ all >> 32) as u32
}

/// The set of a document that differs from `anchor` as noted, sorted.
pub fn differing(anchor: &[u64], lacking: &[u64], more: &[u64]) -> Box<[u64]> {
    let mut set = Vec::with_capacity((anchor.len() + more.len()).saturating_sub(lacking.len()));
    let (mut rest, mut lacking, mut more) = (anchor, lacking, more);
    while let Some(&next) = lacking.first().into_iter().chain(more.first()).min() {
        let (same, from) = rest.split_at(rest.partition_point(|&hash| hash < next));
        set.extend_from_slice(same);
        if lacking.first() == Some(&next) {
            (rest, lacking) = (from.get(1..).unwrap_or_default(), &lacking[1..]);
        } else {
            set.push(next);
            (rest, more) = (from, &more[1..]);
        }
    }
    set.extend_from_slice(rest);
    set.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Pseudo-random hashes of some numbers.
    fn hashes(numbers: impl IntoIterator<Item = u64>) -> Vec<u64> {
        numbers.into_iter().map(|i| xxhash_rust::xxh3::xxh3_64(&i.to_le_bytes())).collect()
    }

    fn sorted(hashes: &[u64]) -> Vec<u64> {
        hashes.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Note documents that all have one signature; those with a row are checked against it, and returned.
    fn noted(documents: &[Vec<u64>]) -> Vec<usize> {
        let (mut recent, mut deltas) = (Recent::default(), Deltas::default());
        for (at, document) in documents.iter().enumerate() {
            recent.note(at, document, &[7; GROUP * GROUPS], &mut deltas);
        }
        let ends = deltas.rows.iter().skip(1).map(|next| next[2]).chain([deltas.hashes.len() as i64]);
        for (row, end) in deltas.rows.iter().zip(ends) {
            let [document, anchor, start, lacking] = row.map(|value| value as usize);
            let (lacking, more) = deltas.hashes[start..end as usize].split_at(lacking);
            assert!(lacking.len() + more.len() <= MOST);
            assert_eq!(*differing(&sorted(&documents[anchor]), lacking, more), sorted(&documents[document]));
        }
        deltas.rows.iter().map(|row| row[0] as usize).collect()
    }

    #[test]
    fn sets_are_made_from_what_differs() {
        let anchor = sorted(&hashes(0..300));
        for (from, to) in [(0, 300), (0, 0), (10, 300), (0, 280), (5, 340), (300, 310)] {
            let set = sorted(&hashes(from..to));
            let of = |a: &[u64], b: &[u64]| -> Vec<u64> {
                a.iter().filter(|hash| b.binary_search(hash).is_err()).copied().collect()
            };
            assert_eq!(*differing(&anchor, &of(&anchor, &set), &of(&set, &anchor)), set);
        }
    }

    #[test]
    fn repeats_count_once() {
        let again = |numbers: [u64; 4]| hashes((0..50).chain(numbers).chain(0..50).chain(numbers));
        let documents = [again([1, 2, 3, 4]), again([90, 91, 90, 91]), again([80, 90, 80, 0]), hashes(3..50)];
        assert_eq!(noted(&documents), [2, 3]);
    }

    #[test]
    fn the_first_of_a_kind_is_remembered_and_the_second_is_the_anchor() {
        let documents = [hashes(0..9), hashes(0..10), hashes(0..9), hashes(5..15), hashes([3])];
        assert_eq!(noted(&documents), [2, 3, 4]);
        assert!(noted(&vec![Vec::new(); 5]).is_empty());
        assert!(noted(&vec![hashes(0..LONGEST as u64 + 1); 5]).is_empty());
        assert_eq!(noted(&vec![hashes(0..LONGEST as u64); 3]), [2]);
    }

    #[test]
    fn documents_that_differ_too_much_have_no_row() {
        let most = MOST as u64;
        let lacking = [hashes(0..100), hashes(0..100), hashes(0..100 - most), hashes(0..99 - most)];
        assert_eq!(noted(&lacking), [2]);
        let more = [hashes(0..100), hashes(0..100), hashes(0..100 + most), hashes(0..101 + most)];
        assert_eq!(noted(&more), [2]);
    }

    #[test]
    fn anchors_make_room_for_others() {
        let kinds = 3 * ANCHORS as u64;
        let documents: Vec<_> =
            (0..kinds).flat_map(|kind| vec![hashes(100 * kind..100 * kind + 90); 3]).collect();
        let (mut recent, mut deltas) = (Recent::default(), Deltas::default());
        for (at, document) in documents.iter().enumerate() {
            recent.note(at, document, &[at as u32 / 3 + 1; GROUP * GROUPS], &mut deltas);
        }
        assert_eq!(deltas.rows.len(), kinds as usize);
        assert_eq!(recent.anchors.len(), ANCHORS);
        for again in 0..3 {
            recent.note(again, &documents[0], &[1; GROUP * GROUPS], &mut deltas);
        }
        assert_eq!(deltas.rows.len(), kinds as usize + 2);
    }
}
