//! Records out again: the bytes as they came, or with a tag added.

use super::members::without;
use super::record::is_space;

/// Where the kept records of `data[starts[i]..ends[i]]` lie, each with the line end behind it: the longest stretches
/// with nothing else between them, by their first bytes and the bytes behind their last.
pub fn stretches(data: &[u8], starts: &[i64], ends: &[i64], keep: &[bool]) -> (Vec<i64>, Vec<i64>) {
    let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
    for ((&start, &end), _) in starts.iter().zip(ends).zip(keep).filter(|(_, keep)| **keep) {
        let rest = &data[end as usize..];
        let behind = end + if rest.starts_with(b"\r\n") { 2 } else { i64::from(rest.starts_with(b"\n")) };
        match lasts.last_mut() {
            Some(last) if *last == start => *last = behind,
            _ => {
                firsts.push(start);
                lasts.push(behind);
            }
        }
    }
    (firsts, lasts)
}

/// The records of `data[starts[i]..ends[i]]` with a last member `"dedup"`, the JSON value
/// `tags[offsets[i]..offsets[i + 1]]`, instead of one that is there; all other bytes and the line ends as they came.
///
/// Fails with the number of the first record that is not an object.
pub fn annotate(
    data: &[u8],
    starts: &[i64],
    ends: &[i64],
    tags: &[u8],
    offsets: &[i64],
) -> Result<Vec<u8>, usize> {
    const NAME: &[u8] = b"dedup";
    const KEY: &[u8] = b"\"dedup\": ";
    let size =
        starts.iter().zip(ends).map(|(start, end)| (end - start) as usize + KEY.len() + 4).sum::<usize>();
    let mut out = Vec::with_capacity(size + tags.len());
    for (i, (&start, &end)) in starts.iter().zip(ends).enumerate() {
        let record = without(&data[start as usize..end as usize], NAME);
        let (head, tail) = split_before_brace(&record).ok_or(i)?;
        out.extend_from_slice(head);
        if !head.ends_with(b"{") {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(KEY);
        out.extend_from_slice(&tags[offsets[i] as usize..offsets[i + 1] as usize]);
        out.extend_from_slice(tail);
        out.extend_from_slice(line_end(data, end as usize));
    }
    Ok(out)
}

/// An object in two: up to its last member, and from the white space before the closing brace.
fn split_before_brace(record: &[u8]) -> Option<(&[u8], &[u8])> {
    let brace = record.iter().rposition(|&byte| !is_space(byte))?;
    let last = record[..brace].iter().rposition(|&byte| !is_space(byte))?;
    (record[brace] == b'}').then(|| record.split_at(last + 1))
}

/// The line end at `data[at]`; a line feed where there is none.
fn line_end(data: &[u8], at: usize) -> &'static [u8] {
    if data[at..].starts_with(b"\r\n") { b"\r\n" } else { b"\n" }
}
