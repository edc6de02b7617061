//! The head and the tail of a text: which of its lines are among the first or last that remain.

use super::Scratch;

/// The first or last few lines that remain.
pub struct Window {
    size: usize,
    /// Their places, the outermost first.
    places: Vec<usize>,
    /// The next place inwards.
    next: usize,
    step: isize,
}

impl Window {
    pub fn new(size: usize, next: usize, step: isize) -> Window {
        Window { size, places: Vec::new(), next, step }
    }

    /// Look for as many lines as were removed; the places that were looked at.
    pub fn refill(&mut self, scratch: &Scratch, filled: &[usize]) -> Vec<usize> {
        let is_removed = |place: usize| scratch.lines[filled[place]].dropped_by.is_some();
        self.places.retain(|&place| !is_removed(place));
        let mut seen = Vec::new();
        while self.places.len() < self.size && self.next < filled.len() {
            if !is_removed(self.next) {
                self.places.push(self.next);
            }
            seen.push(self.next);
            self.next = self.next.wrapping_add_signed(self.step);
        }
        seen
    }

    /// Whether fewer lines than the window holds remain outside of a place.
    pub fn holds(&self, at: usize) -> bool {
        self.places.len() < self.size || self.is_outside(at, self.places[self.size - 1])
    }

    /// Whether no line remains outside of a place.
    pub fn is_edge(&self, at: usize) -> bool {
        self.places.first().is_none_or(|&first| self.is_outside(at, first))
    }

    fn is_outside(&self, at: usize, place: usize) -> bool {
        if self.step > 0 { at <= place } else { at >= place }
    }
}
