//! Rounds until nothing changes, under the guard rails; see `dedup/reference/strip.py` for the definition.

use super::nominate::Rules;
use super::rule::{Action, Place};
use super::{Line, Scratch, Source, form, read_line};

const HEAD: usize = 6;
const TAIL: usize = 12;
const LEAST_WORDS: usize = 40;
const CAPTION_WORDS: usize = 3;
const REPEAT_WORDS: usize = 8;

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
    Cut { rule: u32, left: (usize, usize) },
}

/// Remove what can be removed from the lines of `scratch`; whether a guard rail changed the outcome.
pub fn settle(rules: &Rules, text: &str, scratch: &mut Scratch) -> bool {
    let mut is_guarded = false;
    loop {
        let filled: Vec<usize> = remaining(&scratch.lines).collect();
        let before = (scratch.lines.clone(), scratch.cuts.len());
        let restore = |scratch: &mut Scratch| {
            scratch.lines.copy_from_slice(&before.0);
            scratch.cuts.truncate(before.1);
        };
        if run(rules, text, scratch, &filled, true) && count_words(scratch) < LEAST_WORDS {
            let full = scratch.lines.clone();
            restore(scratch);
            run(rules, text, scratch, &filled, false);
            is_guarded |= differs(&full, &scratch.lines);
        }
        if differs(&before.0, &scratch.lines) && !has_tokens(text, scratch) {
            restore(scratch);
            is_guarded = true;
        }
        if !differs(&before.0, &scratch.lines) {
            return is_guarded;
        }
    }
}

/// Whether the form is a number of 1 to 3 digits.
pub fn is_number(plain: &[u8]) -> bool {
    (1..=3).contains(&plain.len()) && plain.iter().all(u8::is_ascii_digit)
}

/// Whether any line repeats the one before it.
pub fn has_repeats(scratch: &Scratch) -> bool {
    repeats(&scratch.lines, &scratch.filled, &scratch.forms).next().is_some()
}

/// Repeat rounds until one changes nothing; whether a careful rule acted. `filled` are the lines with
/// text; `every` lets careful rules act, too.
fn run(rules: &Rules, text: &str, scratch: &mut Scratch, filled: &[usize], every: bool) -> bool {
    let mut careful_acted = false;
    let mut decisions = Vec::new();
    loop {
        decide(rules, text, scratch, filled, every, &mut decisions);
        if decisions.is_empty() {
            return careful_acted;
        }
        for (i, decision) in decisions.drain(..) {
            match decision {
                Decision::Drop(source) => {
                    careful_acted |= matches!(source, Source::Rule(rule) if rules.matchers[rule as usize].rule.is_careful());
                    scratch.lines[i].dropped_by = Some(source);
                }
                Decision::Cut { rule, left } => {
                    careful_acted |= rules.matchers[rule as usize].rule.is_careful();
                    cut(rules, text, scratch, i, rule, left);
                }
            }
        }
    }
}

/// Judge every remaining line against the same picture of the text.
fn decide(
    rules: &Rules,
    text: &str,
    scratch: &Scratch,
    filled: &[usize],
    every: bool,
    decisions: &mut Vec<(usize, Decision)>,
) {
    let is_single = filled.len() == 1;
    let mut structure = find_structure(rules, text, scratch, filled, every);
    structure.sort_by_key(|&(i, source)| (i, source == Source::Repeat));
    structure.dedup_by_key(|&mut (i, _)| i);
    decisions.extend(structure.iter().map(|&(i, source)| (i, Decision::Drop(source))));
    let lines = &scratch.lines;
    let is_dropped = |at: Option<&usize>| at.is_some_and(|&i| lines[i].dropped_by.is_some());
    let count = filled.iter().filter(|&&i| lines[i].dropped_by.is_none()).count();
    let mut ordinal = 0;
    for (at, &i) in filled.iter().enumerate() {
        let line = &lines[i];
        if line.dropped_by.is_some() {
            continue;
        }
        let position = ordinal;
        ordinal += 1;
        if line.hits.0 == line.hits.1 || structure.binary_search_by_key(&i, |&(i, _)| i).is_ok() {
            continue;
        }
        let near_removed =
            is_dropped(at.checked_sub(1).and_then(|at| filled.get(at))) || is_dropped(filled.get(at + 1));
        let is_at_edge = near_removed || position == 0 || position + 1 == count;
        let may_act = |number: u32| {
            let rule = &rules.matchers[number as usize].rule;
            let in_place = match rule.place {
                Place::Any => true,
                Place::Head => position < HEAD,
                Place::Tail => count - position <= TAIL,
            };
            in_place
                && (is_at_edge || !rule.is_weak)
                && (every || !rule.is_careful())
                && (!is_single || rule.is_prompt || rule.action != Action::Drop)
        };
        let hits = &scratch.hits[line.hits.0..line.hits.1];
        let is_drop = |number: u32| rules.matchers[number as usize].rule.action == Action::Drop;
        let mut acting = hits.iter().filter(|hit| may_act(hit.rule));
        if let Some(hit) = acting.clone().find(|hit| is_drop(hit.rule)) {
            decisions.push((i, Decision::Drop(Source::Rule(hit.rule))));
        } else if let Some(hit) = acting.next() {
            decisions.push((i, Decision::Cut { rule: hit.rule, left: hit.left }));
        }
    }
}

/// Cut a line, or drop it where nothing would be left, and match what is left of it.
fn cut(rules: &Rules, text: &str, scratch: &mut Scratch, i: usize, rule: u32, left: (usize, usize)) {
    let old = scratch.lines[i];
    let mut line = read_line(text, old.number, left, &mut scratch.forms);
    line.raw = old.raw;
    if line.is_blank() {
        scratch.lines[i].dropped_by = Some(Source::Rule(rule));
        return;
    }
    let action = rules.matchers[rule as usize].rule.action;
    let taken = if action == Action::StripPrefix { (old.left.0, left.0) } else { (left.1, old.left.1) };
    scratch.cuts.push(Cut { line: i, taken, action, rule });
    scratch.nominated.clear();
    rules.nominate_all_with_literals(&mut scratch.nominated);
    line.hits = rules.match_line(text, &line, true, scratch);
    scratch.lines[i] = line;
}

/// The lines that structure alone removes.
fn find_structure(
    rules: &Rules,
    text: &str,
    scratch: &Scratch,
    filled: &[usize],
    every: bool,
) -> Vec<(usize, Source)> {
    let mut found = Vec::new();
    let Scratch { lines, forms, hits, .. } = scratch;
    let remaining: Vec<usize> = filled.iter().copied().filter(|&i| lines[i].dropped_by.is_none()).collect();
    found.extend(repeats(lines, &remaining, forms).map(|i| (i, Source::Repeat)));
    for window in remaining.windows(3) {
        let [first, number, second] = [window[0], window[1], window[2]].map(|i| &lines[i]);
        if !is_number(&forms[number.plain.0..number.plain.1]) {
            continue;
        }
        let caption = &forms[first.plain.0..first.plain.1];
        if form::count_words(&forms[first.form.0..first.form.1], CAPTION_WORDS) < CAPTION_WORDS {
            continue;
        }
        let is_caption_without_credit = || {
            let mut left = hits[second.hits.0..second.hits.1].iter().filter(|hit| {
                let rule = &rules.matchers[hit.rule as usize].rule;
                rule.action == Action::StripSuffix && (every || !rule.is_careful())
            });
            left.any(|hit| {
                let mut form = Vec::new();
                form::append(&text[hit.left.0..hit.left.1], true, &mut form);
                let plain = form::plain(&form);
                &form[plain.0..plain.1] == caption
            })
        };
        if &forms[second.plain.0..second.plain.1] == caption || is_caption_without_credit() {
            found.extend(window.iter().map(|&i| (i, Source::Caption)));
        }
    }
    found
}

/// The lines that say what the one before them in `remaining` says, and are long.
fn repeats<'a>(
    lines: &'a [Line],
    remaining: &'a [usize],
    forms: &'a [u8],
) -> impl Iterator<Item = usize> + 'a {
    let plain = |i: usize| &forms[lines[i].plain.0..lines[i].plain.1];
    let is_long = |i: usize| {
        let (start, end) = lines[i].form;
        form::count_words(&forms[start..end], REPEAT_WORDS) >= REPEAT_WORDS
    };
    let pairs = remaining.windows(2);
    pairs.filter(move |pair| plain(pair[0]) == plain(pair[1]) && is_long(pair[1])).map(|pair| pair[1])
}

/// The lines with text that have not been dropped.
fn remaining(lines: &[Line]) -> impl Iterator<Item = usize> {
    (0..lines.len()).filter(|&i| lines[i].dropped_by.is_none() && !lines[i].is_blank())
}

/// Whether a token remains. As a rule the first line has one.
fn has_tokens(text: &str, scratch: &mut Scratch) -> bool {
    let Scratch { lines, tokens, .. } = scratch;
    remaining(lines).any(|i| {
        let (start, end) = lines[i].left;
        tokens.read(&text[start..end]);
        tokens.len() > 0
    })
}

/// Words that remain, counted up to the least that a guard rail asks for.
fn count_words(scratch: &Scratch) -> usize {
    let mut words = 0;
    for i in remaining(&scratch.lines) {
        let (start, end) = scratch.lines[i].form;
        words += form::count_words(&scratch.forms[start..end], LEAST_WORDS);
        if words >= LEAST_WORDS {
            break;
        }
    }
    words
}

/// Whether different text is left.
fn differs(one: &[Line], other: &[Line]) -> bool {
    one.iter().zip(other).any(|(one, other)| {
        one.dropped_by.is_some() != other.dropped_by.is_some()
            || one.dropped_by.is_none() && one.left != other.left
    })
}
