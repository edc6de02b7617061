//! Finding the bytes that matter inside a JSON string: `"`, `\` and control characters.
//!
//! Most strings are short (keys, ids) and one is long (the text). Short ones
//! are settled eight bytes at a time in an ordinary register, without a
//! call; only the rest of a long one goes to the vector loop.

/// The lowest bit of each byte.
pub const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
pub const HIGHS: u64 = 0x8080_8080_8080_8080;
/// Bytes looked at before the vector loop is entered.
const SHORT: usize = 32;

/// Whether a byte ends a run of plain string bytes.
#[inline(always)]
fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// Position of the first special byte of `bytes` at or after `from`; `bytes.len()` if there is none.
#[inline]
pub fn find_special(bytes: &[u8], from: usize) -> usize {
    let near = bytes.len().min(from + SHORT);
    let at = find_by_words(bytes, from, near);
    if at < near || near == bytes.len() {
        at
    } else {
        find_far(bytes, near)
    }
}

/// The first special byte of `bytes[from..end]`, or `end`; `end` may not exceed `bytes.len()`.
#[inline]
fn find_by_words(bytes: &[u8], from: usize, end: usize) -> usize {
    let mut at = from;
    while at + 8 <= end {
        let word = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let mask = special_mask(word);
        if mask != 0 {
            return at + mask.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while at < end && !is_special(bytes[at]) {
        at += 1;
    }
    at
}

/// The high bit of each special byte of `word`. Exact up to and including the lowest set bit (a borrow only
/// travels upwards), which is all that is used.
#[inline(always)]
fn special_mask(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let zero = |x: u64| x.wrapping_sub(ONES) & !x;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (zero(quote) | zero(backslash) | control) & HIGHS
}

#[cfg(target_arch = "x86_64")]
fn find_far(bytes: &[u8], from: usize) -> usize {
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just been found to have AVX2.
        unsafe { find_far_avx2(bytes, from) }
    } else {
        find_in_blocks(bytes, from)
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn find_far(bytes: &[u8], from: usize) -> usize {
    find_in_blocks(bytes, from)
}

/// `find_in_blocks`, compiled for registers of 32 bytes.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn find_far_avx2(bytes: &[u8], from: usize) -> usize {
    find_in_blocks(bytes, from)
}

/// Skips blocks without a special byte; the inner loop has no branches, so that the compiler makes it vector code.
#[inline(always)]
fn find_in_blocks(bytes: &[u8], from: usize) -> usize {
    const BLOCK: usize = 64;
    let mut at = from;
    for block in bytes[from..].as_chunks::<BLOCK>().0 {
        if block.iter().fold(false, |any, &byte| any | is_special(byte)) {
            break;
        }
        at += BLOCK;
    }
    find_by_words(bytes, at, bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place() {
        for len in [0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 200] {
            for byte in 0..=255u8 {
                for place in 0..len {
                    let mut bytes = vec![b'a'; len];
                    bytes[place] = byte;
                    let expected = if is_special(byte) { place } else { len };
                    assert_eq!(find_special(&bytes, 0), expected, "{byte} at {place} of {len}");
                }
            }
        }
    }

    #[test]
    fn neighbours_do_not_disturb() {
        for first in 0..=255u8 {
            for second in 0..=255u8 {
                let bytes = [b'a', first, second, b'a', b'a', b'a', b'a', b'a'];
                let expected = bytes.iter().position(|&b| is_special(b)).unwrap_or(8);
                assert_eq!(find_special(&bytes, 0), expected, "{bytes:?}");
            }
        }
    }
}
