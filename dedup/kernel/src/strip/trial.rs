//! Trying the rules on a line: a version of one in, its hits out.

use memchr::memchr_iter;

use super::nominate::Rules;
use super::rule::Action;
use super::{Hit, Scratch, form};

impl Rules {
    pub fn is_careful(&self, number: u32) -> bool {
        self.matchers[number as usize].rule.is_careful()
    }

    /// Match a version with the rules nominated by its literals and by its edges; the range of its hits.
    ///
    /// A rule that is certain to drop the line, which only in a text of one line no rule is, spares it the drop rules behind.
    pub fn match_version(
        &self,
        text: &str,
        number: usize,
        is_alone: bool,
        scratch: &mut Scratch,
    ) -> (usize, usize) {
        let Scratch { versions, forms, hits, nominated, cased, learned, ends, has_careful, .. } = scratch;
        let line = &versions[number];
        let first = hits.len();
        let form = &forms[line.form.0..line.form.1];
        let plain = (line.plain.0 - line.form.0, line.plain.1 - line.form.0);
        self.nominate(form, plain, learned, nominated);
        if nominated.is_empty() {
            return (first, first);
        }
        let words = 1 + memchr_iter(b' ', &form[plain.0..plain.1]).count();
        let raw = &text[line.left.0..line.left.1];
        cased.clear();
        let mut cased_plain = (0, 0);
        let mut is_certain = false;
        for &number in nominated.iter() {
            let matcher = &self.matchers[number as usize];
            let rule = &matcher.rule;
            let is_spared = is_certain && rule.action == Action::Drop;
            // Where the prefix ends or the suffix begins, and the form that this is said of.
            let (edge, is_cased) = if rule.is_learned() {
                (learned.edge(number), false)
            } else if is_spared || words > rule.max_words {
                continue;
            } else {
                if rule.is_cased && cased.is_empty() {
                    form::append(raw, false, cased);
                    cased_plain = form::plain(cased);
                }
                let (form, plain) = if rule.is_cased { (&cased[..], cased_plain) } else { (form, plain) };
                (matcher.edge(form, plain), rule.is_cased)
            };
            let left = edge.map(|edge| match rule.action {
                Action::Drop => line.left,
                Action::StripPrefix => {
                    form::segment_ends(raw, !is_cased, ends);
                    let cut = ends.iter().find(|(_, size)| *size >= edge).map_or(raw.len(), |at| at.0);
                    let rest = raw[cut..].trim_start_matches(is_trimmed);
                    (line.left.1 - rest.len(), line.left.1)
                }
                Action::StripSuffix => {
                    form::segment_ends(raw, !is_cased, ends);
                    let cut = ends.iter().rev().find(|(_, size)| *size <= edge).map_or(0, |at| at.0);
                    let rest = raw[..cut].trim_end_matches(is_trimmed);
                    (line.left.0, line.left.0 + rest.len())
                }
            });
            let Some(left) = left else { continue };
            let is_blank = rule.action != Action::Drop && form::is_blank(&text[left.0..left.1]);
            hits.push(Hit { rule: number, left: if is_blank { (left.0, left.0) } else { left } });
            *has_careful |= rule.is_careful();
            is_certain |= !is_alone && rule.drops_anywhere();
        }
        (first, hits.len())
    }
}

/// White space that a cut takes along.
fn is_trimmed(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\u{a0}')
}
