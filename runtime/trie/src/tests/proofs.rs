//! Proofs of what is there and of what is not, verified by `alloy-trie`.

use super::model::{Changes, Model, Nodes, address, commit, deletion, oracle_storage_root, prepare, update};
use crate::{AccountProof, EMPTY_ROOT, StateTrie};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_trie::proof::verify_proof;
use alloy_trie::{Nibbles, TrieAccount};

fn verify(root: B256, model: &Model, who: Address, proof: &AccountProof) {
    let expected = model.accounts.get(&who);
    let storage_root = expected.map_or(EMPTY_ROOT, |(_, slots)| oracle_storage_root(slots));
    let leaf = expected.map(|(account, _)| {
        let (nonce, balance, code_hash) = (account.nonce, account.balance, account.code_hash);
        alloy_rlp::encode(TrieAccount { nonce, balance, storage_root, code_hash })
    });
    verify_proof(root, Nibbles::unpack(keccak256(who)), leaf, &proof.proof).unwrap();
    assert_eq!(proof.account.map(|leaf| leaf.account), expected.map(|(account, _)| *account));
    assert_eq!(proof.account.map_or(EMPTY_ROOT, |leaf| leaf.storage_root), storage_root);
    for slot in &proof.slots {
        let value = expected.and_then(|(_, slots)| slots.get(&slot.slot)).copied().unwrap_or_default();
        assert_eq!(slot.value, value);
        let leaf = (!value.is_zero()).then(|| alloy_rlp::encode(value));
        let key = Nibbles::unpack(keccak256(slot.slot.to_be_bytes::<32>()));
        verify_proof(storage_root, key, leaf, &slot.proof).unwrap();
    }
}

fn state(accounts: u64) -> (Model, Nodes, StateTrie) {
    let mut model = Model::default();
    let mut nodes = Nodes::default();
    let mut trie = StateTrie::open(EMPTY_ROOT).unwrap();
    let mut changes: Changes = (0..accounts).map(|index| (address(index), update(index + 1, &[]))).collect();
    for (index, slots) in [(0, 1), (1, 2), (2, 300)] {
        let slots: Vec<_> = (0..slots).map(|slot| (slot, slot * slot + 1)).collect();
        changes.insert(address(index), update(index + 1, &slots));
    }
    model.apply(&changes);
    commit(&mut trie, &mut nodes, &changes);
    assert_eq!(trie.root(), model.root());
    (model, nodes, trie)
}

#[test]
fn inclusion_and_exclusion_at_any_residence() {
    let slots: Vec<U256> = (0..400).step_by(7).map(U256::from).collect();
    for accounts in [1, 2, 3, 17, 600] {
        let (model, nodes, mut trie) = state(accounts);
        let mut all = Vec::new();
        for budget in [usize::MAX, 60_000, 9_000, 0] {
            trie.evict_to(budget).unwrap();
            let proofs: Vec<_> =
                (0..accounts.max(3) + 60).map(|index| trie.proof(&nodes, address(index), &slots).unwrap()).collect();
            for (index, proof) in (0..).zip(&proofs) {
                verify(trie.root(), &model, address(index), proof);
            }
            all.push(proofs);
        }
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[test]
fn the_empty_state_has_empty_proofs() {
    let trie = StateTrie::open(EMPTY_ROOT).unwrap();
    let proof = trie.proof(&Nodes::default(), address(1), &[U256::ZERO]).unwrap();
    assert!(proof.account.is_none() && proof.proof.is_empty() && proof.slots[0].proof.is_empty());
    verify(EMPTY_ROOT, &Model::default(), address(1), &proof);
}

/// Reverse changes lead to an older state, whose proofs are then those of an overlay.
#[test]
fn proofs_after_a_prepared_block() {
    for budget in [usize::MAX, 20_000, 0] {
        let (model, nodes, mut trie) = state(200);
        trie.evict_to(budget).unwrap();
        let mut after = model.clone();
        let mut wiped = update(4, &[(9, 9), (10, 10)]);
        wiped.wiped = true;
        let changes = Changes::from([
            (address(0), deletion()),
            (address(2), wiped),
            (address(1), update(8, &[(0, 0), (5, 5)])),
            (address(900), update(1, &[(1, 1)])),
        ]);
        after.apply(&changes);
        let prepared = prepare(&trie, &nodes, &changes);
        assert_eq!(prepared.root(), after.root());
        let slots: Vec<U256> = (0..12).map(U256::from).collect();
        for index in (0..210).chain([900, 901]) {
            let proof = trie.proof_after(&prepared, &nodes, address(index), &slots).unwrap();
            verify(prepared.root(), &after, address(index), &proof);
            verify(trie.root(), &model, address(index), &trie.proof(&nodes, address(index), &slots).unwrap());
        }
    }
}

#[test]
fn the_account_read_is_the_account_proven() {
    let (model, nodes, trie) = state(50);
    for index in 0..60 {
        let leaf = trie.account(&nodes, address(index)).unwrap();
        assert_eq!(leaf.map(|leaf| leaf.account), model.accounts.get(&address(index)).map(|(account, _)| *account));
    }
}
