//! A block of 500 token transfers on one thread, native and in Solidity, senders recovered before.
//!
//! `token/plain` sends the same input to an account without code: what a transaction costs without its call. What a call
//! costs is the rest: (`token/native` - `token/plain`) against (`token/solidity` - `token/plain`).
#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a benchmark")]

mod support;

use alloy_primitives::{Address, Bytes, TxKind, U256, hex};
use alloy_sol_types::{SolCall as _, SolValue as _};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken};
use assay_executive::{Executed, decode_transactions};
use assay_primitives::{Block, CheckedTx};
use assay_token::GenesisToken;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::sync::Arc;
use support::{Chain, Key};

const TXS: u64 = 500;
const PLAIN: Address = Address::repeat_byte(0x11);
const REFERENCE: &str = include_str!("../data/reference-token.hex");

/// A block and its transactions, decoded.
type Sent = (Block, Vec<Arc<CheckedTx>>);

/// Block 1 with these transactions.
fn sent(chain: &Chain, raw: Vec<Bytes>) -> Sent {
    let block = chain.block(raw);
    let txs = decode_transactions(&block, None, &|_| None).unwrap();
    (block, txs)
}

/// Block 1, whose effects nobody keeps.
fn execute(chain: &Chain, (block, txs): &Sent) -> Executed {
    let executed = chain.executive.execute_block(&chain.state, &chain.parent, block, txs).unwrap();
    assert!(executed.receipts.iter().all(|receipt| receipt.receipt.success), "every transaction succeeds");
    executed
}

fn transfers(criterion: &mut Criterion) {
    let keys: Vec<Key> = (0..TXS).map(Key::new).collect();
    let holders: Vec<Address> = keys.iter().map(Key::address).collect();
    let deployer = Key::new(TXS);
    let accounts = [&holders[..], &[deployer.address()]].concat();
    let mut chain = Chain::new(&accounts, |spec, _| {
        spec.token.tokens = vec![GenesisToken {
            total_supply: U256::from(1_000) * U256::from(holders.len()),
            holders: holders.iter().map(|holder| (*holder, U256::from(1_000))).collect(),
            ..spec.token.tokens[0].clone()
        }];
    });
    // The reference is deployed on the first state, so that all blocks have one parent.
    let arguments = (deployer.address(), holders.clone(), U256::from(1_000)).abi_encode_params();
    let code = [hex::decode(REFERENCE.trim()).unwrap(), arguments].concat();
    let deploy = deployer.sign(TxKind::Create, 1 << 24, U256::ZERO, code.into());
    let deployed = execute(&chain, &sent(&chain, vec![deploy]));
    let reference = deployed.receipts[0].contract_address.unwrap();
    chain.state.apply(&deployed.changes);

    let block = |token: Address| {
        let transfer = |(index, key): (usize, &Key)| {
            let to = holders[(index + 1) % holders.len()];
            let call = INativeToken::transferCall { to, value: U256::from(5) };
            key.sign(token.into(), 80_000, U256::ZERO, call.abi_encode().into())
        };
        sent(&chain, keys.iter().enumerate().map(transfer).collect())
    };
    let mut group = criterion.benchmark_group("token");
    group.throughput(Throughput::Elements(TXS)).sample_size(30);
    for (name, token) in [("plain", PLAIN), ("native", DEFAULT_TOKEN), ("solidity", reference)] {
        let block = block(token);
        let logs = execute(&chain, &block).receipts.iter().map(|receipt| receipt.receipt.logs.len()).sum::<usize>();
        assert_eq!(logs, if token == PLAIN { 0 } else { holders.len() });
        group.bench_function(format!("{name}/txs={TXS}"), |bencher| bencher.iter(|| execute(&chain, &block)));
    }
    group.finish();
}

criterion_group!(benches, transfers);
criterion_main!(benches);
