//! Rounds until nothing changes, under the guard rails; see `dedup/reference/strip.py` for the definition.

use super::nominate::Rules;
use super::rule::{Action, Place, Rule};
use super::structure::{REACH, is_number};
use super::window::Window;
use super::{Hit, Line, Scratch, Source, Version, form};

const HEAD: usize = 6;
const TAIL: usize = 12;
const LEAST_WORDS: usize = 40;
/// Versions of a line that are looked at.
const VERSIONS: usize = 32;

/// Part of a line that was cut off.
pub struct Cut {
    pub line: usize,
    pub taken: (usize, usize),
    pub action: Action,
    pub rule: u32,
}

/// What a round decides about a line.
enum Decision {
    Drop(Source),
    /// Look at what a cut would leave, too.
    Grow {
        left: (usize, usize),
    },
    Cut {
        rule: u32,
        left: (usize, usize),
    },
}

/// A text as a round finds it.
pub struct Picture<'a> {
    pub rules: &'a Rules,
    pub text: &'a str,
    pub scratch: &'a Scratch,
    /// The lines with text that remained when the step began.
    pub filled: &'a [usize],
    pub head: &'a Window,
    pub tail: &'a Window,
    /// Whether careful rules act.
    pub every: bool,
    /// Whether drop rules act that are not for prompts.
    pub drops: bool,
}

/// Remove what can be removed from the lines of `scratch`; whether a guard rail, if there is to be one, changed the
/// outcome.
pub fn settle(rules: &Rules, text: &str, scratch: &mut Scratch, guard: bool) -> bool {
    let mut filled = std::mem::take(&mut scratch.filled);
    let mut before = std::mem::take(&mut scratch.before);
    let mut is_guarded = false;
    loop {
        filled.retain(|&i| scratch.lines[i].dropped_by.is_none());
        filled.iter().for_each(|&i| scratch.lines[i].first = scratch.lines[i].current);
        before.clone_from(&scratch.lines);
        let cuts = scratch.cuts.len();
        restore(scratch, &before, &filled, cuts);
        run(rules, text, scratch, &filled, guard, true);
        if guard && scratch.has_careful && count_words(scratch, &filled) < LEAST_WORDS {
            let full = scratch.lines.clone();
            restore(scratch, &before, &filled, cuts);
            run(rules, text, scratch, &filled, guard, false);
            is_guarded |= differs(text, scratch, &full);
        }
        if guard && differs(text, scratch, &before) && !has_tokens(text, scratch, &filled) {
            restore(scratch, &before, &filled, cuts);
            is_guarded = true;
        }
        if !guard || !differs(text, scratch, &before) {
            scratch.filled = filled;
            scratch.before = before;
            return is_guarded;
        }
    }
}

/// Go back to the beginning of a step.
fn restore(scratch: &mut Scratch, before: &[Line], filled: &[usize], cuts: usize) {
    scratch.lines.copy_from_slice(before);
    scratch.cuts.truncate(cuts);
    for &i in filled {
        scratch.versions[before[i].first].next = None;
    }
}

/// Repeat rounds until one changes nothing. After the first, only lines are judged that a change may matter to.
fn run(rules: &Rules, text: &str, scratch: &mut Scratch, filled: &[usize], guard: bool, every: bool) {
    let drops = !guard || filled.len() > 1;
    let mut head = Window::new(HEAD, 0, 1);
    let mut tail = Window::new(TAIL, filled.len().wrapping_sub(1), -1);
    let mut active: Vec<usize> = (0..filled.len()).collect();
    let (mut decisions, mut changed) = (Vec::new(), Vec::new());
    loop {
        active.extend(head.refill(scratch, filled));
        active.extend(tail.refill(scratch, filled));
        active.sort_unstable();
        active.dedup();
        Picture { rules, text, scratch, filled, head: &head, tail: &tail, every, drops }
            .decide(&active, &mut decisions);
        if decisions.is_empty() {
            return;
        }
        active.clear();
        for (at, decision) in decisions.drain(..) {
            apply(rules, text, scratch, filled[at], decision);
            changed.push(at);
        }
        for at in changed.drain(..) {
            active.push(at);
            concerned(scratch, filled, at, 1, &mut active);
            concerned(scratch, filled, at, -1, &mut active);
        }
    }
}

/// The lines on one side of a line that changed that have to be judged again: the one beside it, for which weak rules
/// may act, and two that remain, since they may meet it, the second by way of a number that is the first.
fn concerned(scratch: &Scratch, filled: &[usize], at: usize, step: isize, active: &mut Vec<usize>) {
    let mut place = at;
    let mut remaining = 0;
    for distance in 1..=REACH {
        place = place.wrapping_add_signed(step);
        let Some(&i) = filled.get(place) else { return };
        let remains = scratch.lines[i].dropped_by.is_none();
        if remains || distance == 1 {
            active.push(place);
        }
        remaining += usize::from(remains);
        if remaining == 2 {
            return;
        }
    }
}

fn apply(rules: &Rules, text: &str, scratch: &mut Scratch, i: usize, decision: Decision) {
    match decision {
        Decision::Drop(source) => scratch.lines[i].dropped_by = Some(source),
        Decision::Grow { left } => {
            if find_version(text, scratch, i, left).is_none() && count_versions(scratch, i) < VERSIONS {
                add_version(rules, text, scratch, i, left);
            }
        }
        Decision::Cut { rule, left } => {
            let old = scratch.versions[scratch.lines[i].current].left;
            let action = rules.matchers[rule as usize].rule.action;
            let taken = if action == Action::StripPrefix { (old.0, left.0) } else { (left.1, old.1) };
            scratch.cuts.push(Cut { line: i, taken, action, rule });
            let known = find_version(text, scratch, i, left);
            let current = known.unwrap_or_else(|| add_version(rules, text, scratch, i, left));
            scratch.lines[i].current = current;
        }
    }
}

impl Picture<'_> {
    /// Judge the lines at some places against this picture of the text.
    fn decide(&self, places: &[usize], decisions: &mut Vec<(usize, Decision)>) {
        for &at in places {
            if !self.is_removed(at)
                && let Some(source) = self.find_structure(at)
            {
                decisions.push((at, Decision::Drop(source)));
            } else if self.versions(at).any(|version| version.hits.0 < version.hits.1) {
                self.judge(at, decisions);
            }
        }
    }

    /// Judge a line that rules match.
    fn judge(&self, at: usize, decisions: &mut Vec<(usize, Decision)>) {
        let is_beside_removed =
            at > 0 && self.is_removed(at - 1) || at + 1 < self.filled.len() && self.is_removed(at + 1);
        let is_at_edge = self.head.is_edge(at) || self.tail.is_edge(at) || is_beside_removed;
        let may_act = |hit: &&Hit| {
            let rule = self.rule(hit.rule);
            let in_place = match rule.place {
                Place::Any => true,
                Place::Head => self.head.holds(at),
                Place::Tail => self.tail.holds(at),
            };
            in_place
                && (is_at_edge || !rule.is_weak)
                && (self.every || !rule.is_careful())
                && (self.drops || rule.is_prompt || rule.action != Action::Drop)
        };
        let is_drop = |hit: &&Hit| self.rule(hit.rule).action == Action::Drop;
        let acting = |version| self.hits(version).iter().filter(may_act);
        let i = self.filled[at];
        if !self.is_removed(at) {
            let drops = self.versions(at).filter_map(|version| acting(version).find(is_drop));
            let blanks =
                || self.versions(at).flat_map(acting).find(|hit| !is_drop(hit) && hit.left.0 == hit.left.1);
            let drop = drops.map(|hit| hit.rule).min().or_else(|| blanks().map(|hit| hit.rule));
            if let Some(rule) = drop {
                decisions.push((at, Decision::Drop(Source::Rule(rule))));
                return;
            }
        }
        if count_versions(self.scratch, i) < VERSIONS {
            for hit in self.versions(at).flat_map(acting).filter(|hit| !is_drop(hit)) {
                let is_known = find_version(self.text, self.scratch, i, hit.left).is_some();
                if !is_known && hit.left.0 < hit.left.1 {
                    decisions.push((at, Decision::Grow { left: hit.left }));
                }
            }
        }
        let current = &self.scratch.versions[self.scratch.lines[i].current];
        if !self.is_removed(at)
            && let Some(hit) = acting(current).next()
        {
            decisions.push((at, Decision::Cut { rule: hit.rule, left: hit.left }));
        }
    }

    pub fn is_removed(&self, at: usize) -> bool {
        self.scratch.lines[self.filled[at]].dropped_by.is_some()
    }

    /// The versions of the line at a place, the oldest first.
    pub fn versions(&self, at: usize) -> impl Iterator<Item = &Version> {
        versions(self.scratch, self.filled[at]).map(|number| &self.scratch.versions[number])
    }

    pub fn plain(&self, version: &Version) -> &[u8] {
        &self.scratch.forms[version.plain.0..version.plain.1]
    }

    pub fn hits(&self, version: &Version) -> &[Hit] {
        &self.scratch.hits[version.hits.0..version.hits.1]
    }

    pub fn rule(&self, number: u32) -> &Rule {
        &self.rules.matchers[number as usize].rule
    }
}

/// The numbers of the versions of a line.
fn versions(scratch: &Scratch, line: usize) -> impl Iterator<Item = usize> {
    let next = |&number: &usize| scratch.versions[number].next;
    std::iter::successors(Some(scratch.lines[line].first), next)
}

fn count_versions(scratch: &Scratch, line: usize) -> usize {
    versions(scratch, line).count()
}

/// The version of a line that says what a part of the text says.
fn find_version(text: &str, scratch: &Scratch, line: usize, left: (usize, usize)) -> Option<usize> {
    let is_same = |&number: &usize| {
        let other = scratch.versions[number].left;
        text[other.0..other.1] == text[left.0..left.1]
    };
    versions(scratch, line).find(is_same)
}

/// Match what a cut leaves of a line.
fn add_version(rules: &Rules, text: &str, scratch: &mut Scratch, line: usize, left: (usize, usize)) -> usize {
    let last = versions(scratch, line).last();
    let number = scratch.versions.len();
    let version = Version::read(text, left, &mut scratch.forms);
    scratch.has_numbers |= is_number(&scratch.forms[version.plain.0..version.plain.1]);
    rules.literals.find(&scratch.forms[version.form.0..version.form.1], &mut scratch.literals);
    scratch.versions.push(version);
    scratch.nominated.clear();
    let literals = scratch.literals.iter().flat_map(|&(_, literal)| rules.literals.rules(literal));
    scratch.nominated.extend(literals);
    scratch.versions[number].hits = rules.match_version(text, number, true, scratch);
    if let Some(last) = last {
        scratch.versions[last].next = Some(number);
    }
    number
}

/// The lines that remain.
fn remaining<'a>(scratch: &'a Scratch, filled: &'a [usize]) -> impl Iterator<Item = &'a Version> {
    let lines = filled.iter().map(|&i| &scratch.lines[i]).filter(|line| line.dropped_by.is_none());
    lines.map(|line| &scratch.versions[line.current])
}

/// Whether a token remains. As a rule the first line has one.
fn has_tokens(text: &str, scratch: &mut Scratch, filled: &[usize]) -> bool {
    let mut tokens = std::mem::take(&mut scratch.tokens);
    let has_tokens = remaining(scratch, filled).any(|version| {
        tokens.read(&text[version.left.0..version.left.1]);
        tokens.count() > 0
    });
    scratch.tokens = tokens;
    has_tokens
}

/// Words that remain, counted up to the least that a guard rail asks for.
fn count_words(scratch: &Scratch, filled: &[usize]) -> usize {
    let mut words = 0;
    for version in remaining(scratch, filled) {
        words += form::count_words(&scratch.forms[version.form.0..version.form.1], LEAST_WORDS);
        if words >= LEAST_WORDS {
            break;
        }
    }
    words
}

/// Whether different text is left than of `other` lines.
fn differs(text: &str, scratch: &Scratch, other: &[Line]) -> bool {
    let left = |line: &Line| {
        let (start, end) = scratch.versions[line.current].left;
        &text[start..end]
    };
    scratch.lines.iter().zip(other).any(|(one, other)| {
        one.dropped_by.is_some() != other.dropped_by.is_some()
            || one.dropped_by.is_none() && one.current != other.current && left(one) != left(other)
    })
}
