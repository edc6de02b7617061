//! Reading one record: its bytes are checked against the whole grammar, and the places of the fields asked for noted.
//!
//! The grammar is that of RFC 8259, and NaN, Infinity and -Infinity as Python
//! writes them. No value is built. Nesting costs no stack.

use super::Malformed;
use super::fields::{Fields, NOWHERE, ROOT};
use super::string::{push_string, read_string};

/// Objects and arrays within one another, the record itself included.
pub const MAX_DEPTH: usize = 10_000;

/// Stands in the stack for an array.
const ARRAY: u32 = NOWHERE - 1;
/// How many names of fields are listed where the text is missing.
const MAX_NAMES: usize = 10;

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Missing,
    Null,
    Boolean,
    Number,
    String { escaped: bool },
    Array,
    Object,
}

/// A value of the record last read: `record[start..end]`, without the quotes of a string; arrays and objects have
/// no end.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

const MISSING: Found = Found { kind: Kind::Missing, start: 0, end: 0 };

/// Reads records one after the other.
pub struct Reader<'f> {
    fields: &'f Fields,
    found: Vec<Found>,
    /// For each open object its node among the fields; `ARRAY` for an array.
    stack: Vec<u32>,
    key: Vec<u8>,
}

impl<'f> Reader<'f> {
    pub fn new(fields: &'f Fields) -> Reader<'f> {
        Reader { fields, found: vec![MISSING; fields.target_count()], stack: Vec::new(), key: Vec::new() }
    }

    /// The value of field `field` in the record last read. A literal key goes before a dotted path, whatever its value.
    #[inline]
    pub fn value(&self, field: usize) -> Found {
        let (literal, path) = self.fields.targets(field);
        match (self.found[literal], path) {
            (Found { kind: Kind::Missing, .. }, Some(path)) => self.found[path],
            (found, _) => found,
        }
    }

    /// Reads a record; returns whether an escape in it is half a surrogate pair.
    #[inline]
    pub fn read(&mut self, record: &[u8]) -> Result<bool, Malformed> {
        self.walk(record, |_, _| ())
    }

    /// The first distinct keys of a well-formed record, and whether there are more.
    pub fn names(&mut self, record: &[u8]) -> (Vec<String>, bool) {
        let (mut names, mut more) = (Vec::new(), false);
        let mut key = Vec::new();
        let listed = self.walk(record, |raw, escaped| {
            if !more {
                key.clear();
                push_string(raw, escaped, false, &mut key);
                let name = String::from_utf8_lossy(&key);
                if !names.iter().any(|known| *known == name) {
                    more = names.len() == MAX_NAMES;
                    if !more {
                        names.push(name.into_owned());
                    }
                }
            }
        });
        debug_assert!(listed.is_ok());
        (names, more)
    }

    /// Reads a record, calling `on_key` with the raw bytes of each of its own keys and whether they hold escapes.
    #[inline(always)]
    fn walk(&mut self, record: &[u8], mut on_key: impl FnMut(&[u8], bool)) -> Result<bool, Malformed> {
        let fail = |what, at| Err(Malformed { what, at });
        let mut lone = false;
        self.found.fill(MISSING);
        self.stack.clear();
        let mut at = skip_space(record, 0);
        if record.get(at) != Some(&b'{') {
            return fail("expected an object", at);
        }
        let mut frame = ROOT;
        at = skip_space(record, at + 1);
        // Whether a member or element has to follow, rather than a comma or the closing bracket.
        let mut inside = record.get(at) != Some(&b'}');
        loop {
            if inside {
                let mut node = NOWHERE;
                if frame != ARRAY {
                    if record.get(at) != Some(&b'"') {
                        return fail("expected a key", at);
                    }
                    let key = read_string(record, at)?;
                    lone |= key.lone;
                    if frame != NOWHERE {
                        let raw = &record[at + 1..key.end];
                        node = self.child(frame, raw, key.escaped);
                        if self.stack.is_empty() {
                            on_key(raw, key.escaped);
                        }
                    }
                    at = skip_space(record, key.end + 1);
                    if record.get(at) != Some(&b':') {
                        return fail("expected ':'", at);
                    }
                    at = skip_space(record, at + 1);
                }
                let start = at;
                let found = match record.get(at) {
                    Some(b'"') => {
                        let string = read_string(record, at)?;
                        lone |= string.lone;
                        at = string.end + 1;
                        Found {
                            kind: Kind::String { escaped: string.escaped },
                            start: start + 1,
                            end: string.end,
                        }
                    }
                    Some(b'{') => Found { kind: Kind::Object, start, end: start + 1 },
                    Some(b'[') => Found { kind: Kind::Array, start, end: start + 1 },
                    _ => {
                        let Some((kind, end)) = read_scalar(record, at) else {
                            return fail("expected a value", at);
                        };
                        at = end;
                        Found { kind, start, end }
                    }
                };
                if node != NOWHERE {
                    self.found[self.fields.below(node)].fill(MISSING);
                    if let Some(target) = self.fields.target(node) {
                        self.found[target] = found;
                    }
                }
                if matches!(found.kind, Kind::Object | Kind::Array) {
                    if self.stack.len() + 1 == MAX_DEPTH {
                        return fail("nested too deep", start);
                    }
                    self.stack.push(frame);
                    frame = if found.kind == Kind::Array { ARRAY } else { node };
                    at = skip_space(record, start + 1);
                    inside = record.get(at) != Some(&closer(frame));
                    continue;
                }
                at = skip_space(record, at);
            }
            match record.get(at) {
                Some(b',') => {
                    at = skip_space(record, at + 1);
                    inside = true;
                }
                Some(&byte) if byte == closer(frame) => {
                    at = skip_space(record, at + 1);
                    inside = false;
                    match self.stack.pop() {
                        Some(outer) => frame = outer,
                        None if at == record.len() => return Ok(lone),
                        None => return fail("unexpected text after the record", at),
                    }
                }
                _ if frame == ARRAY => return fail("expected ',' or ']'", at),
                _ => return fail("expected ',' or '}'", at),
            }
        }
    }

    /// The node of a key below `frame`, compared after unescaping and repairing.
    #[inline]
    fn child(&mut self, frame: u32, raw: &[u8], escaped: bool) -> u32 {
        if !escaped && std::str::from_utf8(raw).is_ok() {
            return self.fields.child(frame, raw);
        }
        self.key.clear();
        push_string(raw, escaped, false, &mut self.key);
        self.fields.child(frame, &self.key)
    }
}

/// The bracket that closes a frame.
#[inline(always)]
fn closer(frame: u32) -> u8 {
    if frame == ARRAY { b']' } else { b'}' }
}

/// Whether `byte` is white space in JSON.
#[inline(always)]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The first position at or after `at` that is not white space.
#[inline(always)]
pub fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && is_space(bytes[at]) {
        at += 1;
    }
    at
}

/// Kind and end of the number or name at `bytes[at]`, None if there is none.
#[inline]
fn read_scalar(bytes: &[u8], at: usize) -> Option<(Kind, usize)> {
    const NAMES: [(&[u8], Kind); 6] = [
        (b"null", Kind::Null),
        (b"true", Kind::Boolean),
        (b"false", Kind::Boolean),
        (b"NaN", Kind::Number),
        (b"Infinity", Kind::Number),
        (b"-Infinity", Kind::Number),
    ];
    if let Some(end) = read_number(bytes, at) {
        return Some((Kind::Number, end));
    }
    let rest = bytes.get(at..)?;
    NAMES.iter().find(|(name, _)| rest.starts_with(name)).map(|&(name, kind)| (kind, at + name.len()))
}

/// The end of the longest number at `bytes[at]`, None if there is none.
#[inline]
fn read_number(bytes: &[u8], at: usize) -> Option<usize> {
    let digits =
        |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = at + usize::from(bytes.get(at) == Some(&b'-'));
    end += match bytes.get(end)? {
        b'0' => 1,
        b'1'..=b'9' => digits(end),
        _ => return None,
    };
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digits(end + 1 + sign) > 0 {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    Some(end)
}
