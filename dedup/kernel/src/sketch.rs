//! One document from raw text to sketch, without leaving the cache.

use std::borrow::Cow;
use std::sync::Arc;

use crate::bands::band_keys;
use crate::deltas::{Deltas, Recent};
use crate::excerpts::winnow;
use crate::json::{Fields, lift};
use crate::sets::Sorter;
use crate::shingles::{Shingling, digest};
use crate::sign::{LANES, Permutations};
use crate::strip::{self, Loss, Removal, Stripper};
use crate::tokens::Tokens;

/// What decides a sketch.
pub struct Sketcher {
    /// None where texts are compared as they are.
    pub stripper: Option<Arc<Stripper>>,
    pub shingling: Shingling,
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
    removals: Vec<Removal>,
    tokens: Tokens,
    hashes: Vec<u64>,
    sorter: Sorter,
    set: Vec<u64>,
    mixed: Vec<u32>,
    signature: Vec<u32>,
    bytes: Vec<u8>,
    minimizers: Vec<u32>,
    recent: Recent,
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
    /// What stripping removed, of all documents together.
    pub losses: Vec<Loss>,
    /// Per document, 1 where a guard rail changed the outcome.
    pub guarded: Vec<u8>,
    /// Minimizers, and how many each document has; empty where they were not asked for.
    pub minimizers: Vec<u32>,
    pub minimizer_counts: Vec<u32>,
    pub deltas: Deltas,
}

impl Sketcher {
    /// Append the sketch of document `at` of a batch, a raw text; with the minimizers of windows of so many shingles, if
    /// asked for. Working memory is of no other batch.
    pub fn sketch(
        &self,
        at: usize,
        bytes: &[u8],
        window: Option<usize>,
        scratch: &mut Scratch,
        out: &mut Sketches,
    ) {
        let text = text_of(bytes);
        let is_guarded = self.read(&text, scratch);
        let Scratch { tokens, hashes, mixed, signature, bytes: band, removals, minimizers, recent, .. } =
            scratch;
        if let Some(stripper) = &self.stripper {
            out.losses.extend(removals.iter().map(|removal| stripper.loss(&text, removal)));
        }
        out.guarded.push(u8::from(is_guarded));
        signature.resize(self.permutations.count(), 0);
        let (first, rest) = signature.split_at_mut(LANES.min(self.permutations.count()));
        self.permutations.sign(hashes, mixed, first);
        match recent.note(at, hashes, first, &mut out.deltas) {
            Some(noted) if !rest.is_empty() => recent.sign(&self.permutations, &noted, mixed, rest),
            _ => self.permutations.sign_from(LANES, hashes, mixed, rest),
        }
        band_keys(signature, self.bands, self.rows, band, |_, key| out.keys.push(key));
        out.low.extend(signature.iter().map(|&value| value as u8));
        out.tokens.push(tokens.count() as u32);
        out.digests.push(digest(tokens));
        if let Some(window) = window {
            winnow(hashes, window, minimizers);
            out.minimizers.extend_from_slice(minimizers);
            out.minimizer_counts.push(minimizers.len() as u32);
        }
    }

    /// The sorted, distinct shingle hashes of one stored document, a record or a raw text.
    ///
    /// A record was usable when it was first read. One that is not any more was written over since: it counts as empty,
    /// and the run ends when it finds its input changed.
    pub fn shingle_set(&self, bytes: &[u8], is_record: bool, scratch: &mut Scratch) -> Box<[u64]> {
        let mut lifted = std::mem::take(&mut scratch.lifted);
        lifted.clear();
        scratch.set.clear();
        let bytes = match is_record.then(|| lift(bytes, &self.text_fields, &mut lifted)) {
            Some(Ok(())) => Some(&lifted[..]),
            Some(Err(_)) => None,
            None => Some(bytes),
        };
        if let Some(bytes) = bytes {
            self.read(&text_of(bytes), scratch);
            scratch.sorter.append_unique(&scratch.hashes, &mut scratch.set);
        }
        scratch.lifted = lifted;
        scratch.set.as_slice().into()
    }

    /// Strip, tokenise and shingle; whether a guard rail of stripping changed the outcome.
    fn read(&self, text: &str, scratch: &mut Scratch) -> bool {
        let Scratch { strip, removals, tokens, hashes, .. } = scratch;
        let stripped = self.stripper.as_ref().map(|stripper| stripper.strip(text, strip, true, removals));
        tokens.read(stripped.as_ref().map_or(text, |stripped| stripped.text));
        hashes.clear();
        self.shingling.hash(tokens, hashes);
        stripped.is_some_and(|stripped| stripped.is_guarded)
    }
}

/// Bytes as text; invalid UTF-8 becomes U+FFFD. Valid text, the rule, is checked ten times faster than by
/// going for the replacement at once.
pub fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    simdutf8::basic::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
