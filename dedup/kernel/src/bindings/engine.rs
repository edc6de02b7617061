//! All stages in a row: raw texts in, sketches out.

use std::iter::once;
use std::ops::Range;

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;

use super::batches::{is_one_task, tasks};
use super::strip::{Stripper, add_up};
use super::texts::{permutations, shingling};
use super::{check_offsets, guard_if, invalid};
use crate::deltas::Deltas;
use crate::json::Fields;
use crate::sketch::{Scratch, Sketcher, Sketches};
use crate::threads::each;

/// The fields of `dedup.model.Sketches`, in its order.
type SketchesFields<'py> = (
    Bound<'py, PyArray2<u32>>,
    Bound<'py, PyArray2<u8>>,
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray2<u64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<u8>>,
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray1<u32>>,
    (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray1<u64>>),
);

/// What turns raw texts into sketches: settings of a run, shared by all its batches.
#[pyclass(frozen, module = "dedup._kernel")]
pub struct Engine {
    pub sketcher: Sketcher,
}

#[pymethods]
impl Engine {
    #[new]
    fn new(
        stripper: Option<&Stripper>,
        a: PyReadonlyArray1<'_, u32>,
        b: PyReadonlyArray1<'_, u32>,
        shingle: (usize, &str),
        bands: usize,
        rows: usize,
        text_fields: Vec<String>,
    ) -> PyResult<Self> {
        let permutations = permutations(a.as_slice()?, b.as_slice()?, None)?;
        if bands == 0 || rows == 0 || bands * rows > permutations.count() {
            return Err(invalid("bands and rows must be at least 1 and fit the permutations"));
        }
        let stripper = stripper.map(|stripper| stripper.kernel.clone());
        let text_fields = Fields::new(&text_fields, &[]);
        let shingling = shingling(shingle.0, shingle.1)?;
        Ok(Engine { sketcher: Sketcher { stripper, shingling, permutations, bands, rows, text_fields } })
    }

    /// Sketches of raw texts; with the minimizers of windows of so many shingles, if asked for. All is done by the
    /// calling thread where it is `alone`.
    fn sketch<'py>(
        &self,
        py: Python<'py>,
        data: PyReadonlyArray1<'py, u8>,
        offsets: PyReadonlyArray1<'py, i64>,
        window: Option<usize>,
        alone: bool,
    ) -> PyResult<SketchesFields<'py>> {
        let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
        check_offsets(offsets, data.len())?;
        if window == Some(0) {
            return Err(invalid("a window must have at least 1 shingle"));
        }
        let count = offsets.len() - 1;
        let (bands, num_perm) = (self.sketcher.bands, self.sketcher.permutations.count());
        let alone = alone || is_one_task(offsets);
        let all = guard_if(py, !alone, || {
            let task = |scratch: &mut Scratch, task: Range<usize>| {
                let mut out = Sketches::default();
                for i in task {
                    let bytes = &data[offsets[i] as usize..offsets[i + 1] as usize];
                    self.sketcher.sketch(i, bytes, window, scratch, &mut out);
                }
                out
            };
            let parts = if alone { once(0..count).collect() } else { tasks(offsets) };
            join(each(parts, Scratch::default, task), count, bands, num_perm)
        })?;
        let slots = self.sketcher.stripper.as_ref().map_or(2, |stripper| stripper.slots());
        let (lines, chars) = add_up(&all.losses, slots);
        let halves: Vec<u64> = all.digests.iter().flat_map(|&d| [(d >> 64) as u64, d as u64]).collect();
        let Deltas { rows, hashes } = all.deltas;
        let deltas = rows.len();
        Ok((
            all.keys.into_pyarray(py).reshape([bands, count])?,
            all.low.into_pyarray(py).reshape([count, num_perm])?,
            all.tokens.into_pyarray(py),
            halves.into_pyarray(py).reshape([count, 2])?,
            lines.into_pyarray(py),
            chars.into_pyarray(py),
            all.guarded.into_pyarray(py),
            all.minimizers.into_pyarray(py),
            all.minimizer_counts.into_pyarray(py),
            (rows.into_flattened().into_pyarray(py).reshape([deltas, 4])?, hashes.into_pyarray(py)),
        ))
    }
}

/// Put the parts of a batch together, band keys band-major.
fn join(parts: Vec<Sketches>, count: usize, bands: usize, num_perm: usize) -> Sketches {
    let mut all = Sketches {
        keys: vec![0; bands * count],
        low: Vec::with_capacity(count * num_perm),
        tokens: Vec::with_capacity(count),
        digests: Vec::with_capacity(count),
        ..Sketches::default()
    };
    for part in parts {
        let first = all.tokens.len();
        for (i, document) in part.keys.chunks_exact(bands).enumerate() {
            for (band, &key) in document.iter().enumerate() {
                all.keys[band * count + first + i] = key;
            }
        }
        all.low.extend_from_slice(&part.low);
        all.tokens.extend_from_slice(&part.tokens);
        all.digests.extend_from_slice(&part.digests);
        all.losses.extend(part.losses);
        all.guarded.extend(part.guarded);
        all.minimizers.extend(part.minimizers);
        all.minimizer_counts.extend(part.minimizer_counts);
        let before = all.deltas.hashes.len() as i64;
        let rows = part.deltas.rows.into_iter();
        all.deltas.rows.extend(
            rows.map(|[document, anchor, start, lacking]| [document, anchor, before + start, lacking]),
        );
        all.deltas.hashes.extend(part.deltas.hashes);
    }
    all
}
