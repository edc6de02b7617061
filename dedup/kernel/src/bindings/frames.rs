//! Compressing batches of texts.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use super::{check_offsets, guard_if, invalid};
use crate::frames::{self, Contexts};

type Texts<'py> = (PyReadonlyArray1<'py, u8>, PyReadonlyArray1<'py, i64>);

/// Makes zstd frames of texts.
#[pyclass(frozen, module = "dedup._kernel")]
pub struct Compressor {
    inner: frames::Compressor,
}

#[pymethods]
impl Compressor {
    #[new]
    #[pyo3(signature = (dictionary = None))]
    fn new(dictionary: Option<&[u8]>) -> Self {
        Compressor { inner: frames::Compressor::new(dictionary) }
    }

    /// A frame for each of the texts at some positions, (uint8[m], int64[n + 1]); `original` says for each which of the
    /// originals it is a copy of, -1 for none. All is done by the calling thread: there are other texts for others.
    #[expect(clippy::type_complexity, reason = "a tuple of arrays is what Python gets")]
    fn compress<'py>(
        &self,
        py: Python<'py>,
        texts: Texts<'py>,
        positions: PyReadonlyArray1<'py, i64>,
        originals: Texts<'py>,
        original: PyReadonlyArray1<'py, i64>,
    ) -> PyResult<(Bound<'py, PyArray1<u8>>, Bound<'py, PyArray1<i64>>)> {
        let (data, offsets) = (texts.0.as_slice()?, texts.1.as_slice()?);
        let (original_data, original_offsets) = (originals.0.as_slice()?, originals.1.as_slice()?);
        let (positions, original) = (positions.as_slice()?, original.as_slice()?);
        check_offsets(offsets, data.len())?;
        check_offsets(original_offsets, original_data.len())?;
        let within = |i: i64, offsets: &[i64], least| (least..offsets.len() as i64 - 1).contains(&i);
        if positions.len() != original.len()
            || !positions.iter().all(|&i| within(i, offsets, 0))
            || !original.iter().all(|&i| within(i, original_offsets, -1))
        {
            return Err(invalid("a position is outside of its texts, or there are not as many of both"));
        }
        let text = |i: usize| &data[offsets[i] as usize..offsets[i + 1] as usize];
        let (frames, ends) = guard_if(py, false, || {
            let (mut contexts, mut frames, mut ends) = (Contexts::new(&self.inner), Vec::new(), vec![0]);
            for (&i, &original) in positions.iter().zip(original) {
                let original = usize::try_from(original).ok();
                let original = original
                    .map(|i| &original_data[original_offsets[i] as usize..original_offsets[i + 1] as usize]);
                contexts.append(text(i as usize), original, &mut frames);
                ends.push(frames.len() as i64);
            }
            (frames, ends)
        })?;
        Ok((frames.into_pyarray(py), ends.into_pyarray(py)))
    }
}
