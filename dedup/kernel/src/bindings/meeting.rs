//! Buckets that stream past: batches of their documents come in, pairs go out.

use numpy::{
    IntoPyArray, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use super::{guard, invalid};
use crate::matching::{Entry, Limits, Meeting as Inner, Role};

/// Which documents of a bucket are worth comparing; see `matching/meeting.rs`.
#[pyclass(module = "dedup._kernel")]
pub struct Meeting {
    inner: Inner,
}

#[pymethods]
impl Meeting {
    #[new]
    fn new(gate: u32, agreeing: usize, heads: usize) -> Self {
        Meeting { inner: Inner::new(Limits { gate, agreeing, heads }) }
    }

    /// The pairs of the next documents, int64[p, 2]: (earlier, later), or twice the same for one that is left over.
    fn add<'py>(
        &mut self,
        py: Python<'py>,
        buckets: PyReadonlyArray1<'py, i64>,
        ranks: PyReadonlyArray1<'py, i64>,
        low: PyReadonlyArray2<'py, u8>,
        roles: PyReadonlyArray1<'py, u8>,
    ) -> PyResult<Bound<'py, PyArray2<i64>>> {
        let width = low.shape()[1];
        let (buckets, ranks, low, roles) =
            (buckets.as_slice()?, ranks.as_slice()?, low.as_slice()?, roles.as_slice()?);
        let count = buckets.len();
        if width == 0 || ranks.len() != count || roles.len() != count || low.len() != count * width {
            return Err(invalid("buckets, ranks, low bytes and roles must be of the same documents"));
        }
        if roles.iter().any(|&role| role > 2) {
            return Err(invalid("roles are 0 (either), 1 (head) or 2 (guest)"));
        }
        let inner = &mut self.inner;
        let pairs = guard(py, || {
            let mut pairs = Vec::new();
            for i in 0..count {
                let role = [Role::Either, Role::Head, Role::Guest][roles[i] as usize];
                let low = &low[i * width..(i + 1) * width];
                inner.add(&Entry { bucket: buckets[i], rank: ranks[i], low, role }, &mut pairs);
            }
            pairs
        })?;
        let rows = pairs.len();
        pairs.into_flattened().into_pyarray(py).reshape([rows, 2])
    }
}
