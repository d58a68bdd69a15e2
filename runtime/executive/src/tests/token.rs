//! The token module on the chain: its first state, calls from transactions and contracts, invariants after every block.

use super::chain::{Chain, Key, spec};
use crate::{Executed, memory_root};
use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_sol_types::{SolCall as _, SolValue as _};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken, INativeTokenFactory, TOKEN_FACTORY};
use assay_abi::token_address;
use assay_genesis::{ChainSpec, DEV_TOKEN, dev_accounts};
use assay_kernel::StateView as _;
use assay_token::invariants;
use proptest::prelude::*;

/// A development chain whose keys hold the default token too; the first of them owns it.
pub(super) fn token_chain() -> Chain {
    Chain::of(token_spec())
}

/// Its specification.
pub(super) fn token_spec() -> ChainSpec {
    let mut spec = spec();
    let token = &mut spec.token.tokens[0];
    token.owner = Key::new(0).address();
    for index in 0..4 {
        token.holders.insert(Key::new(index).address(), U256::from(1_000));
        token.total_supply += U256::from(1_000);
    }
    spec
}

fn holders() -> Vec<Address> {
    let keys = (0..6).map(|index| Key::new(index).address());
    dev_accounts().unwrap().into_iter().chain(keys).collect()
}

fn check(chain: &Chain, created: u64) {
    invariants::check(&chain.state).unwrap();
    for id in 1..2 + created {
        invariants::check_supply(&chain.state, token_address(id), &holders()).unwrap();
    }
}

fn balance(chain: &Chain, account: Address) -> u64 {
    let read = |ctx: &mut assay_kernel::Ctx<'_>| assay_token::api::balance_of(ctx, DEFAULT_TOKEN, account);
    assay_kernel::read(&chain.state, TOKEN_FACTORY, read).unwrap().to()
}

fn successes(executed: &Executed) -> Vec<bool> {
    executed.receipts.iter().map(|receipt| receipt.receipt.success).collect()
}

#[test]
fn a_development_chain_has_the_default_token() {
    let chain = Chain::new();
    check(&chain, 0);
    let accounts = dev_accounts().unwrap();
    assert_eq!(balance(&chain, accounts[0]), 1_000_000_000_000);
    assert_eq!(balance(&chain, accounts[255]), 1_000_000_000_000);
    let account = chain.state.account(DEFAULT_TOKEN).unwrap().unwrap();
    assert_eq!((account.nonce, chain.state.code(account.code_hash).unwrap().len()), (1, 1));
    assert_eq!(chain.executive.spec().token.tokens[0].name, DEV_TOKEN);
    assert_eq!(chain.parent.header().state_root, memory_root(&chain.state));
    let supply =
        assay_kernel::read(&chain.state, TOKEN_FACTORY, |ctx| assay_token::api::total_supply(ctx, DEFAULT_TOKEN));
    assert_eq!(supply.unwrap(), U256::from(256_000_000_000_000u64));
}

#[test]
fn transfers_from_transactions_stand_in_receipts() {
    let mut chain = token_chain();
    let (key, to) = (Key::new(1), Key::new(2).address());
    let transfer = |value: u64| INativeToken::transferCall { to, value: U256::from(value) }.abi_encode();
    let txs = [key.call(0, DEFAULT_TOKEN, &transfer(400)), key.call(1, DEFAULT_TOKEN, &transfer(601))];
    let (executed, header) = chain.commit(&txs);
    assert_eq!(successes(&executed), [true, false]);
    assert_eq!(executed.receipts[0].receipt.logs[0].address, DEFAULT_TOKEN);
    let reason = alloy_sol_types::Revert::from("ERC20: transfer amount exceeds balance");
    assert_eq!(executed.receipts[1].revert_data, alloy_sol_types::SolError::abi_encode(&reason));
    assert_eq!((balance(&chain, key.address()), balance(&chain, to)), (600, 1_400));
    assert_eq!(header.state_root, memory_root(&chain.state));
    check(&chain, 0);
    // What a payment costs between accounts that hold: 21,000, three cold slots of which two change, a log.
    let (executed, _) = chain.commit(&[key.call(2, DEFAULT_TOKEN, &transfer(1))]);
    let gas = executed.receipts[0].gas_used;
    assert!((35_500..36_500).contains(&gas), "{gas}");
}

#[test]
fn a_created_token_works_in_the_same_block() {
    let mut chain = token_chain();
    let (key, owner) = (Key::new(1), Key::new(2));
    let create = INativeTokenFactory::createTokenCall {
        name: "Second".to_owned(),
        symbol: "TWO".to_owned(),
        decimals: 0,
        owner: owner.address(),
    };
    let minter = INativeToken::configureMinterCall { minter: owner.address(), minterAllowedAmount: U256::from(50) };
    let mint = INativeToken::mintCall { to: key.address(), amount: U256::from(50) };
    let pay = INativeToken::transferCall { to: owner.address(), value: U256::from(20) };
    let token = token_address(2);
    // Before it exists, a call reaches an empty account.
    let (executed, _) = chain.commit(&[
        key.call(0, token, &pay.abi_encode()),
        key.call(1, TOKEN_FACTORY, &create.abi_encode()),
        owner.call(0, token, &minter.abi_encode()),
        owner.call(1, token, &mint.abi_encode()),
        key.call(2, token, &pay.abi_encode()),
    ]);
    assert_eq!(successes(&executed), [true; 5]);
    assert!(executed.receipts[0].receipt.logs.is_empty());
    let gas = executed.receipts[1].gas_used;
    // A CREATE and four slots at least: names, domain, control.
    let floor = 21_000 + 32_200 + 4 * 22_100;
    assert!((floor..floor + 20_000).contains(&gas), "{gas}");
    check(&chain, 1);
    let of = |account| {
        let read = |ctx: &mut assay_kernel::Ctx<'_>| assay_token::api::balance_of(ctx, token, account);
        assay_kernel::read(&chain.state, TOKEN_FACTORY, read).unwrap()
    };
    assert_eq!((of(key.address()), of(owner.address())), (U256::from(30), U256::from(20)));
}

const MOVE: &str = "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,\
                    uint256 validBefore,bytes32 nonce)";

/// An authorization of a key's over one token, with whatever signature the caller of this puts there.
fn authorization(from: Address, nonce: u8, signature: Bytes) -> INativeToken::transferWithAuthorization_1Call {
    INativeToken::transferWithAuthorization_1Call {
        from,
        to: Key::new(3).address(),
        value: U256::ONE,
        validAfter: U256::ZERO,
        validBefore: U256::MAX,
        nonce: B256::with_last_byte(nonce),
        signature,
    }
}

fn signed(key: &Key, nonce: u8) -> Vec<u8> {
    let call = authorization(key.address(), nonce, Bytes::new());
    let members = (call.from, call.to, call.value, call.validAfter, call.validBefore, call.nonce).abi_encode();
    let hash = keccak256([keccak256(MOVE).as_slice(), &members].concat());
    let domain = assay_token::domain_separator(DEV_TOKEN, 31_337, DEFAULT_TOKEN);
    let signature = key.sign_hash(assay_token::digest(domain, hash)).as_bytes();
    authorization(key.address(), nonce, signature.into()).abi_encode()
}

/// EIP-7702: the payer's account runs a wallet's code, which accepts every signature.
#[test]
fn a_delegated_account_pays_by_its_key_and_by_its_code() {
    let wallet = Address::repeat_byte(0xaa);
    let code = Bytes::from_static(&hex!("631626ba7e60e01b5f5260205ff3"));
    let mut spec = token_chain().executive.spec().as_ref().clone();
    spec.alloc.0.insert(wallet, assay_genesis::GenesisAccount { nonce: 1, code, ..Default::default() });
    let mut chain = Chain::of(spec);
    let (payer, relayer) = (Key::new(2), Key::new(1));
    let by_code = |nonce| authorization(payer.address(), nonce, Bytes::from_static(b"word")).abi_encode();
    let (executed, _) = chain.commit(&[
        relayer.call(0, DEFAULT_TOKEN, &signed(&payer, 1)),
        relayer.call(1, DEFAULT_TOKEN, &by_code(2)),
        relayer.set_code(vec![payer.authorize(wallet, 0)], |tx| tx.nonce = 2),
        relayer.call(3, DEFAULT_TOKEN, &signed(&payer, 3)),
        relayer.call(4, DEFAULT_TOKEN, &by_code(4)),
        relayer.call(5, DEFAULT_TOKEN, &by_code(4)),
    ]);
    assert_eq!(successes(&executed), [true, false, true, true, true, false]);
    assert_eq!((balance(&chain, payer.address()), balance(&chain, Key::new(3).address())), (997, 1_003));
    check(&chain, 0);
    // What a settlement costs: a transfer, a new slot for the nonce, a recovery, a second log.
    let gas = executed.receipts[3].gas_used;
    assert!((65_000..72_000).contains(&gas), "{gas}");
}

#[derive(Clone, Debug)]
enum Op {
    Create,
    Transfer { token: u64, to: u8, value: u64 },
    Approve { token: u64, spender: u8, value: u64 },
    TransferFrom { token: u64, from: u8, to: u8, value: u64 },
    Configure { token: u64, minter: u8 },
    Mint { token: u64, to: u8, value: u64 },
    Pause { token: u64, paused: bool },
    Block { token: u64, account: u8, blocked: bool },
    Raw { token: u64, input: Vec<u8> },
}

fn op() -> impl Strategy<Value = Op> {
    let (token, who, value) = (0u64..4, 0u8..6, 0u64..700);
    prop_oneof![
        1 => Just(Op::Create),
        4 => (token.clone(), who.clone(), value.clone()).prop_map(|(token, to, value)| Op::Transfer { token, to, value }),
        2 => (token.clone(), who.clone(), value.clone())
            .prop_map(|(token, spender, value)| Op::Approve { token, spender, value }),
        2 => (token.clone(), who.clone(), who.clone(), value.clone())
            .prop_map(|(token, from, to, value)| Op::TransferFrom { token, from, to, value }),
        1 => (token.clone(), who.clone()).prop_map(|(token, minter)| Op::Configure { token, minter }),
        2 => (token.clone(), who.clone(), value).prop_map(|(token, to, value)| Op::Mint { token, to, value }),
        1 => (token.clone(), any::<bool>()).prop_map(|(token, paused)| Op::Pause { token, paused }),
        1 => (token.clone(), who, any::<bool>())
            .prop_map(|(token, account, blocked)| Op::Block { token, account, blocked }),
        1 => (token, prop::collection::vec(any::<u8>(), 0..80)).prop_map(|(token, input)| Op::Raw { token, input }),
    ]
}

fn input(op: Op) -> (Address, Bytes) {
    use INativeToken as I;
    let who = |index: u8| Key::new(index).address();
    let number = |value: u64| U256::from(value);
    let (token, input) = match op {
        Op::Create => {
            let (name, symbol) = ("Another".to_owned(), "A".to_owned());
            let call = INativeTokenFactory::createTokenCall { name, symbol, decimals: 6, owner: who(0) };
            (0, call.abi_encode())
        }
        Op::Transfer { token, to, value } => {
            (token, I::transferCall { to: who(to), value: number(value) }.abi_encode())
        }
        Op::Approve { token, spender, value } => {
            (token, I::approveCall { spender: who(spender), value: number(value) }.abi_encode())
        }
        Op::TransferFrom { token, from, to, value } => {
            (token, I::transferFromCall { from: who(from), to: who(to), value: number(value) }.abi_encode())
        }
        Op::Configure { token, minter } => {
            let call = I::configureMinterCall { minter: who(minter), minterAllowedAmount: number(500) };
            (token, call.abi_encode())
        }
        Op::Mint { token, to, value } => (token, I::mintCall { to: who(to), amount: number(value) }.abi_encode()),
        Op::Pause { token, paused: true } => (token, I::pauseCall {}.abi_encode()),
        Op::Pause { token, .. } => (token, I::unpauseCall {}.abi_encode()),
        Op::Block { token, account, blocked: true } => (token, I::blacklistCall { account: who(account) }.abi_encode()),
        Op::Block { token, account, .. } => (token, I::unBlacklistCall { account: who(account) }.abi_encode()),
        Op::Raw { token, input } => (token, input),
    };
    (token_address(token), input.into())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn invariants_hold_after_every_block(
        blocks in prop::collection::vec(prop::collection::vec((0u8..4, op()), 1..12), 1..6),
    ) {
        let mut chain = token_chain();
        let mut nonces = [0u64; 4];
        let mut created = 0;
        for ops in blocks {
            let mut txs = Vec::new();
            let mut creations = Vec::new();
            for (sender, op) in ops {
                creations.push(matches!(op, Op::Create));
                let (to, data) = input(op);
                let nonce = &mut nonces[usize::from(sender)];
                txs.push(Key::new(sender).call(*nonce, to, &data));
                *nonce += 1;
            }
            let (executed, header) = chain.commit(&txs);
            let made = successes(&executed).into_iter().zip(creations).filter(|(success, creates)| *success && *creates);
            created += made.count() as u64;
            prop_assert_eq!(header.state_root, memory_root(&chain.state));
            check(&chain, created);
        }
    }
}
