//! A block of 500 token transfers on one thread, native and in Solidity, senders recovered before.
//!
//! `token/plain` sends the same input to an account without code: what a transaction costs without its call. What a call
//! costs is the rest: (`token/native` - `token/plain`) against (`token/solidity` - `token/plain`).
#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a benchmark")]

use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, hex, keccak256};
use alloy_sol_types::{SolCall as _, SolValue as _};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken};
use assay_executive::{Executed, Executive, Parent, decode_transactions};
use assay_genesis::{ChainSpec, GenesisAccount, GenesisValidator, consensus_address};
use assay_kernel::MemoryState;
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{Block, CheckedTx, Round, SystemPayload, TimestampMs};
use assay_token::GenesisToken;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use secp256k1::{Message, SECP256K1, SecretKey};
use std::sync::Arc;

const TXS: u64 = 500;
const CHAIN_ID: u64 = 31_337;
const GENESIS_MS: TimestampMs = TimestampMs(1_767_225_600_000);
const PLAIN: Address = Address::repeat_byte(0x11);
const REFERENCE: &str = include_str!("../data/reference-token.hex");

/// A block and its transactions, decoded.
type Sent = (Block, Vec<Arc<CheckedTx>>);

struct Key(SecretKey);

impl Key {
    fn new(index: u64) -> Self {
        Self(SecretKey::from_byte_array(keccak256(index.to_be_bytes()).0).unwrap())
    }

    fn address(&self) -> Address {
        Address::from_raw_public_key(&self.0.public_key(SECP256K1).serialize_uncompressed()[1..])
    }

    fn sign(&self, to: TxKind, gas_limit: u64, input: Bytes) -> Bytes {
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            gas_limit,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to,
            input,
            ..TxEip1559::default()
        };
        let digest = Message::from_digest(tx.signature_hash().0);
        let (id, compact) = SECP256K1.sign_ecdsa_recoverable(digest, &self.0).serialize_compact();
        let signature = Signature::from_bytes_and_parity(&compact, i32::from(id) == 1);
        TxEnvelope::from(tx.into_signed(signature)).encoded_2718().into()
    }
}

struct Chain {
    executive: Executive,
    state: MemoryState,
    parent: Parent,
    payload: SystemPayload,
}

impl Chain {
    fn new(holders: &[Address], deployer: Address) -> Self {
        let secret = RandomnessSecret::from_seed([7; 32]).unwrap();
        let creator = consensus_address(B256::repeat_byte(7));
        let validator = GenesisValidator {
            address: creator,
            public_key: B256::repeat_byte(7),
            power: 10,
            randomness_key: secret.public(),
            possession: secret.prove_possession(creator.0.as_slice()),
            fee_address: Address::repeat_byte(0xfe),
        };
        let mut spec = ChainSpec::dev(validator, GENESIS_MS).unwrap();
        let balance = U256::from(10u64).pow(U256::from(18));
        for account in holders.iter().chain([&deployer]) {
            spec.alloc.0.insert(*account, GenesisAccount { balance, ..GenesisAccount::default() });
            spec.total_supply += balance;
        }
        spec.token.tokens = vec![GenesisToken {
            total_supply: U256::from(1_000) * U256::from(holders.len()),
            holders: holders.iter().map(|holder| (*holder, U256::from(1_000))).collect(),
            ..spec.token.tokens[0].clone()
        }];
        let executive = Executive::new(Arc::new(spec)).unwrap();
        let genesis = executive.init_chain().unwrap();
        let mut state = MemoryState::default();
        state.apply(&genesis.changes);
        let parent = Parent::new(genesis.header, GENESIS_MS);
        state.set_block_hash(0, parent.hash());
        let payload = SystemPayload {
            creator,
            round: Round::ZERO,
            timestamp_ms: GENESIS_MS.saturating_add(500),
            randomness: secret.prove(parent.randomness(), parent.height().next()),
            last_commit: None,
            late_votes: Vec::new(),
            evidence: Vec::new(),
        };
        Self { executive, state, parent, payload }
    }

    fn block(&self, raw: Vec<Bytes>) -> Sent {
        let (parent, height) = (&self.parent, self.parent.height().next());
        let block = Block::assemble(CHAIN_ID, height, parent.block_id(), parent.hash(), &self.payload, raw).unwrap();
        let txs = decode_transactions(&block, None, &|_| None).unwrap();
        (block, txs)
    }

    /// Block 1, whose effects nobody keeps.
    fn execute(&self, (block, txs): &Sent) -> Executed {
        let executed = self.executive.execute_block(&self.state, &self.parent, block, txs).unwrap();
        assert!(executed.receipts.iter().all(|receipt| receipt.receipt.success), "every transaction succeeds");
        executed
    }
}

fn transfers(criterion: &mut Criterion) {
    let keys: Vec<Key> = (0..TXS).map(Key::new).collect();
    let holders: Vec<Address> = keys.iter().map(Key::address).collect();
    let deployer = Key::new(TXS);
    let mut chain = Chain::new(&holders, deployer.address());
    // The reference is deployed on the first state, so that all blocks have one parent.
    let arguments = (deployer.address(), holders.clone(), U256::from(1_000)).abi_encode_params();
    let code = [hex::decode(REFERENCE.trim()).unwrap(), arguments].concat();
    let deployed = chain.execute(&chain.block(vec![deployer.sign(TxKind::Create, 1 << 24, code.into())]));
    let reference = deployed.receipts[0].contract_address.unwrap();
    chain.state.apply(&deployed.changes);

    let block = |token: Address| {
        let transfer = |(index, key): (usize, &Key)| {
            let to = holders[(index + 1) % holders.len()];
            let call = INativeToken::transferCall { to, value: U256::from(5) };
            key.sign(token.into(), 80_000, call.abi_encode().into())
        };
        chain.block(keys.iter().enumerate().map(transfer).collect())
    };
    let mut group = criterion.benchmark_group("token");
    group.throughput(Throughput::Elements(TXS)).sample_size(30);
    for (name, token) in [("plain", PLAIN), ("native", DEFAULT_TOKEN), ("solidity", reference)] {
        let block = block(token);
        let logs = chain.execute(&block).receipts.iter().map(|receipt| receipt.receipt.logs.len()).sum::<usize>();
        assert_eq!(logs, if token == PLAIN { 0 } else { holders.len() });
        group.bench_function(format!("{name}/txs={TXS}"), |bencher| bencher.iter(|| chain.execute(&block)));
    }
    group.finish();
}

criterion_group!(benches, transfers);
criterion_main!(benches);
