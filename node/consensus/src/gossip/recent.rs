//! A bounded memory of hashes in two generations: when the younger one is full, the older one is forgotten. Far cheaper
//! than an exact order of use, and nothing depends on which of the oldest go.

use alloy_primitives::{B256, map::B256HashMap};

/// Remembers what was put in last, between `generation_max` and twice as many.
#[derive(Debug)]
pub(super) struct Recent<V> {
    young: B256HashMap<V>,
    old: B256HashMap<V>,
    generation_max: usize,
}

impl<V: Copy> Recent<V> {
    pub(super) fn new(generation_max: usize) -> Self {
        Self { young: B256HashMap::default(), old: B256HashMap::default(), generation_max }
    }

    pub(super) fn get(&self, hash: &B256) -> Option<V> {
        self.young.get(hash).or_else(|| self.old.get(hash)).copied()
    }

    pub(super) fn put(&mut self, hash: B256, value: V) {
        if self.young.len() >= self.generation_max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, value);
    }

    pub(super) fn remove(&mut self, hash: &B256) {
        self.young.remove(hash);
        self.old.remove(hash);
    }
}
