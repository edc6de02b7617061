//! Batches of texts, stage by stage: tokenise, shingle, sign, band.

use std::borrow::Cow;

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use rayon::prelude::*;

use super::batches::ragged;
use super::{check_offsets, guard, guard_all, invalid};
use crate::bands::band_keys;
use crate::level::Level;
use crate::shingles::Shingling;
use crate::sign::Permutations;
use crate::sketch::text_of;
use crate::tokens::Tokens;

/// Text `i`; invalid UTF-8 becomes U+FFFD.
fn text_at<'a>(data: &'a [u8], offsets: &[i64], i: usize) -> Cow<'a, str> {
    text_of(&data[offsets[i] as usize..offsets[i + 1] as usize])
}

/// Tokens of each text joined by one space: (uint8[m], int64[n + 1]).
#[pyfunction]
#[expect(clippy::type_complexity, reason = "a tuple of arrays is what Python gets")]
pub fn tokenize<'py>(
    py: Python<'py>,
    data: PyReadonlyArray1<'py, u8>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<(Bound<'py, PyArray1<u8>>, Bound<'py, PyArray1<i64>>)> {
    let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
    check_offsets(offsets, data.len())?;
    let (texts, offsets) = guard_all(py, offsets, || {
        ragged(offsets, |tokens: &mut Tokens, i, texts| {
            tokens.read(&text_at(data, offsets, i));
            texts.extend_from_slice(&tokens.text);
        })
    })?;
    Ok((texts.into_pyarray(py), offsets.into_pyarray(py)))
}

/// Shingle hashes of each text: (uint64[m], int64[n + 1]).
#[pyfunction]
#[expect(clippy::type_complexity, reason = "a tuple of arrays is what Python gets")]
pub fn shingle<'py>(
    py: Python<'py>,
    data: PyReadonlyArray1<'py, u8>,
    offsets: PyReadonlyArray1<'py, i64>,
    size: usize,
    unit: &str,
) -> PyResult<(Bound<'py, PyArray1<u64>>, Bound<'py, PyArray1<i64>>)> {
    let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
    check_offsets(offsets, data.len())?;
    let shingling = shingling(size, unit)?;
    let (hashes, offsets) = guard_all(py, offsets, || {
        ragged(offsets, |tokens: &mut Tokens, i, hashes| {
            tokens.read(&text_at(data, offsets, i));
            shingling.hash(tokens, hashes);
        })
    })?;
    Ok((hashes.into_pyarray(py), offsets.into_pyarray(py)))
}

/// What shingles are made of, from how Python says it.
pub(super) fn shingling(size: usize, unit: &str) -> PyResult<Shingling> {
    match unit {
        _ if size == 0 => Err(invalid("the shingle size must be at least 1")),
        "words" => Ok(Shingling::Words(size)),
        "chars" => Ok(Shingling::Chars(size)),
        _ => Err(invalid(format!("unknown unit of shingles {unit}"))),
    }
}

/// Names of the instruction sets that `sign` can use here, slowest first.
#[pyfunction]
pub fn levels() -> Vec<&'static str> {
    Level::available().into_iter().map(Level::name).collect()
}

/// The level of a name; the fastest where there is none.
fn level(name: Option<&str>) -> PyResult<Level> {
    let mut levels = Level::available();
    match name {
        None => Ok(levels.pop().expect("the baseline is always there")),
        Some(name) => levels
            .into_iter()
            .find(|level| level.name() == name)
            .ok_or_else(|| invalid(format!("this machine has no level {name}, only {:?}", self::levels()))),
    }
}

pub(super) fn permutations(a: &[u32], b: &[u32], level_name: Option<&str>) -> PyResult<Permutations> {
    if a.is_empty() || a.len() != b.len() {
        return Err(invalid("multipliers and addends must be equally many, at least one"));
    }
    Ok(Permutations::new(a, b, level(level_name)?))
}

/// Signatures uint32[n, num_perm] with the permutations `a * h + b`.
#[pyfunction]
#[pyo3(signature = (hashes, offsets, a, b, level = None))]
pub fn sign<'py>(
    py: Python<'py>,
    hashes: PyReadonlyArray1<'py, u64>,
    offsets: PyReadonlyArray1<'py, i64>,
    a: PyReadonlyArray1<'py, u32>,
    b: PyReadonlyArray1<'py, u32>,
    level: Option<&str>,
) -> PyResult<Bound<'py, PyArray2<u32>>> {
    let (hashes, offsets) = (hashes.as_slice()?, offsets.as_slice()?);
    check_offsets(offsets, hashes.len())?;
    let permutations = permutations(a.as_slice()?, b.as_slice()?, level)?;
    let count = offsets.len() - 1;
    let signatures = guard(py, || {
        let mut signatures = vec![0u32; count * permutations.count()];
        signatures.par_chunks_mut(permutations.count()).enumerate().with_min_len(32).for_each_init(
            Vec::new,
            |mixed, (i, row)| {
                permutations.sign(&hashes[offsets[i] as usize..offsets[i + 1] as usize], mixed, row);
            },
        );
        signatures
    })?;
    signatures.into_pyarray(py).reshape([count, permutations.count()])
}

/// Band keys uint32[bands, n].
#[pyfunction]
pub fn band<'py>(
    py: Python<'py>,
    signatures: PyReadonlyArray2<'py, u32>,
    bands: usize,
    rows: usize,
) -> PyResult<Bound<'py, PyArray2<u32>>> {
    let num_perm = signatures.as_array().ncols();
    if bands == 0 || rows == 0 || bands * rows > num_perm {
        return Err(invalid(format!("{bands} bands x {rows} rows do not fit into {num_perm} values")));
    }
    let count = signatures.as_array().nrows();
    let signatures = signatures.as_slice()?;
    let keys = guard(py, || {
        let mut keys = vec![0u32; count * bands];
        let mut bytes = Vec::new();
        for (i, signature) in signatures.chunks_exact(num_perm).enumerate() {
            band_keys(signature, bands, rows, &mut bytes, |band, key| keys[band * count + i] = key);
        }
        keys
    })?;
    keys.into_pyarray(py).reshape([bands, count])
}
