//! Golden storage layout: other chains prove balances by it.

use super::*;
use alloy_primitives::{b256, uint};
use assay_abi::token::INativeToken as I;
use assay_kernel::storage::{item_slot, map_slot};

#[test]
fn the_layout_of_a_token_never_changes() {
    let mut world = World::new();
    world.call(ALICE, &I::approveCall { spender: BOB, value: U256::from(9) });
    world.call(OWNER, &I::configureMinterCall { minter: BOB, minterAllowedAmount: U256::from(8) });
    world.call(OWNER, &I::blacklistCall { account: CAROL });
    world.call(OWNER, &I::blacklistCall { account: ALICE });
    world.call(OWNER, &I::transferOwnershipCall { newOwner: BOB });
    world.call(OWNER, &I::pauseCall {});
    let at = |slot: U256| world.host.slot(DEFAULT_TOKEN, slot);
    let owner: U256 = OWNER.into_word().into();
    assert_eq!(at(item_slot("token.control")), owner | uint!(1_U256 << 160));
    assert_eq!(at(item_slot("token.pending_owner")), U256::from_be_bytes(BOB.into_word().0));
    assert_eq!(at(item_slot("token.supply")), U256::from(5_000));
    assert_eq!(at(item_slot("token.domain")), U256::from_be_bytes(domain().0));
    let blocked = uint!(1_U256 << 255);
    assert_eq!(at(map_slot("token.holdings", &ALICE)), U256::from(1_000) | blocked);
    assert_eq!(at(map_slot("token.holdings", &CAROL)), blocked);
    assert_eq!(at(map_slot("token.allowances", &(ALICE, BOB))), U256::from(9));
    assert_eq!(at(map_slot("token.minters", &BOB)), U256::ONE);
    assert_eq!(at(map_slot("token.mintable", &BOB)), U256::from(8));
    // keccak256("token.holdings" padded to 32 bytes ‖ the holder's 20 bytes).
    let by_hand = keccak256([&b"token.holdings"[..], &[0; 18], ALICE.as_slice()].concat());
    assert_eq!(B256::from(map_slot("token.holdings", &ALICE)), by_hand);
    // Length 21, then borsh: lengths little-endian, name, symbol, decimals.
    let names = item_slot("token.metadata");
    assert_eq!(at(names), U256::from(21));
    let record = b256!("0x0800000061737361795553440400000061555344060000000000000000000000");
    assert_eq!(B256::from(at(names + U256::ONE)), record);
    let factory = |name| world.host.slot(TOKEN_FACTORY, item_slot(name));
    assert_eq!((factory("token.next_id"), factory("token.default")), (U256::from(2), U256::ONE));
}
