//! A block of 1,000 transactions on one thread: what recovering its senders costs, and what executing it costs.
//!
//! `block/recover` decodes and recovers; `block/transfers` and `block/erc20` execute what was recovered before, with the
//! system payload judged and receipts made. Together they say how large a share signatures have.
#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a benchmark")]
#![allow(clippy::cast_possible_truncation, reason = "a benchmark")]

use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address, bytes, keccak256};
use alloy_sol_types::{SolCall as _, sol};
use assay_executive::{Executive, Parent, decode_transactions};
use assay_genesis::{ChainSpec, GenesisAccount, GenesisValidator, consensus_address};
use assay_kernel::MemoryState;
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{Block, Round, SystemPayload, TimestampMs};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use secp256k1::{Message, SECP256K1, SecretKey};
use std::sync::Arc;

const TXS: u64 = 1_000;
const CHAIN_ID: u64 = 31_337;
const GENESIS_MS: TimestampMs = TimestampMs(1_767_225_600_000);
const TOKEN: Address = address!("0x70ce70ce70ce70ce70ce70ce70ce70ce70ce70ce");

sol! {
    function transfer(address to, uint256 value) returns (bool);
}

/// `transfer` of a token as Solidity lays it out: two slots of a mapping, a Transfer event, `true`; any selector.
const TOKEN_CODE: Bytes = bytes!(
    "335f5260405f208054602435900390556004355f5260405f2080546024350190556024355f52600435337f"
    "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef60205fa360015f5260205ff3"
);

struct Key(SecretKey);

impl Key {
    fn new(index: u64) -> Self {
        Self(SecretKey::from_byte_array(keccak256(index.to_be_bytes()).0).unwrap())
    }

    fn address(&self) -> Address {
        Address::from_raw_public_key(&self.0.public_key(SECP256K1).serialize_uncompressed()[1..])
    }

    fn sign(&self, to: Address, value: U256, input: Bytes) -> Bytes {
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            gas_limit: 80_000,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(to),
            value,
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

fn chain(keys: &[Key]) -> Chain {
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
    let mut token = GenesisAccount { nonce: 1, code: TOKEN_CODE, ..GenesisAccount::default() };
    for key in keys {
        spec.alloc.0.insert(key.address(), GenesisAccount { balance, ..GenesisAccount::default() });
        spec.total_supply += balance;
        let slot = keccak256([key.address().into_word().0, [0; 32]].concat());
        token.storage.insert(slot, B256::from(balance));
    }
    spec.alloc.0.insert(TOKEN, token);
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
    Chain { executive, state, parent, payload }
}

fn blocks(criterion: &mut Criterion) {
    let keys: Vec<Key> = (0..TXS).map(Key::new).collect();
    let chain = chain(&keys);
    let block = |raw: Vec<Bytes>| {
        let parent = &chain.parent;
        let height = parent.height().next();
        Block::assemble(CHAIN_ID, height, parent.block_id(), parent.hash(), &chain.payload, raw).unwrap()
    };
    let receiver = |index: usize| keys[(index + 1) % keys.len()].address();
    let transfer = |(index, key): (usize, &Key)| key.sign(receiver(index), U256::from(1), Bytes::new());
    let transfers = block(keys.iter().enumerate().map(transfer).collect());
    let erc20 = |(index, key): (usize, &Key)| {
        let call = transferCall { to: receiver(index), value: U256::from(5) };
        key.sign(TOKEN, U256::ZERO, call.abi_encode().into())
    };
    let erc20 = block(keys.iter().enumerate().map(erc20).collect());

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
