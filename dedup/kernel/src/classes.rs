//! Character classes and foldings of the tokeniser, from `charclass.tsv`.
//!
//! The table pins Unicode 14.0. From it, `CLASSES` derives for every code point
//! below U+20000 what normalisation (NFKC, full case folding) and classification
//! make of it, so that the common text never meets a normaliser.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// What a character does to the tokens around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Ends a token.
    Separator,
    /// Deleted before and after normalisation.
    Ignored,
    /// Extends a token or begins one.
    Word,
    /// A token of its own.
    Single,
    /// Extends a token, never begins one.
    Mark,
    /// Unassigned in Unicode 14.0 or private use: a space before normalisation.
    Unknown,
}

/// What becomes of one source character, if its neighbours have no say in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    Separator,
    Ignored,
    Word(char),
    Single(char),
    Mark(char),
    /// A mark that canonical ordering may move: only inert when it stands alone.
    OrderedMark(char),
    /// Several characters: an index for `Classes::expansion`.
    Many(u32),
    /// Needs the normaliser, with its neighbours.
    Complex,
}

/// Code points below this have a precomputed effect: the planes of living scripts and emoji.
const DENSE: u32 = 0x20000;

pub struct Classes {
    dense: Vec<Effect>,
    /// Class of each code point below `DENSE`.
    dense_classes: Vec<Class>,
    expansions: Vec<Vec<(Class, char)>>,
    ranges: Vec<(u32, u32, Class)>,
    folds: HashMap<char, Vec<char>>,
}

pub static CLASSES: LazyLock<Classes> = LazyLock::new(|| Classes::parse(include_str!("../../charclass.tsv")));

impl Classes {
    fn parse(table: &str) -> Self {
        let code =
            |field: &str| u32::from_str_radix(field, 16).expect("the table holds hexadecimal code points");
        let mut ranges = Vec::new();
        let mut folds = HashMap::new();
        for line in table.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            match fields[..] {
                ["class", first, last, letter] => {
                    let class = match letter {
                        "W" => Class::Word,
                        "C" => Class::Single,
                        "M" => Class::Mark,
                        "I" => Class::Ignored,
                        _ => Class::Unknown,
                    };
                    ranges.push((code(first), code(last), class));
                }
                ["fold", from, to] => {
                    let from = char::from_u32(code(from)).expect("foldings are of scalar values");
                    folds.insert(from, to.split(' ').filter_map(|c| char::from_u32(code(c))).collect());
                }
                _ => {}
            }
        }
        let mut classes =
            Classes { dense: Vec::new(), dense_classes: Vec::new(), expansions: Vec::new(), ranges, folds };
        let mut by_code = vec![Class::Separator; DENSE as usize];
        for &(first, last, class) in classes.ranges.iter().filter(|r| r.0 < DENSE) {
            by_code[first as usize..=last.min(DENSE - 1) as usize].fill(class);
        }
        classes.dense_classes = by_code;
        classes.dense = Vec::with_capacity(DENSE as usize);
        for code in 0..DENSE {
            let effect = char::from_u32(code).map_or(Effect::Separator, |c| classes.derive(c));
            classes.dense.push(effect);
        }
        classes
    }

    /// The effect of `c` on its own, from its class, its NFKC form and the foldings.
    fn derive(&mut self, c: char) -> Effect {
        match self.class(c) {
            Class::Ignored => return Effect::Ignored,
            Class::Unknown => return Effect::Separator,
            Class::Separator if c.is_ascii() => return Effect::Separator,
            _ => {}
        }
        let normal: Vec<char> = std::iter::once(c).nfkc().collect();
        // NFC_Quick_Check "yes" and combining class 0 throughout: such strings are normalised whatever
        // stands beside them (UAX #15, section 9).
        if normal.iter().any(|&n| is_nfc_quick(std::iter::once(n)) != IsNormalized::Yes) {
            return Effect::Complex;
        }
        let ordered = normal.iter().any(|&n| canonical_combining_class(n) != 0);
        let mut parts = Vec::new();
        for n in normal {
            self.look_up_fold(n, |class, folded| parts.push((class, folded)));
        }
        match parts[..] {
            [(Class::Mark, m)] if ordered => Effect::OrderedMark(m),
            _ if ordered => Effect::Complex,
            [(Class::Word, w)] => Effect::Word(w),
            [(Class::Single, s)] => Effect::Single(s),
            [(Class::Mark, m)] => Effect::Mark(m),
            _ if parts.iter().all(|p| p.0 == Class::Separator) => Effect::Separator,
            _ => {
                self.expansions.push(parts);
                Effect::Many(self.expansions.len() as u32 - 1)
            }
        }
    }

    /// Fold a normalised character and hand each resulting one with its class to `each`.
    #[inline]
    pub fn fold(&self, c: char, mut each: impl FnMut(Class, char)) {
        match self.effect(c) {
            Effect::Word(w) => each(Class::Word, w),
            Effect::Single(s) => each(Class::Single, s),
            Effect::Mark(m) | Effect::OrderedMark(m) => each(Class::Mark, m),
            _ => self.look_up_fold(c, each),
        }
    }

    fn look_up_fold(&self, c: char, mut each: impl FnMut(Class, char)) {
        match self.folds.get(&c) {
            Some(folded) => folded.iter().for_each(|&f| each(self.class(f), f)),
            None => each(self.class(c), c),
        }
    }

    /// Class of one code point.
    #[inline]
    pub fn class(&self, c: char) -> Class {
        match self.dense_classes.get(c as usize) {
            Some(&class) => class,
            None => self.sparse_class(c),
        }
    }

    fn sparse_class(&self, c: char) -> Class {
        let code = c as u32;
        let at = self.ranges.partition_point(|&(_, last, _)| last < code);
        match self.ranges.get(at) {
            Some(&(first, _, class)) if first <= code => class,
            _ => Class::Separator,
        }
    }

    /// Effect of one source character.
    #[inline]
    pub fn effect(&self, c: char) -> Effect {
        match self.dense.get(c as usize) {
            Some(&effect) => effect,
            None => self.sparse_effect(c),
        }
    }

    fn sparse_effect(&self, c: char) -> Effect {
        match self.class(c) {
            Class::Ignored => Effect::Ignored,
            Class::Separator | Class::Unknown => Effect::Separator,
            Class::Single if !('\u{2F800}'..='\u{2FA1F}').contains(&c) => Effect::Single(c),
            _ => Effect::Complex,
        }
    }

    /// The characters of an `Effect::Many`, with their classes.
    pub fn expansion(&self, index: u32) -> &[(Class, char)] {
        &self.expansions[index as usize]
    }
}
