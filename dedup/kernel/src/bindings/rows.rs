//! Output rows: `cluster_rows`, `tag_rows`, `pair_rows`.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use super::buffers::{Bytes, TextsIn, TextsOut};
use super::{check_offsets, guard};
use crate::rows::{self, Clusters, Locations, Pairs, Strings};

type In<'py, T> = PyReadonlyArray1<'py, T>;

/// What became of all documents: representative, cluster size, relation, similarity, containment; excerpts (of which
/// article, containment) and families if asked for.
type Outcome<'py> = (
    In<'py, i64>,
    In<'py, i64>,
    In<'py, u8>,
    In<'py, f64>,
    In<'py, f64>,
    Option<(In<'py, i64>, In<'py, f64>)>,
    Option<In<'py, i64>>,
);

/// The rows of clusters.jsonl for the documents `start` to `stop`.
///
/// `locations` are the bytes and offsets of the paths, then the path and the number of each document.
#[pyfunction]
pub fn cluster_rows<'py>(
    py: Python<'py>,
    ids: TextsIn<'py>,
    locations: (Bytes, In<'py, i64>, In<'py, u32>, In<'py, i64>),
    outcome: Outcome<'py>,
    start: usize,
    stop: usize,
) -> PyResult<Bound<'py, PyArray1<u8>>> {
    let clusters = clusters(&ids, &outcome)?;
    let locations = Locations {
        paths: strings(&locations.0, &locations.1)?,
        path: locations.2.as_slice()?,
        number: locations.3.as_slice()?,
    };
    Ok(guard(py, || rows::cluster_rows(clusters, locations, start..stop))?.into_pyarray(py))
}

/// The tags of the documents `start` to `stop`.
#[pyfunction]
pub fn tag_rows<'py>(
    py: Python<'py>,
    ids: TextsIn<'py>,
    outcome: Outcome<'py>,
    start: usize,
    stop: usize,
) -> PyResult<TextsOut<'py>> {
    let clusters = clusters(&ids, &outcome)?;
    let (data, offsets) = guard(py, || rows::tag_rows(clusters, start..stop))?;
    Ok((data.into_pyarray(py), offsets.into_pyarray(py)))
}

/// The rows of pairs.jsonl.
#[pyfunction]
pub fn pair_rows<'py>(
    py: Python<'py>,
    ids: TextsIn<'py>,
    pairs: PyReadonlyArray2<'py, i64>,
    relation: In<'py, u8>,
    similarity: In<'py, f64>,
    containment: In<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<u8>>> {
    let pairs = Pairs {
        ids: strings(&ids.0, &ids.1)?,
        pairs: pairs.as_slice()?.as_chunks().0,
        relation: relation.as_slice()?,
        similarity: similarity.as_slice()?,
        containment: containment.as_slice()?,
    };
    Ok(guard(py, || rows::pair_rows(pairs))?.into_pyarray(py))
}

fn clusters<'a>(ids: &'a TextsIn, outcome: &'a Outcome) -> PyResult<Clusters<'a>> {
    let (representative, cluster_size, relation, similarity, containment, excerpts, family) = outcome;
    let excerpts = match excerpts {
        Some((of, containment)) => Some((of.as_slice()?, containment.as_slice()?)),
        None => None,
    };
    Ok(Clusters {
        ids: strings(&ids.0, &ids.1)?,
        representative: representative.as_slice()?,
        cluster_size: cluster_size.as_slice()?,
        relation: relation.as_slice()?,
        similarity: similarity.as_slice()?,
        containment: containment.as_slice()?,
        excerpts,
        family: family.as_ref().map(|family| family.as_slice()).transpose()?,
    })
}

fn strings<'a>(data: &'a Bytes, offsets: &'a In<i64>) -> PyResult<Strings<'a>> {
    let (data, offsets) = (data.as_slice(), offsets.as_slice()?);
    check_offsets(offsets, data.len())?;
    Ok(Strings { data, offsets })
}
