//! A block of 1,000 transactions on one thread: what recovering its senders costs, and what executing it costs.
//!
//! `block/recover` decodes and recovers; `block/transfers` and `block/erc20` execute what was recovered before, with the
//! system payload judged and receipts made. Together they say how large a share signatures have.
#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a benchmark")]
#![allow(clippy::cast_possible_truncation, reason = "a benchmark")]

mod support;

use alloy_primitives::{Address, B256, Bytes, U256, address, bytes, keccak256};
use alloy_sol_types::{SolCall as _, sol};
use assay_executive::decode_transactions;
use assay_genesis::GenesisAccount;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{Chain, Key};

const TXS: u64 = 1_000;
const TOKEN: Address = address!("0x70ce70ce70ce70ce70ce70ce70ce70ce70ce70ce");

sol! {
    function transfer(address to, uint256 value) returns (bool);
}

/// `transfer` of a token as Solidity lays it out: two slots of a mapping, a Transfer event, `true`; any selector.
const TOKEN_CODE: Bytes = bytes!(
    "335f5260405f208054602435900390556004355f5260405f2080546024350190556024355f52600435337f"
    "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef60205fa360015f5260205ff3"
);

fn blocks(criterion: &mut Criterion) {
    let keys: Vec<Key> = (0..TXS).map(Key::new).collect();
    let senders: Vec<Address> = keys.iter().map(Key::address).collect();
    let chain = Chain::new(&senders, |spec, balance| {
        let slot = |sender: &Address| keccak256([sender.into_word().0, [0; 32]].concat());
        let storage = senders.iter().map(|sender| (slot(sender), B256::from(balance))).collect();
        let token = GenesisAccount { nonce: 1, code: TOKEN_CODE, storage, ..GenesisAccount::default() };
        spec.alloc.0.insert(TOKEN, token);
    });
    let receiver = |index: usize| senders[(index + 1) % senders.len()];
    let sign = |key: &Key, to: Address, value, input| key.sign(to.into(), 80_000, value, input);
    let transfer = |(index, key): (usize, &Key)| sign(key, receiver(index), U256::from(1), Bytes::new());
    let transfers = chain.block(keys.iter().enumerate().map(transfer).collect());
    let erc20 = |(index, key): (usize, &Key)| {
        let call = transferCall { to: receiver(index), value: U256::from(5) };
        sign(key, TOKEN, U256::ZERO, call.abi_encode().into())
    };
    let erc20 = chain.block(keys.iter().enumerate().map(erc20).collect());

    let mut group = criterion.benchmark_group("block");
    group.throughput(Throughput::Elements(TXS)).sample_size(20);
    group.bench_function("recover/txs=1000", |bencher| {
        bencher.iter(|| decode_transactions(&transfers, None, &|_| None).unwrap());
    });
    for (name, block) in [("transfers/txs=1000", &transfers), ("erc20/txs=1000", &erc20)] {
        let txs = decode_transactions(block, None, &|_| None).unwrap();
        let execute = || chain.executive.execute_block(&chain.state, &chain.parent, block, &txs).unwrap();
        assert!(execute().receipts.iter().all(|receipt| receipt.receipt.success), "every transaction succeeds");
        group.bench_function(name, |bencher| bencher.iter(execute));
    }
    group.finish();
}

criterion_group!(benches, blocks);
criterion_main!(benches);
