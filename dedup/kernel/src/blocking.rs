//! Blocking: which documents are compared at all, whatever their texts. Values of documents in, yes or no of a pair out.

/// Stands for a date that is missing; as in `dedup/dates.py`.
const UNDATED: i64 = i64::MAX;

/// What two documents must have in common, and in what they must differ. By position; the memory is the caller's.
#[derive(Clone, Copy, Default)]
pub struct Blocking<'a> {
    /// Documents of different values are not compared.
    pub same: Option<&'a [u64]>,
    /// Documents of equal values are not compared.
    pub across: Option<&'a [u64]>,
    /// Documents whose dates lie farther apart are not compared, nor are those without one.
    pub window: Option<(&'a [i64], u64)>,
}

impl Blocking<'_> {
    /// Whether two documents are compared.
    pub fn allows(&self, a: usize, b: usize) -> bool {
        self.same.is_none_or(|values| values[a] == values[b])
            && self.across.is_none_or(|values| values[a] != values[b])
            && self.window.is_none_or(|(dates, width)| {
                dates[a] != UNDATED && dates[b] != UNDATED && dates[a].abs_diff(dates[b]) <= width
            })
    }

    /// Whether a document is compared with anybody.
    pub fn has_partners(&self, doc: usize) -> bool {
        self.window.is_none_or(|(dates, _)| dates[doc] != UNDATED)
    }

    /// Whether copies of one text may be compared with different documents, or not with one another.
    pub fn parts_copies(&self) -> bool {
        self.across.is_some() || self.window.is_some()
    }

    /// All that decides with whom a document is compared.
    pub fn values(&self, doc: usize) -> [u64; 3] {
        let value = |values: Option<&[u64]>| values.map_or(0, |values| values[doc]);
        [value(self.same), value(self.across), self.window.map_or(0, |(dates, _)| dates[doc] as u64)]
    }

    /// Whether no two of some documents are compared, as far as `across` can tell.
    pub fn keeps_apart(&self, mut docs: impl Iterator<Item = usize>) -> bool {
        self.across.is_some_and(|values| {
            docs.next().is_none_or(|first| docs.all(|other| values[other] == values[first]))
        })
    }

    /// Give each part of a group of entries whose documents share the value of `same` to `work`; the parts are sorted.
    pub fn split(&self, group: &mut [u64], doc: impl Fn(u64) -> usize, mut work: impl FnMut(&[u64])) {
        let Some(values) = self.same else { return work(group) };
        let value = |entry: u64| values[doc(entry)];
        group.sort_unstable_by_key(|&entry| (value(entry), entry));
        group.chunk_by(|&a, &b| value(a) == value(b)).for_each(work);
    }
}
