//! Roles, pause, block list, minting and burning.

use super::*;
use crate::error;
use crate::params::SUPPLY_MAX;
use alloy_sol_types::SolEvent as _;
use assay_abi::token::INativeToken as I;

fn configure(minter: Address, allowed: u128) -> I::configureMinterCall {
    I::configureMinterCall { minter, minterAllowedAmount: U256::from(allowed) }
}

fn mint(to: Address, amount: u128) -> I::mintCall {
    I::mintCall { to, amount: U256::from(amount) }
}

fn burn(amount: u64) -> I::burnCall {
    I::burnCall { amount: U256::from(amount) }
}

#[test]
fn everything_of_an_issuers_is_the_owners_alone() {
    let mut world = World::new();
    for caller in [ALICE, Address::ZERO, DEFAULT_TOKEN] {
        assert_eq!(world.refusal(caller, &I::pauseCall {}), error::NOT_OWNER);
        assert_eq!(world.refusal(caller, &I::unpauseCall {}), error::NOT_OWNER);
        assert_eq!(world.refusal(caller, &I::blacklistCall { account: BOB }), error::NOT_OWNER);
        assert_eq!(world.refusal(caller, &I::unBlacklistCall { account: BOB }), error::NOT_OWNER);
        assert_eq!(world.refusal(caller, &configure(caller, 1)), error::NOT_OWNER);
        assert_eq!(world.refusal(caller, &I::removeMinterCall { minter: BOB }), error::NOT_OWNER);
        assert_eq!(world.refusal(caller, &I::transferOwnershipCall { newOwner: caller }), error::NOT_OWNER);
    }
    // Owning is not minting.
    assert_eq!(world.refusal(OWNER, &mint(OWNER, 1)), error::NOT_MINTER);
    assert_eq!(world.refusal(OWNER, &burn(1)), error::NOT_MINTER);
}

#[test]
fn ownership_changes_in_two_steps() {
    let mut world = World::new();
    let offer = |successor| I::transferOwnershipCall { newOwner: successor };
    assert_eq!(world.refusal(BOB, &I::acceptOwnershipCall {}), error::NOT_PENDING_OWNER);
    let logs = world.logs_of(|world| world.call(OWNER, &offer(BOB)));
    let expected = I::OwnershipTransferStarted { previousOwner: OWNER, newOwner: BOB };
    assert_eq!(I::OwnershipTransferStarted::decode_log(&logs[0]).unwrap().data, expected);
    assert_eq!((world.call(CAROL, &I::ownerCall {}), world.call(CAROL, &I::pendingOwnerCall {})), (OWNER, BOB));
    assert_eq!(world.refusal(CAROL, &I::acceptOwnershipCall {}), error::NOT_PENDING_OWNER);
    // Withdrawn, and nobody is the zero address.
    world.call(OWNER, &offer(Address::ZERO));
    assert_eq!(world.refusal(BOB, &I::acceptOwnershipCall {}), error::NOT_PENDING_OWNER);
    assert_eq!(world.refusal(Address::ZERO, &I::acceptOwnershipCall {}), error::NOT_PENDING_OWNER);
    world.call(OWNER, &offer(BOB));
    world.call(OWNER, &I::pauseCall {});
    let logs = world.logs_of(|world| world.call(BOB, &I::acceptOwnershipCall {}));
    let expected = I::OwnershipTransferred { previousOwner: OWNER, newOwner: BOB };
    assert_eq!(I::OwnershipTransferred::decode_log(&logs[0]).unwrap().data, expected);
    assert_eq!((world.call(CAROL, &I::ownerCall {}), world.call(CAROL, &I::pendingOwnerCall {})), (BOB, Address::ZERO));
    assert!(world.call(CAROL, &I::pausedCall {}));
    assert_eq!(world.refusal(OWNER, &I::unpauseCall {}), error::NOT_OWNER);
    world.call(BOB, &I::unpauseCall {});
    assert_eq!(world.refusal(BOB, &I::acceptOwnershipCall {}), error::NOT_PENDING_OWNER);
}

#[test]
fn nothing_moves_while_paused() {
    let mut world = World::new();
    world.call(OWNER, &configure(CAROL, 100));
    world.call(OWNER, &I::pauseCall {});
    let one = U256::ONE;
    assert_eq!(world.refusal(ALICE, &I::transferCall { to: BOB, value: one }), error::PAUSED);
    assert_eq!(world.refusal(BOB, &I::transferFromCall { from: ALICE, to: BOB, value: one }), error::PAUSED);
    assert_eq!(world.refusal(ALICE, &I::approveCall { spender: BOB, value: one }), error::PAUSED);
    assert_eq!(world.refusal(ALICE, &I::increaseAllowanceCall { spender: BOB, increment: one }), error::PAUSED);
    assert_eq!(world.refusal(ALICE, &I::decreaseAllowanceCall { spender: BOB, decrement: one }), error::PAUSED);
    assert_eq!(world.refusal(CAROL, &mint(BOB, 1)), error::PAUSED);
    assert_eq!(world.refusal(CAROL, &burn(1)), error::PAUSED);
    assert_eq!(world.refusal(OWNER, &configure(BOB, 1)), error::PAUSED);
    // A minter can be removed and an account blocked in an emergency.
    world.call(OWNER, &I::removeMinterCall { minter: CAROL });
    world.call(OWNER, &I::blacklistCall { account: BOB });
    world.call(OWNER, &I::unpauseCall {});
    assert_eq!(world.refusal(CAROL, &mint(BOB, 1)), error::NOT_MINTER);
    world.call(ALICE, &I::transferCall { to: CAROL, value: one });
}

#[test]
fn a_blocked_account_keeps_what_it_has_and_moves_nothing() {
    let mut world = World::new();
    world.call(OWNER, &configure(CAROL, 100));
    world.call(ALICE, &I::approveCall { spender: BOB, value: U256::MAX });
    let one = U256::ONE;
    let logs = world.logs_of(|world| world.call(OWNER, &I::blacklistCall { account: ALICE }));
    assert_eq!(I::Blacklisted::decode_log(&logs[0]).unwrap().data.account, ALICE);
    assert!(world.call(BOB, &I::isBlacklistedCall { account: ALICE }));
    assert_eq!(world.balance(ALICE), 1_000);
    assert_eq!(world.refusal(ALICE, &I::transferCall { to: BOB, value: one }), error::BLOCKED);
    assert_eq!(world.refusal(CAROL, &I::transferCall { to: ALICE, value: one }), error::BLOCKED);
    assert_eq!(world.refusal(BOB, &I::transferFromCall { from: ALICE, to: BOB, value: one }), error::BLOCKED);
    assert_eq!(world.refusal(CAROL, &mint(ALICE, 1)), error::BLOCKED);
    world.call(OWNER, &I::unBlacklistCall { account: ALICE });
    world.call(OWNER, &I::blacklistCall { account: BOB });
    assert_eq!(world.refusal(BOB, &I::transferFromCall { from: ALICE, to: CAROL, value: one }), error::BLOCKED);
    world.call(OWNER, &I::blacklistCall { account: CAROL });
    assert_eq!(world.refusal(CAROL, &mint(ALICE, 1)), error::BLOCKED);
    assert_eq!(world.refusal(CAROL, &burn(1)), error::BLOCKED);
    for account in [BOB, CAROL] {
        world.call(OWNER, &I::unBlacklistCall { account });
    }
    world.call(BOB, &I::transferFromCall { from: ALICE, to: CAROL, value: one });
    assert_eq!(world.balance(CAROL), 1);
}

#[test]
fn minters_make_and_destroy_within_their_allowance() {
    let mut world = World::new();
    let logs = world.logs_of(|world| assert!(world.call(OWNER, &configure(CAROL, 100))));
    assert_eq!(I::MinterConfigured::decode_log(&logs[0]).unwrap().data.minterAllowedAmount, U256::from(100));
    assert!(world.call(BOB, &I::isMinterCall { account: CAROL }));
    let logs = world.logs_of(|world| assert!(world.call(CAROL, &mint(BOB, 60))));
    let minted = I::Mint { minter: CAROL, to: BOB, amount: U256::from(60) };
    assert_eq!(I::Mint::decode_log(&logs[0]).unwrap().data, minted);
    let moved = I::Transfer { from: Address::ZERO, to: BOB, value: U256::from(60) };
    assert_eq!(I::Transfer::decode_log(&logs[1]).unwrap().data, moved);
    assert_eq!((world.balance(BOB), world.call(BOB, &I::totalSupplyCall {})), (60, U256::from(5_060)));
    assert_eq!(world.call(BOB, &I::minterAllowanceCall { minter: CAROL }), U256::from(40));
    assert_eq!(world.refusal(CAROL, &mint(BOB, 41)), error::MINT_ALLOWANCE);
    assert_eq!(world.refusal(CAROL, &mint(BOB, 0)), error::MINT_NOTHING);
    assert_eq!(world.refusal(CAROL, &mint(Address::ZERO, 1)), error::MINT_TO_ZERO);
    assert_eq!(world.refusal(CAROL, &burn(1)), error::BURN_BALANCE);
    assert_eq!(world.refusal(CAROL, &burn(0)), error::BURN_NOTHING);
    world.call(CAROL, &mint(CAROL, 40));
    let logs = world.logs_of(|world| world.call(CAROL, &burn(15)));
    assert_eq!(I::Burn::decode_log(&logs[0]).unwrap().data, I::Burn { burner: CAROL, amount: U256::from(15) });
    let moved = I::Transfer { from: CAROL, to: Address::ZERO, value: U256::from(15) };
    assert_eq!(I::Transfer::decode_log(&logs[1]).unwrap().data, moved);
    assert_eq!((world.balance(CAROL), world.call(BOB, &I::totalSupplyCall {})), (25, U256::from(5_085)));
    assert_eq!(world.refusal(CAROL, &mint(BOB, 1)), error::MINT_ALLOWANCE);
    let logs = world.logs_of(|world| assert!(world.call(OWNER, &I::removeMinterCall { minter: CAROL })));
    assert_eq!(I::MinterRemoved::decode_log(&logs[0]).unwrap().data.oldMinter, CAROL);
    assert_eq!(world.refusal(CAROL, &burn(1)), error::NOT_MINTER);
}

#[test]
fn the_supply_has_an_end() {
    let mut world = World::new();
    world.call(OWNER, &I::configureMinterCall { minter: CAROL, minterAllowedAmount: U256::MAX });
    world.call(CAROL, &mint(BOB, SUPPLY_MAX - 5_000));
    assert_eq!(world.call(BOB, &I::totalSupplyCall {}), U256::from(SUPPLY_MAX));
    assert_eq!(world.refusal(CAROL, &mint(BOB, 1)), error::SUPPLY);
    let over = I::mintCall { to: BOB, amount: U256::from(1) << 128 };
    assert_eq!(world.refusal(CAROL, &over), error::SUPPLY);
    world.call(BOB, &I::transferCall { to: CAROL, value: U256::from(SUPPLY_MAX - 5_000) });
    world.call(CAROL, &burn(7));
    assert!(world.call(CAROL, &mint(BOB, 7)));
}
