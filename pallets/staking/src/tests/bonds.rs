//! Bonds of agents: locks that nothing but their job's module ends.

use super::world::*;
use crate::api::{Role, lock_bond, release_bond, slash_bond};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall as _;
use assay_abi::identity::IIdentityRegistry;
use assay_abi::staking::IStaking;
use assay_identity::registries::registries_of;
use assay_identity::{Genesis, GenesisAgent, IdentityRegistry};
use assay_kernel::{CallError, Frame, MemoryHost, Pallet as _, dispatch};
use assay_primitives::NetworkKind;

const MODULE: Address = Address::repeat_byte(0xe5);
const AGENT: U256 = U256::from_limbs([7, 0, 0, 0]);

/// Agents 1 to 7 are registered; account 40 owns them.
fn world() -> World {
    let mut world = World::new(2, &params());
    let agent = GenesisAgent { owner: account(40), uri: String::new(), metadata: Vec::new() };
    let genesis = Genesis { agents: vec![agent; 7] };
    as_frame(&mut world, registry(account(40)), |host| host.run(|ctx| genesis.apply(ctx)).unwrap());
    world
}

/// A call of the identity registry.
fn registry(caller: Address) -> Frame {
    Frame { address: registries_of(NetworkKind::Dev).identity, caller, value: U256::ZERO, is_static: false }
}

/// The agent changes hands.
fn sell(world: &mut World) {
    let sale = IIdentityRegistry::transferFromCall { from: account(40), to: account(41), tokenId: AGENT };
    as_frame(world, registry(account(40)), |host| {
        dispatch(host, IdentityRegistry::entries(), &sale.abi_encode()).unwrap();
    });
}

fn bond(world: &mut World, amount: u128) -> U256 {
    world.pay(account(40), amount, &IStaking::bondAgentCall { agentId: AGENT, role: 0 }).unwrap()
}

fn shown(world: &mut World) -> IStaking::agentBondReturn {
    world.call(account(9), &IStaking::agentBondCall { agentId: AGENT, role: 0 }).unwrap()
}

/// Works in another frame than the module's own.
fn as_frame<T>(world: &mut World, frame: Frame, work: impl FnOnce(&mut MemoryHost) -> T) -> T {
    let own = std::mem::replace(world.host.frame_mut(), frame);
    world.host.set_gas(30_000_000);
    let result = work(&mut world.host);
    *world.host.frame_mut() = own;
    world.check();
    result
}

/// What a job's module does; its frame is its own, and the api acts for staking.
fn as_module<T>(
    world: &mut World,
    work: impl FnOnce(&mut assay_kernel::Ctx<'_>) -> Result<T, CallError>,
) -> Result<T, Bytes> {
    let frame = Frame { address: MODULE, caller: account(9), value: U256::ZERO, is_static: false };
    as_frame(world, frame, |host| host.run(work)).map_err(|error| match error {
        CallError::Reverted(reverted) => reverted.data,
        other => panic!("{other}"),
    })
}

fn lock(world: &mut World, job: u64, amount: u128) -> Result<(), Bytes> {
    as_module(world, |ctx| lock_bond(ctx, AGENT, Role::Worker, U256::from(job), amount))
}

#[test]
fn locks_end_by_their_module_alone() {
    let mut world = world();
    assert_eq!(bond(&mut world, 10 * COIN), U256::from(10 * COIN));
    lock(&mut world, 1, 6 * COIN).unwrap();
    assert_eq!(lock(&mut world, 1, COIN), Err(refused(IStaking::AlreadyLocked {})));
    let free = U256::from(4 * COIN);
    assert_eq!(lock(&mut world, 2, 5 * COIN), Err(refused(IStaking::BondTooSmall { free })));
    lock(&mut world, 2, 4 * COIN).unwrap();
    // All of it is locked: nothing can be asked back.
    let unbond = IStaking::unbondAgentCall { agentId: AGENT, role: 0, amount: U256::from(1) };
    let nothing = refused(IStaking::BondTooSmall { free: U256::ZERO });
    assert_eq!(world.call(account(40), &unbond), Err(nothing));
    as_module(&mut world, |ctx| release_bond(ctx, AGENT, Role::Worker, U256::from(2))).unwrap();
    let again = as_module(&mut world, |ctx| release_bond(ctx, AGENT, Role::Worker, U256::from(2)));
    assert_eq!(again, Err(refused(IStaking::NotLocked {})));
    let call = IStaking::agentLockCall { agentId: AGENT, role: 0, module: MODULE, jobId: U256::from(1) };
    assert_eq!(world.call(account(9), &call), Ok(U256::from(6 * COIN)));
    // Another role, another module: nothing of theirs.
    let other = as_module(&mut world, |ctx| release_bond(ctx, AGENT, Role::Auditor, U256::from(1)));
    assert_eq!(other, Err(refused(IStaking::NotLocked {})));
}

#[test]
fn unbond_transfer_the_agent_and_wait_the_lock_is_still_there() {
    let mut world = world();
    bond(&mut world, 10 * COIN);
    lock(&mut world, 1, 6 * COIN).unwrap();
    let unbond = |amount: u128| IStaking::unbondAgentCall { agentId: AGENT, role: 0, amount: U256::from(amount) };
    let free = U256::from(4 * COIN);
    assert_eq!(world.call(account(40), &unbond(5 * COIN)), Err(refused(IStaking::BondTooSmall { free })));
    assert_eq!(world.call(account(40), &unbond(4 * COIN)), Ok(7));
    // What is unbonding is nobody's to lock.
    let free = U256::ZERO;
    assert_eq!(lock(&mut world, 2, 1), Err(refused(IStaking::BondTooSmall { free })));
    sell(&mut world);
    let withdraw = IStaking::withdrawAgentBondCall { agentId: AGENT, role: 0 };
    assert_eq!(world.call(account(40), &withdraw), Err(refused(IStaking::NotDue { dueEpoch: 7 })));
    world.reach_epoch(7);
    // The new owner has no part in it.
    assert_eq!(world.call(account(41), &withdraw), Err(refused(IStaking::NotPayer { payer: account(40) })));
    let before = world.balance(account(40));
    assert_eq!(world.call(account(40), &withdraw), Ok(U256::from(4 * COIN)));
    assert_eq!(world.balance(account(40)), before + U256::from(4 * COIN));
    assert_eq!(shown(&mut world).locked, U256::from(6 * COIN));
    let taken = as_module(&mut world, |ctx| slash_bond(ctx, AGENT, Role::Worker, U256::from(1), 6 * COIN, &[]));
    assert_eq!(taken, Ok(6 * COIN));
    assert_eq!(shown(&mut world).amount, U256::ZERO);
}

#[test]
fn a_buyer_of_the_agent_cannot_lock_the_sellers_bond() {
    let mut world = world();
    bond(&mut world, 10 * COIN);
    sell(&mut world);
    assert_eq!(lock(&mut world, 1, COIN), Err(refused(IStaking::BondNotConfirmed {})));
    let more = IStaking::bondAgentCall { agentId: AGENT, role: 0 };
    assert_eq!(world.pay(account(40), COIN, &more), Err(refused(IStaking::BondNotConfirmed {})));
    assert_eq!(world.pay(account(41), COIN, &more), Err(refused(IStaking::NotPayer { payer: account(40) })));
    let confirm = IStaking::confirmAgentBondCall { agentId: AGENT, role: 0 };
    assert_eq!(world.call(account(41), &confirm), Err(refused(IStaking::NotPayer { payer: account(40) })));
    world.call(account(40), &confirm).unwrap();
    lock(&mut world, 1, COIN).unwrap();
}

#[test]
fn slashes_pay_in_order_and_never_more_than_is_locked() {
    let mut world = world();
    bond(&mut world, 10 * COIN);
    lock(&mut world, 1, 6 * COIN).unwrap();
    let reserve = |world: &mut World| world.call(account(9), &IStaking::issuanceCall {}).unwrap().reserve;
    let (before, a, b) = (reserve(&mut world), world.balance(account(50)), world.balance(account(51)));
    let payouts = [(account(50), 4 * COIN), (account(51), 3 * COIN)];
    let taken = as_module(&mut world, |ctx| slash_bond(ctx, AGENT, Role::Worker, U256::from(1), 100 * COIN, &payouts));
    assert_eq!(taken, Ok(6 * COIN));
    assert_eq!(world.balance(account(50)), a + U256::from(4 * COIN));
    assert_eq!(world.balance(account(51)), b + U256::from(2 * COIN));
    assert_eq!(reserve(&mut world), before);
    // A part of the lock: the rest of it is free again, the rest of the slash is burned into the reserve.
    lock(&mut world, 2, 4 * COIN).unwrap();
    let payouts = [(account(50), COIN)];
    let taken = as_module(&mut world, |ctx| slash_bond(ctx, AGENT, Role::Worker, U256::from(2), 3 * COIN, &payouts));
    assert_eq!(taken, Ok(3 * COIN));
    assert_eq!(reserve(&mut world), before + U256::from(2 * COIN));
    let left = shown(&mut world);
    assert_eq!((left.amount, left.locked), (U256::from(COIN), U256::ZERO));
}

#[test]
fn bonds_are_refused_without_agent_role_or_value() {
    let mut world = world();
    let call = |agent: u64, role| IStaking::bondAgentCall { agentId: U256::from(agent), role };
    assert_eq!(world.pay(account(40), COIN, &call(7, 2)), Err(refused(IStaking::InvalidRole { role: 2 })));
    let unknown = refused(IStaking::UnknownAgent { agentId: U256::from(8) });
    assert_eq!(world.pay(account(40), COIN, &call(8, 0)), Err(unknown));
    let minimum = U256::from(COIN / 1_000);
    assert_eq!(world.pay(account(40), 1, &call(7, 0)), Err(refused(IStaking::AmountTooSmall { minimum })));
    let withdraw = IStaking::withdrawAgentBondCall { agentId: AGENT, role: 1 };
    assert_eq!(world.call(account(40), &withdraw), Err(refused(IStaking::NothingToWithdraw {})));
    // An agent may be bonded in both roles, by different payers.
    world.pay(account(40), COIN, &call(7, 0)).unwrap();
    world.pay(account(44), COIN, &call(7, 1)).unwrap();
    world.check();
}
