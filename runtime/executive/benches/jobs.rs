//! The life of 100 jobs in one block on one thread, native and in Solidity, senders recovered before: create, set the budget,
//! fund, submit, complete.
//!
//! `jobs/plain` sends the same inputs to an account without code: what the transactions cost without their calls. What the
//! calls cost is the rest: (`jobs/native` - `jobs/plain`) against (`jobs/solidity` - `jobs/plain`).
#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a benchmark")]

mod support;

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_sol_types::{SolCall, SolValue as _};
use assay_abi::escrow::{ESCROW, IEscrow as I};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken};
use assay_executive::{Executed, decode_transactions};
use assay_primitives::{Block, CheckedTx};
use assay_token::GenesisToken;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::sync::Arc;
use support::{Chain, Key};

const JOBS: u64 = 100;
const PLAIN: Address = Address::repeat_byte(0x11);
const REFERENCE_JOBS: &str = include_str!("../data/reference-jobs.hex");
const REFERENCE_TOKEN: &str = include_str!("../data/reference-token.hex");

/// A block and its transactions, decoded.
type Sent = (Block, Vec<Arc<CheckedTx>>);

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

/// Keeps what a block did: all blocks have one parent.
fn keep(chain: &mut Chain, raw: Vec<Bytes>) -> Executed {
    let executed = execute(chain, &sent(chain, raw));
    chain.state.apply(&executed.changes);
    executed
}

/// The calls of one job: by its client, provider or evaluator (0 to 2), and the input.
fn life(id: u64, provider: Address, evaluator: Address, expires: u64) -> Vec<(usize, Vec<u8>)> {
    let (job, none, hook) = (U256::from(id), Bytes::new, Address::ZERO);
    let description = "Translate the report into French, within a day".to_owned();
    let amount = U256::from(400);
    vec![
        (0, I::createJobCall { provider, evaluator, expiredAt: U256::from(expires), description, hook }.abi_encode()),
        (0, I::setBudgetCall { jobId: job, amount, optParams: none() }.abi_encode()),
        (0, I::fundCall { jobId: job, expectedBudget: amount, optParams: none() }.abi_encode()),
        (1, I::submitCall { jobId: job, deliverable: B256::repeat_byte(7), optParams: none() }.abi_encode()),
        (2, I::completeCall { jobId: job, reason: B256::repeat_byte(9), optParams: none() }.abi_encode()),
    ]
}

fn jobs(criterion: &mut Criterion) {
    // A client, a provider and an evaluator for each job, and who deploys.
    let keys: Vec<Key> = (0..3 * JOBS).map(Key::new).collect();
    let holders: Vec<Address> = keys.iter().map(Key::address).collect();
    let deployers = [Key::new(3 * JOBS), Key::new(3 * JOBS + 1)];
    let accounts = [&holders[..], &deployers.each_ref().map(Key::address)].concat();
    let held = U256::from(1_000);
    let mut chain = Chain::new(&accounts, |spec, _| {
        spec.token.tokens = vec![GenesisToken {
            total_supply: held * U256::from(holders.len()),
            holders: holders.iter().map(|holder| (*holder, held)).collect(),
            ..spec.token.tokens[0].clone()
        }];
    });
    let create = |key: &Key, code: &str, arguments: Vec<u8>| {
        let code = [hex::decode(code.trim()).unwrap(), arguments].concat();
        key.sign(TxKind::Create, 1 << 24, U256::ZERO, code.into())
    };
    let token = create(&deployers[0], REFERENCE_TOKEN, (accounts[0], holders.clone(), held).abi_encode_params());
    let token = keep(&mut chain, vec![token]).receipts[0].contract_address.unwrap();
    let numbers = [0, 0, 5, 365 * 86_400].map(U256::from);
    let arguments = (token, Address::ZERO, numbers[0], numbers[1], numbers[2], numbers[3]).abi_encode_params();
    let contract = create(&deployers[1], REFERENCE_JOBS, arguments);
    let contract = keep(&mut chain, vec![contract]).receipts[0].contract_address.unwrap();

    let expires = chain.parent.timestamp_ms().seconds() + 86_400;
    let mut group = criterion.benchmark_group("jobs");
    group.throughput(Throughput::Elements(JOBS)).sample_size(30);
    for (name, to, asset) in [("plain", PLAIN, PLAIN), ("native", ESCROW, DEFAULT_TOKEN), ("solidity", contract, token)]
    {
        let mut txs = Vec::new();
        for (id, parties) in (1..).zip(keys.chunks(3)) {
            let mut nonces = [u64::from(1u8), 0, 0];
            let approve = INativeToken::approveCall { spender: to, value: U256::MAX }.abi_encode();
            txs.push(parties[0].sign_at(0, asset.into(), approve.into()));
            for (by, input) in life(id, parties[1].address(), parties[2].address(), expires) {
                txs.push(parties[by].sign_at(nonces[by], to.into(), input.into()));
                nonces[by] += 1;
            }
        }
        let block = sent(&chain, txs);
        let gas = execute(&chain, &block).gas_used;
        println!("jobs/{name}: {} gas for a job", gas / JOBS);
        group.bench_function(format!("{name}/jobs={JOBS}"), |bencher| bencher.iter(|| execute(&chain, &block)));
    }
    group.finish();
}

criterion_group!(benches, jobs);
criterion_main!(benches);
