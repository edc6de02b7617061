//! The Python face of the kernel: argument conversion, interpreter lock, errors.

mod batches;
mod blocking;
mod buffers;
mod documents;
pub mod engine;
pub mod excerpts;
pub mod frames;
pub mod ids;
pub mod index;
pub mod json;
pub mod learn;
pub mod matcher;
pub mod meeting;
pub mod rows;
pub mod sets;
pub mod strip;
pub mod texts;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::import_exception;
use pyo3::prelude::*;

use crate::{pages, threads};

import_exception!(dedup.errors, InternalError);

/// Version of the kernel crate.
#[pyfunction]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Use `count` threads from now on; 0 = one per core. Returns how many they are.
#[pyfunction]
pub fn set_threads(count: usize) -> usize {
    threads::set(count)
}

/// Give memory that was let go back to the system.
#[pyfunction]
pub fn give_back(py: Python<'_>) {
    py.detach(pages::give_back);
}

/// Run `work` without the interpreter lock on the kernel's threads; a panic becomes an InternalError, threads that do
/// not start an OSError.
pub fn guard<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| {
        let pool = threads::current()
            .map_err(|error| PyOSError::new_err(format!("the threads do not start: {error}")))?;
        caught(|| pool.install(work))
    })
}

/// `guard` for texts with these offsets. Few are worked on by the caller: to hand them to a thread and wait for it would
/// take longer, much longer where others keep the machine busy. `work` then leaves the threads alone, see `tasks`.
pub fn guard_all<T: Send>(py: Python<'_>, offsets: &[i64], work: impl FnOnce() -> T + Send) -> PyResult<T> {
    guard_if(py, !batches::is_one_task(offsets), work)
}

/// `guard`, on the kernel's threads only if there is enough to do.
pub fn guard_if<T: Send>(py: Python<'_>, is_much: bool, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    if is_much { guard(py, work) } else { alone(py, work) }
}

/// As `guard`, by the calling thread: for what is not spread over threads, as to wake one and wait for it takes longer
/// than most of it.
pub fn alone<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| caught(work))
}

fn caught<T>(work: impl FnOnce() -> T) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|panic| InternalError::new_err(format!("the kernel failed: {}", said(&*panic))))
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// A ValueError.
pub fn invalid(message: impl Into<String>) -> PyErr {
    PyValueError::new_err(message.into())
}

/// Check that `offsets` cut a buffer of `length` bytes into texts: at least one, ascending, within it.
pub fn check_offsets(offsets: &[i64], length: usize) -> PyResult<()> {
    let ascending = offsets.is_sorted() && offsets.first().is_some_and(|&first| first >= 0);
    if ascending && offsets[offsets.len() - 1] as usize <= length {
        return Ok(());
    }
    Err(invalid("offsets must ascend within the buffer and be one more than the texts"))
}
