//! Creation, enumeration, and what is no token.

use super::*;
use crate::{api, invariants};
use alloy_sol_types::{SolError, SolEvent as _};
use assay_abi::token::INativeTokenFactory::{
    InvalidName, InvalidOwner, InvalidSymbol, TokenCreated, TooManyDecimals, UnknownToken,
};
use assay_abi::token::{INativeToken as I, INativeTokenFactory as F};
use assay_abi::token_address;

fn create(name: &str) -> F::createTokenCall {
    F::createTokenCall { name: name.to_owned(), symbol: "T".to_owned(), decimals: 2, owner: BOB }
}

fn refused<E: SolError>(result: Result<impl std::fmt::Debug, CallError>, with: &E) {
    match result.unwrap_err() {
        CallError::Reverted(reverted) => assert_eq!(reverted.data, with.abi_encode()),
        other => panic!("{other}"),
    }
}

#[test]
fn anybody_creates_a_token_of_somebodys() {
    let mut world = World::new();
    let logs = world.logs_of(|world| {
        assert_eq!(world.send(ALICE, TOKEN_FACTORY, &create("Alpha")).unwrap(), token_address(2));
    });
    assert_eq!(logs.len(), 2);
    assert_eq!(logs[0].address, token_address(2));
    assert_eq!(I::OwnershipTransferred::decode_log(&logs[0]).unwrap().data.newOwner, BOB);
    assert_eq!(logs[1].address, TOKEN_FACTORY);
    let created = TokenCreated::decode_log(&logs[1]).unwrap().data;
    assert_eq!((created.token, created.creator, created.owner), (token_address(2), ALICE, BOB));
    assert_eq!((created.name.as_str(), created.symbol.as_str(), created.decimals), ("Alpha", "T", 2));

    let token = token_address(2);
    assert_eq!(world.send(CAROL, token, &I::nameCall {}).unwrap(), "Alpha");
    assert_eq!(world.send(CAROL, token, &I::ownerCall {}).unwrap(), BOB);
    assert_eq!(world.send(CAROL, token, &I::totalSupplyCall {}).unwrap(), U256::ZERO);
    let domain = domain_separator("Alpha", CHAIN_ID, token);
    assert_eq!(world.send(CAROL, token, &I::DOMAIN_SEPARATORCall {}).unwrap(), domain);
    // Tokens do not share state.
    let minter = I::configureMinterCall { minter: BOB, minterAllowedAmount: U256::from(9) };
    world.send(BOB, token, &minter).unwrap();
    world.send(BOB, token, &I::mintCall { to: ALICE, amount: U256::from(9) }).unwrap();
    world.send(BOB, token, &I::pauseCall {}).unwrap();
    assert_eq!(world.send(CAROL, token, &I::balanceOfCall { account: ALICE }).unwrap(), U256::from(9));
    assert_eq!(world.balance(ALICE), 1_000);
    world.call(ALICE, &I::transferCall { to: BOB, value: U256::ONE });
    invariants::check(&world.view()).unwrap();
    invariants::check_supply(&world.view(), token, &[ALICE]).unwrap();
    assert!(invariants::check_supply(&world.view(), token, &[BOB]).is_err());
}

#[test]
fn names_and_owners_have_bounds() {
    let mut world = World::new();
    let mut send = |call: &F::createTokenCall| world.send(ALICE, TOKEN_FACTORY, call);
    refused(send(&create("")), &InvalidName {});
    refused(send(&create(&"n".repeat(65))), &InvalidName {});
    send(&create(&"n".repeat(64))).unwrap();
    for symbol in [String::new(), "s".repeat(17)] {
        refused(send(&F::createTokenCall { symbol, ..create("A") }), &InvalidSymbol {});
    }
    send(&F::createTokenCall { symbol: "s".repeat(16), ..create("A") }).unwrap();
    refused(send(&F::createTokenCall { decimals: 19, ..create("A") }), &TooManyDecimals { decimals: 19 });
    send(&F::createTokenCall { decimals: 18, ..create("A") }).unwrap();
    refused(send(&F::createTokenCall { owner: Address::ZERO, ..create("A") }), &InvalidOwner {});
    // Names are nobody's.
    send(&create("assayUSD")).unwrap();
    assert_eq!(world.send(ALICE, TOKEN_FACTORY, &F::tokenCountCall {}).unwrap(), U256::from(5));
    invariants::check(&world.view()).unwrap();
}

#[test]
fn tokens_are_listed_by_page() {
    let mut world = World::new();
    for _ in 0..104 {
        world.send(ALICE, TOKEN_FACTORY, &create("A")).unwrap();
    }
    let mut page = |start: U256, count: U256| {
        let said = world.send(ALICE, TOKEN_FACTORY, &F::tokensCall { start, count }).unwrap();
        (said.page, said.more)
    };
    let of = |ids: std::ops::Range<u64>| ids.map(token_address).collect::<Vec<_>>();
    assert_eq!(page(U256::ZERO, U256::from(3)), (of(1..4), true));
    assert_eq!(page(U256::ZERO, U256::MAX), (of(1..101), true));
    assert_eq!(page(U256::from(100), U256::from(5)), (of(101..106), false));
    assert_eq!(page(U256::from(105), U256::from(5)), (vec![], false));
    assert_eq!(page(U256::MAX, U256::MAX), (vec![], false));
    assert_eq!(page(U256::ZERO, U256::ZERO), (vec![], true));
}

#[test]
fn without_tokens_in_genesis_nobody_gets_the_default_tokens_address() {
    let mut world = World::of(Genesis::default());
    assert_eq!(world.send(ALICE, TOKEN_FACTORY, &F::defaultTokenCall {}).unwrap(), Address::ZERO);
    assert_eq!(world.send(ALICE, TOKEN_FACTORY, &F::tokenCountCall {}).unwrap(), U256::ZERO);
    assert_eq!(world.send(ALICE, TOKEN_FACTORY, &create("A")).unwrap(), token_address(2));
    let said = world.send(ALICE, TOKEN_FACTORY, &F::tokensCall { start: U256::ZERO, count: U256::from(9) }).unwrap();
    assert_eq!((said.page, said.more), (vec![token_address(2)], false));
    let mut is = |token| world.send(ALICE, TOKEN_FACTORY, &F::isTokenCall { token }).unwrap();
    assert_eq!(
        [is(DEFAULT_TOKEN), is(token_address(2)), is(token_address(3)), is(TOKEN_FACTORY), is(ALICE)],
        [false, true, false, false, false]
    );
    invariants::check(&world.view()).unwrap();
    let mut world = World::new();
    assert_eq!(world.send(ALICE, TOKEN_FACTORY, &F::defaultTokenCall {}).unwrap(), DEFAULT_TOKEN);
    assert!(world.send(ALICE, TOKEN_FACTORY, &F::isTokenCall { token: DEFAULT_TOKEN }).unwrap());
}

#[test]
fn other_pallets_move_their_own_tokens_and_what_they_were_allowed() {
    const ESCROW: Address = address!("0xa55a400000000000000000000000000000000000");
    let mut world = World::new();
    world.call(ALICE, &I::approveCall { spender: ESCROW, value: U256::from(100) });
    world.host.frame_mut().address = ESCROW;
    world.host.frame_mut().caller = BOB;
    let token = DEFAULT_TOKEN;
    let logs = world.logs_of(|world| {
        world
            .host
            .run(|ctx| {
                assert!(api::is_token(ctx, token)?);
                api::transfer_from(ctx, token, ALICE, ESCROW, U256::from(70))?;
                api::transfer(ctx, token, CAROL, U256::from(20))?;
                assert_eq!(api::balance_of(ctx, token, ESCROW)?, U256::from(50));
                assert_eq!(api::allowance(ctx, token, ALICE, ESCROW)?, U256::from(30));
                assert_eq!(api::total_supply(ctx, token)?, U256::from(5_000));
                Ok(())
            })
            .unwrap();
    });
    assert_eq!(logs.iter().map(|log| log.address).collect::<Vec<_>>(), [token, token]);
    let run = |world: &mut World, token| world.host.run(|ctx| api::transfer(ctx, token, CAROL, U256::ONE));
    for stranger in [token_address(7), TOKEN_FACTORY, ALICE] {
        refused(run(&mut world, stranger), &UnknownToken { token: stranger });
        assert!(!world.host.run(|ctx| api::is_token(ctx, stranger)).unwrap());
        assert_eq!(world.host.run(|ctx| api::balance_of(ctx, stranger, ALICE)).unwrap(), U256::ZERO);
    }
    world.call(OWNER, &I::pauseCall {});
    assert!(run(&mut world, token).is_err());
}
