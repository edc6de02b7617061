//! Counting: rows in, compacted rows or what they say of each key out.

use rayon::slice::ParallelSliceMut;

use super::{NO_STORY, PLACES, Row, SLOTS};

/// Distinct story values that are kept of a slot.
const STORIES: usize = 64;

/// What counts say of each key that is in two documents or more; see `dedup.observations.Tally`.
#[derive(Default)]
pub struct Tally {
    pub keys: Vec<u64>,
    pub kinds: Vec<u8>,
    pub words: Vec<u8>,
    pub documents: Vec<u32>,
    pub stories: Vec<u32>,
    pub sources: Vec<u32>,
    pub places: Vec<u64>,
    pub group_key: Vec<u32>,
    pub group_source: Vec<u64>,
    pub group_documents: Vec<u32>,
    pub group_stories: Vec<u32>,
}

/// Working memory for the values of some rows.
#[derive(Default)]
struct Values {
    slots: [Vec<u32>; SLOTS],
    places: Vec<u64>,
}

impl Values {
    /// The smallest distinct values of `rows`.
    fn read(&mut self, rows: &[Row]) {
        for (slot, values) in self.slots.iter_mut().enumerate() {
            let given = rows.iter().map(|row| row.stories[slot]).filter(|&story| story != NO_STORY);
            smallest(values, given, STORIES);
        }
        smallest(&mut self.places, rows.iter().map(|row| row.place).filter(|&place| place != 0), PLACES);
    }

    /// Distinct stories: the lower median over the slots.
    fn stories(&self) -> u32 {
        let mut counts = self.slots.each_ref().map(|values| match values.get(STORIES - 1) {
            // (k - 1) / the k-th smallest value as a share of all values (Bar-Yossef et al. 2002).
            Some(&last) => ((STORIES as u64 - 1) << 32) / u64::from(last),
            None => values.len() as u64,
        });
        counts.sort_unstable();
        u32::try_from(counts[(SLOTS - 1) / 2]).unwrap_or(u32::MAX)
    }
}

fn smallest<T: Ord>(values: &mut Vec<T>, given: impl Iterator<Item = T>, most: usize) {
    values.clear();
    values.extend(given);
    values.sort_unstable();
    values.dedup();
    values.truncate(most);
}

/// The bytes of the counts of some rows, ordered by key and source.
pub fn compact(mut rows: Vec<Row>) -> Vec<u8> {
    rows.par_sort_unstable_by_key(|row| (row.key, row.source));
    let mut out = Vec::with_capacity(rows.len() * Row::SIZE);
    let mut values = Values::default();
    for group in rows.chunk_by(|a, b| (a.key, a.source) == (b.key, b.source)) {
        values.read(group);
        let documents = sum(group);
        let (words, kind) = shape(group);
        // One row at least: a line without a story or a place still has its documents and its shape.
        let count = values.slots.iter().map(Vec::len).chain([values.places.len(), 1]).max().unwrap_or(1);
        for i in 0..count {
            let row = Row {
                place: values.places.get(i).copied().unwrap_or(0),
                stories: values.slots.each_ref().map(|slot| slot.get(i).copied().unwrap_or(NO_STORY)),
                documents: if i == 0 { documents } else { 0 },
                words,
                kind,
                ..group[0]
            };
            row.append_to(&mut out);
        }
    }
    out
}

/// What counts say; `rows` are as `compact` gives them.
pub fn tally(rows: &[Row]) -> Tally {
    let mut tally = Tally::default();
    let mut values = Values::default();
    for of_key in rows.chunk_by(|a, b| a.key == b.key) {
        let documents = sum(of_key);
        if documents < 2 {
            continue;
        }
        let mut sources = 0;
        for group in of_key.chunk_by(|a, b| a.source == b.source).filter(|group| group[0].source != 0) {
            values.read(group);
            sources += 1;
            tally.group_key.push(tally.keys.len() as u32);
            tally.group_source.push(group[0].source);
            tally.group_documents.push(sum(group));
            tally.group_stories.push(values.stories());
        }
        values.read(of_key);
        let (words, kind) = shape(of_key);
        tally.keys.push(of_key[0].key);
        tally.kinds.push(kind);
        tally.words.push(words);
        tally.documents.push(documents);
        tally.stories.push(values.stories());
        tally.sources.push(sources);
        tally.places.extend((0..PLACES).map(|i| values.places.get(i).copied().unwrap_or(0)));
    }
    tally
}

fn sum(rows: &[Row]) -> u32 {
    rows.iter().fold(0, |sum, row| sum.saturating_add(row.documents))
}

/// Words and kind, which follow from the key: the least, so that two lines with one key would not make them depend on the order.
fn shape(rows: &[Row]) -> (u8, u8) {
    let words = rows.iter().map(|row| row.words).min().unwrap_or(0);
    (words, rows.iter().map(|row| row.kind).min().unwrap_or(0))
}
