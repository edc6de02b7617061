//! Stripping boilerplate: raw texts and rules in, clean texts and what was removed out.
//!
//! `dedup/reference/strip.py` states what stripping means; this module decides the same, bit for bit, and fast. Most
//! lines are body lines that no rule can match, so the work per document is: the folded form of all lines in one
//! buffer (`form`), one pass over it for the literals of rules (`literals`), and for each line a look-up of its first and
//! last bytes (`nominate`). Only nominated rules are tried. A text in which nothing matched is handed back as it is;
//! otherwise `settle` repeats rounds over the few lines that matched.
//!
//! Rules learned from a corpus are one more source of hits beside the patterns.

pub mod form;
mod learned;
mod literals;
mod memo;
mod nominate;
mod rule;
mod settle;
mod structure;
mod trial;
mod window;

use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memchr_iter;

use form::Ends;
use learned::Findings;
use literals::Found;
use memo::Memo;
use nominate::Rules;
pub use rule::{Action, Place, Rule};
use settle::Cut;

use crate::tokens::Tokens;

/// Which rule removed something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A caption that is repeated around a number.
    Caption,
    /// A long line that was there before.
    Repeat,
    /// The rule of this number.
    Rule(u32),
}

/// One line, or part of one, that was removed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Removal {
    /// Line of the raw text, from 0.
    pub line: usize,
    /// Bytes of the raw text.
    pub start: usize,
    pub end: usize,
    pub action: Action,
    pub source: Source,
}

/// What a removal adds to the account of its rule.
pub struct Loss {
    /// The number of the rule; those of captions and repeats come after the last.
    pub slot: usize,
    /// 1 for a line that was removed whole.
    pub lines: i64,
    pub chars: i64,
}

/// A stripped text.
pub struct Stripped<'a> {
    pub text: &'a str,
    /// Whether a guard rail changed the outcome.
    pub is_guarded: bool,
}

/// A rule that matches a version of a line whatever its position.
#[derive(Clone, Copy)]
struct Hit {
    rule: u32,
    /// What a rule that cuts would leave of the raw text; empty if its form is.
    left: (usize, usize),
}

impl Hit {
    /// The same in a line that lies elsewhere.
    fn moved(self, to: impl Fn(usize) -> usize) -> Hit {
        Hit { rule: self.rule, left: (to(self.left.0), to(self.left.1)) }
    }
}

/// One line of a document.
#[derive(Clone, Copy)]
struct Line {
    /// Its bytes in the raw text.
    raw: (usize, usize),
    /// The first of its versions since this step of settling began, and what is left of it, in `Scratch::versions`.
    first: usize,
    current: usize,
    dropped_by: Option<Source>,
}

/// A line, or what cuts leave of it.
struct Version {
    /// Its bytes in the raw text.
    left: (usize, usize),
    /// Its folded form and plain form, in `Scratch::forms`.
    form: (usize, usize),
    plain: (usize, usize),
    /// Its hits, in `Scratch::hits`.
    hits: (usize, usize),
    /// The next version of the same line.
    next: Option<usize>,
}

impl Version {
    /// A part of `text`, with its form appended to `forms`.
    fn read(text: &str, left: (usize, usize), forms: &mut Vec<u8>) -> Version {
        let start = forms.len();
        form::append(&text[left.0..left.1], true, forms);
        let plain = form::plain(&forms[start..]);
        Version {
            left,
            form: (start, forms.len()),
            plain: (start + plain.0, start + plain.1),
            hits: (0, 0),
            next: None,
        }
    }
}

/// Working memory of one thread, for any stripper.
#[derive(Default)]
pub struct Scratch {
    lines: Vec<Line>,
    /// The lines as they are, then what cuts leave of some.
    versions: Vec<Version>,
    forms: Vec<u8>,
    hits: Vec<Hit>,
    cuts: Vec<Cut>,
    /// The lines that are not blank.
    filled: Vec<usize>,
    /// Whether a version is a number, and whether a careful rule matches one.
    has_numbers: bool,
    has_careful: bool,
    before: Vec<Line>,
    literals: Vec<Found>,
    nominated: Vec<u32>,
    cased: Vec<u8>,
    learned: Findings,
    ends: Ends,
    memo: Memo,
    tokens: Tokens,
    clean: String,
}

/// A set of rules, ready to strip texts; shared by threads.
pub struct Stripper {
    rules: Rules,
    /// Tells this set of rules from all others of the process.
    number: u64,
}

static STRIPPERS: AtomicU64 = AtomicU64::new(0);

impl Stripper {
    /// Prepare `rules`; an error is the number of a rule and what is wrong with it.
    pub fn new(rules: Vec<Rule>) -> Result<Stripper, (usize, String)> {
        let rules = Rules::new(rules)?;
        Ok(Stripper { rules, number: 1 + STRIPPERS.fetch_add(1, Ordering::Relaxed) })
    }

    /// Strip one text, without `guard` also where little or nothing would remain; `removals` become what was removed, in
    /// the order of the lines.
    pub fn strip<'a>(
        &self,
        text: &'a str,
        scratch: &'a mut Scratch,
        guard: bool,
        removals: &mut Vec<Removal>,
    ) -> Stripped<'a> {
        removals.clear();
        if !self.read(text, scratch) {
            return Stripped { text, is_guarded: false };
        }
        let is_guarded = settle::settle(&self.rules, text, scratch, guard);
        list_removals(scratch, removals);
        if removals.is_empty() {
            return Stripped { text, is_guarded };
        }
        scratch.clean.clear();
        let kept = scratch.lines.iter().filter(|line| line.dropped_by.is_none());
        for (i, line) in kept.enumerate() {
            let (start, end) = scratch.versions[line.current].left;
            scratch.clean.push_str(if i > 0 { "\n" } else { "" });
            scratch.clean.push_str(&text[start..end]);
        }
        Stripped { text: &scratch.clean, is_guarded }
    }

    /// The number of accounts that losses go to.
    pub fn slots(&self) -> usize {
        self.rules.matchers.len() + 2
    }

    /// What a removal from `text` adds up to.
    pub fn loss(&self, text: &str, removal: &Removal) -> Loss {
        let slot = match removal.source {
            Source::Rule(number) => number as usize,
            Source::Caption => self.slots() - 2,
            Source::Repeat => self.slots() - 1,
        };
        let chars = text[removal.start..removal.end].chars().count() as i64;
        Loss { slot, lines: i64::from(removal.action == Action::Drop), chars }
    }

    /// Split `text` into lines and match them; whether anything was found that might be removed.
    fn read(&self, text: &str, scratch: &mut Scratch) -> bool {
        scratch.memo.turn_to(self.number);
        scratch.lines.clear();
        scratch.versions.clear();
        scratch.forms.clear();
        scratch.hits.clear();
        scratch.cuts.clear();
        scratch.filled.clear();
        scratch.has_numbers = false;
        scratch.has_careful = false;
        let mut start = 0;
        for end in memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            let number = scratch.lines.len();
            let version = Version::read(text, (start, end), &mut scratch.forms);
            scratch.has_numbers |= structure::is_number(&scratch.forms[version.plain.0..version.plain.1]);
            scratch.forms.push(b'\n');
            if version.form.0 < version.form.1 {
                scratch.filled.push(number);
            }
            scratch.versions.push(version);
            scratch.lines.push(Line { raw: (start, end), first: number, current: number, dropped_by: None });
            start = end + 1;
        }
        self.rules.literals.find(&scratch.forms, &mut scratch.literals);
        let mut literals = 0;
        let is_alone = scratch.filled.len() == 1;
        for at in 0..scratch.filled.len() {
            let i = scratch.filled[at];
            scratch.nominated.clear();
            while let Some(&(place, literal)) = scratch.literals.get(literals)
                && place < scratch.versions[i].form.1
            {
                scratch.nominated.extend_from_slice(self.rules.literals.rules(literal));
                literals += 1;
            }
            let (first, (start, end)) = (scratch.hits.len(), scratch.versions[i].left);
            let key = Memo::key(&text[start..end]).filter(|_| !is_alone);
            if let Some(known) = key.and_then(|key| scratch.memo.find(key)) {
                scratch.hits.extend(known.iter().map(|hit| hit.moved(|place| place + start)));
                let mut found = scratch.hits[first..].iter();
                scratch.has_careful |= found.any(|hit| self.rules.is_careful(hit.rule));
                scratch.versions[i].hits = (first, scratch.hits.len());
                continue;
            }
            scratch.versions[i].hits = self.rules.match_version(text, i, is_alone, scratch);
            if let Some(key) = key {
                scratch.memo.add(key, start, &scratch.hits[first..]);
            }
        }
        !scratch.hits.is_empty() || scratch.has_numbers || has_twins(scratch)
    }
}

/// Whether a line equals the one before it.
fn has_twins(scratch: &Scratch) -> bool {
    let plain = |i: usize| &scratch.forms[scratch.versions[i].plain.0..scratch.versions[i].plain.1];
    scratch.filled.windows(2).any(|pair| plain(pair[0]) == plain(pair[1]))
}

fn list_removals(scratch: &Scratch, removals: &mut Vec<Removal>) {
    removals.extend(scratch.lines.iter().enumerate().filter_map(|(number, line)| {
        let source = line.dropped_by?;
        Some(Removal { line: number, start: line.raw.0, end: line.raw.1, action: Action::Drop, source })
    }));
    let is_kept = |cut: &&Cut| scratch.lines[cut.line].dropped_by.is_none();
    removals.extend(scratch.cuts.iter().filter(is_kept).map(|cut| Removal {
        line: cut.line,
        start: cut.taken.0,
        end: cut.taken.1,
        action: cut.action,
        source: Source::Rule(cut.rule),
    }));
    // Stable: the cuts of a line stay in the order in which they were made.
    removals.sort_by_key(|removal| removal.line);
}
