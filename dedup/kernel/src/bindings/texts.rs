//! Batches of texts: tokenise, shingle, sign, band, and all of it at once.

use std::borrow::Cow;
use std::ops::Range;

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use rayon::prelude::*;

use super::{check_offsets, guard, invalid};
use crate::bands::band_keys;
use crate::json::{Fields, lift};
use crate::shingles::hash_shingles;
use crate::sign::{Level, Permutations};
use crate::sketch::{Scratch, Sketcher, Sketches};
use crate::tokens::Tokens;

/// Bytes of text that one task of a batch covers: long enough to forget the cost of the task.
const TASK: i64 = 1 << 17;

/// Consecutive documents of about `TASK` bytes each.
fn tasks(offsets: &[i64]) -> Vec<Range<usize>> {
    let mut tasks = Vec::new();
    let mut start = 0;
    while start + 1 < offsets.len() {
        let stop = offsets.partition_point(|&offset| offset < offsets[start] + TASK);
        let stop = stop.clamp(start + 1, offsets.len() - 1);
        tasks.push(start..stop);
        start = stop;
    }
    tasks
}

/// Text `i`; invalid UTF-8 becomes U+FFFD.
fn text_at<'a>(data: &'a [u8], offsets: &[i64], i: usize) -> Cow<'a, str> {
    text_of(&data[offsets[i] as usize..offsets[i + 1] as usize])
}

/// Bytes as text; invalid UTF-8 becomes U+FFFD. Valid text, the rule, is checked ten times faster than by
/// going for the replacement at once.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Offsets int64[n + 1] of pieces of the given lengths.
fn offsets_of(lengths: impl Iterator<Item = usize>) -> Vec<i64> {
    let mut end = 0;
    std::iter::once(0)
        .chain(lengths.map(|length| {
            end += length as i64;
            end
        }))
        .collect()
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
    let parts = guard(py, || {
        let task = |task: Range<usize>| {
            let mut tokens = Tokens::default();
            let (mut texts, mut lengths) = (Vec::new(), Vec::new());
            for i in task {
                tokens.read(&text_at(data, offsets, i));
                texts.extend_from_slice(&tokens.text);
                lengths.push(tokens.text.len());
            }
            (texts, lengths)
        };
        tasks(offsets).into_par_iter().map(task).collect::<Vec<_>>()
    })?;
    let offsets = offsets_of(parts.iter().flat_map(|part| part.1.iter().copied()));
    let texts: Vec<&[u8]> = parts.iter().map(|part| &part.0[..]).collect();
    Ok((texts.concat().into_pyarray(py), offsets.into_pyarray(py)))
}

/// Shingle hashes of each text: (uint64[m], int64[n + 1]).
#[pyfunction]
#[expect(clippy::type_complexity, reason = "a tuple of arrays is what Python gets")]
pub fn shingle<'py>(
    py: Python<'py>,
    data: PyReadonlyArray1<'py, u8>,
    offsets: PyReadonlyArray1<'py, i64>,
    size: usize,
) -> PyResult<(Bound<'py, PyArray1<u64>>, Bound<'py, PyArray1<i64>>)> {
    let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
    check_offsets(offsets, data.len())?;
    if size == 0 {
        return Err(invalid("the shingle size must be at least 1"));
    }
    let parts = guard(py, || {
        let task = |task: Range<usize>| {
            let mut tokens = Tokens::default();
            let (mut hashes, mut lengths) = (Vec::new(), Vec::new());
            for i in task {
                tokens.read(&text_at(data, offsets, i));
                let before = hashes.len();
                hash_shingles(&tokens, size, &mut hashes);
                lengths.push(hashes.len() - before);
            }
            (hashes, lengths)
        };
        tasks(offsets).into_par_iter().map(task).collect::<Vec<_>>()
    })?;
    let offsets = offsets_of(parts.iter().flat_map(|part| part.1.iter().copied()));
    let hashes: Vec<&[u64]> = parts.iter().map(|part| &part.0[..]).collect();
    Ok((hashes.concat().into_pyarray(py), offsets.into_pyarray(py)))
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
            .ok_or_else(|| {
                invalid(format!(
                    "this machine has no level {name}, only {:?}",
                    self::levels()
                ))
            }),
    }
}

fn permutations(a: &[u32], b: &[u32], level_name: Option<&str>) -> PyResult<Permutations> {
    if a.is_empty() || a.len() != b.len() {
        return Err(invalid(
            "multipliers and addends must be equally many, at least one",
        ));
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
        signatures
            .par_chunks_mut(permutations.count())
            .enumerate()
            .with_min_len(32)
            .for_each_init(Vec::new, |mixed, (i, row)| {
                permutations.sign(&hashes[offsets[i] as usize..offsets[i + 1] as usize], mixed, row);
            });
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
        return Err(invalid(format!(
            "{bands} bands x {rows} rows do not fit into {num_perm} values"
        )));
    }
    let count = signatures.as_array().nrows();
    let signatures = signatures.as_slice()?;
    let keys = guard(py, || {
        let mut keys = vec![0u32; count * bands];
        let mut bytes = Vec::new();
        for (i, signature) in signatures.chunks_exact(num_perm).enumerate() {
            band_keys(signature, bands, rows, &mut bytes, |band, key| {
                keys[band * count + i] = key
            });
        }
        keys
    })?;
    keys.into_pyarray(py).reshape([bands, count])
}

/// What turns raw texts into sketches: settings of a run, shared by all its batches.
#[pyclass(frozen, module = "dedup._kernel")]
pub struct Engine {
    pub(crate) sketcher: Sketcher,
    text_fields: Fields,
}

#[pymethods]
impl Engine {
    #[new]
    fn new(
        a: PyReadonlyArray1<'_, u32>,
        b: PyReadonlyArray1<'_, u32>,
        size: usize,
        bands: usize,
        rows: usize,
        text_fields: Vec<String>,
    ) -> PyResult<Self> {
        let permutations = permutations(a.as_slice()?, b.as_slice()?, None)?;
        if size == 0 || bands == 0 || rows == 0 || bands * rows > permutations.count() {
            return Err(invalid(
                "shingle size, bands and rows must be at least 1 and fit the permutations",
            ));
        }
        Ok(Engine { sketcher: Sketcher {
                size,
                permutations,
                bands,
                rows,
            }, text_fields: Fields::new(&text_fields, &[]) })
    }

    /// Sketches of raw texts: (keys uint32[bands, n], low uint8[n, num_perm], tokens uint32[n], digest
    /// uint64[n, 2]).
    #[expect(clippy::type_complexity, reason = "a tuple of arrays is what Python gets")]
    fn sketch<'py>(
        &self,
        py: Python<'py>,
        data: PyReadonlyArray1<'py, u8>,
        offsets: PyReadonlyArray1<'py, i64>,
    ) -> PyResult<(
        Bound<'py, PyArray2<u32>>,
        Bound<'py, PyArray2<u8>>,
        Bound<'py, PyArray1<u32>>,
        Bound<'py, PyArray2<u64>>,
    )> {
        let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
        check_offsets(offsets, data.len())?;
        let count = offsets.len() - 1;
        let (keys, low, tokens, digests) = guard(py, || {
            let task = |scratch: &mut Scratch, task: Range<usize>| {
                let mut out = Sketches::default();
                for i in task {
                    self.sketcher
                        .sketch(&text_at(data, offsets, i), scratch, &mut out);
                }
                out
            };
            let parts: Vec<Sketches> = tasks(offsets)
                .into_par_iter()
                .map_init(Scratch::default, task)
                .collect();
            self.join(&parts, count)
        })?;
        Ok((
            keys.into_pyarray(py).reshape([self.sketcher.bands, count])?,
            low.into_pyarray(py)
                .reshape([count, self.sketcher.permutations.count()])?,
            tokens.into_pyarray(py),
            digests.into_pyarray(py).reshape([count, 2])?,
        ))
    }
}

impl Engine {
    /// Put the parts of a batch together, band keys band-major.
    fn join(&self, parts: &[Sketches], count: usize) -> (Vec<u32>, Vec<u8>, Vec<u32>, Vec<u64>) {
        let bands = self.sketcher.bands;
        let mut keys = vec![0; bands * count];
        let mut low = Vec::with_capacity(count * self.sketcher.permutations.count());
        let mut tokens = Vec::with_capacity(count);
        let mut digests = Vec::with_capacity(2 * count);
        for part in parts {
            let first = tokens.len();
            for (i, document) in part.keys.chunks_exact(bands).enumerate() {
                for (band, &key) in document.iter().enumerate() {
                    keys[band * count + first + i] = key;
                }
            }
            low.extend_from_slice(&part.low);
            tokens.extend_from_slice(&part.tokens);
            digests.extend(
                part.digests
                    .iter()
                    .flat_map(|&digest| [(digest >> 64) as u64, digest as u64]),
            );
        }
        (keys, low, tokens, digests)
    }
}

impl Engine {
    /// Shingle hashes of one stored document into `scratch.hashes`, in text order.
    ///
    /// A record was usable when it was first read, so it can be lifted again.
    pub(crate) fn shingles(&self, bytes: &[u8], is_record: bool, scratch: &mut Scratch) {
        let Scratch { lifted, tokens, hashes, .. } = scratch;
        let bytes = if is_record {
            lifted.clear();
            lift(bytes, &self.text_fields, lifted).expect("the record has not changed since it was scanned");
            lifted
        } else {
            bytes
        };
        tokens.read(&text_of(bytes));
        hashes.clear();
        hash_shingles(tokens, self.sketcher.size, hashes);
    }
}
