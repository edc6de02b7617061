//! A batch cut into tasks, and what the tasks give put together again.

use std::ops::Range;

use crate::threads::each;

/// Elements that are not worth a second thread.
const FEW: usize = 1 << 17;
/// Elements that one task covers at least: long enough to forget the cost of the task.
const TASK: usize = 1 << 15;
/// Tasks a thread: at the end of a batch all but one thread wait for half a task on average.
const SHARE: usize = 16;

/// Whether documents are too few elements to be shared out.
pub fn is_one_task(offsets: &[i64]) -> bool {
    ((offsets[offsets.len() - 1] - offsets[0]) as usize) <= FEW
}

/// Consecutive documents of about equally many elements each; one task where there is one thread.
#[expect(clippy::single_range_in_vec_init, reason = "one task that covers everything")]
pub fn tasks(offsets: &[i64]) -> Vec<Range<usize>> {
    if is_one_task(offsets) {
        return vec![0..offsets.len() - 1];
    }
    let total = (offsets[offsets.len() - 1] - offsets[0]) as usize;
    let threads = rayon::current_num_threads();
    let most = if threads == 1 { total } else { total / (SHARE * threads) };
    let length = most.max(TASK) as i64;
    let mut tasks = Vec::new();
    let mut start = 0;
    while start + 1 < offsets.len() {
        let stop = offsets.partition_point(|&offset| offset < offsets[start] + length);
        let stop = stop.clamp(start + 1, offsets.len() - 1);
        tasks.push(start..stop);
        start = stop;
    }
    tasks
}

/// Elements of any number for each document: `append` puts those of document `i` at the end of a vector.
///
/// Returns all elements and offsets int64[n + 1]. Nothing is copied where one task covered everything.
pub fn ragged<T: Copy + Send, S: Default>(
    offsets: &[i64],
    append: impl Fn(&mut S, usize, &mut Vec<T>) + Sync,
) -> (Vec<T>, Vec<i64>)
where
    Vec<T>: Sync,
{
    let task = |task: Range<usize>| {
        let (mut state, mut elements) = (S::default(), Vec::new());
        let mut ends = Vec::with_capacity(task.len());
        for i in task {
            append(&mut state, i, &mut elements);
            ends.push(elements.len() as i64);
        }
        (elements, ends)
    };
    let mut parts = each(tasks(offsets), || (), |(), range| task(range));
    let mut all_ends = Vec::with_capacity(offsets.len());
    all_ends.push(0);
    let mut before = 0;
    for (elements, ends) in &parts {
        all_ends.extend(ends.iter().map(|end| before + end));
        before += elements.len() as i64;
    }
    let elements = match parts.len() {
        1 => parts.remove(0).0,
        _ => parts.iter().map(|part| &part.0[..]).collect::<Vec<_>>().concat(),
    };
    (elements, all_ends)
}
