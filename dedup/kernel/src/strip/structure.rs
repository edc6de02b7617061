//! What structure alone removes: captions repeated around a number, and long lines repeated at once.
//!
//! Each line that remains looks along those that it meets: some lines may be between them if all are removed.

use std::collections::HashSet;

use super::rule::Action;
use super::settle::Picture;
use super::{Source, Version, form};

const CAPTION_WORDS: usize = 3;
const REPEAT_WORDS: usize = 8;
/// Most removed lines between two that meet.
const BETWEEN: usize = 32;
/// As far as this from a line that changes, structure may find something new.
pub const REACH: usize = 2 * (BETWEEN + 1);

/// Whether the form is a number of 1 to 3 digits.
pub fn is_number(plain: &[u8]) -> bool {
    (1..=3).contains(&plain.len()) && plain.iter().all(u8::is_ascii_digit)
}

impl Picture<'_> {
    /// What removes the line at a place among those with text, which remains.
    pub fn find_structure(&self, at: usize) -> Option<Source> {
        if self.scratch.has_numbers && (self.is_edge(at, 1) || self.is_edge(at, -1) || self.is_between(at)) {
            return Some(Source::Caption);
        }
        self.is_repeat(at).then_some(Source::Repeat)
    }

    /// Whether the line is long and equals one before it that it meets.
    pub fn is_repeat(&self, at: usize) -> bool {
        let repeats = |other: usize| {
            self.versions(at).any(|version| {
                let plain = self.plain(version);
                self.versions(other).any(|other| self.plain(other) == plain)
                    && self.words(version, REPEAT_WORDS) >= REPEAT_WORDS
            })
        };
        self.meeting(at, -1).any(repeats)
    }

    /// Whether the line is the first (looking behind, 1) or last (looking before, -1) of three that make a caption.
    fn is_edge(&self, at: usize, step: isize) -> bool {
        let mut place = at;
        let mut is_behind_number = false;
        // The number may itself remain.
        for _ in 0..2 {
            for other in self.meeting(place, step) {
                let (first, last) = if step > 0 { (at, other) } else { (other, at) };
                if is_behind_number && self.is_caption(first, last) {
                    return true;
                }
                is_behind_number |= self.is_number(other);
                place = other;
            }
            if place == at || self.is_removed(place) || !self.is_number(place) {
                return false;
            }
        }
        false
    }

    /// Whether the line is a number between a caption and the same again.
    fn is_between(&self, at: usize) -> bool {
        if !self.is_number(at) {
            return false;
        }
        let first: HashSet<&[u8]> = self.meeting(at, -1).flat_map(|before| self.captions(before)).collect();
        self.meeting(at, 1).any(|last| self.repeats_one_of(last, |plain| first.contains(plain)))
    }

    /// Whether the first line is a caption that the last one repeats.
    fn is_caption(&self, first: usize, last: usize) -> bool {
        self.captions(first).any(|caption| self.repeats_one_of(last, |plain| plain == caption))
    }

    /// The plain forms of a line that are long enough for a caption.
    fn captions(&self, at: usize) -> impl Iterator<Item = &[u8]> {
        let is_long = |version: &&Version| self.words(version, CAPTION_WORDS) >= CAPTION_WORDS;
        self.versions(at).filter(is_long).map(|version| self.plain(version))
    }

    /// Whether the line says what `is_caption` knows, credits at its end aside.
    fn repeats_one_of(&self, at: usize, is_caption: impl Fn(&[u8]) -> bool) -> bool {
        self.versions(at).any(|version| {
            is_caption(self.plain(version))
                || self.hits(version).iter().any(|hit| {
                    let rule = self.rule(hit.rule);
                    if rule.action != Action::StripSuffix || !self.every && rule.is_careful() {
                        return false;
                    }
                    let mut form = Vec::new();
                    form::append(&self.text[hit.left.0..hit.left.1], true, &mut form);
                    let plain = form::plain(&form);
                    is_caption(&form[plain.0..plain.1])
                })
        })
    }

    fn is_number(&self, at: usize) -> bool {
        self.versions(at).any(|version| is_number(self.plain(version)))
    }

    /// Words of a version, counted up to about `enough`.
    fn words(&self, version: &Version, enough: usize) -> usize {
        form::count_words(&self.scratch.forms[version.form.0..version.form.1], enough)
    }

    /// The lines before (-1) or behind (1) the one at a place that meet it, the nearest first.
    fn meeting(&self, at: usize, step: isize) -> impl Iterator<Item = usize> {
        let mut next = at.checked_add_signed(step);
        let places = std::iter::from_fn(move || {
            let place = next.filter(|&place| place < self.filled.len())?;
            next = if self.is_removed(place) { place.checked_add_signed(step) } else { None };
            Some(place)
        });
        places.take(BETWEEN + 1)
    }
}
