//! Which documents share a minimizer that few clusters have.

use rayon::prelude::*;

use super::{Clusters, Minimizers, Scope};

/// Parts of the range of values that are grouped at the same time, each by one thread.
const MOST_PARTS: usize = 32;
/// Values of a part, at least: half a megabyte to sort.
const LEAST_PART: usize = 1 << 16;

/// Documents by the values that they share with another cluster.
pub struct Groups {
    /// Group numbers of document `d`: `of[of_starts[d]..of_starts[d + 1]]`.
    of: Vec<u32>,
    of_starts: Vec<u32>,
    /// Documents of group `g` that others are compared with: `targets[starts[g]..starts[g + 1]]`, ascending.
    targets: Vec<u32>,
    starts: Vec<u32>,
    /// Values of each document that are not frequent.
    pub rare: Vec<u32>,
    /// Values that too many clusters have.
    pub frequent: u64,
}

/// The groups of one part of the values.
#[derive(Default)]
struct Part {
    members: Vec<u32>,
    sizes: Vec<u32>,
    targets: Vec<u32>,
    target_counts: Vec<u32>,
    /// Documents that have a frequent value, once for each.
    frequent_members: Vec<u32>,
    frequent: u64,
}

impl Groups {
    /// Group the compared documents; a value that more than `most` clusters have makes no group. Documents that blocking
    /// keeps apart by their values of `same` share no group, and are counted apart.
    pub fn new(minimizers: &Minimizers<'_>, clusters: &Clusters<'_>, scope: Scope, most: usize) -> Self {
        let count = clusters.representative.len();
        let parts = (minimizers.values.len() / LEAST_PART).clamp(1, MOST_PARTS);
        let parts: Vec<Part> = (0..parts)
            .into_par_iter()
            .map(|part| Part::new(&mut entries(minimizers, clusters, part, parts), clusters, scope, most))
            .collect();
        let total: usize = parts.iter().map(|part| part.members.len()).sum();
        assert!(total < u32::MAX as usize, "more than 4 billion places in groups");
        let mut rare: Vec<u32> = minimizers.counts.to_vec();
        let mut of_starts = vec![0u32; count + 1];
        let mut starts = vec![0u32];
        for part in &parts {
            part.frequent_members.iter().for_each(|&doc| rare[doc as usize] -= 1);
            part.members.iter().for_each(|&doc| of_starts[doc as usize + 1] += 1);
            starts.extend(part.target_counts.iter().scan(starts[starts.len() - 1], |start, count| {
                *start += count;
                Some(*start)
            }));
        }
        for doc in 0..count {
            of_starts[doc + 1] += of_starts[doc];
        }
        let mut next = of_starts.clone();
        let mut of = vec![0u32; total];
        let sizes = parts.iter().flat_map(|part| &part.sizes);
        let mut members = parts.iter().flat_map(|part| &part.members);
        for (group, &size) in sizes.enumerate() {
            for &doc in members.by_ref().take(size as usize) {
                of[next[doc as usize] as usize] = group as u32;
                next[doc as usize] += 1;
            }
        }
        let targets = parts.iter().flat_map(|part| &part.targets).copied().collect();
        let frequent = parts.iter().map(|part| part.frequent).sum();
        Groups { of, of_starts, targets, starts, rare, frequent }
    }

    /// The documents that share a value with one: those of each of its groups, itself among them.
    pub fn sharing(&self, doc: usize) -> impl Iterator<Item = u32> {
        let of = &self.of[self.of_starts[doc] as usize..self.of_starts[doc + 1] as usize];
        of.iter().flat_map(|&group| {
            let group = group as usize;
            self.targets[self.starts[group] as usize..self.starts[group + 1] as usize].iter().copied()
        })
    }
}

/// The values of one part of the range with their documents, `value << 32 | document`, ascending.
fn entries(minimizers: &Minimizers<'_>, clusters: &Clusters<'_>, part: usize, parts: usize) -> Vec<u64> {
    let bound = |part: usize| ((part as u64) << 32).div_ceil(parts as u64);
    let (first, end) = (bound(part), bound(part + 1));
    let mut entries = Vec::new();
    for (doc, values) in minimizers.of_documents().enumerate() {
        if clusters.is_compared(doc) {
            let from = values.partition_point(|&value| u64::from(value) < first);
            let own = values[from..].iter().map(|&value| u64::from(value)).take_while(|&value| value < end);
            entries.extend(own.map(|value| value << 32 | doc as u64));
        }
    }
    entries.sort_unstable();
    entries
}

impl Part {
    fn new(entries: &mut [u64], clusters: &Clusters<'_>, scope: Scope, most: usize) -> Self {
        let mut part = Part::default();
        let mut held = Vec::new();
        for sharing in entries.chunk_by_mut(|a, b| a >> 32 == b >> 32).filter(|sharing| sharing.len() > 1) {
            clusters.blocking.split(
                sharing,
                |entry| entry as u32 as usize,
                |group| part.add(group, clusters, scope, most, &mut held),
            );
        }
        part
    }

    /// Take in the entries of the documents that share a value; `held` is working memory.
    fn add(&mut self, group: &[u64], clusters: &Clusters, scope: Scope, most: usize, held: &mut Vec<i64>) {
        let members = group.iter().map(|&entry| entry as u32);
        held.clear();
        held.extend(members.clone().map(|doc| clusters.representative[doc as usize]));
        held.sort_unstable();
        held.dedup();
        if held.len() > most {
            self.frequent += 1;
            self.frequent_members.extend(members);
        } else if group.len() > 1 && (held.len() > 1 || scope == Scope::All) {
            self.members.extend(members.clone());
            self.sizes.push(group.len() as u32);
            let before = self.targets.len();
            self.targets.extend(members.filter(|&doc| scope.is_target(clusters, doc as usize)));
            self.target_counts.push((self.targets.len() - before) as u32);
        }
    }
}
