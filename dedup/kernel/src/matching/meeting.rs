//! Buckets that stream past: documents go in, ordered by bucket and rank; pairs worth comparing come out.
//!
//! For corpora that no machine holds. What is held is the low bytes of the heads of one bucket: its first documents, with
//! which all that come later are held together. A document that agrees with many heads is near one of them, most likely,
//! and would only repeat its pairs: with it the heads end. Documents from there on are left over, and come again in a
//! bucket of what is undecided then, which has more heads.

use super::seek::equal_bytes;

/// What a document is in its bucket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Held together with the heads before it, then a head itself if there is room.
    Either,
    /// A head, held together with none.
    Head,
    /// Held together with the heads before it, never a head.
    Guest,
}

/// When heads end, and what passes.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Least number of equal low bytes of a pair.
    pub gate: u32,
    /// Heads that a document may agree with and still become one.
    pub agreeing: usize,
    /// Heads of a bucket that become such by themselves.
    pub heads: usize,
}

/// One document in one bucket.
pub struct Entry<'a> {
    pub bucket: i64,
    pub rank: i64,
    pub low: &'a [u8],
    pub role: Role,
}

/// The bucket that is streaming past.
pub struct Meeting {
    limits: Limits,
    bucket: Option<i64>,
    heads: Vec<i64>,
    /// Low bytes of the heads.
    low: Vec<u8>,
    is_full: bool,
}

impl Meeting {
    pub fn new(limits: Limits) -> Self {
        Meeting { limits, bucket: None, heads: Vec::new(), low: Vec::new(), is_full: false }
    }

    /// Take the next document: its pairs are appended as (earlier, later); one that is left over as a pair of itself.
    pub fn add(&mut self, entry: &Entry<'_>, pairs: &mut Vec<[i64; 2]>) {
        if self.bucket != Some(entry.bucket) {
            self.bucket = Some(entry.bucket);
            self.heads.clear();
            self.low.clear();
            self.is_full = false;
        }
        let before = pairs.len();
        if entry.role != Role::Head {
            let heads = self.heads.iter().zip(self.low.chunks_exact(entry.low.len()));
            let agreeing = heads.filter(|(_, low)| equal_bytes(low, entry.low) >= self.limits.gate);
            pairs.extend(agreeing.map(|(&head, _)| [head, entry.rank]));
        }
        if entry.role == Role::Either {
            self.is_full |=
                pairs.len() - before > self.limits.agreeing || self.heads.len() >= self.limits.heads;
            if self.is_full {
                pairs.push([entry.rank; 2]);
                return;
            }
        }
        if entry.role != Role::Guest {
            self.heads.push(entry.rank);
            self.low.extend_from_slice(entry.low);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(limits: Limits, entries: &[(i64, i64, [u8; 2], Role)]) -> Vec<[i64; 2]> {
        let (mut meeting, mut pairs) = (Meeting::new(limits), Vec::new());
        for &(bucket, rank, ref low, role) in entries {
            meeting.add(&Entry { bucket, rank, low, role }, &mut pairs);
        }
        pairs
    }

    #[test]
    fn pairs_stay_within_their_bucket_and_pass_the_gate() {
        let limits = Limits { gate: 2, agreeing: 9, heads: 9 };
        let entries = [(1, 0, [5, 5]), (1, 1, [5, 6]), (1, 2, [5, 5]), (2, 3, [5, 5])]
            .map(|(b, r, l)| (b, r, l, Role::Either));
        assert_eq!(pairs(limits, &entries), [[0, 2]]);
    }

    #[test]
    fn what_comes_after_the_heads_is_left_over() {
        let entries = [0, 1, 2, 3].map(|rank| (1, rank, [5, 5], Role::Either));
        let limits = Limits { gate: 2, agreeing: 1, heads: 9 };
        assert_eq!(pairs(limits, &entries), [[0, 1], [0, 2], [1, 2], [2, 2], [0, 3], [1, 3], [3, 3]]);
        let limits = Limits { gate: 2, agreeing: 9, heads: 1 };
        assert_eq!(pairs(limits, &entries), [[0, 1], [1, 1], [0, 2], [2, 2], [0, 3], [3, 3]]);
    }

    #[test]
    fn guests_meet_heads_only() {
        let limits = Limits { gate: 2, agreeing: 0, heads: 0 };
        let roles = [Role::Head, Role::Guest, Role::Head, Role::Guest];
        let entries: Vec<_> =
            roles.into_iter().zip(0..).map(|(role, rank)| (1, rank, [5, 5], role)).collect();
        assert_eq!(pairs(limits, &entries), [[0, 1], [0, 3], [2, 3]]);
    }
}
