//! The hot path of `dedup`: batch functions over buffers.
//!
//! Nothing here reads files or the environment, and no document ever becomes a
//! Python object: buffers and arrays come in, arrays go out. `bindings` is the
//! only module that knows Python; every other module is plain Rust. Public are the
//! modules that `benches/` measures.

pub mod bands;
mod bindings;
mod bitmap;
mod blocking;
mod blocks;
mod classes;
pub mod deltas;
mod excerpts;
mod frames;
pub mod hashing;
pub mod json;
mod learn;
pub mod level;
mod matching;
mod pages;
mod postings;
mod rows;
pub mod sets;
pub mod shingles;
pub mod sign;
pub mod sketch;
mod strip;
mod threads;
pub mod tokens;

use pyo3::prelude::*;

#[pymodule]
mod _kernel {
    #[pymodule_export]
    use crate::bindings::engine::Engine;
    #[pymodule_export]
    use crate::bindings::excerpts::ExcerptSearch;
    #[pymodule_export]
    use crate::bindings::frames::Compressor;
    #[pymodule_export]
    use crate::bindings::ids::{digest_texts, hash_texts};
    #[pymodule_export]
    use crate::bindings::index::{prefixes, probe};
    #[pymodule_export]
    use crate::bindings::json::{annotate, scan, scan_spans, split_array, stretches};
    #[pymodule_export]
    use crate::bindings::learn::{Observer, compact, tally};
    #[pymodule_export]
    use crate::bindings::matcher::Matcher;
    #[pymodule_export]
    use crate::bindings::meeting::Meeting;
    #[pymodule_export]
    use crate::bindings::rows::{cluster_rows, pair_rows, tag_rows};
    #[pymodule_export]
    use crate::bindings::sets::{unique, verify};
    #[pymodule_export]
    use crate::bindings::strip::Stripper;
    #[pymodule_export]
    use crate::bindings::texts::{band, levels, shingle, sign, tokenize};
    #[pymodule_export]
    use crate::bindings::{give_back, set_threads, version};
}
