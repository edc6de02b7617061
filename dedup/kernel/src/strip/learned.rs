//! Rules learned from a corpus: a line in, the rules that know it or an edge of it out.
//!
//! A corpus teaches thousands of lines, so they are found by the hash of what they know of a line: a plain form with 0
//! for every digit. A line is hashed only if one of its length with its first bytes was learned, and cut where it may
//! be cut (`learn::cuts`) only if a learned prefix begins or suffix ends like it.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::form;
use super::rule::Action;
use crate::learn::cuts::{prefixes, suffixes};

/// Bytes at an edge of a line that are looked at before anything is hashed.
const EDGE: usize = 8;
/// Bits that say which edges there may be.
const PRESENT_BITS: usize = 1 << 18;

/// All learned rules.
#[derive(Default)]
pub struct Learned {
    lines: Known,
    prefixes: Known,
    suffixes: Known,
}

/// The rules of one action.
#[derive(Default)]
struct Known {
    /// Keys and rules, sorted.
    rules: Vec<(u64, u32)>,
    /// A bit for each edge that a line may have.
    present: Vec<u64>,
    /// The lengths of those edges.
    lengths: Vec<usize>,
}

/// Working memory, and in it what was found.
#[derive(Default)]
pub struct Findings {
    /// Rules, and where in the form the prefix ends or the suffix begins; of several with the same rule, the last counts.
    pub rules: Vec<(u32, usize)>,
    cuts: Vec<usize>,
    digitless: Vec<u8>,
}

impl Learned {
    /// Take in a rule; `seal` comes after the last.
    pub fn add(&mut self, line: &str, action: Action, number: u32) {
        let line = line.as_bytes();
        let length = EDGE.min(line.len());
        match action {
            Action::Drop => self.lines.add(line, action, (line.len(), &line[..length]), number),
            Action::StripPrefix => self.prefixes.add(line, action, (length, &line[..length]), number),
            Action::StripSuffix => {
                self.suffixes.add(line, action, (length, &line[line.len() - length..]), number)
            }
        }
    }

    pub fn seal(&mut self) {
        for known in [&mut self.lines, &mut self.prefixes, &mut self.suffixes] {
            known.rules.sort_unstable();
        }
    }

    /// Find the rules that know the line of a form, given where its plain form lies.
    pub fn find(&self, form: &[u8], plain: (usize, usize), found: &mut Findings) {
        found.rules.clear();
        let text = &form[plain.0..plain.1];
        let length = EDGE.min(text.len());
        if self.lines.may_have((text.len(), &text[..length])) {
            self.lines.find(text, Action::Drop, 0, found);
        }
        if self.prefixes.has_edge(|length| text.get(..length)) {
            let mut ends = std::mem::take(&mut found.cuts);
            prefixes(text, &mut ends);
            for end in ends.iter().map(|end| plain.0 + end) {
                let part = form::plain(&form[..end]);
                self.prefixes.find(&form[part.0..part.1], Action::StripPrefix, end, found);
            }
            found.cuts = ends;
        }
        if self.suffixes.has_edge(|length| text.len().checked_sub(length).map(|start| &text[start..])) {
            let mut starts = std::mem::take(&mut found.cuts);
            suffixes(text, &mut starts);
            for start in starts.iter().rev().map(|start| plain.0 + start) {
                let part = form::plain(&form[start..]);
                self.suffixes.find(&form[start + part.0..start + part.1], Action::StripSuffix, start, found);
            }
            found.cuts = starts;
        }
    }
}

impl Findings {
    /// Where a rule that was found matches.
    pub fn edge(&self, number: u32) -> Option<usize> {
        self.rules.iter().rev().find(|&&(rule, _)| rule == number).map(|&(_, edge)| edge)
    }
}

impl Known {
    fn add(&mut self, line: &[u8], action: Action, edge: (usize, &[u8]), number: u32) {
        self.rules.push((key(line, action), number));
        self.present.resize(PRESENT_BITS / 64, 0);
        let bit = bit(edge);
        self.present[bit / 64] |= 1 << (bit % 64);
        if !self.lengths.contains(&edge.1.len()) {
            self.lengths.push(edge.1.len());
        }
    }

    /// Whether a line with this edge may be known; a number tells edges of the same bytes apart.
    fn may_have(&self, edge: (usize, &[u8])) -> bool {
        if self.present.is_empty() {
            return false;
        }
        let bit = bit(edge);
        self.present[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Whether a line may be known that has an edge as given for each length.
    fn has_edge<'a>(&self, edge: impl Fn(usize) -> Option<&'a [u8]>) -> bool {
        self.lengths.iter().any(|&length| edge(length).is_some_and(|edge| self.may_have((length, edge))))
    }

    /// Add the rules of what is exactly `plain`, and where it was found.
    fn find(&self, plain: &[u8], action: Action, at: usize, found: &mut Findings) {
        found.digitless.clear();
        found.digitless.extend(plain.iter().copied().map(without_digit));
        let key = key(&found.digitless, action);
        let first = self.rules.partition_point(|&(other, _)| other < key);
        let same = self.rules[first..].iter().take_while(|&&(other, _)| other == key);
        found.rules.extend(same.map(|&(_, number)| (number, at)));
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

/// The bit of an edge of at most 8 bytes, with a number beside it.
fn bit((number, edge): (usize, &[u8])) -> usize {
    let mut bytes = [0; EDGE];
    bytes[..edge.len()].copy_from_slice(edge);
    let edge = u64::from_le_bytes(bytes.map(without_digit));
    let mixed = (edge ^ number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as usize % PRESENT_BITS
}
