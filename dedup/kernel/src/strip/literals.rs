//! Where the literals of rules stand in a text: all of them, in one pass that looks at every third place.
//!
//! A literal of `SHORT` bytes or more holds a whole window of `WINDOW` bytes at one of any `STRIDE` places in a row. So
//! the windows at `STRIDE` places of each literal are put into a table, and the text is looked at in strides: most
//! looks say "none", each without waiting for the one before. That is the sampling of Wu and Manber's agrep ("A fast
//! algorithm for multi-pattern searching", 1994) with strides that do not depend on what was read; it takes a tenth
//! of an automaton's time and no longer with more literals. Shorter literals are searched one by one.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::nominate::Mixer;

const WINDOW: usize = 4;
const STRIDE: usize = 3;
/// Bytes of the literals that hold a window whatever the stride's start.
const SHORT: usize = WINDOW + STRIDE - 1;
/// Bits of the filter; of the packaged rules' 600 windows, one in a hundred others looks like one of them.
const FILTER_BITS: usize = 1 << 16;

/// What nominates rules: a literal that stands at this place of a text.
pub type Found = (usize, u32);

/// The literals of all rules.
#[derive(Default)]
pub struct Literals {
    all: Vec<Literal>,
    /// Those that are too short for a window: number of the literal, and where in it its rarest byte is.
    short: Vec<(u32, usize)>,
    /// A bit for each hash of a window that a literal holds.
    filter: Filter,
    /// The literals that hold a window: their numbers, and where in them the window begins.
    windows: HashMap<u64, Vec<(u32, usize)>, BuildHasherDefault<Mixer>>,
}

struct Literal {
    bytes: Vec<u8>,
    rules: Vec<u32>,
}

impl Literals {
    /// The literals of rules, given with the rule's number.
    pub fn new(given: &[(String, u32)]) -> Literals {
        let mut made = Literals::default();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for (literal, rule) in given {
            let number = *numbers.entry(literal).or_insert_with(|| made.add(literal.as_bytes()));
            made.all[number].rules.push(*rule);
        }
        made
    }

    fn add(&mut self, bytes: &[u8]) -> usize {
        let number = self.all.len();
        self.all.push(Literal { bytes: bytes.to_vec(), rules: Vec::new() });
        if bytes.len() < SHORT {
            let cost = |&at: &usize| frequency(&bytes[at]);
            let rarest = (0..bytes.len()).min_by(|a, b| cost(a).total_cmp(&cost(b)));
            self.short.extend(rarest.map(|at| (number as u32, at)));
            return number;
        }
        for at in rarest_windows(bytes) {
            let window = window(&bytes[at..]);
            self.filter.add(window);
            self.windows.entry(number_of(window)).or_default().push((number as u32, at));
        }
        number
    }

    /// The rules with the literal of a number.
    pub fn rules(&self, number: u32) -> &[u32] {
        &self.all[number as usize].rules
    }

    /// Put into `found` which literals stand in which lines of `forms`, by place; each at least once a line.
    pub fn find(&self, forms: &[u8], found: &mut Vec<Found>) {
        found.clear();
        if !self.windows.is_empty() {
            self.find_long(forms, found);
        }
        for &(number, offset) in &self.short {
            let literal = &self.all[number as usize].bytes;
            let mut line_end = 0;
            for at in memchr_iter(literal[offset], forms).map(|at| at.wrapping_sub(offset)) {
                if at >= line_end && forms.get(at..).is_some_and(|rest| rest.starts_with(literal)) {
                    found.push((at, number));
                    line_end = at + memchr(b'\n', &forms[at..]).unwrap_or(forms.len());
                }
            }
        }
        found.sort_unstable();
    }

    fn find_long(&self, forms: &[u8], found: &mut Vec<Found>) {
        const BLOCK: usize = 4 * STRIDE;
        let mut at = 0;
        // The length of a block is known to the compiler, which then checks no bounds.
        while let Some(block) = forms[at..].first_chunk::<{ BLOCK - STRIDE + WINDOW }>() {
            let held = [0, 1, 2, 3].map(|i| self.filter.may_hold(window(&block[i * STRIDE..])));
            if held != [false; 4] {
                (0..4).filter(|&i| held[i]).for_each(|i| self.verify(forms, at + i * STRIDE, found));
            }
            at += BLOCK;
        }
        while at + WINDOW <= forms.len() {
            self.verify(forms, at, found);
            at += STRIDE;
        }
    }

    /// Add the literals that stand around the window at `at`.
    fn verify(&self, forms: &[u8], at: usize, found: &mut Vec<Found>) {
        for &(number, offset) in self.windows.get(&number_of(window(&forms[at..]))).into_iter().flatten() {
            let rest = at.checked_sub(offset).and_then(|start| forms.get(start..));
            if rest.is_some_and(|rest| rest.starts_with(&self.all[number as usize].bytes)) {
                found.push((at, number));
            }
        }
    }
}

/// A Bloom filter of one hash (Bloom 1970).
struct Filter(Box<[u64; FILTER_BITS / 64]>);

impl Default for Filter {
    fn default() -> Filter {
        Filter(Box::new([0; FILTER_BITS / 64]))
    }
}

impl Filter {
    fn add(&mut self, window: [u8; WINDOW]) {
        let bit = Self::bit(window);
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    fn may_hold(&self, window: [u8; WINDOW]) -> bool {
        let bit = Self::bit(window);
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn bit(window: [u8; WINDOW]) -> usize {
        u32::from_le_bytes(window).wrapping_mul(0x9e37_79b1) as usize >> 16
    }
}

fn number_of(window: [u8; WINDOW]) -> u64 {
    u32::from_le_bytes(window).into()
}

/// The window that `bytes` begins with.
fn window(bytes: &[u8]) -> [u8; WINDOW] {
    [bytes[0], bytes[1], bytes[2], bytes[3]]
}

/// The `STRIDE` places in a row of a literal whose windows are rarest by the look of their letters.
fn rarest_windows(bytes: &[u8]) -> Range<usize> {
    let cost = |start: usize| -> f64 {
        (start..start + STRIDE).map(|at| bytes[at..at + WINDOW].iter().map(frequency).product::<f64>()).sum()
    };
    let starts = 0..=bytes.len() - SHORT;
    let best = starts.min_by(|&a, &b| cost(a).total_cmp(&cost(b))).unwrap_or(0);
    best..best + STRIDE
}

/// About how frequent a byte is in European news: by its rank, as Zipf's law has it.
fn frequency(byte: &u8) -> f64 {
    let rank = b" etaoinsrhldcumfpgwybvk.-xjqz".iter().position(|one| one == byte);
    1.0 / (rank.unwrap_or(40) + 2) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_literal_is_found_wherever_it_stands() {
        let given = ["cookie", "all rights", "okie ok", "|", "版权所有", "aaaaaa"];
        let literals = Literals::new(&given.map(String::from).into_iter().zip(0..).collect::<Vec<_>>());
        let mut found = Vec::new();
        for (number, literal) in given.iter().enumerate() {
            for before in 0..9 {
                for after in 0..5 {
                    let forms = format!("{}{literal}{}\n", "x".repeat(before), "y".repeat(after));
                    literals.find(forms.as_bytes(), &mut found);
                    assert!(found.iter().any(|one| one.1 as usize == number), "{forms}");
                }
            }
        }
        literals.find("ab|cookie ok\ncoo|kie\n".as_bytes(), &mut found);
        let rules: Vec<u32> = found.iter().flat_map(|one| literals.rules(one.1)).copied().collect();
        assert_eq!(rules, [3, 0, 2, 3], "literals that overlap are both found, none across lines");
    }
}
