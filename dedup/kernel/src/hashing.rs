//! `xxh3_64` of many short slices of one buffer: shingles of words, which have 17 to 64 bytes nearly always.
//!
//! A short input is hashed in two parts that depend on its begin and its end only (Collet, XXH3,
//! `XXH3_len_17to128_64b`), without a loop: four slices are hashed side by side where the machine has AVX2.

use xxhash_rust::xxh3::xxh3_64;

use crate::level::Level;

/// Append the hashes of `text[starts[i]..ahead[i] - 1]`, for as many `i` as both have.
pub fn hash_slices(text: &[u8], starts: &[u32], ahead: &[u32], level: Level, hashes: &mut Vec<u64>) {
    let starts = &starts[..starts.len().min(ahead.len())];
    hashes.reserve(starts.len());
    match level {
        // SAFETY: `level` is one of `Level::available()`, so the machine has these instructions.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => unsafe { avx2::hash_slices(text, starts, ahead, hashes) },
        _ => one_by_one(text, starts, ahead, hashes),
    }
}

#[inline(always)]
fn one_by_one(text: &[u8], starts: &[u32], ahead: &[u32], hashes: &mut Vec<u64>) {
    let slices = starts.iter().zip(ahead).map(|(&start, &next)| &text[start as usize..next as usize - 1]);
    hashes.extend(slices.map(hash_slice));
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

/// What the length of a short input, and its hash in the end, are multiplied with.
const LENGTH: u64 = 0x9E37_79B1_85EB_CA87;
const AVALANCHE: u64 = 0x1656_6791_9E37_79F9;

/// `xxh3_64`, without a branch between 17 and 64 bytes.
///
/// Half of them have up to 32 bytes, so that the usual branch there is mispredicted all the time: it costs more than
/// the two products that it spares (Collet, XXH3, `XXH3_len_17to128_64b`).
#[inline(always)]
fn hash_slice(bytes: &[u8]) -> u64 {
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
        .wrapping_mul(LENGTH)
        .wrapping_add(mixed(0, 0))
        .wrapping_add(mixed(length - 16, 2))
        .wrapping_add(inner & long as u64);
    let hash = (hash ^ hash >> 37).wrapping_mul(AVALANCHE);
    hash ^ hash >> 32
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{AVALANCHE, LENGTH, SECRET, one_by_one};

    /// Slices that are hashed together, each in a lane of 64 bits.
    const LANES: usize = 4;
    /// How far before the end and behind the begin of a slice words are read, whatever its length.
    const REACH: i32 = 32;

    #[target_feature(enable = "avx2,bmi1,bmi2")]
    pub fn hash_slices(text: &[u8], starts: &[u32], ahead: &[u32], hashes: &mut Vec<u64>) {
        let (fours, rest) = starts.as_chunks::<LANES>();
        let (ahead_fours, ahead_rest) = ahead[..starts.len()].as_chunks::<LANES>();
        for (starts, ahead) in fours.iter().zip(ahead_fours) {
            match hash_four(text, starts, ahead) {
                Some(four) => hashes.extend_from_slice(&four),
                None => one_by_one(text, starts, ahead, hashes),
            }
        }
        one_by_one(text, rest, ahead_rest, hashes);
    }

    /// The hashes of four slices, unless one is too short, too long, or too near an end of the text.
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn hash_four(text: &[u8], starts: &[u32; LANES], ahead: &[u32; LANES]) -> Option<[u64; LANES]> {
        let (begin, next) = (numbers(starts), numbers(ahead));
        let length = _mm_sub_epi32(_mm_sub_epi32(next, begin), _mm_set1_epi32(1));
        let last = text.len().min(i32::MAX as usize) as i32;
        let outside = _mm_or_si128(
            outside(length, 17, 64),
            _mm_or_si128(outside(begin, 0, last - REACH), outside(next, REACH + 1, last)),
        );
        if _mm_movemask_epi8(outside) != 0 {
            return None;
        }
        let behind = |reach| starts.map(|start| start as usize + reach);
        let before = |reach| ahead.map(|next| next as usize - 1 - reach);
        // SAFETY: all slices begin `REACH` bytes or more before the end of the text, and end within it, `REACH` bytes or
        // more behind its begin.
        let (outer, inner) = unsafe {
            (
                _mm256_add_epi64(mixed(text, behind(0), 0), mixed(text, before(16), 2)),
                _mm256_add_epi64(mixed(text, behind(16), 4), mixed(text, before(32), 6)),
            )
        };
        let length = _mm256_cvtepu32_epi64(length);
        let inner = _mm256_and_si256(inner, _mm256_cmpgt_epi64(length, _mm256_set1_epi64x(32)));
        let sum = _mm256_add_epi64(product(length, LENGTH), _mm256_add_epi64(outer, inner));
        let sum = product(_mm256_xor_si256(sum, _mm256_srli_epi64::<37>(sum)), AVALANCHE);
        let sum = _mm256_xor_si256(sum, _mm256_srli_epi64::<32>(sum));
        // SAFETY: both are 32 bytes, any of which are numbers.
        Some(unsafe { std::mem::transmute::<__m256i, [u64; LANES]>(sum) })
    }

    /// All ones where a value is not between two.
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn outside(values: __m128i, least: i32, most: i32) -> __m128i {
        let is_less = _mm_cmplt_epi32(values, _mm_set1_epi32(least));
        _mm_or_si128(is_less, _mm_cmpgt_epi32(values, _mm_set1_epi32(most)))
    }

    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn numbers(values: &[u32; LANES]) -> __m128i {
        // SAFETY: it reads 16 bytes, which the array has.
        unsafe { _mm_loadu_si128(values.as_ptr().cast()) }
    }

    /// The 16 bytes at each place mixed with two words of the secret: the halves of their product, one upon the other.
    ///
    /// # Safety
    ///
    /// The text has 16 bytes at each place.
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    unsafe fn mixed(text: &[u8], places: [usize; LANES], secret: usize) -> __m256i {
        // SAFETY: as above.
        let [a, b, c, d] = places.map(|at| unsafe { _mm_loadu_si128(text.as_ptr().add(at).cast()) });
        let (even, odd) = (_mm256_set_m128i(c, a), _mm256_set_m128i(d, b));
        let key = |at: usize| _mm256_set1_epi64x(SECRET[at] as i64);
        let first = _mm256_xor_si256(_mm256_unpacklo_epi64(even, odd), key(secret));
        let second = _mm256_xor_si256(_mm256_unpackhi_epi64(even, odd), key(secret + 1));
        let (first_high, second_high) = (_mm256_srli_epi64::<32>(first), _mm256_srli_epi64::<32>(second));
        let low = _mm256_mul_epu32(first, second);
        let middle = _mm256_add_epi64(_mm256_mul_epu32(first_high, second), _mm256_srli_epi64::<32>(low));
        let rest = _mm256_and_si256(middle, _mm256_set1_epi64x(0xFFFF_FFFF));
        let other = _mm256_add_epi64(_mm256_mul_epu32(first, second_high), rest);
        let carried = _mm256_add_epi64(_mm256_srli_epi64::<32>(middle), _mm256_srli_epi64::<32>(other));
        let high = _mm256_add_epi64(_mm256_mul_epu32(first_high, second_high), carried);
        _mm256_xor_si256(high, _mm256_blend_epi32::<0b1010_1010>(low, _mm256_slli_epi64::<32>(other)))
    }

    /// The low halves of products.
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn product(values: __m256i, by: u64) -> __m256i {
        let low = _mm256_set1_epi64x((by & 0xFFFF_FFFF) as i64);
        let high = _mm256_set1_epi64x((by >> 32) as i64);
        let cross = _mm256_add_epi64(
            _mm256_mul_epu32(_mm256_srli_epi64::<32>(values), low),
            _mm256_mul_epu32(values, high),
        );
        _mm256_add_epi64(_mm256_mul_epu32(values, low), _mm256_slli_epi64::<32>(cross))
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_has_its_hash_at_every_length() {
        let bytes: Vec<u8> = (0..=255).map(|i: u8| i.wrapping_mul(151).wrapping_add(7)).collect();
        for length in 0..=200 {
            for start in [0, 3, 50] {
                let slice = &bytes[start..start + length];
                assert_eq!(hash_slice(slice), xxh3_64(slice), "{length} bytes from {start}");
            }
        }
    }

    #[test]
    fn all_levels_hash_the_same() {
        let mut state = 1u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for round in 0..2000 {
            let text: Vec<u8> = (0..random(400) + 1).map(|_| random(256) as u8).collect();
            let (count, longest) = (random(40), [20, 40, 80, 400][round % 4]);
            let mut slices: Vec<(u32, u32)> = (0..count)
                .map(|_| {
                    let start = random(text.len() as u32 + 1);
                    (start, start + random(longest + 1).min(text.len() as u32 - start) + 1)
                })
                .collect();
            if round % 2 == 0 {
                slices.sort_unstable();
            }
            let (starts, ahead): (Vec<u32>, Vec<u32>) = slices.into_iter().unzip();
            let expected: Vec<u64> = starts
                .iter()
                .zip(&ahead)
                .map(|(&start, &next)| xxh3_64(&text[start as usize..next as usize - 1]))
                .collect();
            for level in Level::available() {
                let mut hashes = Vec::new();
                hash_slices(&text, &starts, &ahead, level, &mut hashes);
                assert_eq!(hashes, expected, "{level:?}");
            }
        }
    }
}
