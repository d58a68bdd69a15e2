//! What must be persisted: the records that changed since the last save.

use crate::arena::Arena;
use crate::branch::{Link, Root};
use crate::names::{NodeKey, Owner};
use crate::path::Path;
use crate::record;
use crate::state::StateTrie;
use alloy_primitives::B256;
use assay_primitives::Fault;
use core::iter::Peekable;
use std::vec::IntoIter;

/// Takes a node's name and its record, or `None` where it is to be deleted.
pub type Sink<'a> = dyn FnMut(&[u8], Option<&[u8]>) -> Result<(), Fault> + 'a;

impl StateTrie {
    /// Hashed addresses of accounts whose storage tries were removed whole since the last save; what is persisted of
    /// these is stale.
    pub fn cleared(&self) -> impl Iterator<Item = &B256> {
        self.cleared.iter()
    }

    /// Gives every node that changed since the last save to `sink`, each once, by its encoded name and in the order of
    /// these; deletions of nodes that do not exist occur. `stale` are the names of all persisted nodes of the storage
    /// tries in [`Self::cleared`]. The work is in proportion to the changes.
    ///
    /// # Errors
    /// Those of the sink; [`Fault::Invariant`] else.
    pub fn save(&self, stale: Vec<Vec<u8>>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let mut gone = stale;
        gone.extend(self.removed.iter().map(NodeKey::encode));
        gone.sort_unstable();
        gone.dedup();
        let name = Vec::with_capacity(NodeKey::MAX_ENCODED);
        let mut save = Save { arena: &self.arena, gone: gone.into_iter().peekable(), sink, name, record: Vec::new() };
        NodeKey { owner: Owner::Accounts, path: Path::EMPTY }.encode_into(&mut save.name);
        match &self.root {
            Root::Branch(link) => save.branch(*link, 0)?,
            Root::Leaf(leaf) => {
                record::encode_root_leaf(&mut save.record, leaf);
                save.put()?;
            }
            Root::Empty | Root::Paged(_) => {}
        }
        for (address, link) in &self.storages {
            if !self.arena.is_saved(self.arena.branch(*link)?.head) {
                save.name.clear();
                save.name.extend_from_slice(&NodeKey::storage_prefix(address));
                save.branch(*link, 0)?;
            }
        }
        for name in save.gone {
            (save.sink)(&name, None)?;
        }
        Ok(())
    }

    /// Notes that what [`Self::save`] gave is persisted; nothing may have been installed in between.
    pub fn saved(&mut self) {
        self.arena.set_saved(self.epoch);
        self.removed.clear();
        self.cleared.clear();
    }
}

struct Save<'a> {
    arena: &'a Arena,
    /// Names of what went away, in order; those that came back are skipped.
    gone: Peekable<IntoIter<Vec<u8>>>,
    sink: &'a mut Sink<'a>,
    name: Vec<u8>,
    record: Vec<u8>,
}

impl Save<'_> {
    /// Gives a branch, whose name is in place, and the changed ones below it.
    fn branch(&mut self, link: Link, depth: usize) -> Result<(), Fault> {
        let branch = self.arena.branch(link)?;
        if self.arena.is_saved(branch.head) {
            return Ok(());
        }
        let position = depth.saturating_add(branch.prefix_len());
        self.record.clear();
        record::encode_branch(&mut self.record, position, branch);
        self.put()?;
        let length = self.name.len();
        if let Some(prefix) = branch.prefix() {
            self.name.extend((0..prefix.len()).map(|index| prefix.nibble(index)));
        }
        for (nibble, child) in branch.numbered() {
            if !child.link.is_paged() {
                self.name.push(nibble);
                self.branch(child.link, position.saturating_add(1))?;
                self.name.pop();
            }
        }
        self.name.truncate(length);
        Ok(())
    }

    /// Gives the record under the name, after the deletions before it.
    fn put(&mut self) -> Result<(), Fault> {
        while let Some(name) = self.gone.next_if(|gone| *gone <= self.name) {
            if name != self.name {
                (self.sink)(&name, None)?;
            }
        }
        (self.sink)(&self.name, Some(&self.record))
    }
}
