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
    let ahead = tokens.starts.get(size..).unwrap_or_default();
    hashes.extend(tokens.starts.iter().zip(ahead).map(|(&start, &next)| {
        // The slice ends before the space in front of token `next`.
        xxh3_64(&text[start as usize..next as usize - 1])
    }));
    hashes.push(xxh3_64(&text[tokens.starts[count.saturating_sub(size)] as usize..]));
}

/// Identity of a token sequence: equal for exact copies. Undefined use for a text without tokens.
pub fn digest(tokens: &Tokens) -> u128 {
    xxh3_128(&tokens.text)
}
