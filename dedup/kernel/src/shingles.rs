//! Shingle hashes: tokens in, `xxh3_64` of each slice of `size` tokens out.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::tokens::Tokens;

/// Append the hash of every shingle, in text order, repeats included.
///
/// A text of 1 to `size` tokens has one shingle, all its tokens; one without tokens has none.
pub fn hash_shingles(tokens: &Tokens, size: usize, hashes: &mut Vec<u64>) {
    let count = tokens.len();
    if count == 0 {
        return;
    }
    let text = &tokens.text[..];
    let first_ends = size.min(count) - 1;
    hashes.extend((first_ends..count).map(|last| {
        let start = tokens.starts[last - first_ends] as usize;
        xxh3_64(&text[start..tokens.end(last)])
    }));
}

/// Identity of a token sequence: equal for exact copies. Undefined use for a text without tokens.
pub fn digest(tokens: &Tokens) -> u128 {
    xxh3_128(&tokens.text)
}
