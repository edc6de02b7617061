//! Where the literals of rules stand in a text: all of them, in one pass that looks at every third place.
//!
//! A literal of `SHORT` bytes or more holds a whole window of `WINDOW` bytes at one of any `STRIDE` places in a row. So
//! the windows at `STRIDE` places of each literal are put into a table, and the text is looked at in strides: most
//! looks say "none", each without waiting for the one before. That is the sampling of Wu and Manber's agrep ("A fast
//! algorithm for multi-pattern searching", 1994) with strides that do not depend on what was read; it takes a tenth
//! of an automaton's time and no longer with more literals. Shorter literals are searched one by one.

use std::collections::HashMap;
use std::ops::Range;

use memchr::memchr;
use memchr::memmem::Finder;

const WINDOW: usize = 4;
const STRIDE: usize = 3;
/// Bytes of the literals that hold a window whatever the stride's start.
const SHORT: usize = WINDOW + STRIDE - 1;
/// Bits of the table; the packaged rules have 300 windows.
const TABLE_BITS: u32 = 13;

/// What nominates rules: a literal that stands at this place of a text.
pub type Found = (usize, u32);

/// The literals of all rules.
#[derive(Default)]
pub struct Literals {
    all: Vec<Literal>,
    /// Those that are too short for a window, with their number.
    short: Vec<(Finder<'static>, u32)>,
    /// For each hash of a window, 1 + the place in `windows` of the literals that may hold it; 0 = none.
    table: Vec<u16>,
    /// Per list: number of the literal, and where in it the window begins.
    windows: Vec<Vec<(u32, usize)>>,
}

struct Literal {
    bytes: Vec<u8>,
    rules: Vec<u32>,
}

impl Literals {
    /// The literals of rules, given with the rule's number.
    pub fn new(given: &[(String, u32)]) -> Literals {
        let mut made = Literals { table: vec![0; 1 << TABLE_BITS], ..Literals::default() };
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
            self.short.push((Finder::new(bytes).into_owned(), number as u32));
            return number;
        }
        for at in rarest(bytes) {
            let slot = &mut self.table[hash(&bytes[at..])];
            if *slot == 0 {
                self.windows.push(Vec::new());
                *slot = self.windows.len() as u16; // at most as many as the table has places
            }
            self.windows[usize::from(*slot) - 1].push((number as u32, at));
        }
        number
    }

    /// The rules with the literal of a number.
    pub fn rules(&self, number: u32) -> &[u32] {
        &self.all[number as usize].rules
    }

    /// The rules with any literal, some of them several times.
    pub fn all_rules(&self) -> impl Iterator<Item = u32> {
        self.all.iter().flat_map(|literal| literal.rules.iter().copied())
    }

    /// Put into `found` which literals stand in which lines of `forms`, by place; each at least once a line.
    pub fn find(&self, forms: &[u8], found: &mut Vec<Found>) {
        found.clear();
        if !self.windows.is_empty() {
            for (stride, window) in forms.windows(WINDOW).step_by(STRIDE).enumerate() {
                let slot = self.table[hash(window)];
                if slot != 0 {
                    self.verify(forms, stride * STRIDE, usize::from(slot) - 1, found);
                }
            }
        }
        for (finder, number) in &self.short {
            let mut from = 0;
            while let Some(at) = finder.find(&forms[from..]) {
                found.push((from + at, *number));
                let rest = &forms[from + at..];
                from += at + memchr(b'\n', rest).unwrap_or(rest.len());
            }
        }
        found.sort_unstable();
    }

    /// Add the literals of list `list` that stand around the window at `at`.
    #[cold]
    fn verify(&self, forms: &[u8], at: usize, list: usize, found: &mut Vec<Found>) {
        for &(number, offset) in &self.windows[list] {
            let place = at.checked_sub(offset).and_then(|start| forms.get(start..));
            if place.is_some_and(|rest| rest.starts_with(&self.all[number as usize].bytes)) {
                found.push((at, number));
            }
        }
    }
}

/// The `STRIDE` places in a row of a literal whose windows are rarest by the look of their letters.
fn rarest(bytes: &[u8]) -> Range<usize> {
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

/// The place in the table of the window that `bytes` begins with.
fn hash(bytes: &[u8]) -> usize {
    let window = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    (window.wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize
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
