//! Matching across calls: sketches are added batch by batch, then documents are decided in slices.

use std::cell::RefCell;

use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::engine::Engine;
use super::{guard, invalid};
use crate::matching::{Documents, Gates, Matching, Outcome, Sketched};
use crate::sketch::Scratch;

/// Greedy matching in priority order; see `dedup.stages.Matcher`.
#[pyclass(module = "dedup._kernel")]
pub struct Matcher {
    engine: Py<Engine>,
    gates: Gates,
    sketched: Sketched,
    segments: Vec<Segment>,
    matching: Option<Matching>,
}

/// One stretch of memory that holds consecutive documents.
struct Segment {
    data: Py<PyArray1<u8>>,
    starts: Py<PyArray1<i64>>,
    ends: Py<PyArray1<i64>>,
    is_record: bool,
}

/// Borrowed views of all segments.
struct Stored<'a> {
    engine: &'a Engine,
    segments: Vec<View<'a>>,
}

struct View<'a> {
    data: &'a [u8],
    starts: &'a [i64],
    ends: &'a [i64],
    is_record: bool,
    /// Position of the first document.
    first: usize,
}

thread_local! {
    /// Working memory for reading documents again.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Documents for Stored<'_> {
    fn shingles(&self, position: usize) -> Box<[u64]> {
        let at = self.segments.partition_point(|view| view.first <= position) - 1;
        let view = &self.segments[at];
        let i = position - view.first;
        let bytes = &view.data[view.starts[i] as usize..view.ends[i] as usize];
        SCRATCH.with_borrow_mut(|scratch| self.engine.sketcher.shingle_set(bytes, view.is_record, scratch))
    }
}

#[pymethods]
impl Matcher {
    #[new]
    fn new(engine: Py<Engine>, threshold: f64, gate: u32, pairs: bool, links: bool) -> Self {
        let bands = engine.get().sketcher.bands;
        Matcher {
            engine,
            gates: Gates { threshold, low: gate, pairs, links },
            sketched: Sketched { keys: vec![Vec::new(); bands], ..Sketched::default() },
            segments: Vec::new(),
            matching: None,
        }
    }

    /// Append the sketches of the next documents.
    fn add(
        &mut self,
        keys: PyReadonlyArray2<'_, u32>,
        low: PyReadonlyArray2<'_, u8>,
        tokens: PyReadonlyArray1<'_, u32>,
        digest: PyReadonlyArray2<'_, u64>,
    ) -> PyResult<()> {
        let count = tokens.len();
        let num_perm = self.engine.get().sketcher.permutations.count();
        if keys.shape() != [self.sketched.keys.len(), count]
            || low.shape() != [count, num_perm]
            || digest.shape() != [count, 2]
        {
            return Err(invalid("the arrays of the sketches do not fit together"));
        }
        if count == 0 {
            return Ok(());
        }
        for (all, added) in self.sketched.keys.iter_mut().zip(keys.as_slice()?.chunks_exact(count)) {
            all.extend_from_slice(added);
        }
        self.sketched.low.extend_from_slice(low.as_slice()?);
        self.sketched.tokens.extend_from_slice(tokens.as_slice()?);
        let (halves, _) = digest.as_slice()?.as_chunks::<2>();
        let digests = halves.iter().map(|&[high, low]| u128::from(high) << 64 | u128::from(low));
        self.sketched.digests.extend(digests);
        Ok(())
    }

    /// Begin matching documents that lie in `segments`: (data, starts, ends, is record).
    #[expect(clippy::type_complexity, reason = "a tuple of arrays is what Python gives")]
    fn start(
        &mut self,
        py: Python<'_>,
        order: PyReadonlyArray1<'_, i64>,
        segments: Vec<(Py<PyArray1<u8>>, Py<PyArray1<i64>>, Py<PyArray1<i64>>, bool)>,
    ) -> PyResult<()> {
        let count = self.sketched.tokens.len();
        let order: Vec<u32> = order.as_slice()?.iter().filter_map(|&doc| u32::try_from(doc).ok()).collect();
        let mut seen = vec![false; count];
        let fresh = order
            .iter()
            .filter(|&&doc| seen.get_mut(doc as usize).is_some_and(|seen| !std::mem::replace(seen, true)));
        if order.len() != count || fresh.count() != count || count >= u32::MAX as usize {
            return Err(invalid("order must name every document once"));
        }
        self.segments = segments
            .into_iter()
            .map(|(data, starts, ends, is_record)| Segment { data, starts, ends, is_record })
            .collect();
        let total = self.segments.iter().map(|segment| segment.starts.bind(py).len()).sum::<usize>();
        if total != count {
            return Err(invalid(format!("segments hold {total} documents, sketches are of {count}")));
        }
        let sketched = std::mem::take(&mut self.sketched);
        let (gates, num_perm) = (self.gates, self.engine.get().sketcher.permutations.count());
        self.matching = Some(guard(py, move || Matching::new(sketched, order, gates, num_perm))?);
        Ok(())
    }

    /// Decide up to `limit` more documents; returns how many are decided by now.
    fn advance(&mut self, py: Python<'_>, limit: usize) -> PyResult<usize> {
        let Matcher { engine, segments, matching, .. } = self;
        let matching = matching.as_mut().ok_or_else(|| invalid("the matcher has not been started"))?;
        let held: Vec<_> = segments
            .iter()
            .map(|segment| {
                let bind = |array: &Py<PyArray1<i64>>| array.bind(py).readonly();
                (segment.data.bind(py).readonly(), bind(&segment.starts), bind(&segment.ends))
            })
            .collect();
        let mut views = Vec::with_capacity(held.len());
        let mut first = 0;
        for ((data, starts, ends), segment) in held.iter().zip(&*segments) {
            let (data, starts, ends) = (data.as_slice()?, starts.as_slice()?, ends.as_slice()?);
            views.push(View { data, starts, ends, is_record: segment.is_record, first });
            first += starts.len();
        }
        let stored = Stored { engine: engine.get(), segments: views };
        guard(py, || matching.advance(limit, &stored))
    }

    /// The outcome by input position, as the fields of `dedup.model.Matches`; the matcher is done then.
    fn result<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let matching = self.matching.take_if(|matching| matching.is_done());
        let found = Outcome::from(matching.ok_or_else(|| invalid("not every document is decided"))?);
        self.segments.clear();
        let position = |rank: u32| i64::from(found.order[rank as usize]);
        let count = found.order.len();
        let mut representative = vec![0i64; count];
        let mut relation = vec![0u8; count];
        let mut similarity = vec![0f64; count];
        let mut containment = vec![0f64; count];
        for (rank, &chosen) in found.representatives.iter().enumerate() {
            let doc = found.order[rank] as usize;
            representative[doc] = position(chosen);
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
