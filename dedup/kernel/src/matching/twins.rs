//! Exact copies: who has the same token sequence as somebody earlier.

use rayon::prelude::*;

/// For every rank, the rank of the first document with the same digest; its own where there is none.
///
/// `digests` is by input position, `order` gives the position of a rank, `empty` documents equal nobody.
pub fn first_copies(order: &[u32], digests: &[[u64; 2]], empty: &[bool]) -> Vec<u32> {
    let digest = |rank: u32| digests[order[rank as usize] as usize];
    let mut entries: Vec<(u64, u32)> = (0..order.len() as u32)
        .filter(|&rank| !empty[rank as usize])
        .map(|rank| (digest(rank)[1], rank))
        .collect();
    entries.par_sort_unstable();
    let mut twins: Vec<u32> = (0..order.len() as u32).collect();
    for group in entries.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        // Half a digest agrees: nearly always the whole one does, with the first.
        let mut firsts: Vec<u32> = Vec::new();
        for &(_, rank) in group {
            match firsts.iter().find(|&&first| digest(first) == digest(rank)) {
                Some(&first) => twins[rank as usize] = first,
                None => firsts.push(rank),
            }
        }
    }
    twins
}
