//! Typed storage: golden layout, and lists and maps against naive models.

use crate::memory_host::MemoryHost;
use crate::storage::{Item, List, Lists, Map, item_slot, map_slot};
use crate::stored::Record;
use crate::{CallError, Ctx};
use alloy_primitives::{Address, B256, U256, address, b256, uint};
use borsh::{BorshDeserialize, BorshSerialize};
use proptest::prelude::*;
use std::collections::BTreeMap;

const PALLET: Address = address!("0x00000000000000000000000000000000000a5501");

#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Note {
    author: u32,
    text: String,
}

impl Record for Note {
    const BYTES_MAX: usize = 256;
}

const TOTAL: Item<u64> = Item::new("test.total");
const NOTE: Item<Note> = Item::new("test.note");
const NOTES: Map<u64, Note> = Map::new("test.notes");
const OWNERS: Map<Address, U256> = Map::new("test.owners");
const QUEUE: List<u64> = List::new("test.queue");
const BOOKS: Lists<u64, Note> = Lists::new("test.books");

fn note(length: usize) -> Note {
    Note { author: 7, text: "x".repeat(length) }
}

#[test]
fn layout_is_golden() {
    let mut host = MemoryHost::new(PALLET);
    host.run(|ctx| {
        TOTAL.set(ctx, &5)?;
        OWNERS.set(ctx, &PALLET, &uint!(9_U256))?;
        NOTES.set(ctx, &1, &Note { author: 0x0102_0304, text: "a text of more than thirty-two bytes".into() })?;
        QUEUE.push(ctx, &11)?;
        QUEUE.push(ctx, &12)?;
        Ok(())
    })
    .unwrap();
    let at = |slot: U256| host.slot(PALLET, slot);
    assert_eq!(at(item_slot("test.total")), uint!(5_U256));
    assert_eq!(
        B256::from(item_slot("test.total")),
        b256!("0x746573742e746f74616c00000000000000000000000000000000000000000000")
    );
    assert_eq!(
        B256::from(map_slot("test.owners", &PALLET)),
        b256!("0xb203c28de4a79b46b8b95211767c0dcfde5410aab75f61bf31ce187af0331314")
    );
    assert_eq!(at(map_slot("test.owners", &PALLET)), uint!(9_U256));
    // Length, then the borsh encoding in words: author and length of the text little-endian, the text, zeros.
    let record = map_slot("test.notes", &1u64);
    assert_eq!(at(record), uint!(44_U256));
    let first = b256!("0x0403020124000000612074657874206f66206d6f7265207468616e2074686972");
    let second = b256!("0x74792d74776f2062797465730000000000000000000000000000000000000000");
    assert_eq!(at(record + uint!(1_U256)), U256::from_be_bytes(first.0));
    assert_eq!(at(record + uint!(2_U256)), U256::from_be_bytes(second.0));
    assert_eq!(at(item_slot("test.queue")), uint!(2_U256));
    assert_eq!(at(map_slot("test.queue", &1u64)), uint!(12_U256));
}

#[test]
fn a_shorter_record_clears_the_tail() {
    let mut host = MemoryHost::new(PALLET);
    host.run(|ctx| NOTE.set(ctx, &note(200))).unwrap();
    assert_eq!(host.slot_count(PALLET), 1 + 7);
    host.run(|ctx| NOTE.set(ctx, &note(3))).unwrap();
    assert_eq!(host.slot_count(PALLET), 1 + 1);
    assert_eq!(host.run(|ctx| NOTE.get(ctx)).unwrap(), Some(note(3)));
    host.run(|ctx| NOTE.remove(ctx)).unwrap();
    assert_eq!(host.slot_count(PALLET), 0);
    assert_eq!(host.run(|ctx| NOTE.get(ctx)).unwrap(), None);
}

#[test]
fn a_record_over_its_bound_reverts_and_leaves_nothing() {
    let mut host = MemoryHost::new(PALLET);
    let error = host.run(|ctx| NOTE.set(ctx, &note(300))).unwrap_err();
    assert!(matches!(error, CallError::Reverted(_)));
    assert_eq!(host.slot_count(PALLET), 0);
}

#[test]
fn storing_costs_no_less_than_the_evm() {
    let mut host = MemoryHost::new(PALLET);
    for length in [1usize, 24, 25, 100, 200] {
        host.set_gas(30_000_000);
        let slots_before = host.slot_count(PALLET);
        host.run(|ctx| NOTES.set(ctx, &(length as u64), &note(length))).unwrap();
        let slots = (host.slot_count(PALLET) - slots_before) as u64;
        let spent = 30_000_000 - crate::Host::gas_left(&host);
        assert!(spent >= slots * 22_000, "{slots} new slots for {spent} gas");
    }
}

#[test]
fn lists_by_key_and_bounds() {
    let mut host = MemoryHost::new(PALLET);
    host.run(|ctx| {
        let book = BOOKS.at(ctx, &4)?;
        book.push(ctx, &note(1))?;
        book.push(ctx, &note(40))?;
        assert_eq!(book.page(ctx, 1, 1_000_000)?, vec![note(40)]);
        assert_eq!(BOOKS.at(ctx, &5)?.length(ctx)?, 0);
        book.pop(ctx)?;
        assert_eq!(book.length(ctx)?, 1);
        assert_eq!(book.get(ctx, 1)?, None);
        Ok(())
    })
    .unwrap();
    let beyond = host.run(|ctx| QUEUE.set(ctx, 0, &1)).unwrap_err();
    assert!(matches!(beyond, CallError::Reverted(_)));
    let empty = host.run(|ctx| QUEUE.pop(ctx)).unwrap_err();
    assert!(matches!(empty, CallError::Reverted(_)));
}

#[derive(Clone, Debug)]
enum Step {
    Set(u64, usize),
    Remove(u64),
    Push(u64),
    Pop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4u64, 0..200usize).prop_map(|(key, length)| Step::Set(key, length)),
        (0..4u64).prop_map(Step::Remove),
        (1..9u64).prop_map(Step::Push),
        Just(Step::Pop),
    ]
}

fn apply(ctx: &mut Ctx<'_>, step: &Step) -> Result<(), CallError> {
    match step {
        Step::Set(key, length) => NOTES.set(ctx, key, &note(*length)),
        Step::Remove(key) => NOTES.remove(ctx, key),
        Step::Push(value) => QUEUE.push(ctx, value).map(|_| ()),
        Step::Pop => QUEUE.pop(ctx),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn maps_and_lists_match_their_models(steps in prop::collection::vec(step(), 1..40)) {
        let mut host = MemoryHost::new(PALLET);
        let (mut map, mut list) = (BTreeMap::new(), Vec::new());
        for step in &steps {
            let done = host.run(|ctx| apply(ctx, step)).is_ok();
            match step {
                Step::Set(key, length) => { map.insert(*key, note(*length)); }
                Step::Remove(key) => { map.remove(key); }
                Step::Push(value) => list.push(*value),
                Step::Pop => prop_assert_eq!(done, list.pop().is_some()),
            }
            host.set_gas(30_000_000);
        }
        for key in 0..4u64 {
            prop_assert_eq!(host.run(|ctx| NOTES.get(ctx, &key)).unwrap(), map.get(&key).cloned());
        }
        prop_assert_eq!(host.run(|ctx| QUEUE.page(ctx, 0, 100)).unwrap(), list.clone());
        let words: usize = map.values().map(|n| 1 + (8 + n.text.len()).div_ceil(32)).sum();
        let length_slot = usize::from(!list.is_empty());
        prop_assert_eq!(host.slot_count(PALLET), words + list.len() + length_slot);
    }
}
