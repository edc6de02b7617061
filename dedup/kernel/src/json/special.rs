//! Finding the bytes that matter inside a JSON string: `"`, `\` and control characters.
//!
//! Most strings are short (keys, ids) and one is long (the text). Short ones
//! are settled sixteen bytes at a time without a call; only the rest of a
//! long one goes to the vector loop.

#[cfg(not(target_arch = "x86_64"))]
use portable::plain_bytes;
#[cfg(not(target_arch = "x86_64"))]
pub use portable::unescaped_bytes;
#[cfg(target_arch = "x86_64")]
use sse2::plain_bytes;
#[cfg(target_arch = "x86_64")]
pub use sse2::unescaped_bytes;

/// Bytes looked at in one step.
pub const STEP: usize = 16;
/// Bytes looked at before the vector loop is entered.
const NEAR: usize = 4 * STEP;

/// Whether a byte ends a run of plain string bytes.
#[inline(always)]
fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// Position of the first special byte of `bytes` at or after `from`; `bytes.len()` if there is none.
#[inline]
pub fn find_special(bytes: &[u8], from: usize) -> usize {
    let near = bytes.len().min(from + NEAR);
    let at = find_by_steps(&bytes[..near], from);
    if at < near || near == bytes.len() { at } else { find_far(bytes, near) }
}

/// `find_special`, step by step.
#[inline(always)]
fn find_by_steps(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(step) = bytes[at..].first_chunk() {
        let plain = plain_bytes(step);
        at += plain;
        if plain < STEP {
            return at;
        }
    }
    bytes[at..].iter().position(|&byte| is_special(byte)).map_or(bytes.len(), |length| at + length)
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
    find_by_steps(bytes, at)
}

/// Steps on x86-64, where SSE2 is always there.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::*;

    use super::STEP;

    /// How many bytes come before the first special one; `STEP` if there is none.
    #[inline(always)]
    pub fn plain_bytes(step: &[u8; STEP]) -> usize {
        // SAFETY: SSE2 is part of x86-64, and the load reads exactly the array.
        unsafe {
            let bytes = _mm_loadu_si128(step.as_ptr().cast());
            let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
            let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
            let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
            first(_mm_or_si128(_mm_or_si128(quote, backslash), control))
        }
    }

    /// How many bytes come before the first backslash; `STEP` if there is none.
    #[inline(always)]
    pub fn unescaped_bytes(step: &[u8; STEP]) -> usize {
        // SAFETY: as above.
        unsafe {
            let bytes = _mm_loadu_si128(step.as_ptr().cast());
            first(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8)))
        }
    }

    /// The first byte that is not zero.
    #[inline(always)]
    fn first(marked: __m128i) -> usize {
        // SAFETY: as above.
        let mask = unsafe { _mm_movemask_epi8(marked) };
        (mask as u32 | 1 << STEP).trailing_zeros() as usize
    }
}

/// Steps elsewhere: two words.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use super::STEP;

    const ONES: u64 = 0x0101_0101_0101_0101;

    /// See `sse2::plain_bytes`.
    #[inline(always)]
    pub fn plain_bytes(step: &[u8; STEP]) -> usize {
        first(step, |word| {
            let control = word.wrapping_sub(ONES * 0x20) & !word;
            equal(word, b'"') | equal(word, b'\\') | control
        })
    }

    /// See `sse2::unescaped_bytes`.
    #[inline(always)]
    pub fn unescaped_bytes(step: &[u8; STEP]) -> usize {
        first(step, |word| equal(word, b'\\'))
    }

    /// Marks the bytes of `word` equal to `byte` by their high bit; exact up to the lowest one (a borrow travels up).
    #[inline(always)]
    fn equal(word: u64, byte: u8) -> u64 {
        let different = word ^ (ONES * u64::from(byte));
        different.wrapping_sub(ONES) & !different
    }

    /// The first byte that `mark` marks.
    #[inline(always)]
    fn first(step: &[u8; STEP], mark: impl Fn(u64) -> u64) -> usize {
        let (words, _) = step.as_chunks::<8>();
        let marked = |word: [u8; 8]| mark(u64::from_le_bytes(word)) & (ONES << 7);
        match (marked(words[0]), marked(words[1])) {
            (0, high) => 8 + high.trailing_zeros() as usize / 8,
            (low, _) => low.trailing_zeros() as usize / 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place() {
        for len in [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 300] {
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
    fn steps_agree_with_single_bytes() {
        for pair in 0..=u16::MAX {
            for place in [0, 3, 7, 14] {
                let mut step = [b'a'; STEP];
                step[place..place + 2].copy_from_slice(&pair.to_le_bytes());
                let first = |found: fn(&u8) -> bool| step.iter().position(found).unwrap_or(STEP);
                let (plain, unescaped) = (first(|&byte| is_special(byte)), first(|&byte| byte == b'\\'));
                assert_eq!((plain_bytes(&step), unescaped_bytes(&step)), (plain, unescaped), "{step:?}");
                assert_eq!(portable::plain_bytes(&step), plain, "{step:?}");
                assert_eq!(portable::unescaped_bytes(&step), unescaped, "{step:?}");
            }
        }
    }
}
