//! Excerpts: a document most of whose shingles another, usually longer one has; their Jaccard similarity may be low.
//!
//! Banding does not find such pairs. Instead, the hashes of each document are winnowed down to a few; documents that
//! share enough of these are candidates and compared exactly. Values that many clusters have (phrases of the language,
//! of a template) say nothing and are left out. See `dedup/reference/excerpts.py` for the definition.

mod groups;
mod winnow;

use rayon::prelude::*;

use crate::blocking::Blocking;
use crate::matching::{Documents, Shelf};
use crate::sets::{jaccard, shared_at_least};
use groups::Groups;
pub use winnow::winnow;

/// Documents searched together; what their sets take is bounded after each block.
const BLOCK: usize = 256;

/// The minimizers of all documents, one after the other: those of a document ascend.
pub struct Minimizers<'a> {
    pub values: &'a [u32],
    /// How many each document has.
    pub counts: &'a [u32],
}

impl<'a> Minimizers<'a> {
    fn of_documents(&self) -> impl Iterator<Item = &'a [u32]> {
        let mut rest = self.values;
        self.counts.iter().map(move |&count| {
            let own;
            (own, rest) = rest.split_at(count as usize);
            own
        })
    }
}

/// What matching decided, by position.
pub struct Clusters<'a> {
    pub representative: &'a [i64],
    /// Whether a document is compared at all.
    pub compared: &'a [bool],
    pub blocking: Blocking<'a>,
}

impl Clusters<'_> {
    fn is_compared(&self, doc: usize) -> bool {
        self.compared[doc]
    }

    fn is_representative(&self, doc: usize) -> bool {
        self.representative[doc] == doc as i64
    }
}

/// Which of the compared documents are compared with which.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All with all.
    All,
    /// Each with the representatives of other clusters.
    Representatives,
    /// Likewise, but representatives not with one another.
    Members,
}

impl Scope {
    fn is_target(self, clusters: &Clusters<'_>, doc: usize) -> bool {
        self == Scope::All || clusters.is_representative(doc)
    }
}

/// What makes an excerpt.
#[derive(Clone, Copy)]
pub struct Gates {
    /// Least share of the smaller set that the larger one has.
    pub containment: f64,
    /// Least size of the smaller set.
    pub shingles: usize,
    /// Jaccard similarity from which on two documents are near.
    pub threshold: f64,
    /// Most clusters that a value may be in.
    pub most_clusters: usize,
}

/// A pair that passed the gates, `docs[0] < docs[1]`.
pub struct Pair {
    pub docs: [u32; 2],
    pub sizes: [usize; 2],
    pub shared: usize,
}

/// Deterministic counters.
#[derive(Default)]
pub struct Counts {
    pub candidates: u64,
    pub verified: u64,
}

/// A search under way.
pub struct Search {
    gates: Gates,
    scope: Scope,
    groups: Groups,
    representative: Vec<i64>,
    shelf: Shelf,
    done: usize,
    pub found: Vec<Pair>,
    pub counts: Counts,
}

impl Search {
    pub fn new(minimizers: &Minimizers<'_>, clusters: &Clusters<'_>, scope: Scope, gates: Gates) -> Self {
        let count = clusters.representative.len();
        Search {
            gates,
            scope,
            groups: Groups::new(minimizers, clusters, scope, gates.most_clusters),
            representative: clusters.representative.to_vec(),
            shelf: Shelf::new(count),
            done: 0,
            found: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Minimizers that were left out because too many clusters have them.
    pub fn frequent(&self) -> u64 {
        self.groups.frequent
    }

    /// Number of documents.
    pub fn count(&self) -> usize {
        self.representative.len()
    }

    /// Whether all documents have been searched.
    pub fn is_done(&self) -> bool {
        self.done == self.representative.len()
    }

    /// Search up to `limit` more documents; returns how many are done by now.
    pub fn advance(&mut self, limit: usize, blocking: &Blocking, documents: &impl Documents) -> usize {
        let stop = self.representative.len().min(self.done + limit);
        while self.done < stop {
            let block = self.done..stop.min(self.done + BLOCK);
            let this = &*self;
            let findings: Vec<(Vec<Pair>, Counts)> = block
                .clone()
                .into_par_iter()
                .map_init(Vec::new, |sharing, doc| this.search(doc, sharing, blocking, documents))
                .collect();
            for (pairs, counts) in findings {
                self.found.extend(pairs);
                self.counts.candidates += counts.candidates;
                self.counts.verified += counts.verified;
            }
            self.shelf.tidy(block.clone(), |_| true);
            self.done = block.end;
        }
        if self.is_done() {
            self.found.sort_unstable_by_key(|pair| pair.docs);
        }
        self.done
    }

    /// The pairs of one document with those that it is to be compared with.
    fn search(
        &self,
        doc: usize,
        sharing: &mut Vec<u32>,
        blocking: &Blocking,
        documents: &impl Documents,
    ) -> (Vec<Pair>, Counts) {
        let (mut pairs, mut counts) = (Vec::new(), Counts::default());
        sharing.clear();
        let sharing_mine = self.groups.sharing(doc).filter(|&other| self.is_mine(doc, other as usize));
        sharing.extend(sharing_mine.filter(|&other| blocking.allows(doc, other as usize)));
        sharing.sort_unstable();
        for group in sharing.chunk_by(|a, b| a == b) {
            counts.candidates += 1;
            let other = group[0];
            if self.has_enough(group.len(), doc, other as usize) {
                counts.verified += 1;
                pairs.extend(self.compare(doc as u32, other, documents));
            }
        }
        (pairs, counts)
    }

    /// Whether a pair is to be compared, and from this side: that of fewer minimizers, where either could.
    fn is_mine(&self, doc: usize, other: usize) -> bool {
        let rank = |doc: usize| (self.groups.rare[doc], doc);
        match self.scope {
            Scope::All => rank(doc) < rank(other),
            Scope::Representatives | Scope::Members => {
                let is_member = self.representative[doc] != doc as i64;
                let is_other = self.representative[doc] != other as i64;
                is_other && (is_member || (self.scope == Scope::Representatives && rank(doc) < rank(other)))
            }
        }
    }

    /// Whether two documents share as many minimizers as excerpts do: half of what the least containment lets expect,
    /// less two, since edits at the borders of windows change minima too.
    fn has_enough(&self, shared: usize, doc: usize, other: usize) -> bool {
        let fewer = self.groups.rare[doc].min(self.groups.rare[other]);
        2.0 * (shared as f64 + 2.0) >= self.gates.containment * f64::from(fewer)
    }

    /// The pair, if it passes the exact gates.
    fn compare(&self, doc: u32, other: u32, documents: &impl Documents) -> Option<Pair> {
        let docs = [doc.min(other), doc.max(other)];
        let [a, b] = docs.map(|doc| &self.shelf.get(doc, doc, documents).hashes[..]);
        let sizes = [a.len(), b.len()];
        let smaller = sizes[0].min(sizes[1]);
        if smaller < self.gates.shingles {
            return None;
        }
        let contained = |shared: usize| shared as f64 / smaller as f64 >= self.gates.containment;
        // One less than the estimate: the division decides, which may round either way.
        let least = ((self.gates.containment * smaller as f64) as usize).saturating_sub(1);
        let shared = shared_at_least(a, b, least).filter(|&shared| contained(shared))?;
        let is_near = jaccard(shared, sizes[0], sizes[1]) >= self.gates.threshold;
        (!is_near).then_some(Pair { docs, sizes, shared })
    }
}
