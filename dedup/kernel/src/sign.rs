//! MinHash signatures, bit for bit those of datasketch 2 with `scheme="affine32"`.
//!
//! `h = fmix32(low 32 bits of the shingle hash)`; value `k` of a signature is the minimum of
//! `a[k] * h + b[k]` modulo 2^32 over all shingles, `a[k]` odd; all ones where there is no shingle.
//! Arithmetic wraps on purpose. The loop is the same code at every level; only the
//! instructions that it is compiled to differ.

use crate::level::Level;

/// The permutations of one signature.
pub struct Permutations {
    a: Vec<u32>,
    b: Vec<u32>,
    count: usize,
    level: Level,
}

/// Values that stay in registers while the shingles of a document stream by: at 32, multipliers and
/// minima fill half of the sixteen AVX2 registers, the addends come from memory.
pub const LANES: usize = 32;

impl Permutations {
    /// `a` and `b` as datasketch draws them, of equal length.
    pub fn new(a: &[u32], b: &[u32], level: Level) -> Self {
        let padded = a.len().next_multiple_of(LANES);
        let pad = |values: &[u32]| {
            let mut values = values.to_vec();
            values.resize(padded, 1);
            values
        };
        Permutations { a: pad(a), b: pad(b), count: a.len(), level }
    }

    /// Values per signature.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Sign the shingles of one document into `signature` (of `count` values, or the first of them). `mixed` is scratch.
    pub fn sign(&self, hashes: &[u64], mixed: &mut Vec<u32>, signature: &mut [u32]) {
        self.sign_from(0, hashes, mixed, signature);
    }

    /// The values from `first` on, a multiple of `LANES`; but for 0, `mixed` is as signing the first ones left it.
    pub fn sign_from(&self, first: usize, hashes: &[u64], mixed: &mut Vec<u32>, signature: &mut [u32]) {
        match self.level {
            Level::Baseline => self.minima(first, hashes, mixed, signature),
            // SAFETY: `level` is one of `Level::available()`, so the machine has these instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Sse41 => unsafe { self.minima_sse41(first, hashes, mixed, signature) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { self.minima_avx2(first, hashes, mixed, signature) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { self.minima_avx512(first, hashes, mixed, signature) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "sse4.1")]
    fn minima_sse41(&self, first: usize, hashes: &[u64], mixed: &mut Vec<u32>, signature: &mut [u32]) {
        self.minima(first, hashes, mixed, signature);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn minima_avx2(&self, first: usize, hashes: &[u64], mixed: &mut Vec<u32>, signature: &mut [u32]) {
        self.minima(first, hashes, mixed, signature);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn minima_avx512(&self, first: usize, hashes: &[u64], mixed: &mut Vec<u32>, signature: &mut [u32]) {
        self.minima(first, hashes, mixed, signature);
    }

    #[inline(always)]
    fn minima(&self, first: usize, hashes: &[u64], mixed: &mut Vec<u32>, signature: &mut [u32]) {
        if first == 0 {
            mixed.clear();
            mixed.extend(hashes.iter().map(|&hash| fmix32(hash as u32)));
        }
        let blocks = self.a[first..].chunks_exact(LANES).zip(self.b[first..].chunks_exact(LANES));
        for ((a, b), out) in blocks.zip(signature.chunks_mut(LANES)) {
            let a: &[u32; LANES] = a.try_into().expect("a whole block");
            let b: &[u32; LANES] = b.try_into().expect("a whole block");
            let mut minima = [u32::MAX; LANES];
            for &h in &*mixed {
                for lane in 0..LANES {
                    let value = a[lane].wrapping_mul(h).wrapping_add(b[lane]);
                    minima[lane] = minima[lane].min(value);
                }
            }
            out.copy_from_slice(&minima[..out.len()]);
        }
    }
}

/// The finaliser of MurmurHash3, a bijection (Appleby, MurmurHash3, `fmix32`).
#[inline(always)]
fn fmix32(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(0x85EB_CA6B);
    h ^= h >> 13;
    h = h.wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}
