//! Typed reads of committed state.

use crate::reader::read;
use crate::storage::{Item, Map, item_slot, map_slot};
use crate::{CallError, MemoryState};
use alloy_primitives::{Address, Bytes, U256, address, uint};
use assay_primitives::Fault;

const PALLET: Address = address!("0x00000000000000000000000000000000000a5501");
const OTHER: Address = address!("0x00000000000000000000000000000000000a5502");
const TOTAL: Item<u64> = Item::new("test.total");
const OWNERS: Map<u64, Address> = Map::new("test.owners");

fn state() -> MemoryState {
    let mut state = MemoryState::default();
    state.set_storage(PALLET, item_slot("test.total"), uint!(5_U256));
    state.set_storage(OTHER, map_slot("test.owners", &3u64), PALLET.into_word().into());
    state
}

#[test]
fn items_of_a_module_and_through_another_are_read() {
    let (total, owner) = read(&state(), PALLET, |ctx| {
        let owner = ctx.view_of(OTHER, |ctx| OWNERS.get(ctx, &3))?;
        Ok((TOTAL.get(ctx)?, owner))
    })
    .unwrap();
    assert_eq!((total, owner), (Some(5), Some(PALLET)));
}

#[test]
fn data_that_do_not_fit_and_anything_but_reading_are_faults() {
    let mut state = state();
    state.set_storage(PALLET, item_slot("test.total"), U256::MAX);
    assert!(matches!(read(&state, PALLET, |ctx| TOTAL.get(ctx)), Err(Fault::Corrupt(_))));
    let written = read(&state, PALLET, |ctx| TOTAL.set(ctx, &1));
    assert!(matches!(written, Err(Fault::Invariant(_))));
    let called = read(&state, PALLET, |ctx| ctx.static_call(OTHER, Bytes::new()));
    assert!(matches!(called, Err(Fault::Invariant(_))));
    let refused: Result<(), Fault> = read(&state, PALLET, |_| Err(CallError::Halted(crate::Halt::OutOfGas)));
    assert!(matches!(refused, Err(Fault::Invariant(_))));
}
