//! Random histories against the oracle.

use super::model::{Changes, Model, Nodes, account, address, oracle_root, prepare, rebuild};
use crate::branch::Root;
use crate::edit::Edit;
use crate::overlay::Overlay;
use crate::seal::Sealer;
use crate::value::Value;
use crate::{AccountUpdate, EMPTY_ROOT, Owner, StateTrie};
use alloy_primitives::{B256, U256};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One step of a node's life.
#[derive(Clone, Debug)]
enum Step {
    /// A block is decided after others at its height were only prepared.
    Block(Changes, Vec<Changes>),
    /// What changed is persisted.
    Save,
    Evict(usize),
    Restart,
}

fn value() -> impl Strategy<Value = U256> {
    prop_oneof![
        3 => Just(U256::ZERO),
        3 => (1u64..200).prop_map(U256::from),
        1 => any::<[u8; 32]>().prop_map(U256::from_be_bytes),
    ]
}

fn changed_account() -> impl Strategy<Value = AccountUpdate<BTreeMap<U256, U256>>> {
    let slots = btree_map((0u64..48).prop_map(U256::from), value(), 0..12);
    (prop::option::weighted(0.8, 1u64..1000), prop::bool::weighted(0.15), any::<bool>(), slots).prop_map(
        |(nonce, wiped, code, slots)| {
            let account = nonce.map(|nonce| {
                let mut account = account(nonce);
                if code {
                    account.code_hash = B256::repeat_byte(7);
                }
                account
            });
            AccountUpdate { account, wiped, slots }
        },
    )
}

fn changes() -> impl Strategy<Value = Changes> {
    btree_map((0u64..40).prop_map(address), changed_account(), 0..14)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (changes(), vec(changes(), 0..3)).prop_map(|(decided, others)| Step::Block(decided, others)),
        2 => Just(Step::Save),
        2 => (0usize..40_000).prop_map(Step::Evict),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn histories_agree_with_the_oracle(steps in vec(step(), 1..24)) {
        let mut model = Model::default();
        let mut nodes = Nodes::default();
        let mut trie = StateTrie::open(EMPTY_ROOT).unwrap();
        for step in steps {
            match step {
                Step::Block(decided, others) => {
                    for other in others {
                        let mut fork = model.clone();
                        fork.apply(&other);
                        prop_assert_eq!(prepare(&trie, &nodes, &other).root(), fork.root());
                        prop_assert_eq!(trie.root(), model.root());
                    }
                    let prepared = prepare(&trie, &nodes, &decided);
                    prop_assert_eq!(prepared.overwritten(), &model.overwritten(&decided));
                    model.apply(&decided);
                    trie.install(prepared).unwrap();
                    prop_assert_eq!(trie.root(), model.root());
                }
                Step::Save => {
                    nodes.save(&mut trie);
                    prop_assert_eq!(trie.unsaved_bytes(), 0);
                    let (root, rebuilt) = rebuild(&model);
                    prop_assert_eq!(root, trie.root());
                    prop_assert_eq!(&nodes, &rebuilt);
                }
                Step::Evict(budget) => {
                    trie.evict_to(budget).unwrap();
                    // What is not persisted stays.
                    prop_assert!(
                        trie.bytes() <= budget.max(trie.unsaved_bytes() * 2), "{} over {budget}, {} unsaved",
                        trie.bytes(), trie.unsaved_bytes()
                    );
                }
                Step::Restart => {
                    nodes.save(&mut trie);
                    trie = StateTrie::open(trie.root()).unwrap();
                }
            }
        }
        // The arena has lost and leaked nothing: emptied, it holds nothing.
        nodes.save(&mut trie);
        trie.evict_to(0).unwrap();
        prop_assert_eq!((trie.bytes(), trie.resident_branches(), trie.resident_leaves()), (0, 0, 0));
    }

    /// Keys that share long prefixes, whose nodes are shorter than 32 bytes and stand inside their parents: hashed
    /// keys show them about once in a hundred thousand.
    #[test]
    fn short_nodes_agree_with_the_oracle(
        batches in vec((vec((0u16..600, 0u64..3), 1..40), any::<bool>()), 1..10),
        shift in 0usize..24,
    ) {
        let address = B256::repeat_byte(3);
        let owner = Owner::Storage(address);
        let mut trie = StateTrie::open(EMPTY_ROOT).unwrap();
        let mut root = Root::Empty;
        let mut nodes = Nodes::default();
        let mut model: BTreeMap<B256, U256> = BTreeMap::new();
        for (round, (batch, restart)) in batches.into_iter().enumerate() {
            let mut overlay = Overlay::default();
            let epoch = u32::try_from(round).unwrap() + 1;
            let before = oracle_root(model.iter().map(|(key, value)| (*key, alloy_rlp::encode(value))));
            let mut edit = Edit::new(&trie.arena, &mut overlay, &nodes, owner, epoch, root);
            for (key, value) in batch {
                let mut bytes = [0x11; 32];
                bytes[31 - shift..][..2.min(shift + 1)].copy_from_slice(&key.to_be_bytes()[..2.min(shift + 1)]);
                let key = B256::new(bytes);
                if value == 0 {
                    model.remove(&key);
                    edit.remove(&key).unwrap();
                } else {
                    model.insert(key, U256::from(value));
                    edit.set(&key, Value::slot(U256::from(value))).unwrap();
                }
            }
            let (changed, dirty) = edit.into_root();
            let mut sealer = Sealer::default();
            let hash = match &changed {
                _ if !dirty => before,
                Root::Empty => EMPTY_ROOT,
                Root::Leaf(leaf) => sealer.leaf_reference(leaf, 0).root(),
                Root::Branch(link) => sealer.seal(&trie.arena, &mut overlay, &[*link], epoch).unwrap()[0].root(),
                Root::Paged(_) => unreachable!("it was read"),
            };
            let expected = model.iter().map(|(key, value)| (*key, alloy_rlp::encode(value)));
            prop_assert_eq!(hash, oracle_root(expected));
            for link in std::mem::take(&mut overlay.freed) {
                trie.arena.free(link).unwrap();
            }
            trie.removed.append(&mut overlay.removed);
            trie.epoch = epoch;
            trie.storages.clear();
            root = match changed {
                Root::Branch(link) => {
                    let link = overlay.install(&mut trie.arena, link).unwrap();
                    overlay.install_patches(&mut trie.arena, epoch).unwrap();
                    trie.storages.insert(address, link);
                    Root::Branch(link)
                }
                changed => changed,
            };
            nodes.save(&mut trie);
            if restart && let Root::Branch(_) = root {
                trie = StateTrie::open(EMPTY_ROOT).unwrap();
                root = crate::state::persisted(hash);
            }
        }
    }
}
