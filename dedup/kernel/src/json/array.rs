//! Where the elements of a file that is one JSON array lie.

use memchr::memchr2;

use super::Malformed;
use super::record::{is_space, skip_space};
use super::scan::BYTE_ORDER_MARK;

/// The spans of the elements of the array `data`, without the white space around them.
///
/// Brackets have to match and strings to end; what elements are is left to scanning them, so that one bad element does
/// not cost the others. A byte order mark may precede the array, and white space surround it.
pub fn split_array(data: &[u8]) -> Result<(Vec<i64>, Vec<i64>), Malformed> {
    let fail = |what, at| Err(Malformed { what, at });
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    let mark = if data.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let mut at = skip_space(data, mark);
    if data.get(at) != Some(&b'[') {
        return fail("expected '['", at);
    }
    at = skip_space(data, at + 1);
    if data.get(at) == Some(&b']') {
        at += 1;
    } else {
        let mut open = Vec::new();
        loop {
            let separator = find_element_end(data, at, b']', &mut open)?;
            let Some(length) = data[at..separator].iter().rposition(|&byte| !is_space(byte)) else {
                return fail("expected a value", at);
            };
            starts.push(at as i64);
            ends.push((at + length + 1) as i64);
            at = separator + 1;
            if data[separator] == b']' {
                break;
            }
            at = skip_space(data, at);
        }
    }
    at = skip_space(data, at);
    if at < data.len() { fail("unexpected text after the array", at) } else { Ok((starts, ends)) }
}

/// The comma, or the bracket `close`, that ends the element or member at `data[at]`; `open` is scratch space for the
/// brackets to be closed.
pub(super) fn find_element_end(
    data: &[u8],
    mut at: usize,
    close: u8,
    open: &mut Vec<u8>,
) -> Result<usize, Malformed> {
    open.clear();
    while let Some(&byte) = data.get(at) {
        match byte {
            b'"' => at = find_string_end(data, at)?,
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b',' if open.is_empty() => return Ok(at),
            _ if byte == close && open.is_empty() => return Ok(at),
            b'}' | b']' if open.pop() != Some(byte) => {
                return Err(Malformed { what: "unexpected bracket", at });
            }
            _ => {}
        }
        at += 1;
    }
    Err(Malformed { what: "unterminated array", at })
}

/// The closing quote of the string whose opening quote is `data[open]`.
pub(super) fn find_string_end(data: &[u8], open: usize) -> Result<usize, Malformed> {
    let mut at = open + 1;
    while let Some(length) = data.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += length;
        if data[at] == b'"' {
            return Ok(at);
        }
        at += 2;
    }
    Err(Malformed { what: "unterminated string", at: open })
}
