//! Changes, overlays and the in-memory state agree.

use crate::{AccountChange, AccountRecord, MemoryState, Overlay, StateChanges, StateView};
use alloy_primitives::{Address, U256};
use proptest::prelude::*;

fn change() -> impl Strategy<Value = AccountChange> {
    (prop::option::weighted(0.8, 1..5u64), any::<bool>(), prop::collection::btree_map(0..4u64, 0..3u64, 0..4)).prop_map(
        |(nonce, wiped, slots)| {
            let account = nonce.map(|nonce| AccountRecord { nonce, ..AccountRecord::default() });
            let slots = if account.is_some() { slots } else { Default::default() };
            let slots = slots.into_iter().map(|(key, value)| (U256::from(key), U256::from(value))).collect();
            AccountChange { account, wiped, slots }
        },
    )
}

fn changes() -> impl Strategy<Value = StateChanges> {
    prop::collection::btree_map((0..3u8).prop_map(Address::with_last_byte), change(), 0..3)
        .prop_map(|accounts| StateChanges { accounts, ..StateChanges::default() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_overlay_reads_what_applying_would_store(base in changes(), steps in prop::collection::vec(changes(), 1..4)) {
        let mut below = MemoryState::default();
        below.apply(&base);
        let mut overlay = Overlay::new(below.clone(), StateChanges::default());
        for step in steps {
            overlay.extend(step.clone());
            below.apply(&step);
        }
        let mut at_once = MemoryState::default();
        at_once.apply(&base);
        at_once.apply(overlay.changes());
        for address in (0..3).map(Address::with_last_byte) {
            prop_assert_eq!(overlay.account(address).unwrap(), below.account(address).unwrap());
            prop_assert_eq!(at_once.account(address).unwrap(), below.account(address).unwrap());
            for slot in (0..4).map(U256::from) {
                prop_assert_eq!(overlay.storage(address, slot).unwrap(), below.storage(address, slot).unwrap());
                prop_assert_eq!(at_once.storage(address, slot).unwrap(), below.storage(address, slot).unwrap());
            }
        }
    }
}
