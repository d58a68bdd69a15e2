//! A naive state in maps with its root by `alloy-trie`, and a map-backed store of nodes.

use crate::{Account, AccountUpdate, NodeKey, NodeSource, Prepared, StateTrie};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_trie::{HashBuilder, Nibbles, TrieAccount};
use assay_primitives::Fault;
use std::collections::BTreeMap;

/// Changes of one block.
pub type Changes = BTreeMap<Address, AccountUpdate<BTreeMap<U256, U256>>>;

/// The state in maps.
#[derive(Clone, Default)]
pub struct Model {
    pub accounts: BTreeMap<Address, (Account, BTreeMap<U256, U256>)>,
}

impl Model {
    /// What the changes overwrite, as a prepared block tells it.
    pub fn overwritten(&self, changes: &Changes) -> crate::Overwritten {
        let mut found = crate::Overwritten::default();
        for (address, update) in changes {
            let before = self.accounts.get(address);
            found.accounts.push(before.map(|(account, _)| *account));
            let kept = before.filter(|_| update.account.is_some() && !update.wiped);
            let slot = |slot| kept.and_then(|(_, slots)| slots.get(slot)).copied().unwrap_or_default();
            found.slots.extend(update.slots.keys().map(slot));
        }
        found
    }

    pub fn apply(&mut self, changes: &Changes) {
        for (address, update) in changes {
            let Some(account) = update.account else {
                self.accounts.remove(address);
                continue;
            };
            let entry = self.accounts.entry(*address).or_default();
            entry.0 = account;
            if update.wiped {
                entry.1.clear();
            }
            for (slot, value) in &update.slots {
                if value.is_zero() {
                    entry.1.remove(slot);
                } else {
                    entry.1.insert(*slot, *value);
                }
            }
        }
    }

    pub fn root(&self) -> B256 {
        oracle_root(self.accounts.iter().map(|(address, (account, slots))| {
            let storage_root = oracle_storage_root(slots);
            let Account { nonce, balance, code_hash } = *account;
            (keccak256(address), alloy_rlp::encode(TrieAccount { nonce, balance, storage_root, code_hash }))
        }))
    }
}

pub fn oracle_storage_root(slots: &BTreeMap<U256, U256>) -> B256 {
    oracle_root(
        slots
            .iter()
            .map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), alloy_rlp::encode_fixed_size(value).to_vec())),
    )
}

pub fn oracle_root(leaves: impl Iterator<Item = (B256, Vec<u8>)>) -> B256 {
    let mut builder = HashBuilder::default();
    for (key, value) in leaves.collect::<BTreeMap<_, _>>() {
        builder.add_leaf(Nibbles::unpack(key), &value);
    }
    builder.root()
}

/// Persisted nodes in a map, under their encoded keys as a database would have them.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Nodes {
    pub nodes: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl NodeSource for Nodes {
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.nodes.get(&key.encode()).cloned())
    }
}

impl Nodes {
    /// Persists what changed since the last save.
    pub fn save(&mut self, trie: &mut StateTrie) {
        let stale = trie
            .cleared()
            .map(NodeKey::storage_prefix)
            .flat_map(|prefix| self.nodes.keys().filter(move |key| key.starts_with(&prefix)).cloned())
            .collect();
        let mut last: Option<Vec<u8>> = None;
        let nodes = &mut self.nodes;
        trie.save(stale, &mut |name, record| {
            assert!(last.as_deref() < Some(name), "names are in order, each once");
            last = Some(name.to_vec());
            match record {
                Some(record) => nodes.insert(name.to_vec(), record.to_vec()),
                None => nodes.remove(name),
            };
            Ok(())
        })
        .unwrap();
        trie.saved();
    }
}

pub fn prepare(trie: &StateTrie, nodes: &Nodes, changes: &Changes) -> Prepared {
    trie.prepare(nodes, changes.clone()).unwrap()
}

/// Prepares, installs and persists.
pub fn commit(trie: &mut StateTrie, nodes: &mut Nodes, changes: &Changes) -> B256 {
    let prepared = prepare(trie, nodes, changes);
    trie.install(prepared).unwrap();
    nodes.save(trie);
    trie.root()
}

pub fn address(index: u64) -> Address {
    Address::left_padding_from(&index.to_be_bytes())
}

pub fn account(nonce: u64) -> Account {
    Account { nonce, balance: U256::from(nonce) * U256::from(1_000_000_007u64), ..Account::default() }
}

/// An update of an account and slots.
pub fn update(nonce: u64, slots: &[(u64, u64)]) -> AccountUpdate<BTreeMap<U256, U256>> {
    AccountUpdate {
        account: Some(account(nonce)),
        wiped: false,
        slots: slots.iter().map(|(slot, value)| (U256::from(*slot), U256::from(*value))).collect(),
    }
}

pub fn deletion() -> AccountUpdate<BTreeMap<U256, U256>> {
    AccountUpdate { account: None, wiped: true, slots: BTreeMap::new() }
}

/// The nodes that a rebuild from the flat state persists, and its root.
pub fn rebuild(model: &Model) -> (B256, Nodes) {
    let mut nodes = Nodes::default();
    let mut accounts: Vec<_> = model.accounts.iter().map(|(address, entry)| (keccak256(address), entry)).collect();
    accounts.sort_by_key(|(address, _)| *address);
    let mut builder = crate::StateBuilder::new(|key: NodeKey, bytes: &[u8]| {
        assert!(nodes.nodes.insert(key.encode(), bytes.to_vec()).is_none(), "{key} is emitted twice");
        Ok(())
    });
    for (address, (account, slots)) in accounts {
        builder.account(address, *account).unwrap();
        let slots: BTreeMap<B256, U256> =
            slots.iter().map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), *value)).collect();
        for (slot, value) in slots {
            builder.slot(slot, value).unwrap();
        }
    }
    let root = builder.finish().unwrap();
    (root, nodes)
}
