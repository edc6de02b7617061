//! JSON records: lifting texts and fields out of raw bytes, and giving the bytes back untouched.
//!
//! A record is a JSON object: a line of a JSONL file or an element of an
//! array. It is checked whole, but never parsed into values: the fields asked
//! for are found on the way and copied out.
//!
//! - `scan`: many records at once, on all cores
//! - `lift`: the text of one record
//! - `array`: where the elements of a file that is one array lie
//! - `emit`: records out again, as they came or with a tag
//! - `members`: a record without one of its members

use std::fmt;

mod array;
mod emit;
mod fields;
mod lift;
mod members;
mod record;
mod scan;
mod special;
mod string;

pub use array::split_array;
pub use emit::{annotate, stretches};
pub use fields::Fields;
pub use lift::lift;
pub use scan::{Scan, Texts, is_one_part, scan_lines, scan_spans};
pub use special::find_special;

/// Where and why bytes are not JSON.
#[derive(Clone, Copy, Debug)]
pub struct Malformed {
    pub what: &'static str,
    /// Position of the offending byte, from 0.
    pub at: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at + 1)
    }
}

/// Why a record cannot be used; the codes are part of the output format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    Malformed,
    NoText,
    TextNotString,
}

impl Reason {
    pub fn code(self) -> &'static str {
        match self {
            Reason::Malformed => "malformed",
            Reason::NoText => "no_text",
            Reason::TextNotString => "text_not_string",
        }
    }
}

/// A record that cannot be used, with one sentence for a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unusable {
    pub reason: Reason,
    pub detail: String,
}
