//! The persisted format, pinned byte by byte, and the sizes that the documentation promises.

use super::model::{Changes, Nodes, address, commit, rebuild, update};
use crate::branch::{Child, Head, Leaf, Link, Loose};
use crate::record;
use crate::rlp::Reference;
use crate::value::{Storage, Value, decode_account, encode_account};
use crate::{Account, EMPTY_ROOT, NodeKey, Owner, Path, StateTrie};
use alloy_primitives::{B256, U256, b256, hex};

#[test]
fn sizes_in_memory() {
    assert_eq!((size_of::<Head>(), size_of::<Child>(), size_of::<Leaf>()), (32, 40, 56));
}

#[test]
fn a_trie_may_be_shared_between_threads() {
    const fn shared<T: Send + Sync>() {}
    shared::<StateTrie>();
    shared::<crate::Prepared>();
}

#[test]
fn keys_are_prefix_and_nibbles() {
    let path = Path::of_bytes(&[0xab, 0xc0]).unwrap().prefix(3);
    assert_eq!(NodeKey { owner: Owner::Accounts, path }.encode(), hex!("00 0a0b0c"));
    assert_eq!(NodeKey { owner: Owner::Accounts, path: Path::EMPTY }.encode(), hex!("00"));
    let owner = Owner::Storage(B256::repeat_byte(0x22));
    let key = NodeKey { owner, path }.encode();
    assert_eq!(key, [&[1u8][..], &[0x22; 32], &hex!("0a0b0c")].concat());
    assert!(key.starts_with(&NodeKey::storage_prefix(&B256::repeat_byte(0x22))));
    let longest = NodeKey { owner, path: Path::of_key(&B256::ZERO) };
    assert_eq!(longest.encode().len(), NodeKey::MAX_ENCODED);
}

#[test]
fn a_branch_record() {
    let leaf_key = b256!("ab3d111111111111111111111111111111111111111111111111111111111111");
    let value = Value::slot(U256::from(0x0102));
    let mut branch = Loose::new(Path::of_bytes(&[0xb0]).unwrap().prefix(1), 0);
    let short = Reference::inline(&[0xc2, 0x01, 0x02]).unwrap();
    branch.put(15, Child { reference: short, link: Link::PAGED }, None);
    branch.put(1, Child { reference: Reference::hash(B256::repeat_byte(0xee)), link: Link::PAGED }, None);
    branch.put(3, Child { reference: short, link: Link::PAGED }, Some(Leaf { key: leaf_key, value }));
    let mut out = Vec::new();
    record::encode_branch(&mut out, 2, branch.view());
    let mut expected = hex!("16 01b0 800a 0008 8000").to_vec();
    expected.extend_from_slice(&[0xee; 32]);
    expected.extend_from_slice(&leaf_key[1..]);
    expected.extend_from_slice(&hex!("020102 03c20102"));
    assert_eq!(out, expected);
}

#[test]
fn an_account_value_and_a_root_leaf() {
    let plain = Account { nonce: 0x0102, balance: U256::from(0xffu64), ..Account::default() };
    assert_eq!(encode_account(&plain, &Storage::Empty), hex!("20 01 0102 ff"));
    let full = Account { code_hash: B256::repeat_byte(2), ..Account::default() };
    let root = Storage::Root(B256::repeat_byte(1));
    assert_eq!(encode_account(&full, &root), [&hex!("0300")[..], &[1; 32], &[2; 32]].concat());
    let one = Storage::One(B256::repeat_byte(1), U256::from(0x0203));
    assert_eq!(encode_account(&full, &one), [&hex!("0600")[..], &[1; 32], &hex!("020203"), &[2; 32]].concat());
    for (account, storage) in [(plain, Storage::Empty), (full, root), (full, one)] {
        let bytes = encode_account(&account, &storage);
        assert_eq!(decode_account(&mut bytes.as_slice()), Some((account, storage)));
    }
    let mut out = Vec::new();
    record::encode_root_leaf(
        &mut out,
        &Leaf { key: B256::repeat_byte(9), value: Value::account(&plain, &Storage::Empty) },
    );
    assert_eq!(out, [&[0x11][..], &[9; 32], &hex!("20010102ff")].concat());
}

#[test]
fn malformed_values_are_refused() {
    for bytes in [
        &hex!("05 00")[..],
        &hex!("08 00"),
        &hex!("90 00"),
        &hex!("00 21"),
        &hex!("10 00 00"),
        &hex!("00 01 00"),
        &hex!("01 00"),
    ] {
        assert_eq!(decode_account(&mut &*bytes), None, "{bytes:?}");
    }
    for bytes in [&hex!("00")[..], &hex!("01 00"), &hex!("02 01"), &hex!("21"), &hex!("")] {
        assert_eq!(Value::decode(&mut &*bytes, false), None, "{bytes:?}");
    }
}

#[test]
fn paths() {
    let key = b256!("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    let path = Path::of_key(&key);
    assert_eq!(path.len(), 64);
    assert_eq!(path.prefix(5).to_string(), "/01234");
    assert_eq!(path.slice(3, 6).to_string(), "/345");
    assert_eq!(path.prefix(3).join(&path.slice(3, 64)), path);
    assert_eq!(path.prefix(3).common_prefix(&path.prefix(9)), 3);
    assert_eq!(path.prefix(7), path.slice(0, 7));
    assert!(path.prefix(3) < path.prefix(4) && path.prefix(4) < path.prefix(3).child(4));
    assert_eq!(path.child(3), path, "64 nibbles are the most");
    assert_eq!(Path::of_bytes(&[0; 33]), None);
}

/// A block writes each node on the paths of what it changes once, and nothing else.
#[test]
fn writes_are_in_proportion_to_the_change() {
    let mut nodes = Nodes::default();
    let mut trie = StateTrie::open(EMPTY_ROOT).unwrap();
    let changes: Changes = (0..4096).map(|index| (address(index), update(index + 1, &[]))).collect();
    commit(&mut trie, &mut nodes, &changes);
    let mut model = super::model::Model::default();
    model.apply(&changes);
    assert_eq!(rebuild(&model).1, nodes);
    let saved = |trie: &StateTrie| {
        let (mut count, mut bytes) = (0, 0);
        let mut sink = |_: &[u8], record: Option<&[u8]>| {
            count += 1;
            bytes += record.map_or(0, <[u8]>::len);
            Ok(())
        };
        trie.save(Vec::new(), &mut sink).unwrap();
        (count, bytes)
    };
    assert_eq!(saved(&trie), (0, 0));
    for round in 0..3 {
        let one = Changes::from([(address(17), update(100 + round, &[(1, 1)]))]);
        trie.install(trie.prepare(&nodes, one).unwrap()).unwrap();
        let (count, bytes) = saved(&trie);
        assert!(count <= 6 && bytes <= 6 * 600, "{count} nodes, {bytes} bytes");
    }
    trie.saved();
    let nothing = Changes::from([(address(17), update(102, &[]))]);
    trie.install(trie.prepare(&nodes, nothing).unwrap()).unwrap();
    assert_eq!((saved(&trie), trie.unsaved_bytes()), ((0, 0), 0));
}
