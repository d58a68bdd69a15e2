//! The native token against the same token in Solidity (`tests/clients/contracts/ReferenceToken.sol`) on one machine:
//! random calls give equal outputs, equal refusals, word for word, and equal events.

use super::chain::{Chain, Key, spec};
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, hex, keccak256};
use alloy_sol_types::{SolCall as _, SolValue as _};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken as I};
use assay_kernel::{MemoryState, NativeCalls as _};
use assay_token::{digest, domain_separator};
use assay_vm::{BlockEnvironment, Executor, TxOutcome, TxRequest, TxStatus};
use proptest::prelude::*;

/// Init code, as the client tests' compiler makes it of the source; a client test compares.
const REFERENCE: &str = include_str!("../../data/reference-token.hex");
const CHAIN_ID: u64 = 31_337;
const NOW: u64 = 1_800_000_000;
const HELD: u64 = 1_000;
const ACTORS: u8 = 5;
/// A wallet that accepts every signature: whatever it is asked, it answers ERC-1271's word.
const WALLET: Address = Address::repeat_byte(0xaa);
const WALLET_CODE: [u8; 14] = hex!("631626ba7e60e01b5f5260205ff3");

fn who(index: u8) -> Address {
    if index == ACTORS { WALLET } else { Key::new(index).address() }
}

fn number(value: u64) -> U256 {
    U256::from(value)
}

/// The state both tokens start in: 1,000 for each actor and the wallet, the first actor the owner.
fn state() -> (Chain, MemoryState, Address) {
    let mut spec = spec();
    let holders: Vec<Address> = (0..=ACTORS).map(who).collect();
    let token = &mut spec.token.tokens[0];
    token.owner = who(0);
    token.holders = holders.iter().map(|holder| (*holder, number(HELD))).collect();
    token.total_supply = number(HELD) * U256::from(holders.len());
    let wallet = assay_genesis::GenesisAccount { nonce: 1, code: WALLET_CODE.into(), ..Default::default() };
    spec.alloc.0.insert(WALLET, wallet);
    let chain = Chain::of(spec);
    let mut state = chain.state.clone();
    let mut executor = executor(&chain, &state);
    let arguments = (who(0), holders, number(HELD)).abi_encode_params();
    let data = [hex::decode(REFERENCE.trim()).unwrap(), arguments].concat();
    let outcome = executor.transact(&request(who(0), TxKind::Create, data.into())).unwrap();
    assert!(outcome.is_success(), "{outcome:?}");
    let changes = executor.finish();
    state.apply(&changes);
    (chain, state, outcome.created.unwrap())
}

fn executor<'a>(chain: &'a Chain, state: &'a MemoryState) -> Executor<'a> {
    assert!(chain.executive.natives().is_native(&DEFAULT_TOKEN));
    let block = BlockEnvironment { timestamp: NOW, gas_limit: 1 << 40, ..BlockEnvironment::default() };
    Executor::new(state, chain.executive.rules(), block, chain.executive.natives())
}

fn request(caller: Address, kind: TxKind, data: Bytes) -> TxRequest {
    TxRequest {
        tx_type: 2,
        caller,
        kind,
        data,
        gas_limit: 16_000_000,
        max_priority_fee_per_gas: Some(0),
        chain_id: Some(CHAIN_ID),
        ..TxRequest::default()
    }
}

#[derive(Clone, Debug)]
enum Op {
    Transfer {
        from: u8,
        to: u8,
        value: u64,
    },
    TransferFrom {
        spender: u8,
        from: u8,
        to: u8,
        value: u64,
    },
    Approve {
        owner: u8,
        spender: u8,
        value: u64,
        kind: u8,
    },
    Endless {
        owner: u8,
        spender: u8,
    },
    /// `kind`: transfer or receive, in parts or bytes; `flaw`: what is wrong with it.
    Authorized {
        from: u8,
        to: u8,
        sender: u8,
        value: u64,
        nonce: u8,
        kind: u8,
        flaw: u8,
    },
    Cancel {
        from: u8,
        nonce: u8,
        parts: bool,
        flaw: u8,
    },
    Permit {
        owner: u8,
        spender: u8,
        value: u64,
        nonce: u8,
        parts: bool,
        flaw: u8,
    },
    Owner {
        caller: u8,
        kind: u8,
        account: u8,
        value: u64,
    },
    Mint {
        minter: u8,
        to: u8,
        amount: u64,
    },
    Burn {
        minter: u8,
        amount: u64,
    },
    Read {
        kind: u8,
        account: u8,
        other: u8,
        nonce: u8,
    },
    Raw {
        caller: u8,
        select: usize,
        tail: Vec<u8>,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let w = 0..=ACTORS;
    let key = 0..ACTORS;
    let v = prop_oneof![0u64..300, 900u64..1_200];
    let flaw = prop_oneof![6 => Just(0u8), 4 => 1u8..8];
    prop_oneof![
        4 => (key.clone(), w.clone(), v.clone()).prop_map(|(from, to, value)| Op::Transfer { from, to, value }),
        3 => (key.clone(), w.clone(), w.clone(), v.clone())
            .prop_map(|(spender, from, to, value)| Op::TransferFrom { spender, from, to, value }),
        3 => (key.clone(), w.clone(), v.clone(), 0u8..3)
            .prop_map(|(owner, spender, value, kind)| Op::Approve { owner, spender, value, kind }),
        1 => (key.clone(), w.clone()).prop_map(|(owner, spender)| Op::Endless { owner, spender }),
        6 => (w.clone(), w.clone(), key.clone(), v.clone(), 0u8..4, 0u8..4, flaw.clone()).prop_map(
            |(from, to, sender, value, nonce, kind, flaw)| Op::Authorized { from, to, sender, value, nonce, kind, flaw }
        ),
        1 => (w.clone(), 0u8..4, any::<bool>(), flaw.clone())
            .prop_map(|(from, nonce, parts, flaw)| Op::Cancel { from, nonce, parts, flaw }),
        2 => (w.clone(), w.clone(), v.clone(), 0u8..3, any::<bool>(), flaw)
            .prop_map(|(owner, spender, value, nonce, parts, flaw)| Op::Permit { owner, spender, value, nonce, parts, flaw }),
        3 => (prop_oneof![3 => Just(0u8), 1 => key.clone()], 0u8..8, w.clone(), v.clone())
            .prop_map(|(caller, kind, account, value)| Op::Owner { caller, kind, account, value }),
        2 => (key.clone(), w.clone(), v.clone()).prop_map(|(minter, to, amount)| Op::Mint { minter, to, amount }),
        2 => (key.clone(), v).prop_map(|(minter, amount)| Op::Burn { minter, amount }),
        3 => (0u8..12, w.clone(), w, 0u8..4).prop_map(|(kind, account, other, nonce)| Op::Read { kind, account, other, nonce }),
        1 => (key, 0usize..100, prop::collection::vec(any::<u8>(), 0..9))
            .prop_map(|(caller, select, tail)| Op::Raw { caller, select, tail }),
    ]
}

/// A signature over a struct under the target's domain, or one that is wrong in one way.
fn sign(signer: u8, target: Address, text: &str, members: &[u8], flaw: u8) -> Bytes {
    let chain = if flaw == 1 { CHAIN_ID + 1 } else { CHAIN_ID };
    let contract = if flaw == 2 { Address::repeat_byte(2) } else { target };
    let domain = domain_separator("assayUSD", chain, contract);
    let hash = digest(domain, keccak256([keccak256(text).as_slice(), members].concat()));
    let key = if flaw == 3 { signer + 1 } else { signer };
    let signature = Key::new(key).sign_hash(hash);
    let mut bytes = signature.as_bytes().to_vec();
    match flaw {
        4 => bytes[64] -= 27,
        5 => {
            let order =
                alloy_primitives::uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
            bytes[32..64].copy_from_slice(&(order - signature.s()).to_be_bytes::<32>());
            bytes[64] = 55 - bytes[64];
        }
        6 => bytes.truncate(64),
        7 => bytes[..32].fill(0),
        _ => (),
    }
    bytes.into()
}

/// The parts of a signature; too short ones are filled up.
fn parts(signature: &Bytes) -> (u8, B256, B256) {
    let mut bytes = signature.to_vec();
    bytes.resize(65, 0);
    (bytes[64], B256::from_slice(&bytes[..32]), B256::from_slice(&bytes[32..64]))
}

const MEMBERS: &str = "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)";

struct Asked {
    from: u8,
    to: Address,
    value: U256,
    nonce: B256,
    kind: u8,
    flaw: u8,
}

fn authorized(asked: &Asked, target: Address) -> Vec<u8> {
    let Asked { from: signer, to, value, nonce, kind, flaw } = *asked;
    // Windows that have not begun, have just ended, or hold.
    let (after, before) = match flaw {
        6 => (NOW, NOW + 9),
        7 => (NOW - 9, NOW),
        _ => (NOW - 1, NOW + 1),
    };
    let (from, after, before) = (who(signer), number(after), number(before));
    let name = if kind < 2 { "TransferWithAuthorization" } else { "ReceiveWithAuthorization" };
    let members = (from, to, value, after, before, nonce).abi_encode();
    let signature = sign(signer, target, &format!("{name}{MEMBERS}"), &members, flaw);
    let (v, r, s) = parts(&signature);
    match kind {
        0 => I::transferWithAuthorization_0Call {
            from,
            to,
            value,
            validAfter: after,
            validBefore: before,
            nonce,
            v,
            r,
            s,
        }
        .abi_encode(),
        1 => I::transferWithAuthorization_1Call {
            from,
            to,
            value,
            validAfter: after,
            validBefore: before,
            nonce,
            signature,
        }
        .abi_encode(),
        2 => I::receiveWithAuthorization_0Call {
            from,
            to,
            value,
            validAfter: after,
            validBefore: before,
            nonce,
            v,
            r,
            s,
        }
        .abi_encode(),
        _ => I::receiveWithAuthorization_1Call {
            from,
            to,
            value,
            validAfter: after,
            validBefore: before,
            nonce,
            signature,
        }
        .abi_encode(),
    }
}

fn permit(op: &Op, target: Address) -> Vec<u8> {
    let Op::Permit { owner: signer, spender, value, nonce, parts: in_parts, flaw } = *op else { unreachable!() };
    let (owner, spender, value) = (who(signer), who(spender), number(value));
    let deadline = if flaw == 6 { number(NOW - 1) } else { number(NOW) };
    let text = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
    let members = (owner, spender, value, number(nonce.into()), deadline).abi_encode();
    let signature = sign(signer, target, text, &members, flaw);
    let (v, r, s) = parts(&signature);
    if in_parts {
        I::permit_0Call { owner, spender, value, deadline, v, r, s }.abi_encode()
    } else {
        I::permit_1Call { owner, spender, value, deadline, signature }.abi_encode()
    }
}

fn cancel(op: &Op, target: Address) -> Vec<u8> {
    let Op::Cancel { from, nonce, parts: in_parts, flaw } = *op else { unreachable!() };
    let (authorizer, nonce) = (who(from), B256::with_last_byte(nonce));
    let text = "CancelAuthorization(address authorizer,bytes32 nonce)";
    let signature = sign(from, target, text, &(authorizer, nonce).abi_encode(), flaw);
    let (v, r, s) = parts(&signature);
    if in_parts {
        I::cancelAuthorization_0Call { authorizer, nonce, v, r, s }.abi_encode()
    } else {
        I::cancelAuthorization_1Call { authorizer, nonce, signature }.abi_encode()
    }
}

fn of_the_owner(kind: u8, account: Address, value: u64) -> Vec<u8> {
    let endless = U256::MAX;
    match kind {
        0 => I::pauseCall {}.abi_encode(),
        1 => I::unpauseCall {}.abi_encode(),
        2 => I::blacklistCall { account }.abi_encode(),
        3 => I::unBlacklistCall { account }.abi_encode(),
        4 => I::configureMinterCall { minter: account, minterAllowedAmount: number(value) }.abi_encode(),
        5 => I::removeMinterCall { minter: account }.abi_encode(),
        6 => I::configureMinterCall { minter: account, minterAllowedAmount: endless }.abi_encode(),
        _ => I::acceptOwnershipCall {}.abi_encode(),
    }
}

fn read(kind: u8, account: Address, other: Address, nonce: B256) -> Vec<u8> {
    match kind {
        0 => I::balanceOfCall { account }.abi_encode(),
        1 => I::allowanceCall { owner: account, spender: other }.abi_encode(),
        2 => I::totalSupplyCall {}.abi_encode(),
        3 => I::noncesCall { owner: account }.abi_encode(),
        4 => I::authorizationStateCall { authorizer: account, nonce }.abi_encode(),
        5 => I::isBlacklistedCall { account }.abi_encode(),
        6 => I::isMinterCall { account }.abi_encode(),
        7 => I::minterAllowanceCall { minter: account }.abi_encode(),
        8 => [I::nameCall {}.abi_encode(), vec![1, 2, 3]].concat(),
        9 => I::decimalsCall {}.abi_encode(),
        10 => I::ownerCall {}.abi_encode(),
        _ => I::pausedCall {}.abi_encode(),
    }
}

/// Who calls a target with what.
fn input(op: &Op, target: Address) -> (Address, Vec<u8>) {
    match *op {
        Op::Transfer { from, to, value } => {
            (who(from), I::transferCall { to: who(to), value: number(value) }.abi_encode())
        }
        Op::TransferFrom { spender, from, to, value } => {
            (who(spender), I::transferFromCall { from: who(from), to: who(to), value: number(value) }.abi_encode())
        }
        Op::Approve { owner, spender, value, kind } => {
            let (spender, value) = (who(spender), number(value));
            let call = match kind {
                0 => I::approveCall { spender, value }.abi_encode(),
                1 => I::increaseAllowanceCall { spender, increment: value }.abi_encode(),
                _ => I::decreaseAllowanceCall { spender, decrement: value }.abi_encode(),
            };
            (who(owner), call)
        }
        Op::Endless { owner, spender } => {
            (who(owner), I::approveCall { spender: who(spender), value: U256::MAX }.abi_encode())
        }
        Op::Authorized { from, to, sender, value, nonce, kind, flaw } => {
            let (value, nonce) = (number(value), B256::with_last_byte(nonce));
            let asked = Asked { from, to: who(to), value, nonce, kind, flaw };
            (who(sender), authorized(&asked, target))
        }
        Op::Cancel { .. } => (who(0), cancel(op, target)),
        Op::Permit { .. } => (who(0), permit(op, target)),
        Op::Owner { caller, kind, account, value } => (who(caller), of_the_owner(kind, who(account), value)),
        Op::Mint { minter, to, amount } => {
            (who(minter), I::mintCall { to: who(to), amount: number(amount) }.abi_encode())
        }
        Op::Burn { minter, amount } => (who(minter), I::burnCall { amount: number(amount) }.abi_encode()),
        Op::Read { kind, account, other, nonce } => {
            (who(0), read(kind, who(account), who(other), B256::with_last_byte(nonce)))
        }
        Op::Raw { caller, select, ref tail } => {
            let selectors = I::INativeTokenCalls::SELECTORS;
            let mut data = selectors[select % selectors.len()].to_vec();
            data.extend(tail);
            (who(caller), data)
        }
    }
}

/// What both sides must agree on. A call whose arguments do not decode is refused without a reason in Solidity and with
/// `MalformedArguments()` here; which calls are refused is the same.
fn said(op: &Op, target: Address, outcome: TxOutcome) -> (TxStatus, Bytes, Vec<Log>) {
    let malformed = matches!(op, Op::Raw { .. }) && outcome.status == TxStatus::Reverted;
    let ours = |log: Log| {
        assert_eq!(log.address, target);
        Log { address: Address::ZERO, ..log }
    };
    let output = if malformed { Bytes::new() } else { outcome.output };
    (outcome.status, output, outcome.logs.into_iter().map(ours).collect())
}

/// Reads that name the contract itself cannot be equal.
fn is_about_itself(op: &Op) -> bool {
    let (_, input) = input(op, Address::ZERO);
    let domain = [I::DOMAIN_SEPARATORCall::SELECTOR, I::eip712DomainCall::SELECTOR];
    matches!(op, Op::Raw { .. }) && domain.iter().any(|selector| input.starts_with(selector))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_native_token_is_the_token_in_solidity(ops in prop::collection::vec(op(), 1..60)) {
        let (chain, state, reference) = state();
        let mut executor = executor(&chain, &state);
        for op in ops.iter().filter(|op| !is_about_itself(op)) {
            let mut run = |target: Address| {
                let (caller, data) = input(op, target);
                let outcome = executor.transact(&request(caller, TxKind::Call(target), data.into())).unwrap();
                said(op, target, outcome)
            };
            let (native, solidity) = (run(DEFAULT_TOKEN), run(reference));
            prop_assert_eq!(native, solidity, "{:?}", op);
        }
    }
}

#[test]
fn a_first_call_of_each_kind_succeeds_on_both() {
    let (chain, state, reference) = state();
    let mut executor = executor(&chain, &state);
    let mut ops = vec![
        Op::Transfer { from: 0, to: 1, value: 5 },
        Op::Approve { owner: 0, spender: 1, value: 50, kind: 0 },
        Op::TransferFrom { spender: 1, from: 0, to: 2, value: 5 },
        Op::Owner { caller: 0, kind: 4, account: 1, value: 10 },
        Op::Mint { minter: 1, to: 1, amount: 9 },
        Op::Burn { minter: 1, amount: 2 },
        Op::Cancel { from: 1, nonce: 9, parts: true, flaw: 0 },
        Op::Cancel { from: ACTORS, nonce: 9, parts: false, flaw: 0 },
        Op::Permit { owner: 2, spender: 3, value: 4, nonce: 0, parts: true, flaw: 0 },
        Op::Permit { owner: ACTORS, spender: 3, value: 4, nonce: 0, parts: false, flaw: 3 },
    ];
    for kind in 0..4 {
        ops.push(Op::Authorized { from: 3, to: 0, sender: 0, value: 1, nonce: kind, kind, flaw: 0 });
        ops.push(Op::Authorized { from: ACTORS, to: 0, sender: 0, value: 1, nonce: kind, kind, flaw: 1 });
    }
    for op in &ops {
        for target in [DEFAULT_TOKEN, reference] {
            let (caller, data) = input(op, target);
            let outcome = executor.transact(&request(caller, TxKind::Call(target), data.into())).unwrap();
            assert!(outcome.is_success() && !outcome.logs.is_empty(), "{op:?} on {target}: {}", outcome.output);
        }
    }
}
