//! All rules, and which of them to try on a line.
//!
//! A rule's pattern is parsed once to learn how its matches begin, or else how they end. Where those edges are finitely
//! many, a line is tried against the rule only if it begins or ends so: one look-up per length of edge replaces the
//! patterns. A rule with literals is tried on the lines in which one of them stands (`literals`); what is left, on
//! every line. Rules learned from a corpus are looked up by the line itself (`learned`).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use super::form;
use super::learned::{Findings, Learned};
use super::literals::Literals;
use super::rule::{Action, Matcher, Rule};

/// Bytes of an edge that are looked at.
const EDGE: usize = 6;
/// Bits that say which edges there may be; the packaged rules have 4,000 edges.
const PRESENT_BITS: usize = 1 << 16;

/// All rules, and the means to nominate some of them for a line.
pub struct Rules {
    pub matchers: Vec<Matcher>,
    beginnings: Edges,
    endings: Edges,
    everywhere: Vec<u32>,
    pub literals: Literals,
    learned: Learned,
}

impl Rules {
    /// Compile `rules`; an error is the number of a rule and what is wrong with it.
    pub fn new(rules: Vec<Rule>) -> Result<Rules, (usize, String)> {
        let mut made = Rules {
            matchers: Vec::new(),
            beginnings: Edges::default(),
            endings: Edges::default(),
            everywhere: Vec::new(),
            literals: Literals::default(),
            learned: Learned::default(),
        };
        let mut literals: Vec<(String, u32)> = Vec::new();
        for (number, rule) in rules.into_iter().enumerate() {
            let (matcher, hir) = Matcher::new(rule).map_err(|error| (number, error))?;
            let rule = &matcher.rule;
            let number = number as u32;
            match nominators(rule, &hir) {
                Nominators::Literals => {
                    literals.extend(rule.literals.iter().map(|one| (one.clone(), number)))
                }
                Nominators::Beginnings(edges) => {
                    edges.iter().for_each(|edge| made.beginnings.add(edge, number))
                }
                Nominators::Endings(edges) => edges.iter().for_each(|edge| made.endings.add(edge, number)),
                Nominators::None => made.everywhere.push(number),
                Nominators::Line => made.learned.add(&rule.line, rule.action, number),
            }
            made.matchers.push(matcher);
        }
        made.learned.seal();
        made.literals = Literals::new(&literals);
        Ok(made)
    }

    /// Add the rules to try on a line to those in `numbers`, which its literals gave, and put them into their order.
    pub fn nominate(
        &self,
        form: &[u8],
        plain: (usize, usize),
        learned: &mut Findings,
        numbers: &mut Vec<u32>,
    ) {
        self.learned.find(form, plain, learned);
        numbers.extend(learned.rules.iter().map(|&(number, _)| number));
        let plain = &form[plain.0..plain.1];
        let (first, last) = (first(plain), last(plain));
        self.beginnings.find(plain.len(), |length| first & (u64::MAX >> (64 - 8 * length)), numbers);
        self.endings.find(plain.len(), |length| last >> (64 - 8 * length), numbers);
        numbers.extend_from_slice(&self.everywhere);
        if numbers.len() > 1 {
            numbers.sort_unstable();
            numbers.dedup();
        }
    }
}

/// Edges of matches, and the rules that have them.
#[derive(Default)]
struct Edges {
    rules: HashMap<u64, Vec<u32>, BuildHasherDefault<Mixer>>,
    lengths: Vec<usize>,
    /// A bit for each hash of a key: most lines have no edge in the map, and this says so in a third of the time.
    present: Vec<u64>,
}

impl Edges {
    fn add(&mut self, edge: &[u8], number: u32) {
        let key = key(first(edge), edge.len());
        let numbers = self.rules.entry(key).or_default();
        if numbers.last() != Some(&number) {
            numbers.push(number);
        }
        if !self.lengths.contains(&edge.len()) {
            self.lengths.push(edge.len());
        }
        self.present.resize(PRESENT_BITS / 64, 0);
        let bit = mixed(key) as usize % PRESENT_BITS;
        self.present[bit / 64] |= 1 << (bit % 64);
    }

    /// Add to `numbers` the rules of the edges of a line of `count` bytes, given as numbers by their length.
    fn find(&self, count: usize, edge: impl Fn(usize) -> u64, numbers: &mut Vec<u32>) {
        for &length in self.lengths.iter().filter(|&&length| length <= count) {
            let key = key(edge(length), length);
            let bit = mixed(key) as usize % PRESENT_BITS;
            if self.present[bit / 64] >> (bit % 64) & 1 == 1
                && let Some(found) = self.rules.get(&key)
            {
                numbers.extend_from_slice(found);
            }
        }
    }
}

/// What tells the lines that a rule may match.
enum Nominators {
    Literals,
    Beginnings(Vec<Vec<u8>>),
    Endings(Vec<Vec<u8>>),
    Line,
    None,
}

/// The nominators of a rule, in folded form.
fn nominators(rule: &Rule, hir: &Hir) -> Nominators {
    if rule.is_learned() {
        return Nominators::Line;
    }
    if !rule.literals.is_empty() {
        return Nominators::Literals;
    }
    if rule.action == Action::StripSuffix {
        return Nominators::None;
    }
    if let Some(edges) = edges(hir, ExtractKind::Prefix, rule.is_cased) {
        return Nominators::Beginnings(edges);
    }
    // The first bytes of a character cannot be folded without it, and the end of a match may lack them.
    let endings =
        (rule.action == Action::Drop && !rule.is_cased).then(|| edges(hir, ExtractKind::Suffix, false));
    endings.flatten().map_or(Nominators::None, Nominators::Endings)
}

/// The edges of all matches, folded if `fold`; None if there are too many or one is empty.
fn edges(hir: &Hir, kind: ExtractKind, fold: bool) -> Option<Vec<Vec<u8>>> {
    let mut extractor = Extractor::new();
    extractor.kind(kind).limit_class(256).limit_literal_len(EDGE).limit_total(4096);
    let found = extractor.extract(hir);
    let literals = found.literals()?.iter().map(|literal| literal.as_bytes());
    let edges: Vec<Vec<u8>> = literals.map(|one| if fold { folded(one) } else { one.to_vec() }).collect();
    edges.iter().all(|edge| !edge.is_empty()).then_some(edges)
}

/// The folded form of the whole characters that `literal` begins with, cut to the bytes that are looked at.
fn folded(literal: &[u8]) -> Vec<u8> {
    let whole = literal.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let mut folded: Vec<u8> = whole.chars().map(form::fold_char).collect::<String>().into_bytes();
    folded.truncate(EDGE);
    folded
}

/// The first 8 bytes of a line as a number, the first byte lowest; 0 where it has fewer.
fn first(line: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let count = line.len().min(8);
    bytes[..count].copy_from_slice(&line[..count]);
    u64::from_le_bytes(bytes)
}

/// The last 8 bytes of a line as a number, the last byte highest; 0 where it has fewer.
fn last(line: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let count = line.len().min(8);
    bytes[8 - count..].copy_from_slice(&line[line.len() - count..]);
    u64::from_le_bytes(bytes)
}

/// The key of an edge of 1 to 6 bytes.
fn key(edge: u64, length: usize) -> u64 {
    edge | (length as u64) << 56
}

/// A multiplicative hash.
fn mixed(value: u64) -> u64 {
    let mixed = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

/// `mixed` as the hasher of a map of integers.
#[derive(Default)]
pub struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = mixed(self.0 ^ value);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
