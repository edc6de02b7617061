//! Values for blocking as Python holds them: arrays in, a view of all that are there out.

use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::prelude::*;

use super::invalid;
use crate::blocking::Blocking;

/// The fields of `dedup.comparable.Comparable`: same, across, dates, window.
pub type Arrays = (Option<Py<PyArray1<u64>>>, Option<Py<PyArray1<u64>>>, Option<Py<PyArray1<i64>>>, u64);

/// The arrays, borrowed.
#[derive(Default)]
pub struct Borrowed<'py> {
    same: Option<PyReadonlyArray1<'py, u64>>,
    across: Option<PyReadonlyArray1<'py, u64>>,
    dates: Option<PyReadonlyArray1<'py, i64>>,
    window: u64,
}

impl<'py> Borrowed<'py> {
    /// Of `count` documents.
    pub fn new(py: Python<'py>, arrays: Option<&Arrays>, count: usize) -> PyResult<Self> {
        let Some((same, across, dates, window)) = arrays else { return Ok(Borrowed::default()) };
        let values =
            |array: &Option<Py<PyArray1<u64>>>| array.as_ref().map(|array| array.bind(py).readonly());
        let (same, across, window) = (values(same), values(across), *window);
        let dates = dates.as_ref().map(|array| array.bind(py).readonly());
        let lengths = [
            same.as_ref().map(|a| a.len()),
            across.as_ref().map(|a| a.len()),
            dates.as_ref().map(|a| a.len()),
        ];
        if lengths.into_iter().flatten().any(|length| length != count) {
            return Err(invalid(format!("values for blocking must be of all {count} documents")));
        }
        Ok(Borrowed { same, across, dates, window })
    }

    pub fn view(&self) -> PyResult<Blocking<'_>> {
        Ok(Blocking {
            same: self.same.as_ref().map(|array| array.as_slice()).transpose()?,
            across: self.across.as_ref().map(|array| array.as_slice()).transpose()?,
            window: match &self.dates {
                Some(dates) => Some((dates.as_slice()?, self.window)),
                None => None,
            },
        })
    }
}
