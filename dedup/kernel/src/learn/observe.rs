//! Observing: a raw text in, rows of its lines, prefixes and suffixes out.

use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memchr_iter;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::cuts::{prefixes, suffixes};
use super::{NO_STORY, Row, SLOTS, UNKNOWN_STORY};
use crate::strip::form;

const ELEMENT_WORDS: usize = 8;
const MOST_WORDS: usize = 64;
const OPENING: usize = 2;
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Words beyond these are not counted: a row has one byte for them.
const WORDS_OF_ROW: usize = 255;

const LINE: u8 = 0;
const PREFIX: u8 = 1;
const SUFFIX: u8 = 2;

/// Keys that were observed before: a bit each, so that a few look as if they were.
pub struct Seen {
    bits: Vec<AtomicU64>,
    /// Keys whose text was given lately, at a place that the key decides: most repeated lines repeat often.
    given: Vec<AtomicU64>,
}

impl Seen {
    /// 32 MB of bits: with 40 million keys one in seven looks as if it was seen, and its text is given for nothing.
    const BITS: u32 = 28;
    const GIVEN: u32 = 16;

    pub fn new() -> Seen {
        let zeros = |count: usize| (0..count).map(|_| AtomicU64::new(0)).collect();
        Seen { bits: zeros(1 << (Seen::BITS - 6)), given: zeros(1 << Seen::GIVEN) }
    }

    /// Note `key`; whether its text is wanted. Which of two threads is the first does not matter: the other is not.
    fn wants(&self, key: u64) -> bool {
        let at = key >> (64 - Seen::BITS);
        let bit = 1 << (at & 63);
        if self.bits[(at >> 6) as usize].fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            return false;
        }
        self.given[(key >> (64 - Seen::GIVEN)) as usize].swap(key, Ordering::Relaxed) != key
    }
}

/// Observations of some documents.
#[derive(Default)]
pub struct Observations {
    pub rows: Vec<Row>,
    pub keys: Vec<u64>,
    pub texts: Vec<u8>,
    pub ends: Vec<usize>,
}

/// A line, prefix or suffix.
#[derive(Clone, Copy)]
struct Part {
    key: u64,
    words: usize,
    kind: u8,
    /// Its text, in `Scratch::texts`.
    text: (usize, usize),
    stories: [u32; SLOTS],
}

/// The least rank of an element in one slot, whose it is, and the least of the others.
#[derive(Clone, Copy)]
struct Least {
    rank: u64,
    key: u64,
    next: u64,
}

/// Working memory of one thread.
#[derive(Default)]
pub struct Scratch {
    form: Vec<u8>,
    /// The texts of all parts: plain forms with digits as 0.
    texts: Vec<u8>,
    /// Distinct lines; all lines that are not blank, in their order; distinct cuts.
    lines: Vec<Part>,
    in_order: Vec<Part>,
    cuts: Vec<Part>,
    places: Vec<usize>,
    /// The least rank of an element in each slot.
    least: [u64; SLOTS],
}

/// Append what `text` shows, with the texts that `seen` wants, or all.
pub fn observe(
    text: &str,
    (source, place): (u64, u64),
    seen: Option<&Seen>,
    is_all: bool,
    scratch: &mut Scratch,
    out: &mut Observations,
) {
    scratch.read(text);
    scratch.tell();
    scratch.cut();
    for part in scratch.lines.iter().chain(&scratch.cuts) {
        out.rows.push(Row {
            key: part.key,
            source,
            place,
            stories: part.stories,
            documents: 1,
            words: part.words as u8,
            kind: part.kind,
        });
        if seen.is_none_or(|seen| seen.wants(part.key)) || is_all {
            out.keys.push(part.key);
            out.texts.extend_from_slice(&scratch.texts[part.text.0..part.text.1]);
            out.ends.push(out.texts.len());
        }
    }
}

impl Scratch {
    /// The lines of `text`.
    fn read(&mut self, text: &str) {
        self.texts.clear();
        self.in_order.clear();
        let mut start = 0;
        for end in memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            self.form.clear();
            form::append(&text[start..end], true, &mut self.form);
            start = end + 1;
            if !self.form.is_empty() {
                let plain = form::plain(&self.form);
                let line = part(&self.form[plain.0..plain.1], LINE, &mut self.texts);
                self.in_order.push(line);
            }
        }
        self.lines.clone_from(&self.in_order);
        self.lines.sort_unstable_by_key(|line| line.key);
        self.lines.dedup_by_key(|line| line.key);
    }

    /// Give each distinct line its story values.
    fn tell(&mut self) {
        let elements = self.lines.iter().filter(|line| line.words >= ELEMENT_WORDS);
        let mut total = 0;
        let mut least = [Least { rank: u64::MAX, key: 0, next: u64::MAX }; SLOTS];
        for line in elements {
            total += weight(line.words);
            for (slot, least) in least.iter_mut().enumerate() {
                let rank = rank(line, slot);
                if rank < least.rank {
                    *least = Least { rank, key: line.key, next: least.rank };
                } else {
                    least.next = least.next.min(rank);
                }
            }
        }
        for line in &mut self.lines {
            let own = if line.words >= ELEMENT_WORDS { weight(line.words) } else { 0 };
            line.stories = if total - own < weight(line.words) {
                [UNKNOWN_STORY; SLOTS]
            } else {
                least.map(|least| story(if least.key == line.key { least.next } else { least.rank }))
            };
        }
        self.least = least.map(|least| least.rank);
    }

    /// The prefixes and suffixes of the lines.
    fn cut(&mut self) {
        let Scratch { form: plain, texts, in_order, cuts, places, least, .. } = self;
        cuts.clear();
        let mut elements = 0;
        for line in in_order.iter() {
            let is_element = line.words >= ELEMENT_WORDS;
            elements += usize::from(is_element);
            // The text of the line has the digits as 0, which no cut depends on.
            plain.clear();
            plain.extend_from_slice(&texts[line.text.0..line.text.1]);
            let first = cuts.len();
            if is_element && elements <= OPENING {
                prefixes(plain, places);
                cuts.extend(places.iter().map(|&end| plain_part(&plain[..end], PREFIX, texts)));
            }
            suffixes(plain, places);
            cuts.extend(places.iter().map(|&start| plain_part(&plain[start..], SUFFIX, texts)));
            if cuts.len() > first {
                let stories = std::array::from_fn(|slot| story(rank(line, slot).min(least[slot])));
                cuts[first..].iter_mut().for_each(|cut| cut.stories = stories);
            }
        }
        // Stable: the first line that has a cut says what story it is in.
        cuts.sort_by_key(|cut| cut.key);
        cuts.dedup_by_key(|cut| cut.key);
    }
}

fn plain_part(form: &[u8], kind: u8, texts: &mut Vec<u8>) -> Part {
    let plain = form::plain(form);
    part(&form[plain.0..plain.1], kind, texts)
}

/// A part whose plain form is `plain`, with its text appended to `texts`.
fn part(plain: &[u8], kind: u8, texts: &mut Vec<u8>) -> Part {
    let start = texts.len();
    texts.extend_from_slice(plain);
    let text = &mut texts[start..];
    text.iter_mut().for_each(|byte| *byte = if byte.is_ascii_digit() { b'0' } else { *byte });
    Part {
        key: xxh3_64_with_seed(text, u64::from(kind)),
        words: count_words(text),
        kind,
        text: (start, texts.len()),
        stories: [UNKNOWN_STORY; SLOTS],
    }
}

/// Words as the guard rails count them, up to `WORDS_OF_ROW`.
fn count_words(text: &[u8]) -> usize {
    if !text.is_ascii() {
        return form::count_words(text, WORDS_OF_ROW);
    }
    // A form has no two spaces together; a part of one may begin or end with one.
    let spaces = text.iter().filter(|&&byte| byte == b' ').count();
    let edges = usize::from(text.starts_with(b" ")) + usize::from(text.ends_with(b" "));
    (spaces + 1 - edges).min(WORDS_OF_ROW)
}

fn weight(words: usize) -> u64 {
    (words.min(MOST_WORDS) as u64).pow(2)
}

fn rank(line: &Part, slot: usize) -> u64 {
    mix(line.key.wrapping_add((slot as u64 + 1).wrapping_mul(GOLDEN))) / weight(line.words).max(1)
}

fn story(rank: u64) -> u32 {
    (rank as u32).clamp(UNKNOWN_STORY + 1, NO_STORY - 1)
}

/// The finaliser of MurmurHash3.
fn mix(mut value: u64) -> u64 {
    value = (value ^ value >> 33).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    value = (value ^ value >> 33).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    value ^ value >> 33
}
