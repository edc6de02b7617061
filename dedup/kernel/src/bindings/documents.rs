//! Documents where they lie: buffers and places of a run in, shingle sets of single documents out.

use std::cell::RefCell;

use numpy::{PyArray1, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;

use super::engine::Engine;
use crate::matching::Documents;
use crate::sketch::Scratch;

/// One stretch of memory that holds consecutive documents: (data, starts, ends, is record).
pub type Segment = (Py<PyArray1<u8>>, Py<PyArray1<i64>>, Py<PyArray1<i64>>, bool);

/// Borrowed views of all segments.
pub struct Stored<'a> {
    engine: &'a Engine,
    segments: Vec<View<'a>>,
}

struct View<'a> {
    data: &'a [u8],
    starts: &'a [i64],
    ends: &'a [i64],
    is_record: bool,
    /// Position of the first document.
    first: usize,
}

thread_local! {
    /// Working memory for reading documents again.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Documents for Stored<'_> {
    fn shingles(&self, position: usize) -> Box<[u64]> {
        let at = self.segments.partition_point(|view| view.first <= position) - 1;
        let view = &self.segments[at];
        let i = position - view.first;
        let bytes = &view.data[view.starts[i] as usize..view.ends[i] as usize];
        SCRATCH.with_borrow_mut(|scratch| self.engine.sketcher.shingle_set(bytes, view.is_record, scratch))
    }
}

/// How many documents the segments hold.
pub fn count(py: Python<'_>, segments: &[Segment]) -> usize {
    segments.iter().map(|(_, starts, _, _)| starts.bind(py).len()).sum()
}

/// Call `work` with the documents of all segments.
pub fn with_documents<T>(
    py: Python<'_>,
    engine: &Py<Engine>,
    segments: &[Segment],
    work: impl FnOnce(&Stored<'_>) -> PyResult<T>,
) -> PyResult<T> {
    let mut views = Vec::with_capacity(segments.len());
    let mut first = 0;
    for (data, starts, ends, is_record) in segments {
        // SAFETY: arrays of a run are written by nobody once they are in a segment. To register each as borrowed takes a
        // microsecond, of which a slice of the work on 10 million documents would have 60,000.
        let (data, starts, ends) =
            unsafe { (data.bind(py).as_slice()?, starts.bind(py).as_slice()?, ends.bind(py).as_slice()?) };
        views.push(View { data, starts, ends, is_record: *is_record, first });
        first += starts.len();
    }
    work(&Stored { engine: engine.get(), segments: views })
}
