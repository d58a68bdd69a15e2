//! EIP-3009, both forms, keys and wallets.

use super::*;
use crate::error;
use alloy_primitives::b256;
use alloy_sol_types::SolEvent as _;
use assay_abi::erc1271::isValidSignatureCall;
use assay_abi::token::INativeToken as I;
use assay_kernel::{CallReturn, CallStatus};

const NONCE: B256 = b256!("0x00000000000000000000000000000000000000000000000000000000000000aa");
const MEMBERS: &str = "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)";

fn asked(from: Address, to: Address, value: u64) -> I::transferWithAuthorization_1Call {
    I::transferWithAuthorization_1Call {
        from,
        to,
        value: U256::from(value),
        validAfter: U256::from(NOW - 1),
        validBefore: U256::from(NOW + 1),
        nonce: NONCE,
        signature: Bytes::new(),
    }
}

fn sign(
    key: &Key,
    domain: B256,
    name: &str,
    call: &I::transferWithAuthorization_1Call,
) -> I::transferWithAuthorization_1Call {
    let members = (call.from, call.to, call.value, call.validAfter, call.validBefore, call.nonce);
    let signature = key.sign(typed(domain, &format!("{name}{MEMBERS}"), members));
    I::transferWithAuthorization_1Call { signature: signature.into(), ..call.clone() }
}

fn signed(key: &Key, call: &I::transferWithAuthorization_1Call) -> I::transferWithAuthorization_1Call {
    sign(key, domain(), "TransferWithAuthorization", call)
}

fn in_parts(call: &I::transferWithAuthorization_1Call) -> I::transferWithAuthorization_0Call {
    let (v, r, s) = parts(&call.signature.as_ref().try_into().unwrap());
    let I::transferWithAuthorization_1Call { from, to, value, validAfter, validBefore, nonce, .. } = call.clone();
    I::transferWithAuthorization_0Call { from, to, value, validAfter, validBefore, nonce, v, r, s }
}

fn receive(call: &I::transferWithAuthorization_1Call) -> I::receiveWithAuthorization_1Call {
    let I::transferWithAuthorization_1Call { from, to, value, validAfter, validBefore, nonce, signature } =
        call.clone();
    I::receiveWithAuthorization_1Call { from, to, value, validAfter, validBefore, nonce, signature }
}

fn used(world: &mut World, authorizer: Address) -> bool {
    world.call(BOB, &I::authorizationStateCall { authorizer, nonce: NONCE })
}

#[test]
fn anybody_may_send_what_the_payer_signed_once() {
    let (mut world, key) = (World::new(), Key::new(0));
    let payer = key.address();
    let call = signed(&key, &asked(payer, BOB, 30));
    assert!(!used(&mut world, payer));
    let logs = world.logs_of(|world| world.call(CAROL, &call));
    assert_eq!((world.balance(payer), world.balance(BOB)), (970, 30));
    assert!(used(&mut world, payer));
    assert_eq!(logs.len(), 2);
    let expected = I::AuthorizationUsed { authorizer: payer, nonce: NONCE };
    assert_eq!(I::AuthorizationUsed::decode_log(&logs[0]).unwrap().data, expected);
    assert_eq!(I::Transfer::decode_log(&logs[1]).unwrap().data.value, U256::from(30));
    assert_eq!(world.refusal(CAROL, &call), error::USED);
    assert_eq!(world.refusal(CAROL, &in_parts(&call)), error::USED);
}

#[test]
fn the_form_in_parts_is_the_same() {
    let (mut world, key) = (World::new(), Key::new(1));
    world.call(CAROL, &in_parts(&signed(&key, &asked(key.address(), BOB, 30))));
    assert_eq!((world.balance(key.address()), world.balance(BOB)), (970, 30));
}

#[test]
fn the_window_is_open_on_both_ends() {
    let (mut world, key) = (World::new(), Key::new(0));
    let base = asked(key.address(), BOB, 1);
    let mut check = |after: u64, before: u64, expected: &str| {
        let call = I::transferWithAuthorization_1Call {
            validAfter: U256::from(after),
            validBefore: U256::from(before),
            ..base.clone()
        };
        assert_eq!(world.refusal(CAROL, &signed(&key, &call)), expected);
    };
    check(NOW, NOW + 10, error::NOT_YET_VALID);
    check(NOW + 5, NOW + 10, error::NOT_YET_VALID);
    check(NOW - 10, NOW, error::EXPIRED);
    check(0, NOW - 1, error::EXPIRED);
    let whole = I::transferWithAuthorization_1Call { validAfter: U256::ZERO, validBefore: U256::MAX, ..base.clone() };
    world.call(CAROL, &signed(&key, &whole));
}

#[test]
fn signatures_for_anything_else_are_refused() {
    let (mut world, key) = (World::new(), Key::new(0));
    let call = asked(key.address(), BOB, 30);
    let other_token = domain_separator("assayUSD", CHAIN_ID, assay_abi::token_address(2));
    let other_chain = domain_separator("assayUSD", CHAIN_ID + 1, DEFAULT_TOKEN);
    for domain in [other_token, other_chain] {
        let wrong = sign(&key, domain, "TransferWithAuthorization", &call);
        assert_eq!(world.refusal(CAROL, &wrong), error::SIGNATURE);
    }
    let receipt = sign(&key, domain(), "ReceiveWithAuthorization", &call);
    assert_eq!(world.refusal(CAROL, &receipt), error::SIGNATURE);
    assert_eq!(world.refusal(BOB, &receive(&signed(&key, &call))), error::SIGNATURE);
    assert_eq!(world.refusal(CAROL, &signed(&Key::new(1), &call)), error::SIGNATURE);
    let good = signed(&key, &call);
    let to = I::transferWithAuthorization_1Call { to: CAROL, ..good.clone() };
    assert_eq!(world.refusal(CAROL, &to), error::SIGNATURE);
    let more = I::transferWithAuthorization_1Call { value: U256::from(31), ..good.clone() };
    assert_eq!(world.refusal(CAROL, &more), error::SIGNATURE);
    let again = I::transferWithAuthorization_1Call { nonce: B256::ZERO, ..good.clone() };
    assert_eq!(world.refusal(CAROL, &again), error::SIGNATURE);
    // The mirrored signature: high s.
    let mut parted = in_parts(&good);
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let order = U256::from_str_radix(order, 16).unwrap();
    parted.s = (order - U256::from_be_bytes(parted.s.0)).into();
    parted.v = 55 - parted.v;
    assert_eq!(world.refusal(CAROL, &parted), error::SIGNATURE);
    let zero =
        I::transferWithAuthorization_0Call { from: Address::ZERO, v: 27, r: B256::ZERO, s: B256::ZERO, ..parted };
    assert_eq!(world.refusal(CAROL, &zero), error::SIGNATURE);
    world.call(CAROL, &good);
}

#[test]
fn what_cannot_be_paid_leaves_the_nonce_unused() {
    let (mut world, key) = (World::new(), Key::new(0));
    let call = signed(&key, &asked(key.address(), BOB, 1_001));
    assert_eq!(world.refusal(CAROL, &call), error::BALANCE);
    assert!(!used(&mut world, key.address()));
    world.call(ALICE, &I::transferCall { to: key.address(), value: U256::ONE });
    world.call(CAROL, &call);
    assert_eq!(world.balance(BOB), 1_001);
}

#[test]
fn only_the_payee_receives() {
    let (mut world, key) = (World::new(), Key::new(0));
    let call = receive(&sign(&key, domain(), "ReceiveWithAuthorization", &asked(key.address(), BOB, 30)));
    assert_eq!(world.refusal(CAROL, &call), error::NOT_PAYEE);
    assert_eq!(world.refusal(key.address(), &call), error::NOT_PAYEE);
    let (v, r, s) = parts(&call.signature.as_ref().try_into().unwrap());
    let I::receiveWithAuthorization_1Call { from, to, value, validAfter, validBefore, nonce, .. } = call.clone();
    let parted = I::receiveWithAuthorization_0Call { from, to, value, validAfter, validBefore, nonce, v, r, s };
    assert_eq!(world.refusal(CAROL, &parted), error::NOT_PAYEE);
    world.call(BOB, &parted);
    assert_eq!(world.balance(BOB), 30);
    assert_eq!(world.refusal(BOB, &call), error::USED);
}

#[test]
fn a_cancelled_authorization_is_used() {
    let (mut world, key) = (World::new(), Key::new(0));
    let (authorizer, nonce) = (key.address(), NONCE);
    let cancel = |key: &Key, authorizer: Address| {
        let digest = typed(domain(), "CancelAuthorization(address authorizer,bytes32 nonce)", (authorizer, nonce));
        I::cancelAuthorization_1Call { authorizer, nonce, signature: key.sign(digest).into() }
    };
    assert_eq!(world.refusal(CAROL, &cancel(&Key::new(1), authorizer)), error::SIGNATURE);
    let logs = world.logs_of(|world| world.call(CAROL, &cancel(&key, authorizer)));
    let expected = I::AuthorizationCanceled { authorizer, nonce };
    assert_eq!(I::AuthorizationCanceled::decode_log(&logs[0]).unwrap().data, expected);
    assert_eq!(world.refusal(CAROL, &signed(&key, &asked(authorizer, BOB, 1))), error::USED);
    assert_eq!(world.refusal(CAROL, &cancel(&key, authorizer)), error::USED);
    // The same nonce of another payer is another authorization.
    let other = Key::new(1);
    let (v, r, s) = parts(&cancel(&other, other.address()).signature.as_ref().try_into().unwrap());
    world.call(CAROL, &I::cancelAuthorization_0Call { authorizer: other.address(), nonce, v, r, s });
    assert!(used(&mut world, other.address()));
}

#[test]
fn paused_and_blocked_parties_neither_pay_nor_receive() {
    let (mut world, key) = (World::new(), Key::new(0));
    let call = signed(&key, &asked(key.address(), BOB, 1));
    for account in [key.address(), BOB] {
        world.call(OWNER, &I::blacklistCall { account });
        assert_eq!(world.refusal(CAROL, &call), error::BLOCKED);
        world.call(OWNER, &I::unBlacklistCall { account });
    }
    world.call(OWNER, &I::pauseCall {});
    assert_eq!(world.refusal(CAROL, &call), error::PAUSED);
    world.call(OWNER, &I::unpauseCall {});
    world.call(CAROL, &call);
}

/// Alice's account is a wallet that accepts the signature `yes`; whoever delegates (EIP-7702) has code too.
fn wallet(_: &mut assay_kernel::MemoryHost, call: &assay_kernel::OutCall) -> CallReturn {
    let asked = isValidSignatureCall::abi_decode(&call.input).unwrap();
    let mut output = vec![0; 32];
    if asked.signature.as_ref() == b"yes" {
        output[..4].copy_from_slice(&isValidSignatureCall::SELECTOR);
    }
    CallReturn { status: CallStatus::Success, output: output.into() }
}

#[test]
fn a_wallet_pays_by_erc_1271_and_a_delegated_account_by_either() {
    let (mut world, key) = (World::new(), Key::new(0));
    world.host.set_callee(ALICE, wallet);
    world.host.set_callee(key.address(), wallet);
    let by_code = |from, nonce: u8, word: &'static [u8]| I::transferWithAuthorization_1Call {
        nonce: B256::with_last_byte(nonce),
        signature: Bytes::from_static(word),
        ..asked(from, BOB, 10)
    };
    assert_eq!(world.refusal(CAROL, &by_code(ALICE, 1, b"no")), error::SIGNATURE);
    world.call(CAROL, &by_code(ALICE, 1, b"yes"));
    assert_eq!(world.refusal(CAROL, &by_code(ALICE, 1, b"yes")), error::USED);
    world.call(CAROL, &by_code(key.address(), 2, b"yes"));
    world.call(CAROL, &signed(&key, &asked(key.address(), BOB, 10)));
    assert_eq!(world.balance(BOB), 30);
    // The wallet also permits and cancels.
    let (spender, value, deadline) = (BOB, U256::from(5), U256::MAX);
    world.call(CAROL, &I::permit_1Call { owner: ALICE, spender, value, deadline, signature: b"yes".into() });
    let cancel = |word: &'static [u8]| I::cancelAuthorization_1Call {
        authorizer: ALICE,
        nonce: NONCE,
        signature: Bytes::from_static(word),
    };
    assert_eq!(world.refusal(CAROL, &cancel(b"no")), error::SIGNATURE);
    world.call(CAROL, &cancel(b"yes"));
}
