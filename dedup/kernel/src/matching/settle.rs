//! Deciding documents in rank order, once they have been compared with those of earlier blocks.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::ranking::Ranking;
use super::seek::Finding;
use super::{Counts, Documents, Pair, Tables};

/// What was decided and found so far, but for the representatives.
#[derive(Default)]
pub struct Account {
    /// The pair of each document that joined a representative because it is near it, in rank order.
    pub joined: Vec<Pair>,
    pub pairs: Vec<Pair>,
    pub links: Vec<(u32, u32)>,
    pub counts: Counts,
}

impl Account {
    /// Decide the documents of a block, of which it was found out what they have in common with those before rank `first`.
    pub fn settle(
        &mut self,
        block: Range<usize>,
        findings: Vec<Finding>,
        first: u32,
        ranking: &Ranking,
        tables: &Tables,
        documents: &impl Documents,
    ) {
        for (rank, mut finding) in block.clone().zip(findings) {
            ranking.fetch(rank + 1, block.end, tables);
            let representative = self.decide(rank as u32, &mut finding, first, ranking, tables, documents);
            ranking.representatives[rank].store(representative, Ordering::Relaxed);
        }
    }

    /// Compare a document with those put into buckets from rank `first` on, then decide; gives its representative.
    fn decide(
        &mut self,
        rank: u32,
        finding: &mut Finding,
        first: u32,
        ranking: &Ranking,
        tables: &Tables,
        documents: &impl Documents,
    ) -> u32 {
        let (at, gates) = (rank as usize, ranking.gates);
        let twin = ranking.twins[at];
        if twin != rank {
            if gates.pairs {
                let (similarity, containment) = (1.0, 1.0);
                self.pairs.push(Pair { earlier: twin, later: rank, exact: true, similarity, containment });
            }
            return ranking.representative(twin);
        }
        if !ranking.placed[at] {
            return rank;
        }
        ranking.seek_since(rank, first, finding, tables, documents);
        self.counts.candidates += finding.counts.candidates;
        self.counts.gated += finding.counts.gated;
        self.counts.verified += finding.counts.verified;
        if gates.pairs {
            self.pairs.extend(&finding.near);
        }
        if gates.links {
            let links = finding.near.iter().filter(|pair| ranking.is_representative(pair.earlier));
            self.links.extend(links.map(|pair| (rank, pair.earlier)));
        }
        if gates.pairs || (finding.best.is_none() && (gates.links || !ranking.is_preceded(rank))) {
            tables.buckets.put(at);
        }
        self.joined.extend(finding.best);
        finding.best.map_or(rank, |pair| pair.earlier)
    }
}
