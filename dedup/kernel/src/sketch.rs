//! One document from raw text to sketch, without leaving the cache.

use std::borrow::Cow;
use std::sync::Arc;

use crate::bands::band_keys;
use crate::json::{Fields, lift};
use crate::sets::Sorter;
use crate::shingles::{digest, hash_shingles};
use crate::sign::Permutations;
use crate::strip::{self, Stripper};
use crate::tokens::Tokens;

/// What decides a sketch.
pub struct Sketcher {
    /// None where texts are compared as they are.
    pub stripper: Option<Arc<Stripper>>,
    /// Tokens per shingle.
    pub size: usize,
    pub permutations: Permutations,
    pub bands: usize,
    pub rows: usize,
    /// Where the text of a record is.
    pub text_fields: Fields,
}

/// Working memory of one thread.
#[derive(Default)]
pub struct Scratch {
    lifted: Vec<u8>,
    strip: strip::Scratch,
    tokens: Tokens,
    hashes: Vec<u64>,
    sorter: Sorter,
    mixed: Vec<u32>,
    signature: Vec<u32>,
    bytes: Vec<u8>,
}

/// Sketches of some consecutive documents.
#[derive(Default)]
pub struct Sketches {
    /// Document-major: `bands` keys per document.
    pub keys: Vec<u32>,
    /// Low bytes of the signatures, document-major.
    pub low: Vec<u8>,
    pub tokens: Vec<u32>,
    pub digests: Vec<u128>,
    /// Lines that stripping removed whole, and bytes it removed, of all documents together.
    pub dropped_lines: usize,
    pub removed_bytes: usize,
}

impl Sketcher {
    /// Append the sketch of one raw text.
    pub fn sketch(&self, bytes: &[u8], scratch: &mut Scratch, out: &mut Sketches) {
        let Scratch { strip, tokens, hashes, mixed, signature, bytes: band, .. } = scratch;
        let (dropped_lines, removed_bytes) = self.read(bytes, strip, tokens, hashes);
        out.dropped_lines += dropped_lines;
        out.removed_bytes += removed_bytes;
        signature.resize(self.permutations.count(), 0);
        self.permutations.sign(hashes, mixed, signature);
        band_keys(signature, self.bands, self.rows, band, |_, key| out.keys.push(key));
        out.low.extend(signature.iter().map(|&value| value as u8));
        out.tokens.push(tokens.len() as u32);
        out.digests.push(digest(tokens));
    }

    /// The sorted, distinct shingle hashes of one stored document, a record or a raw text.
    ///
    /// A record was usable when it was first read. One that is not any more was written over since: it counts as empty,
    /// and the run ends when it finds its input changed.
    pub fn shingle_set(&self, bytes: &[u8], is_record: bool, scratch: &mut Scratch) -> Box<[u64]> {
        let Scratch { lifted, strip, tokens, hashes, sorter, .. } = scratch;
        let bytes = if is_record {
            lifted.clear();
            if lift(bytes, &self.text_fields, lifted).is_err() {
                return Box::default();
            }
            lifted
        } else {
            bytes
        };
        self.read(bytes, strip, tokens, hashes);
        let mut set = Vec::new();
        sorter.append_unique(hashes, &mut set);
        set.into_boxed_slice()
    }

    /// Strip, tokenise and shingle; returns the lines and bytes that stripping removed.
    fn read(
        &self,
        bytes: &[u8],
        strip: &mut strip::Scratch,
        tokens: &mut Tokens,
        hashes: &mut Vec<u64>,
    ) -> (usize, usize) {
        let text = text_of(bytes);
        let mut removed = (0, 0);
        match &self.stripper {
            Some(stripper) => {
                let stripped = stripper.strip(&text, strip, None);
                removed = (stripped.dropped_lines, stripped.removed_bytes);
                tokens.read(stripped.text);
            }
            None => tokens.read(&text),
        }
        hashes.clear();
        hash_shingles(tokens, self.size, hashes);
        removed
    }
}

/// Bytes as text; invalid UTF-8 becomes U+FFFD. Valid text, the rule, is checked ten times faster than by
/// going for the replacement at once.
pub fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    simdutf8::basic::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
