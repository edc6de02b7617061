//! One rule and its regex, compiled when a line first asks for it: most never are.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

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
    /// Of a learned rule, which has no pattern: the line that it removes, digits as 0.
    pub line: String,
}

impl Rule {
    pub fn is_learned(&self) -> bool {
        !self.line.is_empty()
    }

    /// Whether the rule does not act where little would remain.
    pub fn is_careful(&self) -> bool {
        self.is_weak || self.is_learned()
    }

    /// Whether every line of several that it matches is dropped.
    pub fn drops_anywhere(&self) -> bool {
        self.action == Action::Drop && !self.is_careful() && self.place == Place::Any
    }
}

/// A rule with what it takes to match it. A regex is compiled when a line first asks for it: most never do.
pub struct Matcher {
    pub rule: Rule,
    regex: OnceLock<Regex>,
    /// How a line must end to match; see `tail`.
    tail: Option<(String, OnceLock<Regex>)>,
}

impl Matcher {
    /// Prepare `rule`; also its parsed pattern.
    pub fn new(rule: Rule) -> Result<(Matcher, Hir), String> {
        let parsed = ParserBuilder::new().utf8(false).unicode(false).build().parse(&rule.pattern);
        let hir = parsed.map_err(|error| error.to_string())?;
        let tail = tail(&rule, &hir).map(|pattern| (pattern.to_owned(), OnceLock::new()));
        Ok((Matcher { rule, regex: OnceLock::new(), tail }, hir))
    }

    /// Where the rule matches a form, given where its plain form lies: the end of a prefix, the start of a suffix, and
    /// of a line that is to be dropped its start.
    pub fn edge(&self, form: &[u8], plain: (usize, usize)) -> Option<usize> {
        match self.rule.action {
            Action::Drop => self.covers(&form[plain.0..plain.1]).then_some(plain.0),
            Action::StripPrefix => self.find(&form[plain.0..]).map(|(_, end)| plain.0 + end),
            Action::StripSuffix => self.find(&form[..plain.1]).map(|(start, _)| start),
        }
    }

    /// Whether the whole of `plain` matches.
    fn covers(&self, plain: &[u8]) -> bool {
        let ends_well = |(pattern, regex): &(String, OnceLock<Regex>)| {
            regex.get_or_init(|| build(&format!(r"(?:{pattern})\z"))).is_match(plain)
        };
        self.tail.as_ref().is_none_or(ends_well) && self.regex().is_match(plain)
    }

    /// Where the match at the rule's edge of `form` begins and ends.
    fn find(&self, form: &[u8]) -> Option<(usize, usize)> {
        let found = self.regex().find(form).map(|found| (found.start(), found.end()));
        found.filter(|(start, end)| start < end)
    }

    fn regex(&self) -> &Regex {
        let pattern = &self.rule.pattern;
        self.regex.get_or_init(|| match self.rule.action {
            Action::Drop => build(&format!(r"\A(?:{pattern})\z")),
            Action::StripPrefix => build(&format!(r"\A(?:{pattern})")),
            Action::StripSuffix => build(&format!(r"(?:{pattern})\z")),
        })
    }
}

/// Compile a pattern that was parsed before.
fn build(pattern: &str) -> Regex {
    // The default limit of 10 MB would refuse some patterns that are only long.
    let built = RegexBuilder::new(pattern).unicode(false).size_limit(1 << 28).build();
    built.unwrap_or_else(|error| panic!("a rule's pattern cannot be compiled: {error}"))
}

/// The pattern without a leading `.{m,n}`, if it has one.
///
/// A line that does not end as this says cannot match; and to find out from its end takes a few bytes, while a run of
/// any bytes in front makes almost every state of an automaton a new one.
fn tail<'a>(rule: &'a Rule, hir: &Hir) -> Option<&'a str> {
    // A pattern with alternatives at its top would be an `Alternation`.
    let is_sequence = rule.action == Action::Drop && matches!(hir.kind(), HirKind::Concat(_));
    let run = rule.pattern.strip_prefix(".{").filter(|_| is_sequence)?;
    let (_, tail) = run.split_once('}')?;
    // With a run of any bytes behind, too, the end says nothing.
    let last = tail.rsplit_once(".{").map_or("", |(_, last)| last);
    let ends_in_run =
        last.ends_with('}') && last.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b',' | b'}'));
    (!ends_in_run).then_some(tail)
}
