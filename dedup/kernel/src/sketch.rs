//! One document from text to sketch, without leaving the cache.

use crate::bands::band_keys;
use crate::shingles::{digest, hash_shingles};
use crate::sign::Permutations;
use crate::tokens::Tokens;

/// What decides a sketch.
pub struct Sketcher {
    pub size: usize,
    pub permutations: Permutations,
    pub bands: usize,
    pub rows: usize,
}

/// Working memory of one thread.
#[derive(Default)]
pub struct Scratch {
    /// The text of a record.
    pub lifted: Vec<u8>,
    pub tokens: Tokens,
    pub hashes: Vec<u64>,
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
}

impl Sketcher {
    /// Append the sketch of one clean text.
    pub fn sketch(&self, clean: &str, scratch: &mut Scratch, out: &mut Sketches) {
        let Scratch {
            tokens,
            hashes,
            mixed,
            signature,
            bytes,
            ..
        } = scratch;
        tokens.read(clean);
        hashes.clear();
        hash_shingles(tokens, self.size, hashes);
        signature.resize(self.permutations.count(), 0);
        self.permutations.sign(hashes, mixed, signature);
        band_keys(signature, self.bands, self.rows, bytes, |_, key| {
            out.keys.push(key)
        });
        out.low.extend(signature.iter().map(|&value| value as u8));
        out.tokens.push(tokens.len() as u32);
        out.digests.push(digest(tokens));
    }
}
