//! The part of the specification: bounds, and the first state.

use super::*;
use crate::{GenesisError, invariants};

fn broken(edit: impl FnOnce(&mut GenesisToken)) -> GenesisError {
    let mut genesis = Genesis { tokens: vec![token(&[(ALICE, 5)]), token(&[(ALICE, 5), (BOB, 6)])] };
    genesis.validate().unwrap();
    edit(&mut genesis.tokens[1]);
    genesis.validate().unwrap_err()
}

#[test]
fn every_bound_is_named() {
    let text = |field, max| GenesisError::Text { token: 1, field, max };
    assert_eq!(broken(|t| t.name.clear()), text("name", 64));
    assert_eq!(broken(|t| t.name = "n".repeat(65)), text("name", 64));
    assert_eq!(broken(|t| t.symbol = "s".repeat(17)), text("symbol", 16));
    assert_eq!(broken(|t| t.decimals = 19), GenesisError::Decimals(1));
    assert_eq!(broken(|t| t.owner = Address::ZERO), GenesisError::Owner(1));
    assert_eq!(broken(|t| t.total_supply += U256::ONE), GenesisError::Supply(1));
    assert_eq!(broken(|t| *t.holders.get_mut(&BOB).unwrap() = U256::MAX), GenesisError::Supply(1));
    let holder = |holder| GenesisError::Holder { token: 1, holder };
    assert_eq!(broken(|t| *t.holders.get_mut(&BOB).unwrap() = U256::ZERO), holder(BOB));
    assert_eq!(broken(|t| t.holders.extend([(Address::ZERO, U256::ONE)])), holder(Address::ZERO));
    let over = broken(|t| {
        t.total_supply = U256::from(1) << 128;
        t.holders = [(ALICE, t.total_supply)].into();
    });
    assert_eq!(over, GenesisError::Supply(1));
    let many = Genesis { tokens: vec![token(&[]); 65] };
    assert_eq!(many.validate().unwrap_err(), GenesisError::TooManyTokens(65));
    assert!(many.validate().unwrap_err().to_string().starts_with("token.tokens: "));
}

#[test]
fn the_first_state_has_the_tokens_and_their_holders() {
    let second = GenesisToken { name: "Second".to_owned(), ..token(&[(BOB, 7)]) };
    let mut world = World::of(Genesis { tokens: vec![token(&[(ALICE, 5)]), second] });
    assert_eq!((world.balance(ALICE), world.balance(BOB)), (5, 0));
    let view = world.view();
    invariants::check(&view).unwrap();
    invariants::check_supply(&view, DEFAULT_TOKEN, &[ALICE, BOB]).unwrap();
    invariants::check_supply(&view, assay_abi::token_address(2), &[ALICE, BOB]).unwrap();
    assert_eq!(world.host.created().count(), 2);
}

#[test]
fn the_invariants_see_what_is_wrong() {
    let world = World::new();
    let check = |edit: &dyn Fn(&mut MemoryState), id: &str| {
        let mut view = world.view();
        edit(&mut view);
        let error = invariants::check(&view).unwrap_err().to_string();
        assert!(error.contains(id), "{error}");
    };
    let slot = assay_kernel::storage::item_slot;
    check(&|view| view.set_account(DEFAULT_TOKEN, AccountRecord::default()), "TOK-1");
    check(&|view| view.set_storage(TOKEN_FACTORY, slot("token.next_id"), U256::from(3)), "TOK-1");
    check(&|view| view.set_storage(DEFAULT_TOKEN, slot("token.control"), U256::ZERO), "TOK-2");
    check(&|view| view.set_storage(DEFAULT_TOKEN, slot("token.metadata"), U256::ZERO), "TOK-2");
    check(&|view| view.set_storage(DEFAULT_TOKEN, slot("token.domain"), U256::ZERO), "TOK-2");
    check(&|view| view.set_storage(DEFAULT_TOKEN, slot("token.supply"), U256::MAX), "TOK-3");
    let mut view = world.view();
    view.set_storage(DEFAULT_TOKEN, slot("token.supply"), U256::from(4_999));
    assert!(invariants::check_supply(&view, DEFAULT_TOKEN, &[ALICE]).unwrap_err().to_string().contains("TOK-4"));
    // The README lists what the code lists.
    for id in invariants::INVARIANTS {
        assert!(include_str!("../../README.md").contains(&format!("- **{id}** ")), "{id}");
    }
}
