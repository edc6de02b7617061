//! The members of an object: a record in, the record without one of them out.

use std::borrow::Cow;

use memchr::memmem;

use super::array::{find_element_end, find_string_end};
use super::record::{is_space, skip_space};

/// The object `record` without its members called `name`, each with the comma before it, or after it where it is the
/// first; other bytes stay. `name` is compared as it is written; what is no object stays as it is.
pub fn without<'r>(record: &'r [u8], name: &[u8]) -> Cow<'r, [u8]> {
    let quoted = [b"\"", name, b"\""].concat();
    match memmem::find(record, &quoted) {
        Some(_) => cut(record, &quoted).map_or(Cow::Borrowed(record), Cow::Owned),
        None => Cow::Borrowed(record),
    }
}

/// None where there is nothing to cut.
fn cut(record: &[u8], quoted: &[u8]) -> Option<Vec<u8>> {
    let first = skip_space(record, 0) + 1;
    if record.get(first - 1) != Some(&b'{') {
        return None;
    }
    let (mut members, mut open) = (Vec::new(), Vec::new());
    let (mut start, mut cuts) = (first, false);
    loop {
        let end = find_element_end(record, start, b'}', &mut open).ok()?;
        let key = skip_space(record, start);
        if record.get(key) != Some(&b'"') {
            return None;
        }
        let is_kept = record[key..=find_string_end(record, key).ok()?] != *quoted;
        cuts |= !is_kept;
        // The space before the closing brace belongs to the object.
        let last = record[start..end].iter().rposition(|&byte| !is_space(byte))? + start + 1;
        if is_kept {
            members.push(&record[start..if record[end] == b'}' { last } else { end }]);
        }
        if record[end] == b'}' {
            return cuts.then(|| [&record[..first], &members.join(&b','), &record[last..]].concat());
        }
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(record: &str) -> String {
        String::from_utf8(without(record.as_bytes(), b"x").into_owned()).unwrap()
    }

    #[test]
    fn cuts_a_member_wherever_it_is() {
        assert_eq!(cut(r#"{"a": 1, "x": {"y": [2, "}"]}}"#), r#"{"a": 1}"#);
        assert_eq!(cut(r#"{"x": 1, "a": 2 }"#), r#"{ "a": 2 }"#);
        assert_eq!(cut(r#"{"a": 1 , "x": 2, "b": 3, "x": 4 }"#), r#"{"a": 1 , "b": 3 }"#);
        assert_eq!(cut(r#" {"x": "\\\"x" } "#), r#" { } "#);
    }

    #[test]
    fn leaves_the_others_alone() {
        for record in
            [r#"{"a": "x", "b": {"x": 1}}"#, r#"{"a": "\"x\""}"#, "{}", r#"["x"]"#, r#"{"x": "#, r#""x""#]
        {
            assert_eq!(cut(record), record);
        }
    }
}
