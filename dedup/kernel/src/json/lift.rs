//! The text of a record, or the reason why it has none.

use simdutf8::basic::from_utf8;

use super::fields::Fields;
use super::record::{Kind, Reader};
use super::string::push_string;
use super::{Reason, Unusable};
use crate::rows::push_json_string;

/// Longest name listed in full, in characters.
const MAX_NAME: usize = 40;

/// Appends the text of `record` to `out`: the fields of `text_fields`, joined by a line feed.
///
/// A single field has to be there and be a string. Of several, those that are missing or null count as empty as long
/// as one is a string. On failure `out` is as before.
pub fn lift(record: &[u8], text_fields: &Fields, out: &mut Vec<u8>) -> Result<(), Unusable> {
    lift_with(&mut Reader::new(text_fields), record, text_fields, out).map(|_| ())
}

/// What reading a usable record found about its bytes.
#[derive(Clone, Copy)]
pub(super) struct Condition {
    /// Whether the record is valid UTF-8.
    pub utf8: bool,
    /// Whether an escape is half a surrogate pair.
    pub lone: bool,
}

/// `lift` with a reader of `fields`, which afterwards holds the record's values.
#[inline]
pub(super) fn lift_with(
    reader: &mut Reader,
    record: &[u8],
    fields: &Fields,
    out: &mut Vec<u8>,
) -> Result<Condition, Unusable> {
    let lone = reader
        .read(record)
        .map_err(|malformed| Unusable { reason: Reason::Malformed, detail: malformed.to_string() })?;
    check_text(reader, record, fields)?;
    let utf8 = from_utf8(record).is_ok();
    for field in 0..fields.text_names().len() {
        if field > 0 {
            out.push(b'\n');
        }
        let value = reader.value(field);
        if let Kind::String { escaped } = value.kind {
            push_string(&record[value.start..value.end], escaped, utf8, out);
        }
    }
    Ok(Condition { utf8, lone })
}

/// Whether the text fields of the record last read make a text.
#[inline]
fn check_text(reader: &mut Reader, record: &[u8], fields: &Fields) -> Result<(), Unusable> {
    let names = fields.text_names();
    let (mut strings, mut null) = (0, None);
    for (field, name) in names.iter().enumerate() {
        match reader.value(field).kind {
            Kind::String { .. } => strings += 1,
            Kind::Missing => {}
            Kind::Null => null = null.or(Some(name)),
            Kind::Boolean => return Err(not_a_string(name, "a boolean")),
            Kind::Number => return Err(not_a_string(name, "a number")),
            Kind::Array => return Err(not_a_string(name, "an array")),
            Kind::Object => return Err(not_a_string(name, "an object")),
        }
    }
    match null {
        _ if strings > 0 => Ok(()),
        Some(name) => {
            Err(Unusable { reason: Reason::NoText, detail: format!("the field {} is null", quote(name)) })
        }
        None => Err(no_text(names, reader.names(record))),
    }
}

fn not_a_string(name: &str, kind: &str) -> Unusable {
    Unusable {
        reason: Reason::TextNotString,
        detail: format!("the field {} is {kind}, not a string", quote(name)),
    }
}

fn no_text(wanted: &[String], (names, more): (Vec<String>, bool)) -> Unusable {
    let list = |names: &[String]| names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
    let there = match (names.is_empty(), more) {
        (true, _) => "no fields".to_owned(),
        (false, false) => list(&names),
        (false, true) => list(&names) + ", ...",
    };
    Unusable { reason: Reason::NoText, detail: format!("no field {}; the record has {there}", list(wanted)) }
}

/// A name as a JSON string, cut to a length that suits a message.
fn quote(name: &str) -> String {
    let short: String = match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => name[..end].to_owned() + "...",
        None => name.to_owned(),
    };
    let mut quoted = Vec::new();
    push_json_string(short.as_bytes(), &mut quoted);
    String::from_utf8_lossy(&quoted).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifted(record: &str, names: &[&str]) -> Result<String, Reason> {
        let mut out = b"before ".to_vec();
        let outcome = lift(record.as_bytes(), &Fields::new(names, &[]), &mut out);
        let text = String::from_utf8(out).unwrap();
        let text = text.strip_prefix("before ").unwrap().to_owned();
        match outcome {
            Ok(()) => Ok(text),
            Err(unusable) => {
                assert_eq!(text, "", "nothing is left of a record that failed");
                Err(unusable.reason)
            }
        }
    }

    #[test]
    fn appends_the_text() {
        assert_eq!(lifted(r#"{"a": {"b": "x\n"}, "c": "y"}"#, &["c", "a.b"]), Ok("y\nx\n".to_owned()));
        assert_eq!(lifted(r#"{"a": {"b": "x"}, "c": null}"#, &["c", "a.b"]), Ok("\nx".to_owned()));
    }

    #[test]
    fn says_why_not() {
        assert_eq!(lifted(r#"{"a": "x"}"#, &["b"]), Err(Reason::NoText));
        assert_eq!(lifted(r#"{"a": null}"#, &["a", "b"]), Err(Reason::NoText));
        assert_eq!(lifted(r#"{"a": "x", "b": 1}"#, &["a", "b"]), Err(Reason::TextNotString));
        assert_eq!(lifted(r#"{"a": "x""#, &["a"]), Err(Reason::Malformed));
    }
}
