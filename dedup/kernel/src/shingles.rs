//! Shingle hashes: tokens in, `xxh3_64` of each slice of so many tokens or characters out.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

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
    let text = &tokens.text[..];
    let ahead = tokens.starts.get(size..).unwrap_or_default();
    hashes.extend(tokens.starts.iter().zip(ahead).map(|(&start, &next)| {
        // The slice ends before the space in front of token `next`.
        hash_shingle(&text[start as usize..next as usize - 1])
    }));
    hashes.push(hash_shingle(&text[tokens.starts[count.saturating_sub(size)] as usize..]));
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

/// The part of XXH3's default secret that inputs of up to 64 bytes are mixed with.
const SECRET: [u64; 8] = [
    0xBE4B_A423_396C_FEB8,
    0x1CAD_21F7_2C81_017C,
    0xDB97_9083_E96D_D4DE,
    0x1F67_B3B7_A4A4_4072,
    0x78E5_C0CC_4EE6_79CB,
    0x2172_FFCC_7DD0_5A82,
    0x8E24_43F7_7446_08B8,
    0x4C26_3A81_E690_35E0,
];

/// `xxh3_64`, without a branch between 17 and 64 bytes, where nearly all shingles of words are.
///
/// Half of them have up to 32 bytes, so that the usual branch there is mispredicted all the time: it costs more than
/// the two products that it spares (Collet, XXH3, `XXH3_len_17to128_64b`).
#[inline(always)]
fn hash_shingle(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    if !(17..=64).contains(&length) {
        return xxh3_64(bytes);
    }
    let word = |at: usize| {
        // SAFETY: all places below are at most `length - 8`.
        u64::from_le_bytes(unsafe { bytes.as_ptr().add(at).cast::<[u8; 8]>().read() })
    };
    let mixed = |at: usize, secret: usize| {
        let product = u128::from(word(at) ^ SECRET[secret]) * u128::from(word(at + 8) ^ SECRET[secret + 1]);
        product as u64 ^ (product >> 64) as u64
    };
    // All ones where there are more than 32 bytes.
    let long = std::hint::select_unpredictable(length > 32, usize::MAX, 0);
    let inner = mixed(16 & long, 4).wrapping_add(mixed(length.wrapping_sub(32) & long, 6));
    let hash = (length as u64)
        .wrapping_mul(0x9E37_79B1_85EB_CA87)
        .wrapping_add(mixed(0, 0))
        .wrapping_add(mixed(length - 16, 2))
        .wrapping_add(inner & long as u64);
    let hash = (hash ^ hash >> 37).wrapping_mul(0x1656_6791_9E37_79F9);
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_xxh3_at_every_length() {
        let bytes: Vec<u8> = (0..=255).map(|i: u8| i.wrapping_mul(151).wrapping_add(7)).collect();
        for length in 0..=200 {
            for start in [0, 3, 50] {
                let shingle = &bytes[start..start + length];
                assert_eq!(hash_shingle(shingle), xxh3_64(shingle), "{length} bytes from {start}");
            }
        }
    }
}
