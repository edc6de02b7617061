//! Instruction sets that hot loops are compiled for, chosen when the program runs.
//!
//! A loop is the same code at every level unless it says otherwise, and always gives the same bits.

/// An instruction set, and all below it.
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
            // What stands in `target_feature` where a loop is compiled for the level.
            let sse = is_x86_feature_detected!("sse4.1") && is_x86_feature_detected!("popcnt");
            let bits = is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt");
            let avx2 = sse && bits && is_x86_feature_detected!("avx2");
            let avx512 = avx2 && is_x86_feature_detected!("avx512f");
            let supported = [(Level::Sse41, sse), (Level::Avx2, avx2), (Level::Avx512, avx512)];
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

/// The fastest level of this machine.
impl Default for Level {
    fn default() -> Self {
        *Level::available().last().expect("there is a baseline")
    }
}
