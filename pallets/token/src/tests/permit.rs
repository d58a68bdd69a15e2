//! EIP-2612.

use super::*;
use crate::error;
use alloy_sol_types::SolEvent as _;
use assay_abi::token::INativeToken as I;

const PERMIT: &str = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";

fn signed(key: &Key, domain: B256, nonce: u64, call: &I::permit_1Call) -> I::permit_1Call {
    let members = (call.owner, call.spender, call.value, U256::from(nonce), call.deadline);
    I::permit_1Call { signature: key.sign(typed(domain, PERMIT, members)).into(), ..call.clone() }
}

fn permit(owner: Address, value: u64) -> I::permit_1Call {
    let (value, deadline) = (U256::from(value), U256::from(NOW));
    I::permit_1Call { owner, spender: BOB, value, deadline, signature: Bytes::new() }
}

fn allowance(world: &mut World, owner: Address) -> U256 {
    world.call(BOB, &I::allowanceCall { owner, spender: BOB })
}

#[test]
fn both_forms_set_an_allowance_once() {
    let (mut world, key) = (World::new(), Key::new(0));
    let owner = key.address();
    let first = signed(&key, domain(), 0, &permit(owner, 70));
    let logs = world.logs_of(|world| world.call(CAROL, &first));
    assert_eq!(I::Approval::decode_log(&logs[0]).unwrap().data.value, U256::from(70));
    assert_eq!((logs.len(), allowance(&mut world, owner)), (1, U256::from(70)));
    assert_eq!(world.call(BOB, &I::noncesCall { owner }), U256::ONE);
    assert_eq!(world.refusal(CAROL, &first), error::PERMIT_SIGNATURE);

    let second = signed(&key, domain(), 1, &permit(owner, 80));
    let (v, r, s) = parts(&second.signature.as_ref().try_into().unwrap());
    let I::permit_1Call { owner, spender, value, deadline, .. } = second;
    world.call(CAROL, &I::permit_0Call { owner, spender, value, deadline, v, r, s });
    assert_eq!(allowance(&mut world, owner), U256::from(80));
    assert_eq!(world.call(BOB, &I::noncesCall { owner }), U256::from(2));
}

#[test]
fn signatures_for_anything_else_are_refused() {
    let (mut world, key) = (World::new(), Key::new(0));
    let owner = key.address();
    let asked = permit(owner, 70);
    let other_token = domain_separator("assayUSD", CHAIN_ID, assay_abi::token_address(2));
    let other_chain = domain_separator("assayUSD", CHAIN_ID + 1, DEFAULT_TOKEN);
    let other_name = domain_separator("assayUSDC", CHAIN_ID, DEFAULT_TOKEN);
    for domain in [other_token, other_chain, other_name] {
        assert_eq!(world.refusal(CAROL, &signed(&key, domain, 0, &asked)), error::PERMIT_SIGNATURE);
    }
    assert_eq!(world.refusal(CAROL, &signed(&key, domain(), 1, &asked)), error::PERMIT_SIGNATURE);
    assert_eq!(world.refusal(CAROL, &signed(&Key::new(1), domain(), 0, &asked)), error::PERMIT_SIGNATURE);
    let good = signed(&key, domain(), 0, &asked);
    let changed = I::permit_1Call { value: U256::from(71), ..good.clone() };
    assert_eq!(world.refusal(CAROL, &changed), error::PERMIT_SIGNATURE);
    let changed = I::permit_1Call { spender: CAROL, ..good.clone() };
    assert_eq!(world.refusal(CAROL, &changed), error::PERMIT_SIGNATURE);
    // A signature that recovers to nobody is not the zero address's.
    let nobody = I::permit_1Call { owner: Address::ZERO, signature: [0; 65].into(), ..good };
    assert_eq!(world.refusal(CAROL, &nobody), error::PERMIT_SIGNATURE);
}

#[test]
fn the_deadline_is_the_last_second() {
    let (mut world, key) = (World::new(), Key::new(0));
    let late = I::permit_1Call { deadline: U256::from(NOW - 1), ..permit(key.address(), 1) };
    assert_eq!(world.refusal(CAROL, &signed(&key, domain(), 0, &late)), error::PERMIT_EXPIRED);
    world.call(CAROL, &signed(&key, domain(), 0, &permit(key.address(), 1)));
    let endless = I::permit_1Call { deadline: U256::MAX, ..permit(key.address(), 2) };
    world.call(CAROL, &signed(&key, domain(), 1, &endless));
}

#[test]
fn nothing_is_permitted_while_paused() {
    let (mut world, key) = (World::new(), Key::new(0));
    let good = signed(&key, domain(), 0, &permit(key.address(), 1));
    world.call(OWNER, &I::pauseCall {});
    assert_eq!(world.refusal(CAROL, &good), error::PAUSED);
    world.call(OWNER, &I::unpauseCall {});
    world.call(CAROL, &good);
}
