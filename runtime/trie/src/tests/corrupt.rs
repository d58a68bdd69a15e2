//! Damaged, missing and foreign node records are faults that name the node, never panics or wrong roots.

use super::model::{Changes, Model, Nodes, address, commit, update};
use crate::{EMPTY_ROOT, StateBuilder, StateTrie};
use alloy_primitives::{B256, U256};
use assay_primitives::Fault;
use proptest::prelude::*;

fn persisted() -> (Nodes, B256) {
    let mut nodes = Nodes::default();
    let mut trie = StateTrie::open(EMPTY_ROOT).unwrap();
    let changes: Changes = (0..60)
        .map(|index| (address(index), update(index + 1, &(0..index).map(|slot| (slot, slot + 1)).collect::<Vec<_>>())))
        .collect();
    let mut model = Model::default();
    model.apply(&changes);
    assert_eq!(commit(&mut trie, &mut nodes, &changes), model.root());
    (nodes, trie.root())
}

/// Touches every account and every slot, so that every node is read.
fn read_everything(nodes: &Nodes, root: B256) -> Result<(), Fault> {
    let trie = StateTrie::open(root).unwrap();
    let everything: Changes = (0..60)
        .map(|index| (address(index), update(index + 1, &(0..60).map(|slot| (slot, 77)).collect::<Vec<_>>())))
        .collect();
    trie.prepare(nodes, everything)?;
    for index in 0..60 {
        trie.proof(nodes, address(index), &(0..60).map(U256::from).collect::<Vec<_>>())?;
    }
    Ok(())
}

#[test]
fn intact_nodes_are_read() {
    let (nodes, root) = persisted();
    read_everything(&nodes, root).unwrap();
}

#[test]
fn a_missing_node_is_named() {
    let (nodes, root) = persisted();
    for key in nodes.nodes.keys() {
        let mut damaged = nodes.clone();
        damaged.nodes.remove(key);
        let Err(Fault::Corrupt(what)) = read_everything(&damaged, root) else { panic!("not noticed") };
        assert!(what.starts_with("node /") && what.ends_with("is missing"), "{what}");
    }
}

#[test]
fn a_wrong_root_is_noticed() {
    let (nodes, _) = persisted();
    let Err(Fault::Corrupt(what)) = read_everything(&nodes, B256::repeat_byte(1)) else { panic!("not noticed") };
    assert_eq!(what, "node / of the account trie does not match its hash");
}

#[test]
fn keys_out_of_order_are_refused_by_the_rebuild() {
    let mut builder = StateBuilder::new(|_, _: &[u8]| Ok(()));
    assert!(builder.slot(B256::ZERO, U256::from(1)).is_err());
    builder.account(B256::repeat_byte(2), crate::Account::default()).unwrap();
    builder.slot(B256::repeat_byte(5), U256::from(1)).unwrap();
    assert!(builder.slot(B256::repeat_byte(5), U256::from(1)).is_err());
    assert!(builder.account(B256::repeat_byte(2), crate::Account::default()).is_err());
}

#[test]
fn an_account_changed_twice_in_a_block_is_refused() {
    let trie = StateTrie::open(EMPTY_ROOT).unwrap();
    let twice = [(address(1), update(1, &[])), (address(1), update(2, &[]))];
    assert!(matches!(trie.prepare(&Nodes::default(), twice), Err(Fault::Invariant(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_flipped_bit_is_noticed(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        bit in 0u32..8,
    ) {
        let (mut nodes, root) = persisted();
        let key = nodes.nodes.keys().nth(which.index(nodes.nodes.len())).unwrap().clone();
        let bytes = nodes.nodes.get_mut(&key).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(matches!(read_everything(&nodes, root), Err(Fault::Corrupt(_))));
    }

    #[test]
    fn a_torn_record_is_noticed(
        which in any::<prop::sample::Index>(),
        tail in any::<Vec<u8>>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (mut nodes, root) = persisted();
        let key = nodes.nodes.keys().nth(which.index(nodes.nodes.len())).unwrap().clone();
        let bytes = nodes.nodes.get_mut(&key).unwrap();
        let before = bytes.clone();
        bytes.truncate(cut.index(before.len()));
        bytes.extend_from_slice(&tail);
        prop_assume!(*bytes != before);
        prop_assert!(matches!(read_everything(&nodes, root), Err(Fault::Corrupt(_))));
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in any::<Vec<u8>>(),
        tag in 0x10u8..0x18,
        account in any::<bool>(),
        depth in 0usize..65,
    ) {
        let path = crate::Path::of_key(&B256::repeat_byte(0x5a)).prefix(depth);
        let mut record = vec![tag];
        record.extend_from_slice(&bytes);
        let _ = crate::record::decode(&record, &path, account);
        let _ = crate::record::decode(&bytes, &path, account);
    }
}
