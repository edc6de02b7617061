//! The hot path of `dedup`: batch functions over buffers.
//!
//! Nothing here reads files or the environment, and no document ever becomes a
//! Python object: buffers and arrays come in, arrays go out. `bindings` is the
//! only module that knows Python; every other module is plain Rust.

mod bindings;

use pyo3::prelude::*;

#[pymodule]
mod _kernel {
    #[pymodule_export]
    use crate::bindings::version;
}
