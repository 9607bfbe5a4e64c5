//! What was used of late, in two generations: what is not asked about for a whole generation is
//! forgotten with it.

use std::collections::HashMap;

/// A SHA-256.
pub type Mark = [u8; 32];

/// Values by their marks.
#[derive(Debug)]
pub struct Recent<V> {
    young: HashMap<Mark, V>,
    old: HashMap<Mark, V>,
    generation: usize,
}

impl<V: Clone> Recent<V> {
    /// With at most so many values in each of the two generations.
    pub fn new(generation: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            generation,
        }
    }

    /// The value under a mark, which counts as used now.
    pub fn get(&mut self, mark: &Mark) -> Option<V> {
        if let Some(value) = self.young.get(mark) {
            return Some(value.clone());
        }
        let value = self.old.get(mark)?.clone();
        self.put(*mark, value.clone());
        Some(value)
    }

    /// Puts a value under a mark.
    pub fn put(&mut self, mark: Mark, value: V) {
        if self.young.len() >= self.generation {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(mark, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(number: usize) -> Mark {
        let mut mark = Mark::default();
        mark[..8].copy_from_slice(&number.to_be_bytes());
        mark
    }

    #[test]
    fn no_more_than_two_generations_are_kept() {
        let mut recent = Recent::new(10);
        for number in 0..=30 {
            recent.put(numbered(number), number);
        }
        assert_eq!((recent.young.len(), recent.old.len()), (1, 10));
        assert_eq!(recent.get(&numbered(0)), None);
        assert_eq!(recent.get(&numbered(20)), Some(20));
    }

    #[test]
    fn what_is_used_stays() {
        let mut recent = Recent::new(10);
        recent.put(numbered(0), 0);
        for number in 1..100 {
            recent.put(numbered(number), number);
            assert_eq!(recent.get(&numbered(0)), Some(0), "after {number}");
        }
    }
}
