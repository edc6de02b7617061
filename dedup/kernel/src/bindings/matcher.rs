//! Matching across calls: sketches are grouped into buckets, then documents are decided in slices.
//!
//! What takes memory by the document is made in Python, which may have it in files, and only borrowed here.

use numpy::{
    Element, IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::blocking::{Arrays, Borrowed};
use super::documents::{self, Segment, with_documents};
use super::engine::Engine;
use super::{guard, guard_if, invalid};
use crate::matching::{Anchors, BLOCK, Buckets, Derived, Gates, Matching, Outcome, Tables, shared};
use crate::threads;

/// The rows and hashes of `crate::deltas::Deltas`, by positions of the run.
type DeltaArrays = (Py<PyArray2<i64>>, Py<PyArray1<u64>>);

/// Greedy matching in priority order; see `dedup.stages.Matcher`.
#[pyclass(module = "dedup._kernel")]
pub struct Matcher {
    engine: Py<Engine>,
    gates: Gates,
    /// uint32[bands, documents of the block]: band keys, then places of buckets.
    keys: Vec<Py<PyArray2<u32>>>,
    members: Vec<Py<PyArray1<u32>>>,
    low: Vec<Py<PyArray2<u8>>>,
    blocking: Option<Arrays>,
    /// Held where blocking parts exact copies.
    digest: Option<Py<PyArray2<u64>>>,
    segments: Vec<Segment>,
    deltas: Option<DeltaArrays>,
    anchors: Anchors,
    matching: Option<Matching>,
}

#[pymethods]
impl Matcher {
    #[new]
    fn new(engine: Py<Engine>, threshold: f64, gate: u32, pairs: bool, links: bool) -> Self {
        let gates = Gates { threshold, low: gate, pairs, links };
        let (keys, members, low, segments) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (blocking, digest, deltas, matching) = (None, None, None, None);
        let anchors = Anchors::default();
        Matcher { engine, gates, keys, members, low, blocking, digest, segments, deltas, anchors, matching }
    }

    /// Group documents by their band keys, which are overwritten; gives the length of the table of members of each band.
    ///
    /// `keys` are uint32[bands, m] of `BLOCK` documents each, the last of fewer; `blocking` has the fields of
    /// `dedup.comparable.Comparable`.
    fn group(
        &mut self,
        py: Python<'_>,
        order: PyReadonlyArray1<'_, i64>,
        empty: PyReadonlyArray1<'_, u8>,
        digest: Py<PyArray2<u64>>,
        keys: Vec<Py<PyArray2<u32>>>,
        blocking: Option<Arrays>,
    ) -> PyResult<Vec<usize>> {
        let (empty, bands) = (empty.as_slice()?, self.engine.get().sketcher.bands);
        let count = empty.len();
        // A table of members has room for half as many buckets again.
        if count > u32::MAX as usize / 2 {
            return Err(invalid(format!("{count} documents are more than 2 billion")));
        }
        let order: Vec<u32> = order.as_slice()?.iter().filter_map(|&doc| u32::try_from(doc).ok()).collect();
        let mut seen = vec![false; count];
        let fresh = order
            .iter()
            .filter(|&&doc| seen.get_mut(doc as usize).is_some_and(|seen| !std::mem::replace(seen, true)));
        if order.len() != count || fresh.count() != count {
            return Err(invalid("order must name every document once"));
        }
        let digests = digest.bind(py).readonly();
        let (digests, _) = digests.as_slice()?.as_chunks::<2>();
        if digests.len() != count || !in_blocks(py, &keys, count, |of| [bands, of]) {
            return Err(invalid("the arrays of the sketches do not fit together"));
        }
        let mut held = keys.iter().map(|block| block.bind(py).readwrite()).collect::<Vec<_>>();
        let blocks = held.iter_mut().map(|block| block.as_slice_mut()).collect::<Result<Vec<_>, _>>()?;
        let gates = self.gates;
        let borrowed = Borrowed::new(py, blocking.as_ref(), count)?;
        let values = borrowed.view()?;
        let (matching, lengths) =
            guard(py, move || Matching::new(order, digests, empty, blocks, bands, gates, &values))?;
        self.digest = values.parts_copies().then(|| digest.clone_ref(py));
        drop((held, borrowed));
        (self.keys, self.blocking) = (keys, blocking);
        self.matching = Some(matching);
        Ok(lengths)
    }

    /// Begin matching documents that lie in `segments`: (data, starts, ends, is record).
    ///
    /// `members` are the tables that `group` asked for, all zeros; `low` are uint8[m, num_perm] in blocks as the keys;
    /// `deltas` say how some documents differ from others.
    fn start(
        &mut self,
        py: Python<'_>,
        members: Vec<Py<PyArray1<u32>>>,
        low: Vec<Py<PyArray2<u8>>>,
        segments: Vec<Segment>,
        deltas: DeltaArrays,
    ) -> PyResult<()> {
        let sketcher = &self.engine.get().sketcher;
        let (bands, num_perm) = (sketcher.bands, sketcher.permutations.count());
        let count = self.matching.as_ref().map_or(0, Matching::count);
        if members.len() != bands || !in_blocks(py, &low, count, |of| [of, num_perm]) {
            return Err(invalid("the tables do not fit together"));
        }
        self.segments = segments;
        let total = documents::count(py, &self.segments);
        if total != count {
            return Err(invalid(format!("segments hold {total} documents, sketches are of {count}")));
        }
        if !are_deltas(deltas.0.bind(py).readonly().as_slice()?.as_chunks().0, deltas.1.bind(py).len(), count)
        {
            return Err(invalid("the deltas are not those of the documents"));
        }
        (self.members, self.low, self.deltas) = (members, low, Some(deltas));
        Ok(())
    }

    /// Decide up to `limit` more documents; returns how many are decided by now. Where few threads work `beside` one
    /// another the calling one does everything.
    fn advance(&mut self, py: Python<'_>, limit: usize, beside: bool) -> PyResult<usize> {
        let Matcher { engine, segments, matching, keys, members, low, blocking, digest, anchors, .. } = self;
        let matching = matching.as_mut().ok_or_else(|| invalid("the matcher has not been started"))?;
        let (rows, hashes) =
            self.deltas.as_ref().ok_or_else(|| invalid("the matcher has not been started"))?;
        let (rows, hashes) = (rows.bind(py).readonly(), hashes.bind(py).readonly());
        let (rows, hashes) = (rows.as_slice()?.as_chunks().0, hashes.as_slice()?);
        let places: Vec<_> = keys.iter().map(|block| block.bind(py).readonly()).collect();
        let mut members: Vec<_> = members.iter().map(|table| table.bind(py).readwrite()).collect();
        let low: Vec<_> = low.iter().map(|block| block.bind(py).readonly()).collect();
        let borrowed = Borrowed::new(py, blocking.as_ref(), matching.count())?;
        let digests = digest.as_ref().map(|digest| digest.bind(py).readonly());
        let digests = digests.as_ref().map(|digests| digests.as_slice()).transpose()?;
        let tables = Tables {
            buckets: Buckets {
                places: places.iter().map(|block| block.as_slice()).collect::<Result<_, _>>()?,
                members: members
                    .iter_mut()
                    .map(|table| table.as_slice_mut().map(shared))
                    .collect::<Result<_, _>>()?,
            },
            low: low.iter().map(|block| block.as_slice()).collect::<Result<_, _>>()?,
            num_perm: engine.get().sketcher.permutations.count(),
            blocking: borrowed.view()?,
            digests: digests.map(|digests| digests.as_chunks().0),
        };
        let alone = threads::is_one() || beside && threads::are_few();
        with_documents(py, engine, segments, |stored| {
            let documents = Derived { documents: stored, rows, hashes, anchors };
            guard_if(py, !alone, || matching.advance(limit, &tables, &documents, alone))
        })
    }

    /// bool[stop - start], whether the documents of these ranks, all decided, are representatives.
    fn kept<'py>(&self, py: Python<'py>, start: usize, stop: usize) -> PyResult<Bound<'py, PyArray1<bool>>> {
        let kept = self.matching.as_ref().and_then(|matching| matching.kept(start..stop));
        Ok(kept.ok_or_else(|| invalid("not every document is decided"))?.into_pyarray(py))
    }

    /// The outcome by input position, as the fields of `dedup.model.Matches`; the matcher is done then.
    fn result<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let matching = self.matching.take_if(|matching| matching.is_done());
        let found = Outcome::from(matching.ok_or_else(|| invalid("not every document is decided"))?);
        self.segments.clear();
        (self.keys, self.members, self.low) = (Vec::new(), Vec::new(), Vec::new());
        (self.blocking, self.digest, self.deltas) = (None, None, None);
        self.anchors = Anchors::default();
        let position = |rank: u32| i64::from(found.order[rank as usize]);
        let count = found.order.len();
        let mut representative = vec![0i64; count];
        let mut relation = vec![0u8; count];
        let mut first = vec![0i64; count];
        let mut similarity = vec![0f64; count];
        let mut containment = vec![0f64; count];
        for (rank, &chosen) in found.representatives.iter().enumerate() {
            let doc = found.order[rank] as usize;
            representative[doc] = position(chosen);
            first[doc] = position(found.first_copy(rank));
            relation[doc] = match chosen as usize == rank {
                true => 0,
                false if found.is_exact(rank) => 1,
                false => 2,
            };
            (similarity[doc], containment[doc]) = found.measures(rank);
        }
        let pairs = &found.pairs;
        let two = |columns: Vec<i64>| -> PyResult<Bound<'py, PyArray2<i64>>> {
            let rows = columns.len() / 2;
            columns.into_pyarray(py).reshape([rows, 2])
        };
        let counts = PyDict::new(py);
        counts.set_item("candidates", found.counts.candidates)?;
        counts.set_item("gated", found.counts.gated)?;
        counts.set_item("verified", found.counts.verified)?;
        let result = PyDict::new(py);
        result.set_item("representative", representative.into_pyarray(py))?;
        result.set_item("first", first.into_pyarray(py))?;
        result.set_item("relation", relation.into_pyarray(py))?;
        result.set_item("similarity", similarity.into_pyarray(py))?;
        result.set_item("containment", containment.into_pyarray(py))?;
        let links = found.links.iter().flat_map(|&(doc, other)| [position(doc), position(other)]);
        result.set_item("links", two(links.collect())?)?;
        let ends = pairs.iter().flat_map(|pair| [position(pair.earlier), position(pair.later)]);
        result.set_item("pairs", two(ends.collect())?)?;
        let relations: Vec<u8> = pairs.iter().map(|pair| if pair.exact { 1 } else { 2 }).collect();
        result.set_item("pair_relation", relations.into_pyarray(py))?;
        let column = |value: fn(&crate::matching::Pair) -> f64| pairs.iter().map(value).collect::<Vec<_>>();
        result.set_item("pair_similarity", column(|pair| pair.similarity).into_pyarray(py))?;
        result.set_item("pair_containment", column(|pair| pair.containment).into_pyarray(py))?;
        result.set_item("counts", counts)?;
        Ok(result)
    }
}

/// Whether rows of deltas with so many hashes are of `count` documents, in order.
fn are_deltas(rows: &[[i64; 4]], hashes: usize, count: usize) -> bool {
    let is_document = |at: i64| (0..count as i64).contains(&at);
    let ends = rows.iter().skip(1).map(|next| next[2]).chain([hashes as i64]);
    rows.is_sorted_by(|a, b| a[0] < b[0])
        && rows.iter().zip(ends).all(|(&[document, anchor, start, lacking], end)| {
            is_document(document)
                && is_document(anchor)
                && 0 <= start
                && 0 <= lacking
                && lacking <= end - start
        })
}

/// Whether arrays have the shapes that blocks of `count` documents have.
fn in_blocks<T: Element>(
    py: Python<'_>,
    blocks: &[Py<PyArray2<T>>],
    count: usize,
    shape: impl Fn(usize) -> [usize; 2],
) -> bool {
    let is_right =
        |(i, block): (usize, &Py<PyArray2<T>>)| block.bind(py).shape() == shape(BLOCK.min(count - i * BLOCK));
    blocks.len() == count.div_ceil(BLOCK) && blocks.iter().enumerate().all(is_right)
}
