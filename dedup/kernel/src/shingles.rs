//! Shingle hashes: tokens in, `xxh3_64` of each slice of so many tokens or characters out.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::hashing::hash_slices;
use crate::tokens::Tokens;

/// What a shingle is made of, and of how many; at least one.
#[derive(Clone, Copy)]
pub enum Shingling {
    /// Tokens.
    Words(usize),
    /// Code points of the tokens joined by one space.
    Chars(usize),
}

impl Shingling {
    /// Append the hash of every shingle, in text order, repeats included.
    ///
    /// A text of fewer tokens or characters has one shingle, all of it; one without tokens has none.
    pub fn hash(self, tokens: &Tokens, hashes: &mut Vec<u64>) {
        match self {
            Shingling::Words(size) => hash_words(tokens, size, hashes),
            Shingling::Chars(size) => hash_chars(&tokens.text, size, hashes),
        }
    }
}

fn hash_words(tokens: &Tokens, size: usize, hashes: &mut Vec<u64>) {
    let count = tokens.count();
    if count == 0 {
        return;
    }
    // A slice ends before the space in front of the token `size` behind its first.
    let ahead = tokens.starts.get(size..).unwrap_or_default();
    hash_slices(&tokens.text, &tokens.starts, ahead, tokens.level(), hashes);
    hashes.push(xxh3_64(&tokens.text[tokens.starts[count.saturating_sub(size)] as usize..]));
}

fn hash_chars(text: &[u8], size: usize, hashes: &mut Vec<u64>) {
    let mut starts = (0..text.len()).filter(|&at| is_start(text[at]));
    let ends = (1..=text.len()).filter(|&at| at == text.len() || is_start(text[at]));
    let first = hashes.len();
    hashes.extend(ends.skip(size - 1).zip(&mut starts).map(|(end, start)| xxh3_64(&text[start..end])));
    if hashes.len() == first && !text.is_empty() {
        hashes.push(xxh3_64(text));
    }
}

/// Whether a byte begins a code point.
fn is_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// Identity of a token sequence: equal for exact copies. Undefined use for a text without tokens.
pub fn digest(tokens: &Tokens) -> u128 {
    xxh3_128(&tokens.text)
}
