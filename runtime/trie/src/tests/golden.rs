//! Roots that are known from Ethereum, and agreement of the root functions with the oracle.

use super::model::{Changes, account, address, oracle_root, oracle_storage_root};
use crate::{Account, AccountUpdate, EMPTY_ROOT, NoSource, StateTrie, ordered_root, state_root, storage_root};
use alloy_primitives::{B256, KECCAK256_EMPTY, U256, address, b256, keccak256};
use std::collections::BTreeMap;

#[test]
fn empty_root_is_keccak_of_empty_rlp() {
    assert_eq!(EMPTY_ROOT, keccak256([0x80]));
    assert_eq!(EMPTY_ROOT, b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"));
    assert_eq!(ordered_root::<&[u8]>(&[]), EMPTY_ROOT);
    assert_eq!(storage_root([]), EMPTY_ROOT);
    assert_eq!(storage_root([(U256::ZERO, U256::ZERO)]), EMPTY_ROOT);
    let trie = StateTrie::open(EMPTY_ROOT).unwrap();
    assert_eq!(trie.prepare(&NoSource, Changes::new()).unwrap().root(), EMPTY_ROOT);
}

/// A state of one account, written out by hand: one leaf with the whole key.
#[test]
fn one_account_is_one_leaf() {
    let who = address!("0x000000000000000000000000000000000000aaaa");
    let mut account = vec![0xf8, 0x44, 0x01, 0x80, 0xa0];
    account.extend_from_slice(EMPTY_ROOT.as_slice());
    account.push(0xa0);
    account.extend_from_slice(KECCAK256_EMPTY.as_slice());
    let mut leaf = vec![0xf8, 0x6a, 0xa1, 0x20];
    leaf.extend_from_slice(keccak256(who).as_slice());
    leaf.extend_from_slice(&[0xb8, 0x46]);
    leaf.extend_from_slice(&account);
    let state = [(who, Account { nonce: 1, ..Account::default() }, [])];
    assert_eq!(state_root(state), keccak256(&leaf));
}

/// The genesis allocation of the Sepolia test network and the state root of its genesis header.
#[test]
fn sepolia_genesis() {
    let million = U256::from(1_000_000u64) * U256::from(10u64).pow(U256::from(18));
    let balances = [
        (address!("a2A6d93439144FFE4D27c9E088dCD8b783946263"), million),
        (address!("Bc11295936Aa79d594139de1B2e12629414F3BDB"), million),
        (address!("7cF5b79bfe291A67AB02b393E456cCc4c266F753"), million),
        (address!("aaec86394441f915bce3e6ab399977e9906f3b69"), million),
        (address!("F47CaE1CF79ca6758Bfc787dbD21E6bdBe7112B8"), million),
        (address!("d7eDDB78ED295B3C9629240E8924fb8D8874ddD8"), million),
        (address!("8b7F0977Bb4f0fBE7076FA22bC24acA043583F5e"), million),
        (address!("e2e2659028143784d557bcec6ff3a0721048880a"), million),
        (address!("d9a5179f091d85051d3c982785efd1455cec8699"), million),
        (address!("beef32ca5b9a198d27B4e02F4c70439fE60356Cf"), million),
        (address!("0000006916a87b82333f4245046623b23794c65c"), million * U256::from(10)),
        (address!("b21c33de1fab3fa15499c62b59fe0cc3250020d1"), million * U256::from(100)),
        (address!("10F5d45854e038071485AC9e402308cF80D2d2fE"), million * U256::from(100)),
        (address!("d7d76c58b3a519e9fA6Cc4D22dC017259BC49F1E"), million * U256::from(100)),
        (address!("799D329e5f583419167cD722962485926E338F4a"), million / U256::from(1_000_000)),
    ];
    let expected = b256!("5eb6e371a698b8d68f665192350ffcecbbbf322916f4b51bd79bb6887da3f494");
    let accounts = balances.map(|(who, balance)| (who, Account { balance, ..Account::default() }));
    assert_eq!(state_root(accounts.map(|(who, account)| (who, account, []))), expected);

    let changes = accounts.map(|(who, account)| {
        (who, AccountUpdate { account: Some(account), wiped: false, slots: BTreeMap::<U256, U256>::new() })
    });
    let trie = StateTrie::open(EMPTY_ROOT).unwrap();
    assert_eq!(trie.prepare(&NoSource, changes).unwrap().root(), expected);
}

#[test]
fn one_account_with_the_largest_balance() {
    let who = address!("c2ba9d87f8be0ade00c60d3656c1188e008fbfa2");
    let state = [(who, Account { balance: U256::MAX, ..Account::default() }, [])];
    assert_eq!(state_root(state), b256!("e1389256c47d63df8856d7729dec9dc2dae074a7f0cbc49acad1cf7b29f7fe94"));
}

#[test]
fn ordered_roots_agree_with_the_oracle() {
    for count in [1usize, 2, 3, 15, 16, 17, 127, 128, 129, 130, 255, 256, 257, 300] {
        let items: Vec<Vec<u8>> = (0..count).map(|i| vec![u8::try_from(i % 251).unwrap(); i % 70 + 1]).collect();
        assert_eq!(ordered_root(&items), alloy_trie::root::ordered_trie_root_encoded(&items), "{count} items");
    }
}

#[test]
fn slots_agree_with_the_oracle_at_every_size() {
    let mut slots = BTreeMap::new();
    for index in 0..300u64 {
        slots.insert(U256::from(index), U256::from(index * index + 1));
        assert_eq!(storage_root(slots.clone()), oracle_storage_root(&slots), "{index}");
    }
}

#[test]
fn states_agree_with_the_oracle_in_any_order() {
    let entries: Vec<_> = (0..100u64).rev().map(|index| (address(index), account(index + 1))).collect();
    let expected: BTreeMap<B256, Vec<u8>> = entries
        .iter()
        .map(|(address, account)| {
            let storage_root = oracle_storage_root(&BTreeMap::from([(U256::from(1), U256::from(2))]));
            let Account { nonce, balance, code_hash } = *account;
            let leaf = alloy_trie::TrieAccount { nonce, balance, storage_root, code_hash };
            (keccak256(address), alloy_rlp::encode(leaf))
        })
        .collect();
    let root =
        state_root(entries.into_iter().map(|(address, account)| {
            (address, account, [(U256::from(1), U256::from(2)), (U256::from(3), U256::ZERO)])
        }));
    assert_eq!(root, oracle_root(expected.into_iter()));
}
