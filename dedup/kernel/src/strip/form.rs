//! The matching form of a line: raw text in, normalised and case-folded UTF-8 out.
//!
//! `dedup/reference/lines.py` defines the form; this is the same in one pass. A line of printable ASCII without
//! doubled spaces is copied 32 bytes at a time; a character that is its own form is copied; what is left is
//! normalised segment by segment.

use std::sync::LazyLock;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use crate::classes::{CLASSES, Class};

/// Bytes that the fast path takes at once.
const BLOCK: usize = 32;

/// Where the ends of a line's segments lie: (bytes of the raw line, bytes of the form).
pub type Ends = Vec<(usize, usize)>;

/// Append the form of `line` to `out`.
pub fn append(line: &str, fold: bool, out: &mut Vec<u8>) {
    let start = out.len();
    let mut at = 0;
    while at < line.len() {
        at += copy_plain_ascii(&line.as_bytes()[at..], fold, start, out);
        let stop = line.len().min(at + BLOCK);
        while at < stop {
            at += append_segment(&line[at..], fold, start, out);
        }
    }
    if out.len() > start && out.ends_with(b" ") {
        out.pop();
    }
}

/// Whether nothing is left of `line` in its form.
pub fn is_blank(line: &str) -> bool {
    let mut form = Vec::new();
    append(line, true, &mut form);
    form.is_empty()
}

/// The ends of the segments of `line`, with the form's length before a space at its end is taken off.
pub fn segment_ends(line: &str, fold: bool, ends: &mut Ends) {
    let mut form = Vec::new();
    let mut at = 0;
    ends.clear();
    ends.push((0, 0));
    while at < line.len() {
        at += append_segment(&line[at..], fold, 0, &mut form);
        ends.push((at, form.len()));
    }
}

/// The part of `form` without bullets and arrows at its ends.
pub fn plain(form: &[u8]) -> (usize, usize) {
    let (mut start, mut end) = (0, form.len());
    while start < end {
        match first_char(&form[start..end]) {
            Some((char, size)) if is_leading(char) => start += size,
            _ => break,
        }
    }
    while start < end {
        match last_char(&form[start..end]) {
            Some((char, size)) if is_trailing(char) => end -= size,
            _ => break,
        }
    }
    if start == end { (0, form.len()) } else { (start, end) }
}

/// Words of a form for the guard rails, counted up to about `enough`.
pub fn count_words(form: &[u8], enough: usize) -> usize {
    let (mut words, mut inside, mut at) = (0, false, 0);
    while at < form.len() && words < enough {
        let (char, size) = first_char(&form[at..]).unwrap_or(('\0', 1));
        let single = is_word_of_its_own(char);
        words += usize::from(single || char != ' ' && !inside);
        inside = char != ' ' && !single;
        at += size;
    }
    words
}

/// Lower-case `char` where that is one character, in the scripts where every Unicode version agrees.
pub fn fold_char(char: char) -> char {
    if char.is_ascii() {
        return char.to_ascii_lowercase();
    }
    if !is_folded_block(char) {
        return char;
    }
    let mut lower = char.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => char,
    }
}

/// Copy blocks of printable ASCII from the start of `bytes`; return how many bytes were taken.
fn copy_plain_ascii(bytes: &[u8], fold: bool, start: usize, out: &mut Vec<u8>) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let size = BLOCK.min(bytes.len() - at);
        // The byte behind a block is looked at too: it may be a second space, or begin a mark. Behind the line, any letter will do.
        let mut padded = [b'x'; BLOCK + 1];
        let window = match bytes[at..].first_chunk() {
            Some(window) => window,
            None => {
                padded[..bytes.len() - at].copy_from_slice(&bytes[at..]);
                &padded
            }
        };
        let Some(block) = plain_ascii(window, fold) else {
            break;
        };
        if block[0] == b' ' && (out.len() == start || out.ends_with(b" ")) {
            break;
        }
        out.extend_from_slice(&block[..size]);
        at += size;
    }
    at
}

/// The form of a block of ASCII, if it only needs folding.
fn plain_ascii(window: &[u8; BLOCK + 1], fold: bool) -> Option<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    let mut odd = false;
    for i in 0..BLOCK {
        let (byte, next) = (window[i], window[i + 1]);
        let upper = byte.wrapping_sub(b'A') < 26;
        block[i] = byte | (u8::from(upper & fold) << 5);
        odd |= (byte.wrapping_sub(b' ') >= 95)
            | (byte == b'`')
            | (next >= 0x80)
            | ((byte == b' ') & (next == b' '));
    }
    (!odd).then_some(block)
}

/// Append the form of the first segment of `rest`, which is not empty; return its length in bytes.
fn append_segment(rest: &str, fold: bool, start: usize, out: &mut Vec<u8>) -> usize {
    let bytes = rest.as_bytes();
    let marked = |size: usize| size < bytes.len() && begins_mark(bytes[size]) && is_mark_at(rest, size);
    let first = bytes[0];
    if first < 0x80 && !marked(1) {
        match first {
            b'!'..=b'@' | b'['..=b'_' | b'a'..=b'~' => out.push(first),
            _ => push(char::from(first), fold, start, out),
        }
        return 1;
    }
    let Some(char) = rest.chars().next() else { return 0 };
    let size = char.len_utf8();
    if !marked(size) || !takes_marks(char) {
        if let Some(folded) = own_form(char) {
            let own = if fold { folded } else { char };
            out.extend_from_slice(own.encode_utf8(&mut [0; 4]).as_bytes());
        } else if straight(char) != char || is_fixed(char) {
            push(char, fold, start, out);
        } else if !is_ignored(char) {
            std::iter::once(char).nfkc().for_each(|char| push(char, fold, start, out));
        }
        return size;
    }
    let marks = rest[size..].chars().take_while(|&char| is_mark(char));
    let size = size + marks.map(char::len_utf8).sum::<usize>();
    rest[..size].nfkc().for_each(|char| push(char, fold, start, out));
    size
}

/// Append one normalised character: spaces collapsed, quotes and dashes straight, folded.
fn push(char: char, fold: bool, start: usize, out: &mut Vec<u8>) {
    let char = if is_space(char) { ' ' } else { straight(char) };
    if char == ' ' && (out.len() == start || out.ends_with(b" ")) {
        return;
    }
    let char = if fold { fold_char(char) } else { char };
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The first character of valid UTF-8, and its length.
fn first_char(bytes: &[u8]) -> Option<(char, usize)> {
    let size = match *bytes.first()? {
        ..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    let char = std::str::from_utf8(bytes.get(..size)?).ok()?.chars().next()?;
    Some((char, size))
}

/// The last character of valid UTF-8, and its length.
fn last_char(bytes: &[u8]) -> Option<(char, usize)> {
    let size = 1 + bytes.iter().rev().take_while(|&&byte| byte & 0xc0 == 0x80).count();
    first_char(&bytes[bytes.len().checked_sub(size)?..])
}

fn is_leading(char: char) -> bool {
    matches!(char, ' ' | '*' | '|' | '>')
        || !char.is_ascii() && "‣·∙●•○◦■□▪▫▶▷▸▹►▻◀◁◂◃◄←→↑↓➔➜➤»«›‹".contains(char)
}

fn is_trailing(char: char) -> bool {
    matches!(char, ' ' | ':' | '>' | '|') || !char.is_ascii() && "·•▶▷▸▹►▻▲△▴▼▽▾←→↑↓➔➜➤»«›‹⌄".contains(char)
}

fn straight(char: char) -> char {
    match char {
        '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' | '`' | '´' => '\'',
        '“' | '”' | '„' | '‟' | '″' => '"',
        '‐'..='―' | '−' => '-',
        _ => char,
    }
}

fn is_space(char: char) -> bool {
    matches!(char, '\0'..=' ' | '\x7f' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}')
        || matches!(char, '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

fn is_ignored(char: char) -> bool {
    matches!(
        char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
    ) || matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(char, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_mark(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{34e}' | '\u{350}'..='\u{36f}' | '\u{653}'..='\u{655}')
        || matches!(char, '\u{3099}' | '\u{309a}' | '\u{1161}'..='\u{11ff}')
}

/// Whether a mark may begin with `byte`.
fn begins_mark(byte: u8) -> bool {
    matches!(byte, 0xcc | 0xcd | 0xd9 | 0xe1 | 0xe3)
}

fn is_mark_at(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(is_mark)
}

fn takes_marks(char: char) -> bool {
    !is_space(char) && !is_ignored(char) && straight(char) == char && !is_fixed(char)
}

/// Characters that stay as they are, because later versions of Unicode may decompose them.
fn is_fixed(char: char) -> bool {
    CLASSES.class(char) == Class::Unknown
}

fn is_folded_block(char: char) -> bool {
    char < '\u{530}' || ('\u{1e00}'..='\u{1eff}').contains(&char)
}

fn is_word_of_its_own(char: char) -> bool {
    matches!(char, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}')
        || matches!(char, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
        || matches!(char, '\u{20000}'..='\u{3ffff}')
}

/// What `char` folds to, if it is of the basic plane and its own form but for folding.
///
/// A table of 16-bit code units, zero where there is work to do: to ask the crate and to fold would cost 30 ns.
fn own_form(char: char) -> Option<char> {
    static TABLE: LazyLock<Vec<u16>> = LazyLock::new(|| {
        let own = |char| if is_unchanged(char) { fold_char(char) } else { '\0' };
        let chars = (0..0x10000).map(|code| char::from_u32(code).map_or('\0', own));
        chars.map(|char| u16::try_from(u32::from(char)).unwrap_or(0)).collect()
    });
    let unit = *TABLE.get(char as usize)?;
    char::from_u32(u32::from(unit)).filter(|&char| char != '\0')
}

fn is_unchanged(char: char) -> bool {
    !is_space(char)
        && !is_ignored(char)
        && straight(char) == char
        && !is_fixed(char)
        && is_nfkc_quick(std::iter::once(char)) == IsNormalized::Yes
}
