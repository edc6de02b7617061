//! Hashes of ids, to find those that come twice.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::{check_offsets, guard};

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
    let hashes: Vec<u64> = guard(py, || offsets.par_windows(2).with_min_len(4096).map(hash).collect())?;
    Ok(hashes.into_pyarray(py))
}
