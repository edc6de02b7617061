//! Searching for excerpts across calls: everything comes in at once, then documents are searched in slices.

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;

use super::blocking::{Arrays, Borrowed};
use super::documents::{self, Segment, with_documents};
use super::engine::Engine;
use super::{guard, invalid};
use crate::excerpts::{Clusters, Gates, Minimizers, Scope, Search};

/// Pairs int64[p, 2], sizes int64[p, 2], shared int64[p]; candidates, verified, frequent.
type Found<'py> =
    (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<i64>>, Bound<'py, PyArray1<i64>>, u64, u64, u64);

/// See `dedup.stages.ExcerptSearch`.
#[pyclass(module = "dedup._kernel")]
pub struct ExcerptSearch {
    engine: Py<Engine>,
    blocking: Option<Arrays>,
    segments: Vec<Segment>,
    search: Search,
}

#[pymethods]
impl ExcerptSearch {
    /// `minimizers` are all, and how many each document has; `clusters` are representative, compared and the fields of
    /// `dedup.comparable.Comparable`; `gates` are containment, shingles, threshold and most clusters.
    #[new]
    fn new<'py>(
        py: Python<'py>,
        engine: Py<Engine>,
        minimizers: (PyReadonlyArray1<'py, u32>, PyReadonlyArray1<'py, u32>),
        clusters: (PyReadonlyArray1<'py, i64>, PyReadonlyArray1<'py, bool>, Option<Arrays>),
        scope: &str,
        gates: (f64, usize, f64, usize),
        segments: Vec<Segment>,
    ) -> PyResult<Self> {
        let minimizers = Minimizers { values: minimizers.0.as_slice()?, counts: minimizers.1.as_slice()? };
        let count = minimizers.counts.len();
        if minimizers.counts.iter().map(|&count| count as usize).sum::<usize>() != minimizers.values.len() {
            return Err(invalid("the minimizers are not as many as their counts say"));
        }
        let (representative, compared, blocking) = clusters;
        let borrowed = Borrowed::new(py, blocking.as_ref(), count)?;
        let clusters = Clusters {
            representative: representative.as_slice()?,
            compared: compared.as_slice()?,
            blocking: borrowed.view()?,
        };
        let stored = documents::count(py, &segments);
        if [clusters.representative.len(), clusters.compared.len(), stored] != [count; 3] {
            return Err(invalid("minimizers, clusters and segments must be of the same documents"));
        }
        if u32::try_from(count).is_err() {
            return Err(invalid("more than 4 billion documents"));
        }
        let (containment, shingles, threshold, most_clusters) = gates;
        let gates = Gates { containment, shingles, threshold, most_clusters };
        let scope = match scope {
            "all" => Scope::All,
            "representatives" => Scope::Representatives,
            "members" => Scope::Members,
            _ => return Err(invalid(format!("unknown scope {scope}"))),
        };
        let search = guard(py, || Search::new(&minimizers, &clusters, scope, gates))?;
        drop(borrowed);
        Ok(ExcerptSearch { engine, blocking, segments, search })
    }

    /// Search up to `limit` more documents; returns how many are done by now.
    fn advance(&mut self, py: Python<'_>, limit: usize) -> PyResult<usize> {
        let ExcerptSearch { engine, blocking, segments, search } = self;
        let borrowed = Borrowed::new(py, blocking.as_ref(), search.count())?;
        let values = borrowed.view()?;
        with_documents(py, engine, segments, |stored| guard(py, || search.advance(limit, &values, stored)))
    }

    /// What was found, once all documents are done.
    fn result<'py>(&mut self, py: Python<'py>) -> PyResult<Found<'py>> {
        if !self.search.is_done() {
            return Err(invalid("not every document has been searched"));
        }
        let found = std::mem::take(&mut self.search.found);
        let rows = found.len();
        let docs = found.iter().flat_map(|pair| pair.docs.map(i64::from)).collect::<Vec<_>>();
        let sizes = found.iter().flat_map(|pair| pair.sizes.map(|size| size as i64)).collect::<Vec<_>>();
        let shared = found.iter().map(|pair| pair.shared as i64).collect::<Vec<_>>();
        let counts = &self.search.counts;
        Ok((
            docs.into_pyarray(py).reshape([rows, 2])?,
            sizes.into_pyarray(py).reshape([rows, 2])?,
            shared.into_pyarray(py),
            counts.candidates,
            counts.verified,
            self.search.frequent(),
        ))
    }
}
