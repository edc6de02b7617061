//! Shingle sets of a batch, and exact similarities of pairs of them.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use rayon::prelude::*;

use super::batches::ragged;
use super::{check_offsets, guard_all, guard_if, invalid};
use crate::sets::{Sorter, jaccard, least_shared, shared_at_least};

/// Pairs that one task covers at least.
const FEW: usize = 256;

type Array<'py, T> = Bound<'py, PyArray1<T>>;

/// The sorted, distinct hashes of each document: (uint64[m], int64[n + 1]).
#[pyfunction]
pub fn unique<'py>(
    py: Python<'py>,
    hashes: PyReadonlyArray1<'py, u64>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<(Array<'py, u64>, Array<'py, i64>)> {
    let (hashes, offsets) = (hashes.as_slice()?, offsets.as_slice()?);
    check_offsets(offsets, hashes.len())?;
    let (sets, offsets) = guard_all(py, offsets, || {
        ragged(offsets, |sorter: &mut Sorter, i, sets| {
            sorter.append_unique(&hashes[offsets[i] as usize..offsets[i + 1] as usize], sets);
        })
    })?;
    Ok((sets.into_pyarray(py), offsets.into_pyarray(py)))
}

/// The Jaccard similarity of pairs of sets as `unique` gives them, float64[p]; 0 for one below `threshold`,
/// which is found out without comparing all of it.
#[pyfunction]
pub fn verify<'py>(
    py: Python<'py>,
    hashes: PyReadonlyArray1<'py, u64>,
    offsets: PyReadonlyArray1<'py, i64>,
    pairs: PyReadonlyArray2<'py, i64>,
    threshold: f64,
) -> PyResult<Array<'py, f64>> {
    let (hashes, offsets) = (hashes.as_slice()?, offsets.as_slice()?);
    check_offsets(offsets, hashes.len())?;
    let count = offsets.len() as i64 - 1;
    let width = pairs.shape()[1];
    let pairs = pairs.as_slice()?;
    if width != 2 || pairs.iter().any(|&doc| doc < 0 || doc >= count) {
        return Err(invalid(format!("pairs must be int64[p, 2] of documents 0 to {}", count - 1)));
    }
    let set = |doc: i64| &hashes[offsets[doc as usize] as usize..offsets[doc as usize + 1] as usize];
    let similarities: Vec<f64> = guard_if(py, pairs.len() > 2 * FEW, || {
        let one = |pair: &[i64]| {
            let (a, b) = (set(pair[0]), set(pair[1]));
            let least = least_shared(a.len(), b.len(), threshold, |similarity| similarity >= threshold);
            shared_at_least(a, b, least).map_or(0.0, |shared| jaccard(shared, a.len(), b.len()))
        };
        match pairs.len() > 2 * FEW {
            true => pairs.par_chunks_exact(2).with_min_len(FEW).map(one).collect(),
            false => pairs.chunks_exact(2).map(one).collect(),
        }
    })?;
    Ok(similarities.into_pyarray(py))
}
