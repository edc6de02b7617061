//! Normalising and cutting a text into tokens: UTF-8 in, tokens joined by one space out.
//!
//! Three speeds: runs of ASCII go by blocks of 64 bytes classified at once;
//! other characters go by table; a text with a character that normalisation
//! may join or reorder with its neighbours goes through the normaliser whole.

use unicode_normalization::UnicodeNormalization;

use crate::classes::{CLASSES, Class, Effect};

/// The tokens of one text. Reused from text to text.
#[derive(Default)]
pub struct Tokens {
    /// The tokens, joined by one space.
    pub text: Vec<u8>,
    /// Where each token begins in `text`.
    pub starts: Vec<u32>,
    last: Last,
}

/// What the next character stands behind.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Last {
    #[default]
    Separator,
    Word,
    Single,
}

const BLOCK: usize = 64;
/// Bytes that may be written beyond the end of a word while copying it.
const SLACK: usize = 16;
/// What the words of one block can take in the output, with the spaces between them.
const ROOM: usize = 2 * BLOCK;
/// Token positions are 32 bits; one block adds far less than 64 KiB.
const LONGEST: usize = u32::MAX as usize - (1 << 16);

impl Tokens {
    /// Replace the contents by the tokens of `text`.
    pub fn read(&mut self, text: &str) {
        self.clear();
        if !self.read_fast(text) {
            self.clear();
            self.read_normalised(text);
        }
        self.last = Last::Separator;
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    fn clear(&mut self) {
        self.text.clear();
        self.starts.clear();
        self.last = Last::Separator;
    }

    /// Read a text of which no character depends on its neighbours; false when one does.
    fn read_fast(&mut self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut ordered_mark = false;
        let mut at = 0;
        while at < bytes.len() {
            let mut block = [b' '; BLOCK + SLACK];
            let length = (bytes.len() - at).min(BLOCK);
            let masks = if length == BLOCK {
                classify(bytes[at..at + BLOCK].try_into().expect("a whole block"), &mut block)
            } else {
                let mut padded = [b' '; BLOCK];
                padded[..length].copy_from_slice(&bytes[at..]);
                classify(&padded, &mut block)
            };
            assert!(self.text.len() < LONGEST, "a text normalises to 4 GiB or more");
            let mut i = 0;
            while i < length {
                let high = masks.high & (u64::MAX << i);
                let stop = if high == 0 { length } else { high.trailing_zeros() as usize };
                if stop > i {
                    self.push_ascii(&block, masks.word, i, stop);
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

    /// Append the words in bytes `from..to` of a lower-cased block.
    #[inline]
    fn push_ascii(&mut self, block: &[u8; BLOCK + SLACK], word: u64, from: usize, to: usize) {
        let word = word & (u64::MAX << from) & (u64::MAX >> (BLOCK - to));
        let mut starts = word & !(word << 1);
        let mut ends = !word & (word << 1);
        let continued = self.last == Last::Word && starts >> from & 1 == 1;
        self.last = if word >> (to - 1) & 1 == 1 { Last::Word } else { Last::Separator };
        self.text.reserve(ROOM);
        self.starts.reserve(BLOCK);
        let mut end = self.text.len();
        let mut count = self.starts.len();
        // SAFETY: every word of a block begins and ends within it. Together the words, a space before each and
        // the overhang of the last copy take at most 64 + 32 + 16 <= ROOM bytes of `text` and 32 <= BLOCK places
        // in `starts`, all reserved above; reads go up to 15 bytes beyond the end of a word, so up to 64 + 15
        // < BLOCK + SLACK. Everything below the new lengths has been written.
        unsafe {
            let text = self.text.as_mut_ptr();
            let places = self.starts.as_mut_ptr();
            if continued {
                let length = ends.trailing_zeros() as usize - from;
                copy_word(block.as_ptr().add(from), text.add(end), length);
                end += length;
                starts &= starts - 1;
                ends &= ends.wrapping_sub(1);
            }
            while starts != 0 {
                let start = starts.trailing_zeros() as usize;
                let length = ends.trailing_zeros() as usize - start;
                *text.add(end) = b' ';
                end += usize::from(count > 0);
                *places.add(count) = end as u32;
                count += 1;
                copy_word(block.as_ptr().add(start), text.add(end), length);
                end += length;
                starts &= starts - 1;
                ends &= ends.wrapping_sub(1);
            }
            self.text.set_len(end);
            self.starts.set_len(count);
        }
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

    /// Begin a token.
    #[inline]
    fn begin(&mut self) {
        if !self.starts.is_empty() {
            self.text.push(b' ');
        }
        self.starts.push(self.text.len() as u32);
    }

    /// Append a character that is not ASCII; false if its neighbours matter.
    #[inline]
    fn push_effect(&mut self, c: char, ordered_mark: &mut bool) -> bool {
        let followed_mark = std::mem::replace(ordered_mark, false);
        match CLASSES.effect(c) {
            Effect::Separator => self.last = Last::Separator,
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
            Class::Separator | Class::Unknown => {
                self.last = Last::Separator;
                return;
            }
            Class::Mark if self.last == Last::Separator => return,
            Class::Mark => {}
            Class::Word => {
                if self.last != Last::Word {
                    self.begin();
                }
                self.last = Last::Word;
            }
            Class::Single => {
                self.begin();
                self.last = Last::Single;
            }
        }
        self.push_char(c);
    }
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

/// Copy `length` <= 64 bytes in strides of 16: nearly all words take one store, far cheaper than a call.
///
/// # Safety
/// Both sides must be valid for `length` bytes rounded up to a multiple of 16 (at least 16).
#[inline(always)]
unsafe fn copy_word(from: *const u8, to: *mut u8, length: usize) {
    let mut at = 0;
    loop {
        // SAFETY: `at` is a multiple of 16 below `length`, or 0.
        unsafe { std::ptr::copy_nonoverlapping(from.add(at), to.add(at), SLACK) };
        at += SLACK;
        if at >= length {
            return;
        }
    }
}

/// One bit a byte of a block: ASCII letters and digits, and bytes from 0x80.
struct Masks {
    word: u64,
    high: u64,
}

/// Classify a block and write it lower-cased.
#[cfg(target_arch = "x86_64")]
#[inline]
fn classify(block: &[u8; BLOCK], lower: &mut [u8; BLOCK + SLACK]) -> Masks {
    use std::arch::x86_64::*;
    let mut masks = Masks { word: 0, high: 0 };
    for part in 0..BLOCK / 16 {
        // SAFETY: SSE2 belongs to every x86-64; the loads and stores are unaligned and stay within
        // 16 * part + 16 <= 64 bytes of arrays of at least 64 bytes.
        unsafe {
            let bytes = _mm_loadu_si128(block.as_ptr().add(16 * part).cast());
            let within = |value, low: u8, count: u8| {
                let shifted = _mm_sub_epi8(value, _mm_set1_epi8(low as i8));
                _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(count as i8 - 1)), shifted)
            };
            let upper = within(bytes, b'A', 26);
            let folded = _mm_or_si128(bytes, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
            let word = _mm_or_si128(within(folded, b'a', 26), within(bytes, b'0', 10));
            _mm_storeu_si128(lower.as_mut_ptr().add(16 * part).cast(), folded);
            masks.word |= u64::from(_mm_movemask_epi8(word) as u16) << (16 * part);
            masks.high |= u64::from(_mm_movemask_epi8(bytes) as u16) << (16 * part);
        }
    }
    masks
}

/// Classify a block and write it lower-cased.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn classify(block: &[u8; BLOCK], lower: &mut [u8; BLOCK + SLACK]) -> Masks {
    let mut masks = Masks { word: 0, high: 0 };
    for (i, &byte) in block.iter().enumerate() {
        lower[i] = byte.to_ascii_lowercase();
        masks.word |= u64::from(byte.is_ascii_alphanumeric()) << i;
        masks.high |= u64::from(byte >= 0x80) << i;
    }
    masks
}
