//! Blocks of 64 bytes of a text at once: which are ASCII letters and digits, their words moved together, and where
//! spaces are. With AVX2, block after block of ASCII goes by without a branch that depends on the text.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Bytes of a block.
pub const BLOCK: usize = 64;
/// Bytes moved at once, which may be written beyond the last one that counts.
pub const GROUP: usize = 8;

/// A block with its letters in lower case and a space for each byte that is no ASCII letter or digit, and two bits for
/// each byte.
pub struct Block {
    pub bytes: [u8; BLOCK],
    /// ASCII letters and digits.
    pub word: u64,
    /// Bytes from 0x80.
    pub high: u64,
}

impl Block {
    /// Classify 64 bytes.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub fn new(text: &[u8; BLOCK]) -> Block {
        let mut block = Block { bytes: [b' '; BLOCK], word: 0, high: 0 };
        for part in 0..BLOCK / 16 {
            // SAFETY: SSE2 belongs to every x86-64; the loads and stores are unaligned and stay within
            // 16 * part + 16 <= 64 bytes of arrays of 64 bytes.
            unsafe {
                let bytes = _mm_loadu_si128(text.as_ptr().add(16 * part).cast());
                let within = |value, low: u8, count: u8| {
                    let shifted = _mm_sub_epi8(value, _mm_set1_epi8(low as i8));
                    _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(count as i8 - 1)), shifted)
                };
                // Bit 5 makes capitals small and makes a letter of nothing else; digits have it.
                let folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
                let word = _mm_or_si128(within(folded, b'a', 26), within(bytes, b'0', 10));
                let space = _mm_andnot_si128(word, _mm_set1_epi8(b' ' as i8));
                let shown = _mm_or_si128(_mm_and_si128(word, folded), space);
                _mm_storeu_si128(block.bytes.as_mut_ptr().add(16 * part).cast(), shown);
                block.word |= u64::from(_mm_movemask_epi8(word) as u16) << (16 * part);
                block.high |= u64::from(_mm_movemask_epi8(bytes) as u16) << (16 * part);
            }
        }
        block
    }

    /// Classify 64 bytes.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn new(text: &[u8; BLOCK]) -> Block {
        let mut block = Block { bytes: [b' '; BLOCK], word: 0, high: 0 };
        for (i, &byte) in text.iter().enumerate() {
            let is_word = byte.is_ascii_alphanumeric();
            block.bytes[i] = if is_word { byte | 0x20 } else { b' ' };
            block.word |= u64::from(is_word) << i;
            block.high |= u64::from(byte >= 0x80) << i;
        }
        block
    }

    /// Append those of bytes `from..to` that `kept` has a bit for, one by one; it has none for others.
    #[inline(always)]
    pub fn append(&self, kept: u64, from: usize, to: usize, out: &mut Vec<u8>) {
        out.reserve(BLOCK + GROUP);
        let mut end = out.len();
        // SAFETY: a byte is written for each of the block at most, no further than 64 behind the old end: reserved. An
        // index beyond the block panics before anything is written for it, and before the length changes.
        unsafe {
            let text = out.as_mut_ptr();
            for i in from..to {
                *text.add(end) = self.bytes[i];
                end += (kept >> i & 1) as usize;
            }
            out.set_len(end);
        }
    }

    /// As `append`, eight bytes at once.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "ssse3")]
    #[inline]
    pub fn append_groups(&self, kept: u64, from: usize, to: usize, out: &mut Vec<u8>) {
        assert!(to <= BLOCK);
        out.reserve(BLOCK + GROUP);
        let mut end = out.len();
        // SAFETY: at most 64 bytes are kept, and each store writes `GROUP` bytes from the end of those before: all
        // reserved. Groups are read at multiples of 8 below `to`, which is at most the 64 bytes of the block.
        unsafe {
            let text = out.as_mut_ptr();
            for group in from / GROUP..to.div_ceil(GROUP) {
                let bits = (kept >> (GROUP * group)) as u8;
                let bytes = _mm_loadl_epi64(self.bytes.as_ptr().add(GROUP * group).cast());
                let order = _mm_loadl_epi64(ORDERS[bits as usize].as_ptr().cast());
                _mm_storel_epi64(text.add(end).cast(), _mm_shuffle_epi8(bytes, order));
                end += bits.count_ones() as usize;
            }
            out.set_len(end);
        }
    }
}

/// For each set of bits the places of those that are set, in order, then zeros.
#[cfg(target_arch = "x86_64")]
static ORDERS: [[u8; GROUP]; 256] = {
    let mut orders = [[0; GROUP]; 256];
    let mut bits = 0;
    while bits < 256 {
        let (mut place, mut count) = (0, 0);
        while place < GROUP {
            if bits >> place & 1 == 1 {
                orders[bits][count] = place as u8;
                count += 1;
            }
            place += 1;
        }
        bits += 1;
    }
    orders
};

/// Append the place behind each space of `text`, which has less than 4 GiB.
#[inline(always)]
pub fn append_behind_spaces(text: &[u8], places: &mut Vec<u32>) {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut first = 1u32;
    for block in blocks {
        let mut spaces = spaces(block);
        places.reserve(BLOCK);
        let mut end = places.len();
        let new_len = end + spaces.count_ones() as usize;
        // SAFETY: a block has at most 64 spaces, and eight are written at once, so no more than the 64 places that
        // are reserved; all below the new length have been written.
        unsafe {
            while spaces != 0 {
                for _ in 0..GROUP {
                    *places.as_mut_ptr().add(end) = first + spaces.trailing_zeros();
                    spaces &= spaces.wrapping_sub(1);
                    end += 1;
                }
            }
            places.set_len(new_len);
        }
        first += BLOCK as u32;
    }
    append_behind_last_spaces(rest, first, places);
}

/// As `append_behind_spaces`, for the rest of a text that is no whole block; `first` is the place behind its first byte.
fn append_behind_last_spaces(rest: &[u8], first: u32, places: &mut Vec<u32>) {
    places.extend(rest.iter().zip(first..).filter(|(byte, _)| **byte == b' ').map(|(_, place)| place));
}

/// One bit for each byte of a block that is a space.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn spaces(block: &[u8; BLOCK]) -> u64 {
    let mut spaces = 0;
    for part in 0..BLOCK / 16 {
        // SAFETY: SSE2 belongs to every x86-64; the loads stay within the 64 bytes of the block.
        unsafe {
            let bytes = _mm_loadu_si128(block.as_ptr().add(16 * part).cast());
            let found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(b' ' as i8)));
            spaces |= u64::from(found as u16) << (16 * part);
        }
    }
    spaces
}

/// One bit for each byte of a block that is a space.
#[cfg(not(target_arch = "x86_64"))]
fn spaces(block: &[u8; BLOCK]) -> u64 {
    block.iter().enumerate().fold(0, |bits, (i, &byte)| bits | u64::from(byte == b' ') << i)
}

#[cfg(target_arch = "x86_64")]
pub mod avx2 {
    use std::arch::x86_64::*;

    use super::{BLOCK, GROUP, ORDERS, append_behind_last_spaces};

    /// Bytes of a vector.
    const HALF: usize = BLOCK / 2;

    /// Append the words of the blocks that a text begins with, as far as they are ASCII, each with the space behind it.
    ///
    /// `behind` says whether a word stands in front of the text, which ends there. Gives how many bytes were read, and
    /// whether the last of them belongs to a word.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub fn append_ascii(text: &[u8], behind: bool, out: &mut Vec<u8>) -> (usize, bool) {
        let (mut read, mut behind) = (0, u64::from(behind));
        for block in text.as_chunks::<BLOCK>().0 {
            let halves = halves(block);
            if _mm256_movemask_epi8(_mm256_or_si256(halves[0], halves[1])) != 0 {
                break;
            }
            let space = _mm256_set1_epi8(b' ' as i8);
            // Bit 5 makes capitals small and makes a letter of nothing else; digits have it.
            let folded = halves.map(|bytes| _mm256_or_si256(bytes, space));
            let is_word =
                |i: usize| _mm256_or_si256(within(folded[i], b'a', 26), within(halves[i], b'0', 10));
            let words = [is_word(0), is_word(1)];
            let shown = [0, 1].map(|i: usize| _mm256_blendv_epi8(space, folded[i], words[i]));
            let word = bits(words);
            append_kept(&shown, word | word << 1 | behind, out);
            behind = word >> (BLOCK - 1);
            read += BLOCK;
        }
        (read, behind != 0)
    }

    /// Append the bytes of a block that `kept` has a bit for, eight at once.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn append_kept(block: &[__m256i; 2], kept: u64, out: &mut Vec<u8>) {
        out.reserve(BLOCK + GROUP);
        let mut end = out.len();
        // SAFETY: at most 64 bytes are kept, and each store writes `GROUP` bytes from the end of those before: all
        // reserved. Groups are read at multiples of 8 below the 64 bytes of the block.
        unsafe {
            let (bytes, text) = (block.as_ptr().cast::<u8>(), out.as_mut_ptr());
            for group in 0..BLOCK / GROUP {
                let bits = (kept >> (GROUP * group)) as u8;
                let bytes = _mm_loadl_epi64(bytes.add(GROUP * group).cast());
                _mm_storel_epi64(text.add(end).cast(), _mm_shuffle_epi8(bytes, order(bits)));
                end += bits.count_ones() as usize;
            }
            out.set_len(end);
        }
    }

    /// As `super::append_behind_spaces`, eight bytes at once.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub fn append_behind_spaces(text: &[u8], places: &mut Vec<u32>) {
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut first = 1u32;
        for block in blocks {
            let spaces =
                bits(halves(block).map(|bytes| _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b' ' as i8))));
            places.reserve(BLOCK + GROUP);
            let mut end = places.len();
            for group in 0..BLOCK / GROUP {
                let bits = (spaces >> (GROUP * group)) as u8;
                let base = _mm256_set1_epi32((first + (GROUP * group) as u32) as i32);
                let behind = _mm256_add_epi32(base, _mm256_cvtepu8_epi32(order(bits)));
                // SAFETY: a block has at most 64 spaces, and each store writes `GROUP` places from the end of those
                // before: all reserved.
                unsafe { _mm256_storeu_si256(places.as_mut_ptr().add(end).cast(), behind) };
                end += bits.count_ones() as usize;
            }
            // SAFETY: all up to the end have been written.
            unsafe { places.set_len(end) };
            first += BLOCK as u32;
        }
        append_behind_last_spaces(rest, first, places);
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn halves(block: &[u8; BLOCK]) -> [__m256i; 2] {
        // SAFETY: each reads 32 bytes, from the first or the 33rd of 64.
        [0, HALF].map(|at| unsafe { _mm256_loadu_si256(block.as_ptr().add(at).cast()) })
    }

    /// The top bit of each byte.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn bits(halves: [__m256i; 2]) -> u64 {
        let [low, high] = halves.map(|half| u64::from(_mm256_movemask_epi8(half) as u32));
        low | high << HALF
    }

    /// All ones where a byte is one of `count` from `low` on.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn within(bytes: __m256i, low: u8, count: u8) -> __m256i {
        let shifted = _mm256_sub_epi8(bytes, _mm256_set1_epi8(low as i8));
        _mm256_cmpeq_epi8(_mm256_min_epu8(shifted, _mm256_set1_epi8(count as i8 - 1)), shifted)
    }

    /// The places of the bits that are set, in order, then zeros.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn order(bits: u8) -> __m128i {
        // SAFETY: it reads the 8 bytes of a row.
        unsafe { _mm_loadl_epi64(ORDERS[bits as usize].as_ptr().cast()) }
    }
}
