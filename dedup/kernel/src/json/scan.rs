//! Many records at once: texts and columns of all usable ones, and why the others are not.
//!
//! The input is cut into parts at line ends, one part a task; the parts are
//! joined in order, so that the result does not depend on how it was cut.

use memchr::{memchr, memchr_iter};
use rayon::prelude::*;

use super::Unusable;
use super::fields::Fields;
use super::lift::lift_with;
use super::record::{Kind, Reader, is_space};
use super::string::push_string;
use crate::pages::room;
use crate::threads::each;

pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Least bytes of a part: below this a task costs more than it saves.
const PART: usize = 128 << 10;
/// Parts per thread, so that threads that finish early find work.
const PARTS_PER_THREAD: usize = 4;

/// Texts one after the other: text `i` is `data[offsets[i]..offsets[i + 1]]`.
pub struct Texts {
    pub data: Vec<u8>,
    pub offsets: Vec<i64>,
}

/// A field of each record as text, and whether it is there.
pub struct Column {
    pub texts: Texts,
    pub valid: Vec<bool>,
}

/// What was lifted out of some records; `dedup.model.Scan` describes the fields.
pub struct Scan {
    pub texts: Texts,
    pub columns: Vec<Column>,
    pub starts: Vec<i64>,
    pub ends: Vec<i64>,
    pub lines: Vec<i64>,
    pub repaired: i64,
    pub skipped: Vec<(i64, Unusable)>,
    pub line_count: i64,
    /// Usable records that have each text field, also as null.
    pub present: Vec<i64>,
}

/// Scans the JSON lines of `data[start..end]`; the range begins and ends at line ends or at those of the data. All is done
/// by the calling thread where it is `alone`.
pub fn scan_lines(data: &[u8], start: usize, end: usize, fields: &Fields, alone: bool) -> Scan {
    let start =
        if start == 0 && data[..end].starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { start };
    let mut parts = Vec::new();
    let mut from = start;
    let size = if alone { usize::MAX } else { part_size(end - start) };
    while from < end {
        let nominal = end.min(from.saturating_add(size));
        let to = match nominal {
            _ if nominal == end => end,
            _ => memchr(b'\n', &data[nominal..end]).map_or(end, |length| nominal + length + 1),
        };
        parts.push((from, to));
        from = to;
    }
    join(each(parts, || (), |(), (from, to)| scan_part_of_lines(data, from, to, fields)), fields)
}

/// Scans the records `data[starts[i]..ends[i]]`; record `i` has line number `i + 1`.
pub fn scan_spans(data: &[u8], starts: &[i64], ends: &[i64], fields: &Fields) -> Scan {
    let bytes = starts.iter().zip(ends).map(|(start, end)| (end - start) as usize).sum();
    let parts = usize::max(1, bytes / part_size(bytes));
    let length = usize::max(1, starts.len().div_ceil(parts));
    let parts = starts.par_chunks(length).zip(ends.par_chunks(length)).map(|(starts, ends)| {
        let mut scanner = Scanner::new(data, fields, 0);
        for (&start, &end) in starts.iter().zip(ends) {
            scanner.record(start as usize, end as usize);
        }
        scanner.scan
    });
    join(parts.collect(), fields)
}

/// Whether an input of `total` bytes is scanned by whoever asks for it.
pub fn is_one_part(total: usize) -> bool {
    total <= PART
}

/// Bytes of a part of an input of `total` bytes.
fn part_size(total: usize) -> usize {
    if is_one_part(total) {
        return usize::MAX;
    }
    match rayon::current_num_threads() {
        1 => usize::MAX,
        threads => usize::max(PART, total.div_ceil(threads * PARTS_PER_THREAD)),
    }
}

fn scan_part_of_lines(data: &[u8], start: usize, end: usize, fields: &Fields) -> Scan {
    let mut scanner = Scanner::new(data, fields, end - start);
    let mut from = start;
    for feed in memchr_iter(b'\n', &data[start..end]) {
        let to = start + feed;
        scanner.line(from, if data[from..to].ends_with(b"\r") { to - 1 } else { to });
        from = to + 1;
    }
    if from < end {
        scanner.line(from, end);
    }
    scanner.scan
}

/// Scans records one after the other.
struct Scanner<'a> {
    data: &'a [u8],
    fields: &'a Fields,
    reader: Reader<'a>,
    scan: Scan,
}

impl<'a> Scanner<'a> {
    /// A scanner that expects `size` bytes of records.
    fn new(data: &'a [u8], fields: &'a Fields, size: usize) -> Scanner<'a> {
        Scanner { data, fields, reader: Reader::new(fields), scan: Scan::new(fields, size) }
    }

    /// Scans a line, which is no record where it is blank.
    #[inline]
    fn line(&mut self, start: usize, end: usize) {
        if self.data[start..end].iter().all(|&byte| is_space(byte)) {
            self.scan.line_count += 1;
        } else {
            self.record(start, end);
        }
    }

    #[inline]
    fn record(&mut self, start: usize, end: usize) {
        let Scanner { data, fields, reader, scan } = self;
        let record = &data[start..end];
        scan.line_count += 1;
        let condition = match lift_with(reader, record, fields, &mut scan.texts.data) {
            Ok(condition) => condition,
            Err(unusable) => return scan.skipped.push((scan.line_count, unusable)),
        };
        scan.texts.close();
        for (field, count) in scan.present.iter_mut().enumerate() {
            *count += i64::from(reader.value(field).kind != Kind::Missing);
        }
        for (column, field) in scan.columns.iter_mut().zip(fields.columns()) {
            let value = reader.value(field);
            let raw = &record[value.start..value.end];
            let valid = match value.kind {
                Kind::String { escaped } => {
                    push_string(raw, escaped, condition.utf8, &mut column.texts.data);
                    true
                }
                Kind::Number | Kind::Boolean => {
                    column.texts.data.extend_from_slice(raw);
                    true
                }
                Kind::Missing | Kind::Null | Kind::Array | Kind::Object => false,
            };
            column.texts.close();
            column.valid.push(valid);
        }
        scan.starts.push(start as i64);
        scan.ends.push(end as i64);
        scan.lines.push(scan.line_count);
        scan.repaired += i64::from(condition.lone || !condition.utf8);
    }
}

impl Texts {
    fn new(size: usize) -> Texts {
        Texts { data: room(size), offsets: vec![0] }
    }

    /// Ends the text that was appended to `data`.
    #[inline]
    fn close(&mut self) {
        self.offsets.push(self.data.len() as i64);
    }

    fn append(&mut self, other: &Texts) {
        let base = self.data.len() as i64;
        self.data.extend_from_slice(&other.data);
        self.offsets.extend(other.offsets[1..].iter().map(|offset| base + offset));
    }
}

impl Scan {
    fn new(fields: &Fields, size: usize) -> Scan {
        let column = |_| Column { texts: Texts::new(0), valid: Vec::new() };
        Scan {
            texts: Texts::new(size),
            columns: fields.columns().map(column).collect(),
            starts: Vec::new(),
            ends: Vec::new(),
            lines: Vec::new(),
            repaired: 0,
            skipped: Vec::new(),
            line_count: 0,
            present: vec![0; fields.text_names().len()],
        }
    }

    /// Appends the scan of the lines that follow.
    fn append(&mut self, other: Scan) {
        let base = self.line_count;
        self.texts.append(&other.texts);
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            column.texts.append(&more.texts);
            column.valid.extend(more.valid);
        }
        self.starts.extend(other.starts);
        self.ends.extend(other.ends);
        self.lines.extend(other.lines.iter().map(|line| base + line));
        self.repaired += other.repaired;
        self.skipped.extend(other.skipped.into_iter().map(|(line, why)| (base + line, why)));
        self.line_count += other.line_count;
        self.present.iter_mut().zip(other.present).for_each(|(count, more)| *count += more);
    }
}

fn join(mut parts: Vec<Scan>, fields: &Fields) -> Scan {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let mut whole = Scan::new(fields, parts.iter().map(|part| part.texts.data.len()).sum());
    parts.into_iter().for_each(|part| whole.append(part));
    whole
}
