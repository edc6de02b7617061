//! MinHash signatures, bit for bit those of datasketch 2 with `scheme="affine32"`.
//!
//! `h = fmix32(low 32 bits of the shingle hash)`; value `k` of a signature is the minimum of
//! `a[k] * h + b[k]` modulo 2^32 over all shingles, `a[k]` odd; all ones where there is no shingle.
//! Arithmetic wraps on purpose. The loop is the same code at every level; only the
//! instructions that it is compiled to differ.

/// Instruction sets that `sign` is compiled for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Sse41,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The levels this machine can run, slowest first. On AArch64 the baseline is NEON.
    pub fn available() -> Vec<Level> {
        #[allow(unused_mut)]
        let mut levels = vec![Level::Baseline];
        #[cfg(target_arch = "x86_64")]
        {
            let supported = [
                (Level::Sse41, is_x86_feature_detected!("sse4.1")),
                (Level::Avx2, is_x86_feature_detected!("avx2")),
                (Level::Avx512, is_x86_feature_detected!("avx512f")),
            ];
            levels.extend(supported.iter().filter(|s| s.1).map(|s| s.0));
        }
        levels
    }

    pub fn name(self) -> &'static str {
        match self {
            Level::Baseline if cfg!(target_arch = "aarch64") => "neon",
            Level::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Level::Sse41 => "sse4.1",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
        }
    }
}

/// The permutations of one signature.
pub struct Permutations {
    a: Vec<u32>,
    b: Vec<u32>,
    count: usize,
    level: Level,
}

/// Values that stay in registers while the shingles of a document stream by: at 32, multipliers and
/// minima fill half of the sixteen AVX2 registers, the addends come from memory.
const LANES: usize = 32;

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

    /// Sign the shingles of one document into `signature` (of `count` values). `mixed` is scratch.
    pub fn sign(&self, hashes: &[u64], mixed: &mut Vec<u32>, signature: &mut [u32]) {
        mixed.clear();
        mixed.extend(hashes.iter().map(|&hash| fmix32(hash as u32)));
        match self.level {
            Level::Baseline => self.minima(mixed, signature),
            // SAFETY: `level` is one of `Level::available()`, so the machine has these instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Sse41 => unsafe { self.minima_sse41(mixed, signature) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { self.minima_avx2(mixed, signature) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { self.minima_avx512(mixed, signature) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "sse4.1")]
    fn minima_sse41(&self, mixed: &[u32], signature: &mut [u32]) {
        self.minima(mixed, signature);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn minima_avx2(&self, mixed: &[u32], signature: &mut [u32]) {
        self.minima(mixed, signature);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn minima_avx512(&self, mixed: &[u32], signature: &mut [u32]) {
        self.minima(mixed, signature);
    }

    #[inline(always)]
    fn minima(&self, mixed: &[u32], signature: &mut [u32]) {
        let blocks = self.a.chunks_exact(LANES).zip(self.b.chunks_exact(LANES));
        for ((a, b), out) in blocks.zip(signature.chunks_mut(LANES)) {
            let a: &[u32; LANES] = a.try_into().expect("a whole block");
            let b: &[u32; LANES] = b.try_into().expect("a whole block");
            let mut minima = [u32::MAX; LANES];
            for &h in mixed {
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
fn fmix32(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(0x85EB_CA6B);
    h ^= h >> 13;
    h = h.wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}
