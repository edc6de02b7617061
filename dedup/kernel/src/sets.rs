//! Sets of shingle hashes: sorted, and intersected exactly.

use std::ops::Range;

/// Working memory for sorting.
#[derive(Default)]
pub struct Sorter {
    table: Vec<u64>,
}

/// Numbers of hashes that are put into a table; it is in the cache, and takes less than comparing them.
const IN_TABLE: Range<usize> = 32..1 << 16;
/// A place of a table where nothing is, also the greatest hash.
const FREE: u64 = u64::MAX;
/// Places behind the one where a hash begins to look: the most that it is pushed on.
const BEHIND: usize = 64;

impl Sorter {
    /// Append the distinct values of `hashes`, sorted.
    ///
    /// Hashes are uniform, so the top bits of each say nearly where it belongs, in a table of at least twice as many
    /// places; where several meet, they are in order (Amble and Knuth 1974, ordered hash tables). Read off, the table is
    /// sorted.
    pub fn append_unique(&mut self, hashes: &[u64], set: &mut Vec<u64>) {
        if !IN_TABLE.contains(&hashes.len()) || !self.place(hashes) {
            let first = set.len();
            set.extend_from_slice(hashes);
            set[first..].sort_unstable();
            return keep_distinct(set, first);
        }
        set.reserve(self.table.len());
        let (mut count, free) = (0, set.spare_capacity_mut());
        for &hash in &self.table {
            free[count].write(hash);
            count += usize::from(hash != FREE);
        }
        // SAFETY: so many were written behind the others.
        unsafe { set.set_len(set.len() + count) };
        set.extend(hashes.contains(&FREE).then_some(FREE));
    }

    /// Put hashes into the table; not all where too many have equal top bits, which it says.
    fn place(&mut self, hashes: &[u64]) -> bool {
        let bits = usize::BITS - (hashes.len() - 1).leading_zeros() + 1;
        self.table.clear();
        self.table.resize((1 << bits) + BEHIND, FREE);
        for &hash in hashes {
            let start = (hash >> (u64::BITS - bits)) as usize;
            let places = &mut self.table[start..start + BEHIND];
            let mut at = 0;
            while places[at] < hash {
                at += 1;
                if at == BEHIND {
                    return false;
                }
            }
            if places[at] == hash {
                continue;
            }
            let mut moved = hash;
            while moved != FREE {
                if at == BEHIND {
                    return false;
                }
                moved = std::mem::replace(&mut places[at], moved);
                at += 1;
            }
        }
        true
    }
}

/// Drop the repeats of values from `first` on, which are sorted.
fn keep_distinct(values: &mut Vec<u64>, first: usize) {
    let mut end = first;
    for at in first..values.len() {
        if at == first || values[at] != values[end - 1] {
            values[end] = values[at];
            end += 1;
        }
    }
    values.truncate(end);
}

/// Least |A ∩ B| for which the Jaccard of sets of `a` and `b` elements passes `accept`.
///
/// `accept` is monotonic in the Jaccard, which is computed as one IEEE division, as everywhere.
pub fn least_shared(a: usize, b: usize, guess: f64, accept: impl Fn(f64) -> bool) -> usize {
    let passes = |shared: usize| accept(jaccard(shared, a, b));
    let most = a.min(b);
    let mut shared = ((guess * (a + b) as f64 / (1.0 + guess)) as usize).min(most);
    while shared > 0 && passes(shared - 1) {
        shared -= 1;
    }
    while shared <= most && !passes(shared) {
        shared += 1;
    }
    shared
}

/// |A ∩ B| / |A ∪ B|.
pub fn jaccard(shared: usize, a: usize, b: usize) -> f64 {
    shared as f64 / (a + b - shared) as f64
}

/// Stretches of a pair of sets that are merged side by side: a step of one merge waits for the loads of the
/// step before it, so several in turn keep the processor busy.
const STRETCHES: usize = 4;
/// Steps between two looks at whether an intersection can still succeed.
const STRIDE: usize = 32;

/// Two stretches of equal values of two sets, as far as they are not merged yet.
#[derive(Clone, Copy)]
struct Stretch<'a> {
    a: &'a [u64],
    b: &'a [u64],
}

impl Stretch<'_> {
    /// How many steps are safe, and how many common elements there can still be.
    fn rest(&self) -> usize {
        self.a.len().min(self.b.len())
    }
}

/// |A ∩ B| of two sorted sets, or None once it cannot reach `least` any more.
pub fn shared_at_least(a: &[u64], b: &[u64], least: usize) -> Option<usize> {
    let mut stretches = cut(a, b);
    let mut shared = 0;
    loop {
        if shared + stretches.iter().map(Stretch::rest).sum::<usize>() < least {
            return None;
        }
        let steps = stretches.iter().map(Stretch::rest).min().unwrap_or(0).min(STRIDE);
        if steps == 0 {
            break;
        }
        shared += merge(&mut stretches, steps);
    }
    for stretch in stretches {
        let mut one = [stretch];
        while one[0].rest() > 0 {
            let steps = one[0].rest();
            shared += merge(&mut one, steps);
        }
    }
    (shared >= least).then_some(shared)
}

/// Cut two sets at the same values into stretches of about the same length.
fn cut<'a>(a: &'a [u64], b: &'a [u64]) -> [Stretch<'a>; STRETCHES] {
    let (mut rest_a, mut rest_b) = (a, b);
    let mut stretches = [Stretch { a: &[], b: &[] }; STRETCHES];
    for (i, stretch) in stretches.iter_mut().enumerate() {
        let (own_a, own_b) = match rest_a.get(a.len() / STRETCHES) {
            Some(&pivot) if i + 1 < STRETCHES => {
                (a.len() / STRETCHES, rest_b.partition_point(|&hash| hash < pivot))
            }
            _ => (rest_a.len(), rest_b.len()),
        };
        (stretch.a, rest_a) = rest_a.split_at(own_a);
        (stretch.b, rest_b) = rest_b.split_at(own_b);
    }
    stretches
}

/// Merge `steps` steps of each stretch, without branches; returns the common elements met.
///
/// No stretch may have a side of fewer than `steps` elements.
fn merge<const N: usize>(stretches: &mut [Stretch; N], steps: usize) -> usize {
    assert!(stretches.iter().all(|stretch| stretch.rest() >= steps));
    let (mut i, mut j, mut shared) = ([0; N], [0; N], 0);
    for _ in 0..steps {
        for n in 0..N {
            // SAFETY: `i[n]` and `j[n]` grow by at most one a step, and both sides have at least `steps` elements.
            let (x, y) =
                unsafe { (*stretches[n].a.get_unchecked(i[n]), *stretches[n].b.get_unchecked(j[n])) };
            i[n] += usize::from(x <= y);
            j[n] += usize::from(y <= x);
            shared += usize::from(x == y);
        }
    }
    for n in 0..N {
        stretches[n].a = &stretches[n].a[i[n]..];
        stretches[n].b = &stretches[n].b[j[n]..];
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random, of the top bits of which so many are zero.
    fn hashes(count: usize, zeros: u32) -> Vec<u64> {
        let mut state = count as u64 + 1;
        let mut next = || {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            (state ^ state >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> zeros
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn sorted_and_distinct_whatever_the_bits() {
        let (mut sorter, mut set) = (Sorter::default(), Vec::new());
        for count in [0, 1, 2, 31, 32, 33, 63, 64, 65, 600, 2000, 70_000] {
            for zeros in [0, 3, 20, 40, 58] {
                let mut hashes = hashes(count, zeros);
                hashes.extend_from_within(..count / 3);
                hashes.extend([0, u64::MAX - 1, u64::MAX].iter().cycle().take(count % 7));
                set.clear();
                set.extend([9, 1]);
                sorter.append_unique(&hashes, &mut set);
                hashes.sort_unstable();
                hashes.dedup();
                assert_eq!(set[..2], [9, 1]);
                assert_eq!(set[2..], hashes, "{count} numbers, {zeros} zeros");
            }
        }
    }
}
