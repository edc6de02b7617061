//! Learning boilerplate: observations of lines, and counting them.
//!
//! `dedup/observations.py` says what a row is, and `dedup/reference/learn.py` what is observed and counted; this module
//! does the same, bit for bit. `observe` turns texts into rows, `count` compacts and reads them.

pub mod count;
pub mod cuts;
pub mod observe;

/// Story values of an observation.
pub const SLOTS: usize = 4;
/// Places that are kept of a line in one source.
pub const PLACES: usize = 3;
/// In a row of a count: this slot has fewer values.
pub const NO_STORY: u32 = u32::MAX;
/// The value of a document of which it cannot be told what it is about.
pub const UNKNOWN_STORY: u32 = 0;

/// A row as `dedup.observations.ROW` lays it out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    pub key: u64,
    pub source: u64,
    pub place: u64,
    pub stories: [u32; SLOTS],
    pub documents: u32,
    pub words: u8,
    pub kind: u8,
}

impl Row {
    /// Bytes of a row.
    pub const SIZE: usize = 48;

    /// Read a row of `SIZE` bytes.
    pub fn from_bytes(bytes: &[u8; Row::SIZE]) -> Row {
        let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        Row {
            key: u64_at(0),
            source: u64_at(8),
            place: u64_at(16),
            stories: [u32_at(24), u32_at(28), u32_at(32), u32_at(36)],
            documents: u32_at(40),
            words: bytes[44],
            kind: bytes[45],
        }
    }

    /// Append the bytes of the row.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        let mut bytes = [0; Row::SIZE];
        bytes[..8].copy_from_slice(&self.key.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.source.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.place.to_le_bytes());
        for (slot, story) in bytes[24..40].chunks_exact_mut(4).zip(self.stories) {
            slot.copy_from_slice(&story.to_le_bytes());
        }
        bytes[40..44].copy_from_slice(&self.documents.to_le_bytes());
        bytes[44] = self.words;
        bytes[45] = self.kind;
        out.extend_from_slice(&bytes);
    }
}
