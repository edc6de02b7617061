//! Postings: which documents stand under a key, looked up in sorted runs.

use rayon::prelude::*;

/// Sorted postings of one list, `key << 32 | document` each.
pub struct Run<'a> {
    pub list: usize,
    pub postings: &'a [u64],
    /// What `prefixes` gave for them; or nothing.
    pub prefixes: &'a [u64],
}

/// Bits of a set of prefixes for each posting, at least: so one key in eight that no posting has passes it, at the most.
const SPARSE: usize = 8;

/// Words of a set that has a bit for each key.
pub const MOST_WORDS: usize = 1 << 26;

/// Queries by which places are asked for before they are needed.
const AHEAD: usize = 3;

/// By which queries ask for words of a set of prefixes before they are needed.
const FAR_AHEAD: usize = 16;

/// Which leading bits the keys of some postings have: a bit for each value of as many leading bits as there are bits. A
/// query reads one word of it, next to that of the query before, where looking for a posting reads memory all over: as
/// long as most queries find nothing, as is the rule, that takes a tenth of the time.
pub fn prefixes(postings: &[u64]) -> Vec<u64> {
    let words = (postings.len() * SPARSE).div_ceil(64).next_power_of_two();
    let mut words = vec![0; words.min(MOST_WORDS)];
    let shift = shift(&words);
    for &posting in postings {
        words[(posting >> shift >> 6) as usize] |= 1 << (posting >> shift & 63);
    }
    words
}

/// By how much postings and queries are shifted to give their place in a set of prefixes, of 64 to 2^32 bits.
fn shift(words: &[u64]) -> u32 {
    u64::BITS - 6 - words.len().ilog2()
}

/// The queries whose key may be among postings with these prefixes.
fn passing(prefixes: &[u64], queries: &[u64]) -> Vec<u64> {
    let shift = shift(prefixes);
    let mut passing = vec![0; queries.len()];
    let mut count = 0;
    for (i, &query) in queries.iter().enumerate() {
        if let Some(&later) = queries.get(i + FAR_AHEAD) {
            prefetch(prefixes, (later >> shift >> 6) as usize);
        }
        let place = query >> shift;
        passing[count] = query;
        count += (prefixes[(place >> 6) as usize] >> (place & 63) & 1) as usize;
    }
    passing.truncate(count);
    passing
}

/// Keys to look up from which on they are worth sharing out: some 200 queries in all bands, or 8,000 in one list.
const MUCH: usize = 1 << 13;

/// Whether so many keys are worth sharing out.
pub fn is_much(keys: usize) -> bool {
    keys > MUCH
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
        let parts: Vec<_> = runs.par_iter().map(|run| found_in(run, &sorted[run.list])).collect();
        found = parts.concat();
        found.par_sort_unstable();
    } else {
        let sorted: Vec<Vec<u64>> = (0..lists).map(in_order).collect();
        found = runs.iter().flat_map(|run| found_in(run, &sorted[run.list])).collect();
        found.sort_unstable();
    }
    found.dedup();
    found
}

fn found_in(run: &Run<'_>, queries: &[u64]) -> Vec<u64> {
    match run.prefixes {
        [] => matches(run.postings, queries),
        prefixes => matches(run.postings, &passing(prefixes, queries)),
    }
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

/// Ask for the number at a place, and those beside it, before they are needed: most wait for the memory.
#[inline]
fn prefetch(numbers: &[u64], place: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(number) = numbers.get(place) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing, and the address is that of a number.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(number).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (numbers, place);
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
    fn prefixes_let_pass_all_that_is_there_and_little_else() {
        for count in [1, 7, 8, 9, 100, 5000] {
            let spread = |i: u64| (i * 0x9E37_79B1) << 32;
            let mut postings: Vec<u64> = (0..count).map(|i| spread(i) | i).collect();
            postings.sort_unstable();
            let words = prefixes(&postings);
            assert!(words.len().is_power_of_two() && words.len() * 64 < count as usize * 16 + 64);
            let mut queries: Vec<u64> = (0..4 * count).map(|i| spread(i) | 3).collect();
            queries.sort_unstable();
            let passed = passing(&words, &queries);
            assert!(postings.iter().all(|&posting| passed.contains(&(posting & !0xffff_ffff | 3))));
            assert!(passed.len() as u64 <= count + count / 2 + 3, "{} of {count}", passed.len());
            assert_eq!(matches(&postings, &passed), matches(&postings, &queries));
        }
        assert_eq!(prefixes(&[]), [0]);
        assert!(passing(&[0], &[0, u64::MAX]).is_empty());
        assert_eq!(passing(&prefixes(&[u64::MAX]), &[u64::MAX]), [u64::MAX]);
    }

    #[test]
    fn equal_keys_find_every_document_once() {
        let runs = [
            Run { list: 0, postings: &[5 << 32 | 1, 5 << 32 | 2, 9 << 32 | 3], prefixes: &[1] },
            Run { list: 1, postings: &[7 << 32 | 2, 8 << 32 | 4], prefixes: &[] },
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
