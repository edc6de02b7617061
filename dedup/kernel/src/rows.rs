//! Output rows: one JSON object a document or pair, as Python's `json.dumps(row, ensure_ascii=False)` writes it.

use std::ops::Range;

use crate::json::find_special;
use rayon::prelude::*;

/// Rows of a part: enough to make a task worth its while.
const PART: usize = 4096;

/// Borrowed texts: text `i` is `data[offsets[i]..offsets[i + 1]]`.
#[derive(Clone, Copy)]
pub struct Strings<'a> {
    pub data: &'a [u8],
    pub offsets: &'a [i64],
}

impl<'a> Strings<'a> {
    fn at(&self, i: usize) -> &'a [u8] {
        &self.data[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }
}

/// What became of all documents of a run, by position.
#[derive(Clone, Copy)]
pub struct Clusters<'a> {
    pub ids: Strings<'a>,
    pub representative: &'a [i64],
    pub cluster_size: &'a [i64],
    /// 0 = kept, 1 = exact, 2 = near, 3 = excerpt.
    pub relation: &'a [u8],
    /// Between 0 and 1, or NaN.
    pub similarity: &'a [f64],
    pub containment: &'a [f64],
    /// The position of the article that each one is an excerpt of, -1 for none, and its containment there.
    pub excerpts: Option<(&'a [i64], &'a [f64])>,
    /// The position whose id names the family.
    pub family: Option<&'a [i64]>,
}

/// Where all documents of a run came from: `path`, or `path:number` where the number is not 0.
#[derive(Clone, Copy)]
pub struct Locations<'a> {
    pub paths: Strings<'a>,
    pub path: &'a [u32],
    pub number: &'a [i64],
}

/// Pairs of documents and what they have in common.
#[derive(Clone, Copy)]
pub struct Pairs<'a> {
    pub ids: Strings<'a>,
    pub pairs: &'a [[i64; 2]],
    pub relation: &'a [u8],
    pub similarity: &'a [f64],
    pub containment: &'a [f64],
}

/// The rows of `clusters.jsonl` for the documents of `range`.
pub fn cluster_rows(clusters: Clusters, locations: Locations, range: Range<usize>) -> Vec<u8> {
    in_parts(range, |i, out| {
        out.extend_from_slice(b"{\"id\": ");
        push_json_string(clusters.ids.at(i), out);
        out.extend_from_slice(b", ");
        clusters.push_members(i, out);
        out.extend_from_slice(b", \"location\": ");
        locations.push(i, out);
        clusters.push_more(i, out);
        out.extend_from_slice(b"}\n");
    })
    .concat()
}

/// The tags of the documents of `range`: rows without id and location. Returns their bytes and int64 offsets.
pub fn tag_rows(clusters: Clusters, range: Range<usize>) -> (Vec<u8>, Vec<i64>) {
    let rows = in_parts(range, |i, out| {
        out.push(b'{');
        clusters.push_members(i, out);
        clusters.push_more(i, out);
        out.extend_from_slice(b"}\n");
    });
    // A row holds no line feed of its own: one in an id is escaped.
    let mut data = Vec::with_capacity(rows.iter().map(Vec::len).sum());
    let mut offsets = vec![0];
    for row in rows.iter().flat_map(|part| part.split_inclusive(|&byte| byte == b'\n')) {
        data.extend_from_slice(&row[..row.len() - 1]);
        offsets.push(data.len() as i64);
    }
    (data, offsets)
}

/// The rows of `pairs.jsonl`.
pub fn pair_rows(pairs: Pairs) -> Vec<u8> {
    in_parts(0..pairs.pairs.len(), |i, out| {
        for (key, id) in [(&b"{\"a\": "[..], pairs.pairs[i][0]), (b", \"b\": ", pairs.pairs[i][1])] {
            out.extend_from_slice(key);
            push_json_string(pairs.ids.at(id as usize), out);
        }
        push_relation(pairs.relation[i], pairs.similarity[i], pairs.containment[i], out);
        out.extend_from_slice(b"}\n");
    })
    .concat()
}

/// Writes the rows of `range`, part by part on all cores.
fn in_parts(range: Range<usize>, push_row: impl Fn(usize, &mut Vec<u8>) + Sync) -> Vec<Vec<u8>> {
    let starts: Vec<usize> = range.clone().step_by(PART).collect();
    let write = |&start: &usize| {
        let mut out = Vec::new();
        (start..range.end.min(start + PART)).for_each(|i| push_row(i, &mut out));
        out
    };
    starts.par_iter().map(write).collect()
}

impl Clusters<'_> {
    /// The members that rows and tags share.
    fn push_members(&self, i: usize, out: &mut Vec<u8>) {
        let representative = self.ids.at(self.representative[i] as usize);
        out.extend_from_slice(b"\"cluster_id\": ");
        push_json_string(representative, out);
        out.extend_from_slice(b", \"cluster_size\": ");
        push_integer(self.cluster_size[i], out);
        if self.relation[i] == 0 {
            out.extend_from_slice(b", \"is_duplicate\": false, \"duplicate_of\": null");
        } else {
            let original = match (self.relation[i], self.excerpts) {
                (3, Some((of, _))) => self.ids.at(of[i] as usize),
                _ => representative,
            };
            out.extend_from_slice(b", \"is_duplicate\": true, \"duplicate_of\": ");
            push_json_string(original, out);
        }
        push_relation(self.relation[i], self.similarity[i], self.containment[i], out);
    }

    /// The members that are there where they were asked for.
    fn push_more(&self, i: usize, out: &mut Vec<u8>) {
        if let Some((of, containment)) = self.excerpts {
            out.extend_from_slice(b", \"excerpt_of\": ");
            match usize::try_from(of[i]) {
                Ok(article) => push_json_string(self.ids.at(article), out),
                Err(_) => out.extend_from_slice(b"null"),
            }
            out.extend_from_slice(b", \"excerpt_containment\": ");
            push_fraction(containment[i], out);
        }
        if let Some(family) = self.family {
            out.extend_from_slice(b", \"family_id\": ");
            push_json_string(self.ids.at(family[i] as usize), out);
        }
    }
}

impl Locations<'_> {
    fn push(&self, i: usize, out: &mut Vec<u8>) {
        push_json_string(self.paths.at(self.path[i] as usize), out);
        if self.number[i] != 0 {
            out.pop();
            out.push(b':');
            push_integer(self.number[i], out);
            out.push(b'"');
        }
    }
}

fn push_relation(relation: u8, similarity: f64, containment: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(match relation {
        0 => b", \"relation\": null",
        1 => b", \"relation\": \"exact\"",
        2 => b", \"relation\": \"near\"",
        _ => b", \"relation\": \"excerpt\"",
    });
    out.extend_from_slice(b", \"similarity\": ");
    push_fraction(similarity, out);
    out.extend_from_slice(b", \"containment\": ");
    push_fraction(containment, out);
}

/// Appends `text` as a JSON string, with the escapes of Python's json; invalid UTF-8 becomes U+FFFD.
pub fn push_json_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        push_escaped(chunk.valid().as_bytes(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

fn push_escaped(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(find_special(rest, 0));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else {
            return;
        };
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => b'u',
        };
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(&[b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        rest = after;
    }
}

fn push_integer(value: i64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends `value`, which has to be between 0 and 1, as Python writes `round(value, 6)`; NaN becomes null.
pub fn push_fraction(value: f64, out: &mut Vec<u8>) {
    if value.is_nan() {
        return out.extend_from_slice(b"null");
    }
    assert!((0.0..=1.0).contains(&value), "{value} is not between 0 and 1");
    let millionths = round_to_millionths(value);
    match millionths {
        0 => out.extend_from_slice(b"0.0"),
        // Python changes to exponents below 0.0001.
        1..10 => out.extend_from_slice(format!("{millionths}e-06").as_bytes()),
        10..100 if millionths % 10 == 0 => {
            out.extend_from_slice(format!("{}e-05", millionths / 10).as_bytes())
        }
        10..100 => {
            out.extend_from_slice(format!("{}.{}e-05", millionths / 10, millionths % 10).as_bytes());
        }
        _ => {
            push_integer(millionths / 1_000_000, out);
            out.push(b'.');
            let mut digits = [b'0'; 6];
            let mut rest = millionths % 1_000_000;
            for digit in digits.iter_mut().rev() {
                *digit += (rest % 10) as u8;
                rest /= 10;
            }
            let length = digits.iter().rposition(|&digit| digit != b'0').unwrap_or(0) + 1;
            out.extend_from_slice(&digits[..length]);
        }
    }
}

/// `value` in millionths, rounded from its exact decimal expansion, ties to even.
fn round_to_millionths(value: f64) -> i64 {
    let scaled = value * 1e6;
    // The product is off by less than 1e-9: only near a tie can it be on the wrong side.
    if (scaled.fract() - 0.5).abs() > 1e-6 {
        return scaled.round() as i64;
    }
    let digits = format!("{value:.6}");
    digits.replace('.', "").parse().expect("digits only")
}
