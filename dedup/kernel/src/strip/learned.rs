//! Rules learned from a corpus: a line in, the rules that know it out.
//!
//! A corpus teaches thousands of lines, so they are found by the hash of what they know of a line, its plain form with
//! 0 for every digit, and a line is hashed only if one of its length with its first bytes was learned.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::rule::Action;

/// Bytes at the start of a line that are looked at before it is hashed.
const START: usize = 8;
/// Bits that say which lengths and starts there may be.
const PRESENT_BITS: usize = 1 << 18;

/// All learned rules.
#[derive(Default)]
pub struct Learned {
    /// Keys of lines and the rules that drop them, sorted.
    drops: Vec<(u64, u32)>,
    present: Vec<u64>,
}

impl Learned {
    /// Take in a rule; `seal` comes after the last.
    pub fn add(&mut self, line: &str, action: Action, number: u32) {
        if action == Action::Drop {
            self.drops.push((key(line.as_bytes(), action), number));
            self.present.resize(PRESENT_BITS / 64, 0);
            let bit = bit(line.as_bytes());
            self.present[bit / 64] |= 1 << (bit % 64);
        }
    }

    pub fn seal(&mut self) {
        self.drops.sort_unstable();
    }

    /// Add the rules that drop the line of this plain form to `numbers`.
    pub fn find(&self, plain: &[u8], digitless: &mut Vec<u8>, numbers: &mut Vec<u32>) {
        if self.drops.is_empty() || !self.may_know(plain) {
            return;
        }
        digitless.clear();
        digitless.extend(plain.iter().copied().map(without_digit));
        let key = key(digitless, Action::Drop);
        let first = self.drops.partition_point(|&(other, _)| other < key);
        let same = self.drops[first..].iter().take_while(|&&(other, _)| other == key);
        numbers.extend(same.map(|&(_, number)| number));
    }

    fn may_know(&self, plain: &[u8]) -> bool {
        let bit = bit(plain);
        self.present[bit / 64] >> (bit % 64) & 1 == 1
    }
}

/// The key of what a rule of this action removes.
fn key(digitless: &[u8], action: Action) -> u64 {
    let seed = match action {
        Action::Drop => 0,
        Action::StripPrefix => 1,
        Action::StripSuffix => 2,
    };
    xxh3_64_with_seed(digitless, seed)
}

fn without_digit(byte: u8) -> u8 {
    if byte.is_ascii_digit() { b'0' } else { byte }
}

/// The bit of lines that have this length and start so.
fn bit(plain: &[u8]) -> usize {
    let mut start = [0; START];
    let size = START.min(plain.len());
    start[..size].copy_from_slice(&plain[..size]);
    let start = u64::from_le_bytes(start.map(without_digit));
    let mixed = (start ^ plain.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as usize % PRESENT_BITS
}
