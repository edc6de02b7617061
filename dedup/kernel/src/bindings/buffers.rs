//! Python buffers as slices: anything that holds contiguous bytes (bytes, memory maps, NumPy arrays, Arrow buffers).

use std::slice;

use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::prelude::*;

use super::invalid;

/// The bytes of a Python object, borrowed for the length of a call.
pub struct Bytes(PyUntypedBuffer);

impl<'py> FromPyObject<'_, 'py> for Bytes {
    type Error = PyErr;

    /// Takes any contiguous buffer of items of one byte, whatever it calls their type (Arrow says `b`, NumPy `B`).
    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Bytes> {
        let buffer = PyUntypedBuffer::get(&object)?;
        if buffer.item_size() != 1 || !buffer.is_c_contiguous() {
            return Err(invalid("expected a contiguous buffer of bytes"));
        }
        Ok(Bytes(buffer))
    }
}

impl Bytes {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        if self.0.len_bytes() == 0 {
            return &[];
        }
        // SAFETY: the buffer is contiguous (checked above), not null where it has a length, and held by `self`. Callers
        // of the kernel do not write to a buffer during a call; readers check the files behind memory maps for changes.
        unsafe { slice::from_raw_parts(self.0.buf_ptr().cast(), self.0.len_bytes()) }
    }
}

/// Texts that come in: bytes and int64[n + 1] offsets.
pub type TextsIn<'py> = (Bytes, PyReadonlyArray1<'py, i64>);

/// Texts that go out: uint8 bytes and int64[n + 1] offsets.
pub type TextsOut<'py> = (Bound<'py, PyArray1<u8>>, Bound<'py, PyArray1<i64>>);
