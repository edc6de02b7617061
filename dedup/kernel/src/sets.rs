//! Sets of shingle hashes: sorted, and intersected exactly.

/// Working memory for sorting.
#[derive(Default)]
pub struct Sorter {
    next: Vec<u32>,
    sorted: Vec<u64>,
}

impl Sorter {
    /// Append the distinct values of `hashes`, sorted.
    ///
    /// Hashes are uniform, so one distribution by their top bits, into twice as many buckets as elements, leaves
    /// next to nothing to an insertion sort: at 600 elements 5 ns an element. Putting each where it belongs at once, in an
    /// ordered hash table, takes 7: what the processor can't foresee is dearer than a second pass.
    pub fn append_unique(&mut self, hashes: &[u64], set: &mut Vec<u64>) {
        let count = hashes.len();
        if count < 32 {
            self.sorted.clear();
            self.sorted.extend_from_slice(hashes);
            self.sorted.sort_unstable();
        } else {
            let bits = usize::BITS - (count - 1).leading_zeros() + 1;
            self.distribute(hashes, bits.min(16));
            insertion_sort(&mut self.sorted);
        }
        append_distinct(&self.sorted, set);
    }

    /// Write `hashes` to `sorted`, ordered by their top `bits` bits.
    fn distribute(&mut self, hashes: &[u64], bits: u32) {
        let bucket = |hash: u64| (hash >> (u64::BITS - bits)) as usize;
        self.next.clear();
        self.next.resize(1 << bits, 0);
        for &hash in hashes {
            self.next[bucket(hash)] += 1;
        }
        let mut start = 0;
        for next in &mut self.next {
            start += std::mem::replace(next, start);
        }
        self.sorted.resize(hashes.len(), 0);
        for &hash in hashes {
            let next = &mut self.next[bucket(hash)];
            self.sorted[*next as usize] = hash;
            *next += 1;
        }
    }
}

/// Sort what is nearly sorted; falls back where equal top bits pile up.
fn insertion_sort(hashes: &mut [u64]) {
    let mut moves = 0usize;
    for i in 1..hashes.len() {
        let value = hashes[i];
        let mut at = i;
        while at > 0 && hashes[at - 1] > value {
            hashes[at] = hashes[at - 1];
            at -= 1;
        }
        hashes[at] = value;
        moves += i - at;
        if moves > 16 * hashes.len() {
            return hashes.sort_unstable();
        }
    }
}

/// Append sorted values without their repeats, and without a branch on whether one is a repeat.
fn append_distinct(sorted: &[u64], set: &mut Vec<u64>) {
    let Some(&first) = sorted.first() else {
        return;
    };
    let room = set.len();
    set.resize(room + sorted.len(), 0);
    let (out, mut last, mut end) = (&mut set[room..], first, 0);
    for &value in sorted {
        end += usize::from(value != last);
        out[end] = value;
        last = value;
    }
    set.truncate(room + end + 1);
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
