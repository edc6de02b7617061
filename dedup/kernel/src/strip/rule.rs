//! Rules, compiled, and which of them a line's first bytes can match.
//!
//! A rule's pattern is parsed once to learn how its matches begin. Where those beginnings are finitely many, a line is
//! tried against the rule only if it begins so: one look-up per length of beginning replaces the patterns. A rule
//! with literals is tried on the lines in which one pass over the text finds any; the rest on every line.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use super::form;

/// Bytes of a beginning that are looked at.
const BEGINNING: usize = 6;

/// Where in a document a rule acts.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    Head,
    Tail,
    Any,
}

/// What a rule does to a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Drop,
    StripPrefix,
    StripSuffix,
}

/// A rule as `dedup.model.Rule` states it.
pub struct Rule {
    pub is_prompt: bool,
    pub place: Place,
    pub max_words: usize,
    pub action: Action,
    pub is_weak: bool,
    pub pattern: String,
    pub literals: Vec<String>,
    pub is_cased: bool,
}

/// A rule with what it takes to match it. The regex is compiled when a line first asks for it: most never do.
pub struct Matcher {
    pub rule: Rule,
    literals: Vec<Finder<'static>>,
    regex: OnceLock<Regex>,
}

impl Matcher {
    /// Whether the whole of `plain` matches.
    pub fn covers(&self, plain: &[u8]) -> bool {
        self.regex().is_match(plain)
    }

    /// Where the match at the rule's edge of `form` begins and ends.
    pub fn find(&self, form: &[u8]) -> Option<(usize, usize)> {
        let found = self.regex().find(form).map(|found| (found.start(), found.end()));
        found.filter(|(start, end)| start < end)
    }

    /// Whether the rule needs no literal, or `folded` holds one.
    pub fn admits(&self, folded: &[u8]) -> bool {
        self.literals.is_empty() || self.literals.iter().any(|literal| literal.find(folded).is_some())
    }

    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| build(&self.rule).expect("the pattern was parsed when the rule was made"))
    }
}

fn build(rule: &Rule) -> Result<Regex, regex::Error> {
    let pattern = match rule.action {
        Action::Drop => format!(r"\A(?:{})\z", rule.pattern),
        Action::StripPrefix => format!(r"\A(?:{})", rule.pattern),
        Action::StripSuffix => format!(r"(?:{})\z", rule.pattern),
    };
    // Bounded by the patterns themselves; the default of 10 MB would refuse some that are only long.
    RegexBuilder::new(&pattern).unicode(false).size_limit(1 << 28).build()
}

/// All rules, and the means to nominate some of them for a line.
pub struct Rules {
    pub matchers: Vec<Matcher>,
    beginnings: HashMap<u64, Vec<u32>, BuildHasherDefault<Mixer>>,
    lengths: Vec<usize>,
    everywhere: Vec<u32>,
    with_literals: Vec<u32>,
    /// Finds any literal of any rule; None where no rule has literals.
    pub literals: Option<AhoCorasick>,
}

impl Rules {
    /// Compile `rules`; an error is the number of a rule and what is wrong with it.
    pub fn new(rules: Vec<Rule>) -> Result<Rules, (usize, String)> {
        let mut made = Rules {
            matchers: Vec::new(),
            beginnings: HashMap::default(),
            lengths: Vec::new(),
            everywhere: Vec::new(),
            with_literals: Vec::new(),
            literals: None,
        };
        let mut literals = Vec::new();
        for (number, rule) in rules.into_iter().enumerate() {
            let beginnings = beginnings(&rule).map_err(|error| (number, error))?;
            if !rule.literals.is_empty() {
                made.with_literals.push(number as u32);
                literals.extend(rule.literals.iter().cloned());
            } else if let Some(beginnings) = beginnings {
                beginnings.iter().for_each(|beginning| made.add_beginning(beginning, number as u32));
            } else {
                made.everywhere.push(number as u32);
            }
            let finders = rule.literals.iter().map(|literal| Finder::new(literal).into_owned()).collect();
            made.matchers.push(Matcher { rule, literals: finders, regex: OnceLock::new() });
        }
        made.lengths.sort_unstable();
        if !literals.is_empty() {
            let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&literals);
            made.literals = Some(built.map_err(|error| (0, error.to_string()))?);
        }
        Ok(made)
    }

    /// Fill `numbers` with the rules to try on a line, in order.
    pub fn nominate(&self, plain: &[u8], has_literal: bool, numbers: &mut Vec<u32>) {
        numbers.clear();
        let first = first_bytes(plain);
        for &length in self.lengths.iter().take_while(|&&length| length <= plain.len()) {
            if let Some(found) = self.beginnings.get(&key(first, length)) {
                numbers.extend_from_slice(found);
            }
        }
        numbers.extend_from_slice(&self.everywhere);
        if has_literal {
            numbers.extend_from_slice(&self.with_literals);
        }
        if numbers.len() > 1 {
            numbers.sort_unstable();
            numbers.dedup();
        }
    }

    fn add_beginning(&mut self, beginning: &[u8], number: u32) {
        let numbers = self.beginnings.entry(key(first_bytes(beginning), beginning.len())).or_default();
        if numbers.last() != Some(&number) {
            numbers.push(number);
        }
        if !self.lengths.contains(&beginning.len()) {
            self.lengths.push(beginning.len());
        }
    }
}

/// How the matches of `rule` begin, in folded form; None if there are too many ways or matches need not begin the line.
fn beginnings(rule: &Rule) -> Result<Option<Vec<Vec<u8>>>, String> {
    let parsed = ParserBuilder::new().utf8(false).unicode(false).build().parse(&rule.pattern);
    let hir = parsed.map_err(|error| error.to_string())?;
    if rule.action == Action::StripSuffix {
        return Ok(None);
    }
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_class(256).limit_literal_len(BEGINNING).limit_total(4096);
    let found = extractor.extract(&hir);
    let Some(literals) = found.literals() else {
        return Ok(None);
    };
    let fold = |literal: &[u8]| {
        if rule.is_cased { folded(literal) } else { literal.to_vec() }
    };
    let beginnings: Vec<Vec<u8>> = literals.iter().map(|literal| fold(literal.as_bytes())).collect();
    Ok(beginnings.iter().all(|beginning| !beginning.is_empty()).then_some(beginnings))
}

/// The folded form of the whole characters that `literal` begins with, cut to the bytes that are looked at.
fn folded(literal: &[u8]) -> Vec<u8> {
    let whole = literal.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let mut folded: Vec<u8> = whole.chars().map(form::fold_char).collect::<String>().into_bytes();
    folded.truncate(BEGINNING);
    folded
}

/// The first eight bytes as a number, zero beyond the end.
fn first_bytes(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    let size = bytes.len().min(8);
    first[..size].copy_from_slice(&bytes[..size]);
    u64::from_le_bytes(first)
}

/// The key of the first `length` (1 to 6) bytes.
fn key(first: u64, length: usize) -> u64 {
    first & (u64::MAX >> (64 - 8 * length)) | (length as u64) << 56
}

/// A multiplicative hash of one integer.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
