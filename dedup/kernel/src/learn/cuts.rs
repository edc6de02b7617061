//! Where prefixes and suffixes of a line may be cut; `prefixes` and `suffixes` of `dedup/reference/lines.py`.
//!
//! Both give places in the folded plain form of a line, ascending.

use memchr::{memchr_iter, memmem, memrchr, memrchr_iter};

const MOST_BYTES: usize = 80;
const MOST_WORDS: usize = 8;
const DELIMITERS: [&[u8]; 6] = [b" - ", b" | ", " · ".as_bytes(), " • ".as_bytes(), " » ".as_bytes(), b" > "];
const OPENED: [(&[u8], &[u8]); 3] = [(b"(", b")"), (b"[", b"]"), ("【".as_bytes(), "】".as_bytes())];
const CLOSED: [(&[u8], &[u8]); 2] = [(b" (", b")"), (b" [", b"]")];
/// Most words before the last ": " that a suffix begins with.
const LABEL_WORDS: usize = 3;

/// Where prefixes end.
pub fn prefixes(plain: &[u8], ends: &mut Vec<usize>) {
    ends.clear();
    // What is longer than a prefix may be is not looked at. One delimiter may end behind it.
    let head = &plain[..plain.len().min(MOST_BYTES)];
    ends.extend(delimiters(head).map(|(_, end)| end));
    let is_label = |&at: &usize| at > 0 && head.get(at + 1) == Some(&b' ');
    ends.extend(memchr_iter(b':', head).filter(is_label).map(|at| at + 2));
    for (opening, closing) in OPENED {
        if head.starts_with(opening)
            && let Some(at) = memmem::find(head, closing)
        {
            let end = at + closing.len();
            ends.push(end + usize::from(plain.get(end) == Some(&b' ')));
        }
    }
    ends.retain(|&end| end < plain.len() && is_cut(&plain[..end]));
    ends.sort_unstable();
    ends.dedup();
}

/// Where suffixes start.
pub fn suffixes(plain: &[u8], starts: &mut Vec<usize>) {
    starts.clear();
    let before = plain.len() - plain.len().min(MOST_BYTES);
    let tail = &plain[before..];
    starts.extend(delimiters(tail).map(|(start, _)| before + start));
    for (opening, closing) in CLOSED {
        if tail.ends_with(closing) {
            starts.extend(memmem::rfind(tail, opening).map(|at| before + at));
        }
    }
    let is_label = |&at: &usize| tail.get(at + 1) == Some(&b' ');
    if let Some(label) = memrchr_iter(b':', tail).find(is_label) {
        let mut at = label;
        for _ in 0..LABEL_WORDS {
            let Some(space) = memrchr(b' ', &tail[..at]) else { break };
            at = space;
            starts.push(before + at);
        }
    }
    starts.retain(|&start| start > 0 && is_cut(&plain[start..]));
    starts.sort_unstable();
    starts.dedup();
}

/// Where delimiters stand in `text`, also where one begins with the space that ends another.
fn delimiters(text: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    memchr_iter(b' ', text).filter_map(|at| {
        let next = *text.get(at + 1)?;
        if next.is_ascii_alphanumeric() {
            return None;
        }
        let mark = DELIMITERS.into_iter().find(|mark| text[at..].starts_with(mark))?;
        Some((at, at + mark.len()))
    })
}

fn is_cut(part: &[u8]) -> bool {
    let words = part.split(|&byte| byte == b' ').filter(|word| !word.is_empty()).count();
    part.len() <= MOST_BYTES && words <= MOST_WORDS
}
