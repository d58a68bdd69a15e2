//! Runs of 1 to 16 equal things under stable indices, without an allocation for each: runs of one length lie together
//! in chunks, and freed ones are used again, the last freed first.

use assay_primitives::Fault;

/// Runs in a chunk. Growing never moves runs.
const CHUNK: usize = 2048;
/// The longest run: the children of a branch.
const LONGEST: usize = 16;

pub(crate) struct Pool<T> {
    classes: [Class<T>; LONGEST],
}

struct Class<T> {
    chunks: Vec<Vec<T>>,
    free: Vec<u32>,
    /// Runs ever made, those that are free now included.
    made: usize,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { classes: [const { Class { chunks: Vec::new(), free: Vec::new(), made: 0 } }; LONGEST] }
    }
}

impl<T: Default> Pool<T> {
    /// A run; empty for a length of 0, and for an index that was never given.
    pub(crate) fn get(&self, run: u32, len: usize) -> &[T] {
        let Some(class) = self.classes.get(len.wrapping_sub(1)) else { return &[] };
        let (chunk, start, end) = position(run, len);
        class.chunks.get(chunk).and_then(|chunk| chunk.get(start..end)).unwrap_or_default()
    }

    /// [`Self::get`] to change.
    pub(crate) fn get_mut(&mut self, run: u32, len: usize) -> &mut [T] {
        let Some(class) = self.classes.get_mut(len.wrapping_sub(1)) else { return &mut [] };
        let (chunk, start, end) = position(run, len);
        class.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(start..end)).unwrap_or_default()
    }

    /// Adds a run of the items, which are `len`; an empty one has index 0.
    pub(crate) fn add(&mut self, len: usize, items: impl Iterator<Item = T>) -> Result<u32, Fault> {
        if len == 0 {
            return Ok(0);
        }
        let class =
            self.classes.get_mut(len.wrapping_sub(1)).ok_or_else(|| Fault::invariant("trie: a run of over 16"))?;
        if let Some(run) = class.free.pop() {
            for (place, item) in self.get_mut(run, len).iter_mut().zip(items) {
                *place = item;
            }
            return Ok(run);
        }
        let run = u32::try_from(class.made).map_err(|_| Fault::invariant("trie: over 4,294,967,295 runs"))?;
        if class.made.is_multiple_of(CHUNK) {
            class.chunks.push(Vec::with_capacity(CHUNK.saturating_mul(len)));
        }
        class.made = class.made.saturating_add(1);
        if let Some(chunk) = class.chunks.last_mut() {
            let before = chunk.len();
            chunk.extend(items.take(len));
            chunk.resize_with(before.saturating_add(len), T::default);
        }
        Ok(run)
    }

    /// Frees a run.
    pub(crate) fn free(&mut self, run: u32, len: usize) {
        if core::mem::needs_drop::<T>() {
            self.get_mut(run, len).fill_with(T::default);
        }
        if let Some(class) = self.classes.get_mut(len.wrapping_sub(1)) {
            class.free.push(run);
        }
    }

    /// Frees a run and gives what was in it.
    pub(crate) fn take(&mut self, run: u32, len: usize) -> Vec<T> {
        let taken = self.get_mut(run, len).iter_mut().map(core::mem::take).collect();
        self.free(run, len);
        taken
    }
}

/// The chunk of a run and its range in it.
const fn position(run: u32, len: usize) -> (usize, usize, usize) {
    let start = (run as usize % CHUNK).saturating_mul(len);
    (run as usize / CHUNK, start, start.saturating_add(len))
}
