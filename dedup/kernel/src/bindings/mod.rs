//! The Python face of the kernel: argument conversion, interpreter lock, errors.

use pyo3::prelude::*;

/// Version of the kernel crate.
#[pyfunction]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
