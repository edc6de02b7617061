//! Sets of shingle hashes: sorted, and intersected exactly.

/// Sort and drop repeats. `scratch` is working memory.
///
/// Hashes are uniform, so one distribution by their top bits leaves runs of about one element, and an
/// insertion sort finishes: measured 3 to 4 times faster than a comparison sort at 600 elements.
pub fn sort_unique(hashes: &mut Vec<u64>, scratch: &mut Vec<u64>) {
    let count = hashes.len();
    if count < 32 {
        hashes.sort_unstable();
    } else {
        let bits = usize::BITS - (count - 1).leading_zeros();
        distribute(hashes, scratch, bits.min(16));
        std::mem::swap(hashes, scratch);
        insertion_sort(hashes);
    }
    hashes.dedup();
}

/// Write `hashes` to `sorted`, ordered by their top `bits` bits.
fn distribute(hashes: &[u64], sorted: &mut Vec<u64>, bits: u32) {
    let shift = u64::BITS - bits;
    let mut next = vec![0u32; (1 << bits) + 1];
    for hash in hashes {
        next[(hash >> shift) as usize + 1] += 1;
    }
    for bucket in 1..next.len() {
        next[bucket] += next[bucket - 1];
    }
    sorted.clear();
    sorted.resize(hashes.len(), 0);
    for &hash in hashes {
        let slot = &mut next[(hash >> shift) as usize];
        sorted[*slot as usize] = hash;
        *slot += 1;
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

/// Steps between two looks at whether an intersection can still succeed.
const STRIDE: usize = 64;

/// |A ∩ B| of two sorted sets, or None once it cannot reach `least` any more.
pub fn shared_at_least(a: &[u64], b: &[u64], least: usize) -> Option<usize> {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    loop {
        let rest = (a.len() - i).min(b.len() - j);
        if shared + rest < least {
            return None;
        }
        if rest == 0 {
            return Some(shared);
        }
        for _ in 0..rest.min(STRIDE) {
            let (x, y) = (a[i], b[j]);
            i += usize::from(x <= y);
            j += usize::from(y <= x);
            shared += usize::from(x == y);
        }
    }
}
