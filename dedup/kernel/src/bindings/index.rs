//! Lookups of the persistent index.

use numpy::{
    IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use super::{guard_if, invalid};
use crate::postings::{self, Run};

/// Documents that stand in sorted runs of postings under the keys of some queries, uint64[m] ascending, each
/// `query << 32 | document` once. All is done by the calling thread where it is `alone`.
#[pyfunction]
#[pyo3(signature = (runs, keys, alone = false))]
pub fn probe<'py>(
    py: Python<'py>,
    runs: Vec<(usize, Bound<'py, PyArray1<u64>>)>,
    keys: PyReadonlyArray2<'py, u32>,
    alone: bool,
) -> PyResult<Bound<'py, PyArray1<u64>>> {
    let (lists, count) = (keys.shape()[0], keys.shape()[1]);
    let keys = keys.as_slice()?;
    if count >= u32::MAX as usize || runs.iter().any(|&(list, _)| list >= lists) {
        return Err(invalid("a run is of a list that has no keys, or there are too many queries"));
    }
    let held: Vec<(usize, PyReadonlyArray1<'_, u64>)> =
        runs.iter().map(|(list, postings)| (*list, postings.readonly())).collect();
    let mut views = Vec::with_capacity(held.len());
    for (list, postings) in &held {
        views.push(Run { list: *list, postings: postings.as_slice()? });
    }
    let alone = alone || !postings::is_much(count);
    let probe = || postings::probe(&views, keys, count, alone);
    let found = if count == 0 { Vec::new() } else { guard_if(py, !alone, probe)? };
    Ok(found.into_pyarray(py))
}
