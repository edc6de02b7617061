//! Hashes of ids and texts, to find those that come twice.

use std::ops::Range;

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use rayon::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::batches::tasks;
use super::{check_offsets, guard_all, guard_if};
use crate::threads::each;

/// Ids that one task covers at least.
const SHARE: usize = 4096;

/// xxh3_64 of each text, uint64[n].
#[pyfunction]
pub fn hash_texts<'py>(
    py: Python<'py>,
    data: PyReadonlyArray1<'py, u8>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<Bound<'py, PyArray1<u64>>> {
    let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
    check_offsets(offsets, data.len())?;
    let hash = |ends: &[i64]| xxh3_64(&data[ends[0] as usize..ends[1] as usize]);
    let is_much = offsets.len() > SHARE;
    let hashes: Vec<u64> = guard_if(py, is_much, || match is_much {
        true => offsets.par_windows(2).with_min_len(SHARE).map(hash).collect(),
        false => offsets.windows(2).map(hash).collect(),
    })?;
    Ok(hashes.into_pyarray(py))
}

/// xxh3_128 of each text as it is stored, uint8[n, 16], big-endian.
#[pyfunction]
pub fn digest_texts<'py>(
    py: Python<'py>,
    data: PyReadonlyArray1<'py, u8>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<Bound<'py, PyArray2<u8>>> {
    let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
    check_offsets(offsets, data.len())?;
    let parts = guard_all(py, offsets, || {
        let task = |(): &mut (), task: Range<usize>| -> Vec<u8> {
            let text = |i: usize| &data[offsets[i] as usize..offsets[i + 1] as usize];
            task.flat_map(|i| xxh3_128(text(i)).to_be_bytes()).collect()
        };
        each(tasks(offsets), || (), task).concat()
    })?;
    parts.into_pyarray(py).reshape([offsets.len() - 1, 16])
}
