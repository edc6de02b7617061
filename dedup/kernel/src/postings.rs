//! Postings: which documents stand under a key, looked up in sorted runs.

use rayon::prelude::*;

/// Sorted postings of one list, `key << 32 | document` each.
pub struct Run<'a> {
    pub list: usize,
    pub postings: &'a [u64],
}

/// Queries by which places are asked for before they are needed.
const AHEAD: usize = 3;

/// Whether so many queries are worth sharing out.
pub fn is_much(count: usize) -> bool {
    count > 16
}

/// The distinct `query << 32 | document` of all documents that stand in a run under the query's key of that list,
/// ascending. `keys` is list-major, `count` keys a list. All is done by the calling thread where it is `alone`.
pub fn probe(runs: &[Run<'_>], keys: &[u32], count: usize, alone: bool) -> Vec<u64> {
    if keys.is_empty() {
        return Vec::new();
    }
    let lists = keys.len() / count;
    let mut used = vec![false; lists];
    for run in runs {
        used[run.list] = true;
    }
    let in_order = |list: usize| {
        let keys = if used[list] { &keys[list * count..(list + 1) * count] } else { &[] };
        let mut sorted: Vec<u64> =
            keys.iter().enumerate().map(|(query, &key)| u64::from(key) << 32 | query as u64).collect();
        sorted.sort_unstable();
        sorted
    };
    let mut found;
    if !alone {
        let sorted: Vec<Vec<u64>> = (0..lists).into_par_iter().map(in_order).collect();
        let parts: Vec<_> = runs.par_iter().map(|run| matches(run.postings, &sorted[run.list])).collect();
        found = parts.concat();
        found.par_sort_unstable();
    } else {
        let sorted: Vec<Vec<u64>> = (0..lists).map(in_order).collect();
        found = runs.iter().flat_map(|run| matches(run.postings, &sorted[run.list])).collect();
        found.sort_unstable();
    }
    found.dedup();
    found
}

/// Walk through two sorted lists, leaping over the postings that no query asks for. Keys are hashes, so how far is known
/// but for some √n postings (interpolation search: Perl, Itai, Avni 1978).
fn matches(postings: &[u64], queries: &[u64]) -> Vec<u64> {
    let mut found = Vec::new();
    let (mut at, mut before) = (0, 0);
    for (i, &query) in queries.iter().enumerate() {
        let key = query >> 32;
        if let Some(&later) = queries.get(i + AHEAD) {
            let far = (((later >> 32) - before) * postings.len() as u64) >> 32;
            prefetch(postings, at + far as usize);
        }
        let far = ((key - before) * postings.len() as u64) >> 32;
        at = seek(postings, at, far as usize, key << 32);
        before = key;
        // Stay at the first posting of the key: the next query may have the same one.
        let same = postings[at..].iter().take_while(|&&posting| posting >> 32 == key);
        found.extend(same.map(|&posting| query << 32 | posting & 0xffff_ffff));
        if at == postings.len() {
            break;
        }
    }
    found
}

/// Ask for the posting at a place, and those beside it, before they are needed: most wait for the memory.
#[inline]
fn prefetch(postings: &[u64], place: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(posting) = postings.get(place) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing, and the address is that of a posting.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(posting).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (postings, place);
}

/// The first place from `from` on whose posting is no less than `least`, sought from `far` places on: steps that double,
/// in either direction, then bisection (Bentley and Yao 1976).
fn seek(postings: &[u64], from: usize, far: usize, least: u64) -> usize {
    let guess = from.saturating_add(far).min(postings.len());
    let (mut low, mut high) = (guess, guess);
    let mut step = 1;
    while low > from && postings[low - 1] >= least {
        high = low - 1;
        low = from.max(low.saturating_sub(step));
        step *= 2;
    }
    if high == guess {
        while high < postings.len() && postings[high] < least {
            low = high + 1;
            high = postings.len().min(high + step);
            step *= 2;
        }
    }
    low + postings[low..high].partition_point(|&posting| posting < least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeking_finds_the_first_that_is_no_less() {
        for count in 0..40u64 {
            let postings: Vec<u64> = (0..count).map(|i| i / 2 * 4).collect();
            for least in 0..90 {
                let expected = postings.partition_point(|&p| p < least);
                for (from, far) in (0..=expected).flat_map(|from| (0..50).map(move |far| (from, far))) {
                    assert_eq!(seek(&postings, from, far, least), expected, "{count} {least} {from} {far}");
                }
            }
        }
    }

    #[test]
    fn equal_keys_find_every_document_once() {
        let runs = [
            Run { list: 0, postings: &[5 << 32 | 1, 5 << 32 | 2, 9 << 32 | 3] },
            Run { list: 1, postings: &[7 << 32 | 2, 8 << 32 | 4] },
        ];
        // Two queries: keys 5 and 5 in list 0, 7 and 9 in list 1.
        let found = probe(&runs, &[5, 5, 7, 9], 2, true);
        assert_eq!(found, [1, 2, 1 << 32 | 1, 1 << 32 | 2]);
        // The same two again and again: enough to be shared out.
        let keys: Vec<u32> = [5, 9].iter().flat_map(|&key| std::iter::repeat_n(key, 40)).collect();
        let found = probe(&runs, &keys, 40, false);
        assert_eq!(found, (0..40).flat_map(|query| [query << 32 | 1, query << 32 | 2]).collect::<Vec<_>>());
        assert_eq!(found, probe(&runs, &keys, 40, true));
        assert!(probe(&runs, &[], 0, false).is_empty());
    }
}
