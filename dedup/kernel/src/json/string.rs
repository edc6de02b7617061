//! JSON strings: finding their end, checking their escapes, and taking them out.

use std::mem::MaybeUninit;
use std::slice;

use memchr::memchr;

use super::Malformed;
use super::special::{STEP, find_special, unescaped_bytes};

/// A string of a record that has been checked.
#[derive(Clone, Copy)]
pub struct Quoted {
    /// The closing quote.
    pub end: usize,
    /// Whether there are escapes.
    pub escaped: bool,
    /// Whether an escape is half a surrogate pair.
    pub lone: bool,
}

/// Checks the string whose opening quote is `bytes[open]`.
#[inline]
pub fn read_string(bytes: &[u8], open: usize) -> Result<Quoted, Malformed> {
    let (mut escaped, mut lone) = (false, false);
    let mut at = find_special(bytes, open + 1);
    loop {
        match bytes.get(at) {
            Some(b'"') => {
                return Ok(Quoted { end: at, escaped, lone });
            }
            Some(b'\\') => {
                let Some((character, length)) = read_escape(bytes, at) else {
                    return Err(Malformed { what: "invalid escape", at });
                };
                escaped = true;
                lone |= character.is_none();
                at += length;
                // Escapes come in rows where a whole text is escaped.
                if bytes.get(at) != Some(&b'\\') {
                    at = find_special(bytes, at);
                }
            }
            Some(_) => {
                return Err(Malformed { what: "control character in a string", at });
            }
            None => {
                return Err(Malformed { what: "unterminated string", at: open });
            }
        }
    }
}

/// The character (None for half a surrogate pair) and the length of the escape at `bytes[at]`, None if it is none.
#[inline(always)]
fn read_escape(bytes: &[u8], at: usize) -> Option<(Option<char>, usize)> {
    /// What the letter after the backslash stands for; 0 where it is none.
    const LETTERS: [u8; 256] = {
        let mut letters = [0; 256];
        let mut i = 0;
        while i < 8 {
            letters[b"\"\\/bfnrt"[i] as usize] = b"\"\\/\x08\x0c\n\r\t"[i];
            i += 1;
        }
        letters
    };
    let letter = *bytes.get(at + 1)?;
    if letter == b'u' {
        return read_unicode_escape(bytes, at);
    }
    match LETTERS[usize::from(letter)] {
        0 => None,
        byte => Some((Some(char::from(byte)), 2)),
    }
}

/// `read_escape` of `\uXXXX`, or of two of them that are a surrogate pair.
#[inline(always)]
fn read_unicode_escape(bytes: &[u8], at: usize) -> Option<(Option<char>, usize)> {
    let unit = read_hex(bytes.get(at + 2..at + 6)?)?;
    if let Some(character) = char::from_u32(unit) {
        return Some((Some(character), 6));
    }
    if unit < 0xdc00
        && let Some([b'\\', b'u', digits @ ..]) = bytes.get(at + 6..at + 12)
        && let Some(low @ 0xdc00..0xe000) = read_hex(digits)
    {
        let code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        return Some((char::from_u32(code), 12));
    }
    Some((None, 6))
}

/// The value of four hexadecimal digits.
#[inline(always)]
fn read_hex(digits: &[u8]) -> Option<u32> {
    /// What a digit adds at each of the four places; for what is no digit, a bit above all values.
    static VALUES: [[u32; 256]; 4] = {
        let mut values = [[1 << 16; 256]; 4];
        let mut i = 0;
        while i < 64 {
            let (digit, place) = (i % 16, i / 16);
            values[place][b"0123456789abcdef"[digit] as usize] = (digit as u32) << (12 - 4 * place);
            values[place][b"0123456789ABCDEF"[digit] as usize] = (digit as u32) << (12 - 4 * place);
            i += 1;
        }
        values
    };
    let [a, b, c, d] = <[u8; 4]>::try_from(digits).ok()?.map(usize::from);
    let value = VALUES[0][a] | VALUES[1][b] | VALUES[2][c] | VALUES[3][d];
    (value < 1 << 16).then_some(value)
}

/// Appends the string with the bytes `raw` between its quotes, which have been checked, as valid UTF-8.
///
/// `utf8` says that `raw` is known to be valid UTF-8.
#[inline]
pub fn push_string(raw: &[u8], escaped: bool, utf8: bool, out: &mut Vec<u8>) {
    if escaped {
        push_unescaped(raw, utf8, out);
    } else {
        push_run(raw, utf8, out);
    }
}

fn push_unescaped(raw: &[u8], utf8: bool, out: &mut Vec<u8>) {
    if !utf8 {
        return push_repaired(raw, out);
    }
    // An escape is longer than what it stands for, so this is room enough; whole steps are written.
    out.reserve(raw.len() + STEP);
    let room = out.spare_capacity_mut();
    let mut write = |to: usize, bytes: &[u8]| room[to..to + bytes.len()].copy_from_slice(as_uninit(bytes));
    let (mut from, mut to) = (0, 0);
    while from < raw.len() {
        if raw[from] == b'\\' {
            let (character, length) = read_escape(raw, from).unwrap_or((None, 1));
            let mut bytes = [0; 4];
            let width = character.unwrap_or('\u{fffd}').encode_utf8(&mut bytes).len();
            write(to, &bytes);
            from += length;
            to += width;
        } else if let Some(step) = raw[from..].first_chunk::<STEP>() {
            write(to, step);
            let mut length = unescaped_bytes(step);
            if length == STEP {
                length = memchr(b'\\', &raw[from..]).unwrap_or(raw.len() - from);
                write(to + STEP, &raw[from + STEP..from + length]);
            }
            from += length;
            to += length;
        } else {
            write(to, &raw[from..from + 1]);
            from += 1;
            to += 1;
        }
    }
    // SAFETY: all of the first `to` bytes of the spare capacity have been written.
    unsafe { out.set_len(out.len() + to) };
}

/// The same bytes, as something that may be copied to memory without contents.
#[inline(always)]
fn as_uninit(bytes: &[u8]) -> &[MaybeUninit<u8>] {
    // SAFETY: the two types have the same layout, and initialised bytes are valid for both.
    unsafe { slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

/// `push_unescaped` of bytes that are not valid UTF-8.
#[cold]
fn push_repaired(raw: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < raw.len() {
        if raw[at] == b'\\' {
            let (character, length) = read_escape(raw, at).unwrap_or((None, 1));
            out.extend_from_slice(character.unwrap_or('\u{fffd}').encode_utf8(&mut [0; 4]).as_bytes());
            at += length;
        } else {
            let end = memchr(b'\\', &raw[at..]).map_or(raw.len(), |length| at + length);
            push_run(&raw[at..end], false, out);
            at = end;
        }
    }
}

/// Appends bytes without escapes; each maximal part of an ill-formed sequence becomes U+FFFD (Unicode 3.9, D93b).
#[inline]
fn push_run(raw: &[u8], utf8: bool, out: &mut Vec<u8>) {
    if utf8 {
        out.extend_from_slice(raw);
        return;
    }
    for chunk in raw.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}
