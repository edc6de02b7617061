//! Winnowing: the shingle hashes of a document in, a few of them out, such that two documents which share a long
//! enough run of shingles are sure to have one in common.

/// Replace `minimizers` by the least hash of each window of `window` consecutive ones, low 32 bits, ascending, each
/// once; of all hashes where there are fewer.
///
/// Schleimer, Wilkerson, Aiken, "Winnowing: local algorithms for document fingerprinting" (2003): a run of `window`
/// shared shingles has a shared least one, and 2 of `window + 1` hashes are chosen.
pub fn winnow(hashes: &[u64], window: usize, minimizers: &mut Vec<u32>) {
    minimizers.clear();
    let mut least: Option<usize> = None;
    for end in window.min(hashes.len())..=hashes.len() {
        let start = end.saturating_sub(window);
        let before = least;
        least = match least {
            Some(at) if at >= start && hashes[at] <= hashes[end - 1] => Some(at),
            Some(at) if at >= start => Some(end - 1),
            // The least one has left the window, which happens every `window / 2` steps.
            _ => (start..end).min_by_key(|&at| hashes[at]),
        };
        if let (true, Some(at)) = (least != before, least) {
            minimizers.push(hashes[at] as u32);
        }
    }
    minimizers.sort_unstable();
    minimizers.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_gives_its_least_hash() {
        for count in 0..60u64 {
            let hashes: Vec<u64> = (0..count).map(|i| i * i * 7919 % 101).collect();
            for window in 1..20 {
                let mut expected: Vec<u32> = match hashes.len() < window {
                    true => hashes.iter().min().map(|&hash| hash as u32).into_iter().collect(),
                    false => hashes.windows(window).map(|some| *some.iter().min().unwrap() as u32).collect(),
                };
                expected.sort_unstable();
                expected.dedup();
                let mut minimizers = vec![1, 2, 3];
                winnow(&hashes, window, &mut minimizers);
                assert_eq!(minimizers, expected, "{count} {window}");
            }
        }
    }
}
