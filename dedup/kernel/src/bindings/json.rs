//! JSON records: `scan`, `scan_spans`, `split_array`, `stretches`, `annotate`.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use super::buffers::{Bytes, TextsIn, TextsOut};
use super::{alone, check_offsets, guard, guard_if, invalid};
use crate::json::{self, Fields, Scan, Texts};
use crate::threads;

type Array<'py, T> = Bound<'py, PyArray1<T>>;
/// The fields of `dedup.model.Scan`, in its order.
type ScanOut<'py> = (
    TextsOut<'py>,
    Vec<(TextsOut<'py>, Array<'py, bool>)>,
    Array<'py, i64>,
    Array<'py, i64>,
    Array<'py, i64>,
    i64,
    Vec<(i64, &'static str, String)>,
    i64,
    Vec<i64>,
);

/// Lift texts and fields out of the JSON lines of `data[start:end]`.
#[pyfunction]
pub fn scan<'py>(
    py: Python<'py>,
    data: Bytes,
    start: usize,
    end: usize,
    text_fields: Vec<String>,
    fields: Vec<String>,
) -> PyResult<ScanOut<'py>> {
    let data = data.as_slice();
    if start > end || end > data.len() {
        return Err(invalid(format!("no range of {} bytes: {start} to {end}", data.len())));
    }
    let fields = prepare(&text_fields, &fields)?;
    let alone = threads::are_few() || json::is_one_part(end - start);
    let scan = guard_if(py, !alone, || json::scan_lines(data, start, end, &fields, alone))?;
    Ok(scan_out(py, scan))
}

/// `scan` of the records `data[starts[i]:ends[i]]`, which get the line numbers 1, 2, ...
#[pyfunction]
pub fn scan_spans<'py>(
    py: Python<'py>,
    data: Bytes,
    starts: PyReadonlyArray1<'py, i64>,
    ends: PyReadonlyArray1<'py, i64>,
    text_fields: Vec<String>,
    fields: Vec<String>,
) -> PyResult<ScanOut<'py>> {
    let (data, starts, ends) = (data.as_slice(), starts.as_slice()?, ends.as_slice()?);
    let fields = prepare(&text_fields, &fields)?;
    let scan = guard(py, || json::scan_spans(data, starts, ends, &fields))?;
    Ok(scan_out(py, scan))
}

/// Starts and ends of the elements of the JSON array `data`.
#[pyfunction]
pub fn split_array<'py>(py: Python<'py>, data: Bytes) -> PyResult<(Array<'py, i64>, Array<'py, i64>)> {
    let data = data.as_slice();
    let (starts, ends) =
        alone(py, || json::split_array(data))?.map_err(|malformed| invalid(malformed.to_string()))?;
    Ok((starts.into_pyarray(py), ends.into_pyarray(py)))
}

/// The kept records, byte for byte, each with its line end.
#[pyfunction]
pub fn stretches<'py>(
    py: Python<'py>,
    data: Bytes,
    starts: PyReadonlyArray1<'py, i64>,
    ends: PyReadonlyArray1<'py, i64>,
    keep: PyReadonlyArray1<'py, bool>,
) -> PyResult<(Array<'py, i64>, Array<'py, i64>)> {
    let (data, starts, ends, keep) =
        (data.as_slice(), starts.as_slice()?, ends.as_slice()?, keep.as_slice()?);
    let (firsts, lasts) = alone(py, || json::stretches(data, starts, ends, keep))?;
    Ok((firsts.into_pyarray(py), lasts.into_pyarray(py)))
}

/// All records with a last member `"dedup"`, instead of one that is there, each with its line end.
#[pyfunction]
pub fn annotate<'py>(
    py: Python<'py>,
    data: Bytes,
    starts: PyReadonlyArray1<'py, i64>,
    ends: PyReadonlyArray1<'py, i64>,
    tags: TextsIn<'py>,
) -> PyResult<Array<'py, u8>> {
    let (data, starts, ends) = (data.as_slice(), starts.as_slice()?, ends.as_slice()?);
    let (tags, offsets) = (tags.0.as_slice(), tags.1.as_slice()?);
    check_offsets(offsets, tags.len())?;
    alone(py, || json::annotate(data, starts, ends, tags, offsets))?
        .map(|out| out.into_pyarray(py))
        .map_err(|i| invalid(format!("record {i} is not an object")))
}

fn prepare(text_fields: &[String], fields: &[String]) -> PyResult<Fields> {
    if text_fields.is_empty() {
        return Err(invalid("no text field"));
    }
    Ok(Fields::new(text_fields, fields))
}

fn scan_out(py: Python<'_>, scan: Scan) -> ScanOut<'_> {
    let texts_out = |texts: Texts| (texts.data.into_pyarray(py), texts.offsets.into_pyarray(py));
    (
        texts_out(scan.texts),
        scan.columns
            .into_iter()
            .map(|column| (texts_out(column.texts), column.valid.into_pyarray(py)))
            .collect(),
        scan.starts.into_pyarray(py),
        scan.ends.into_pyarray(py),
        scan.lines.into_pyarray(py),
        scan.repaired,
        scan.skipped.into_iter().map(|(line, why)| (line, why.reason.code(), why.detail)).collect(),
        scan.line_count,
        scan.present,
    )
}
