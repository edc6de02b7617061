//! Postings: which documents stand under a key, looked up in sorted runs.

use rayon::prelude::*;

/// Sorted postings of one list, `key << 32 | document` each.
pub struct Run<'a> {
    pub list: usize,
    pub postings: &'a [u64],
}

/// The distinct `query << 32 | document` of all documents that stand in a run under the query's key of that list,
/// ascending. `keys` is list-major, `count` keys a list.
pub fn probe(runs: &[Run<'_>], keys: &[u32], count: usize) -> Vec<u64> {
    if keys.is_empty() {
        return Vec::new();
    }
    let lists = keys.len() / count;
    let mut used = vec![false; lists];
    for run in runs {
        used[run.list] = true;
    }
    let sorted: Vec<Vec<u64>> = (0..lists)
        .into_par_iter()
        .map(|list| {
            let keys = if used[list] { &keys[list * count..(list + 1) * count] } else { &[] };
            let mut sorted: Vec<u64> =
                keys.iter().enumerate().map(|(query, &key)| u64::from(key) << 32 | query as u64).collect();
            sorted.sort_unstable();
            sorted
        })
        .collect();
    let parts: Vec<Vec<u64>> = runs.par_iter().map(|run| matches(run.postings, &sorted[run.list])).collect();
    let mut found = parts.concat();
    found.par_sort_unstable();
    found.dedup();
    found
}

/// Walk through two sorted lists, galloping over the postings that no query asks for.
fn matches(postings: &[u64], queries: &[u64]) -> Vec<u64> {
    let mut found = Vec::new();
    let mut at = 0;
    for &query in queries {
        let key = query >> 32;
        at += gallop(&postings[at..], key << 32);
        // Stay at the first posting of the key: the next query may have the same one.
        let same = postings[at..].iter().take_while(|&&posting| posting >> 32 == key);
        found.extend(same.map(|&posting| query << 32 | posting & 0xffff_ffff));
        if at == postings.len() {
            break;
        }
    }
    found
}

/// How many postings are less than `least`: doubling steps, then bisection (Bentley and Yao 1976).
fn gallop(postings: &[u64], least: u64) -> usize {
    let mut step = 1;
    while step < postings.len() && postings[step] < least {
        step *= 2;
    }
    let (low, high) = (step / 2, (step + 1).min(postings.len()));
    low + postings[low..high].partition_point(|&posting| posting < least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gallop_counts_what_is_less() {
        for count in 0..40u64 {
            let postings: Vec<u64> = (0..count).map(|i| i * 2).collect();
            for least in 0..82 {
                assert_eq!(gallop(&postings, least), postings.partition_point(|&p| p < least));
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
        let found = probe(&runs, &[5, 5, 7, 9], 2);
        assert_eq!(found, [1, 2, 1 << 32 | 1, 1 << 32 | 2]);
        assert!(probe(&runs, &[], 0).is_empty());
    }
}
