//! Normalising and cutting a text into tokens: UTF-8 in, tokens joined by one space out.
//!
//! Three speeds: runs of ASCII go by blocks of 64 bytes classified at once;
//! other characters go by table; a text with a character that normalisation
//! may join or reorder with its neighbours goes through the normaliser whole.
//! A space is written as soon as a token ends; where tokens begin is read off
//! the spaces in the end.

use unicode_normalization::UnicodeNormalization;

#[cfg(target_arch = "x86_64")]
use crate::blocks::avx2;
use crate::blocks::{BLOCK, Block, append_behind_spaces};
use crate::classes::{CLASSES, Class, Effect};
use crate::level::Level;

/// The tokens of one text. Reused from text to text.
#[derive(Default)]
pub struct Tokens {
    /// The tokens, joined by one space.
    pub text: Vec<u8>,
    /// Where each token begins in `text`.
    pub starts: Vec<u32>,
    last: Last,
    level: Level,
}

/// What the next character stands behind.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Last {
    /// Nothing, or a space.
    #[default]
    Separator,
    Word,
    Single,
}

/// Token positions are 32 bits; a block, or a run of blocks, adds far less than 64 KiB.
const LONGEST: usize = u32::MAX as usize - (1 << 16);
/// Bytes of blocks of ASCII that are read in a run.
const RUN: usize = 1 << 15;

impl Tokens {
    /// No tokens yet; what is read is read with the instructions of one of `Level::available()`.
    pub fn at(level: Level) -> Self {
        Tokens { level, ..Tokens::default() }
    }

    /// Replace the contents by the tokens of `text`.
    pub fn read(&mut self, text: &str) {
        match self.level {
            Level::Baseline => self.read_with(text, no_run, Block::append, append_behind_spaces),
            // SAFETY: `level` is one of `Level::available()`, so the machine has these instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Sse41 => unsafe { self.read_sse41(text) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 => unsafe { self.read_avx2(text) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "sse4.1,popcnt")]
    fn read_sse41(&mut self, text: &str) {
        let append = |block: &Block, kept, from, to, out: &mut _| block.append_groups(kept, from, to, out);
        self.read_with(text, no_run, append, append_behind_spaces);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn read_avx2(&mut self, text: &str) {
        let run = |text: &_, behind, out: &mut _| avx2::append_ascii(text, behind, out);
        let append = |block: &Block, kept, from, to, out: &mut _| block.append_groups(kept, from, to, out);
        self.read_with(text, run, append, |text, places| avx2::append_behind_spaces(text, places));
    }

    /// `read`, given what appends the words of a run of blocks of ASCII, what appends the kept bytes of a block, and what
    /// finds the tokens in the end.
    #[inline(always)]
    fn read_with(
        &mut self,
        text: &str,
        run: impl Fn(&[u8], bool, &mut Vec<u8>) -> (usize, bool),
        append: impl Fn(&Block, u64, usize, usize, &mut Vec<u8>),
        append_behind_spaces: impl Fn(&[u8], &mut Vec<u32>),
    ) {
        self.clear();
        if !self.read_fast(text, run, append) {
            self.clear();
            self.read_normalised(text);
        }
        if self.last == Last::Separator {
            self.text.pop();
        }
        self.starts.extend((!self.text.is_empty()).then_some(0));
        append_behind_spaces(&self.text, &mut self.starts);
    }

    /// The instructions that they are read with.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Number of tokens.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    fn clear(&mut self) {
        self.text.clear();
        self.starts.clear();
        self.last = Last::Separator;
    }

    /// Read a text of which no character depends on its neighbours; false when one does.
    #[inline(always)]
    fn read_fast(
        &mut self,
        text: &str,
        run: impl Fn(&[u8], bool, &mut Vec<u8>) -> (usize, bool),
        append: impl Fn(&Block, u64, usize, usize, &mut Vec<u8>),
    ) -> bool {
        let bytes = text.as_bytes();
        let mut ordered_mark = false;
        let mut at = 0;
        while at < bytes.len() {
            assert!(self.text.len() < LONGEST, "a text normalises to 4 GiB or more");
            let read = self.push_run(&bytes[at..bytes.len().min(at + RUN)], &run);
            if read > 0 {
                ordered_mark = false;
                at += read;
                continue;
            }
            let length = (bytes.len() - at).min(BLOCK);
            let block = if length == BLOCK {
                Block::new(bytes[at..at + BLOCK].try_into().expect("a whole block"))
            } else {
                let mut padded = [b' '; BLOCK];
                padded[..length].copy_from_slice(&bytes[at..]);
                Block::new(&padded)
            };
            let mut i = 0;
            while i < length {
                let high = block.high & (u64::MAX << i);
                let stop = if high == 0 { length } else { high.trailing_zeros() as usize };
                if stop > i {
                    self.push_ascii(&block, i, stop, &append);
                    ordered_mark = false;
                    i = stop;
                }
                while i < length && bytes[at + i] >= 0x80 {
                    // SAFETY: `at + i` is where the block began or where a character ended.
                    let c = unsafe { text.get_unchecked(at + i..) }.chars().next();
                    let c = c.expect("a character begins here");
                    i += c.len_utf8();
                    if !self.push_effect(c, &mut ordered_mark) {
                        return false;
                    }
                }
            }
            at += i;
        }
        true
    }

    /// Append the words of the blocks of ASCII that `text` begins with; gives how many bytes these have.
    #[inline(always)]
    fn push_run(&mut self, text: &[u8], run: impl Fn(&[u8], bool, &mut Vec<u8>) -> (usize, bool)) -> usize {
        if self.last == Last::Single && text[0].is_ascii_alphanumeric() {
            self.separate();
        }
        let (read, ends_in_word) = run(text, self.last != Last::Separator, &mut self.text);
        if read > 0 {
            self.last = if ends_in_word { Last::Word } else { Last::Separator };
        }
        read
    }

    /// Append the words in bytes `from..to` of a block, each with the space behind it.
    #[inline(always)]
    fn push_ascii(
        &mut self,
        block: &Block,
        from: usize,
        to: usize,
        append: impl Fn(&Block, u64, usize, usize, &mut Vec<u8>),
    ) {
        let within = u64::MAX << from & u64::MAX >> (BLOCK - to);
        if self.last == Last::Single && block.word >> from & 1 == 1 {
            self.separate();
        }
        let behind_token = block.word << 1 | u64::from(self.last != Last::Separator) << from;
        append(block, (block.word | behind_token) & within, from, to, &mut self.text);
        self.last = if block.word >> (to - 1) & 1 == 1 { Last::Word } else { Last::Separator };
    }

    /// Append the bytes of a character with one store.
    #[inline]
    fn push_char(&mut self, c: char) {
        let (bytes, length) = utf8(c);
        self.text.reserve(4);
        let end = self.text.len();
        // SAFETY: four bytes are reserved beyond `end`, of which the first `length` become part of the text.
        unsafe {
            self.text.as_mut_ptr().add(end).cast::<u32>().write_unaligned(bytes.to_le());
            self.text.set_len(end + length);
        }
    }

    /// End a token, if there is one to be ended.
    #[inline]
    fn separate(&mut self) {
        if self.last != Last::Separator {
            self.text.push(b' ');
            self.last = Last::Separator;
        }
    }

    /// Append a character that is not ASCII; false if its neighbours matter.
    #[inline]
    fn push_effect(&mut self, c: char, ordered_mark: &mut bool) -> bool {
        let followed_mark = std::mem::replace(ordered_mark, false);
        match CLASSES.effect(c) {
            Effect::Separator => self.separate(),
            Effect::Ignored => *ordered_mark = followed_mark,
            Effect::Word(w) => self.push(Class::Word, w),
            Effect::Single(s) => self.push(Class::Single, s),
            Effect::Mark(m) => self.push(Class::Mark, m),
            Effect::OrderedMark(_) if followed_mark => return false,
            Effect::OrderedMark(m) => {
                *ordered_mark = true;
                self.push(Class::Mark, m);
            }
            Effect::Many(index) => {
                for &(class, part) in CLASSES.expansion(index) {
                    self.push(class, part);
                }
            }
            Effect::Complex => return false,
        }
        true
    }

    /// Read any text, through the normaliser.
    fn read_normalised(&mut self, text: &str) {
        let known = text.chars().filter_map(|c| match CLASSES.class(c) {
            Class::Ignored => None,
            Class::Unknown => Some(' '),
            _ => Some(c),
        });
        for c in known.nfkc() {
            assert!(self.text.len() < LONGEST, "a text normalises to 4 GiB or more");
            CLASSES.fold(c, |class, folded| self.push(class, folded));
        }
    }

    /// Append one normalised character.
    #[inline]
    fn push(&mut self, class: Class, c: char) {
        match class {
            Class::Ignored => return,
            Class::Separator | Class::Unknown => return self.separate(),
            Class::Mark if self.last == Last::Separator => return,
            Class::Mark => {}
            Class::Word => {
                if self.last == Last::Single {
                    self.separate();
                }
                self.last = Last::Word;
            }
            Class::Single => {
                self.separate();
                self.last = Last::Single;
            }
        }
        self.push_char(c);
    }
}

/// Reads nothing: where a run of blocks is not read faster than one after the other.
fn no_run(_: &[u8], _: bool, _: &mut Vec<u8>) -> (usize, bool) {
    (0, false)
}

/// The UTF-8 bytes of a character as a little-endian number, and how many they are.
#[inline]
fn utf8(c: char) -> (u32, usize) {
    let code = c as u32;
    match code {
        0..0x80 => (code, 1),
        0x80..0x800 => (0x80C0 | code >> 6 | (code & 0x3F) << 8, 2),
        0x800..0x10000 => (0x80_80E0 | code >> 12 | (code >> 6 & 0x3F) << 8 | (code & 0x3F) << 16, 3),
        _ => {
            let tail = (code >> 12 & 0x3F) << 8 | (code >> 6 & 0x3F) << 16 | (code & 0x3F) << 24;
            (0x8080_80F0 | code >> 18 | tail, 4)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_levels_read_the_same() {
        let ascii = ["Word", "x", "7", " ", ", ", "\n\n", "0-A_b", "a\0Z", "[`{@/:"];
        let other = [" – ", "é", "東京", "\u{301}", "\u{ad}", "’", "ﬁ"];
        let mut state = 1u32;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize % below
        };
        for length in 0..600 {
            // Now and then a text is all ASCII, or all but all.
            let seldom = [2, 40, 500][length % 3];
            let text: String = (0..length)
                .map(|_| match random(seldom) {
                    0 => other[random(other.len())],
                    _ => ascii[random(ascii.len())],
                })
                .collect();
            let mut expected = Tokens::at(Level::Baseline);
            expected.read(&text);
            let parts = expected.text.split(|&byte| byte == b' ').filter(|part| !part.is_empty()).count();
            assert_eq!(expected.count(), parts);
            for level in Level::available() {
                let mut tokens = Tokens::at(level);
                tokens.read(&text);
                assert_eq!(
                    (&tokens.text, &tokens.starts),
                    (&expected.text, &expected.starts),
                    "{level:?} {text}"
                );
            }
        }
    }
}
