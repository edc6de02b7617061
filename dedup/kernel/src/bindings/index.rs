//! Lookups of the persistent index.

use numpy::{
    IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use super::{guard_if, invalid};
use crate::postings::{self, Run};
use crate::threads;

/// A sorted run: its list, its postings, and their `prefixes`, if they have been made.
type SortedRun<'py> = (usize, Bound<'py, PyArray1<u64>>, Option<Bound<'py, PyArray1<u64>>>);

/// Which leading bits the keys of sorted postings have, for `probe`: uint64[w], a power of two.
#[pyfunction]
pub fn prefixes<'py>(
    py: Python<'py>,
    postings: PyReadonlyArray1<'py, u64>,
) -> PyResult<Bound<'py, PyArray1<u64>>> {
    let postings = postings.as_slice()?;
    Ok(guard_if(py, false, || postings::prefixes(postings))?.into_pyarray(py))
}

/// Documents that stand in sorted runs of postings under the keys of some queries, uint64[m] ascending, each
/// `query << 32 | document` once. Where few threads work `beside` one another the calling one does everything.
#[pyfunction]
pub fn probe<'py>(
    py: Python<'py>,
    runs: Vec<SortedRun<'py>>,
    keys: PyReadonlyArray2<'py, u32>,
    beside: bool,
) -> PyResult<Bound<'py, PyArray1<u64>>> {
    let (lists, count) = (keys.shape()[0], keys.shape()[1]);
    let keys = keys.as_slice()?;
    if count >= u32::MAX as usize || runs.iter().any(|&(list, ..)| list >= lists) {
        return Err(invalid("a run is of a list that has no keys, or there are too many queries"));
    }
    let held: Vec<_> = runs
        .iter()
        .map(|(list, postings, prefixes)| {
            (*list, postings.readonly(), prefixes.as_ref().map(|prefixes| prefixes.readonly()))
        })
        .collect();
    let mut views = Vec::with_capacity(held.len());
    for (list, postings, prefixes) in &held {
        let prefixes = prefixes.as_ref().map_or(Ok(&[][..]), |prefixes| prefixes.as_slice())?;
        if !prefixes.is_empty()
            && (!prefixes.len().is_power_of_two() || prefixes.len() > postings::MOST_WORDS)
        {
            return Err(invalid("the prefixes are not those of a run"));
        }
        views.push(Run { list: *list, postings: postings.as_slice()?, prefixes });
    }
    let alone = beside && threads::are_few() || !postings::is_much(keys.len());
    let probe = || postings::probe(&views, keys, count, alone);
    let found = if count == 0 { Vec::new() } else { guard_if(py, !alone, probe)? };
    Ok(found.into_pyarray(py))
}
