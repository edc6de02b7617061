//! Learning boilerplate: observations of batches of texts, and counts of rows.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;

use super::batches::tasks;
use super::buffers::TextsOut;
use super::{check_offsets, guard, invalid};
use crate::learn::observe::{Observations, Scratch, Seen, observe};
use crate::learn::{PLACES, Row, count};
use crate::sketch::text_of;
use crate::threads::each;

type Array<'py, T> = Bound<'py, PyArray1<T>>;
/// The fields of `dedup.observations.Tally`, in its order.
type TallyFields<'py> = (
    Array<'py, u64>,
    Array<'py, u8>,
    Array<'py, u8>,
    Array<'py, u32>,
    Array<'py, u32>,
    Array<'py, u32>,
    Bound<'py, PyArray2<u64>>,
    Array<'py, u32>,
    Array<'py, u64>,
    Array<'py, u32>,
    Array<'py, u32>,
);

/// See `dedup.stages.Observer`.
#[pyclass(module = "dedup._kernel", frozen)]
pub struct Observer {
    /// None where the text of every line is given.
    seen: Option<Seen>,
    /// Rows until which it is given all the same, and those there were.
    repeated_after: u64,
    rows: AtomicU64,
}

#[pymethods]
impl Observer {
    #[new]
    fn new(repeated_after: Option<u64>) -> Observer {
        Observer {
            seen: repeated_after.map(|_| Seen::new()),
            repeated_after: repeated_after.unwrap_or(0),
            rows: AtomicU64::new(0),
        }
    }

    /// The observations of a batch: bytes of rows, keys, and texts of the keys.
    fn observe<'py>(
        &self,
        py: Python<'py>,
        data: PyReadonlyArray1<'py, u8>,
        offsets: PyReadonlyArray1<'py, i64>,
        sources: PyReadonlyArray1<'py, u64>,
        places: PyReadonlyArray1<'py, u64>,
    ) -> PyResult<(Array<'py, u8>, Array<'py, u64>, TextsOut<'py>)> {
        let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
        check_offsets(offsets, data.len())?;
        let (sources, places) = (sources.as_slice()?, places.as_slice()?);
        if sources.len() + 1 != offsets.len() || places.len() + 1 != offsets.len() {
            return Err(invalid("sources and places must be as many as the texts"));
        }
        let is_all = self.rows.load(Ordering::Relaxed) < self.repeated_after;
        let (rows, keys, texts, ends) = guard(py, || {
            let task = |scratch: &mut Scratch, task: Range<usize>| {
                let mut out = Observations::default();
                for i in task {
                    let text = text_of(&data[offsets[i] as usize..offsets[i + 1] as usize]);
                    observe(&text, (sources[i], places[i]), self.seen.as_ref(), is_all, scratch, &mut out);
                }
                out
            };
            let parts: Vec<Observations> = each(tasks(offsets), Scratch::default, task);
            join(&parts)
        })?;
        self.rows.fetch_add((rows.len() / Row::SIZE) as u64, Ordering::Relaxed);
        let texts = (texts.into_pyarray(py), ends.into_pyarray(py));
        Ok((rows.into_pyarray(py), keys.into_pyarray(py), texts))
    }
}

/// The counts of the rows that some bytes hold, as bytes.
#[pyfunction]
pub fn compact<'py>(py: Python<'py>, rows: PyReadonlyArray1<'py, u8>) -> PyResult<Array<'py, u8>> {
    let rows = rows_of(rows.as_slice()?)?;
    Ok(guard(py, || count::compact(rows))?.into_pyarray(py))
}

/// What the counts that `compact` gave say of each key.
#[pyfunction]
pub fn tally<'py>(py: Python<'py>, rows: PyReadonlyArray1<'py, u8>) -> PyResult<TallyFields<'py>> {
    let rows = rows_of(rows.as_slice()?)?;
    let all = guard(py, || count::tally(&rows))?;
    let keys = all.keys.len();
    Ok((
        all.keys.into_pyarray(py),
        all.kinds.into_pyarray(py),
        all.words.into_pyarray(py),
        all.documents.into_pyarray(py),
        all.stories.into_pyarray(py),
        all.sources.into_pyarray(py),
        all.places.into_pyarray(py).reshape([keys, PLACES])?,
        all.group_key.into_pyarray(py),
        all.group_source.into_pyarray(py),
        all.group_documents.into_pyarray(py),
        all.group_stories.into_pyarray(py),
    ))
}

fn rows_of(bytes: &[u8]) -> PyResult<Vec<Row>> {
    let (rows, rest) = bytes.as_chunks::<{ Row::SIZE }>();
    if !rest.is_empty() {
        return Err(invalid(format!("rows have {} bytes each", Row::SIZE)));
    }
    Ok(rows.iter().map(Row::from_bytes).collect())
}

/// The parts of a batch one after the other: bytes of rows, keys, texts and their offsets.
fn join(parts: &[Observations]) -> (Vec<u8>, Vec<u64>, Vec<u8>, Vec<i64>) {
    let rows = parts.iter().map(|part| part.rows.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(rows * Row::SIZE);
    let (mut keys, mut texts, mut ends) = (Vec::new(), Vec::new(), vec![0]);
    for part in parts {
        part.rows.iter().for_each(|row| row.append_to(&mut bytes));
        keys.extend_from_slice(&part.keys);
        ends.extend(part.ends.iter().map(|end| (texts.len() + end) as i64));
        texts.extend_from_slice(&part.texts);
    }
    (bytes, keys, texts, ends)
}
