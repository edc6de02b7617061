//! Exact copies: who has the same token sequence as somebody earlier.

use rayon::prelude::*;

use crate::blocking::Blocking;

/// For every rank, the rank of the first document with the same digest, and with the same values for blocking; its own
/// where there is none.
///
/// `digests` is by input position, `order` gives the position of a rank, `empty` documents equal nobody.
pub fn first_copies(order: &[u32], digests: &[[u64; 2]], empty: &[bool], blocking: &Blocking) -> Vec<u32> {
    let identity = |rank: u32| {
        let doc = order[rank as usize] as usize;
        (digests[doc], blocking.values(doc))
    };
    let mut entries: Vec<(u64, u32)> = (0..order.len() as u32)
        .filter(|&rank| !empty[rank as usize] && blocking.has_partners(order[rank as usize] as usize))
        .map(|rank| {
            let (digest, values) = identity(rank);
            (values.iter().fold(digest[1], |mixed, value| mixed.rotate_left(23) ^ value), rank)
        })
        .collect();
    entries.par_sort_unstable();
    let mut twins: Vec<u32> = (0..order.len() as u32).collect();
    for group in entries.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        // Half a digest agrees, mixed with the values: nearly always all of it does, with the first.
        let mut firsts: Vec<u32> = Vec::new();
        for &(_, rank) in group {
            match firsts.iter().find(|&&first| identity(first) == identity(rank)) {
                Some(&first) => twins[rank as usize] = first,
                None => firsts.push(rank),
            }
        }
    }
    twins
}
