//! Deciding documents in rank order, once they have been compared with those settled before.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::seek::{Finding, Search, Seeker};
use super::{Counts, Documents, Pair};

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
    /// Decide some documents, of which it was found out what they have in common with those before rank `first`.
    pub fn settle(
        &mut self,
        search: &Search<impl Documents>,
        ranks: Range<usize>,
        findings: Vec<Finding>,
        first: u32,
        seeker: &mut Seeker,
    ) {
        for (rank, finding) in ranks.zip(findings) {
            let representative = self.decide(search, rank as u32, finding, first, seeker);
            search.ranking.representatives[rank].store(representative, Ordering::Relaxed);
        }
    }

    /// Compare a document with those put into buckets from rank `first` on, then decide; gives its representative.
    fn decide(
        &mut self,
        search: &Search<impl Documents>,
        rank: u32,
        mut finding: Finding,
        first: u32,
        seeker: &mut Seeker,
    ) -> u32 {
        let ranking = search.ranking;
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
        search.seek_since(rank, first, seeker, &mut finding);
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
            search.tables.buckets.put(at);
        }
        self.joined.extend(finding.best);
        finding.best.map_or(rank, |pair| pair.earlier)
    }
}
