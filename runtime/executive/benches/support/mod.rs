//! What the benchmarks of blocks share: senders, and a chain in memory at its first height.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a benchmark")]

use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use assay_executive::{Executive, Parent};
use assay_genesis::{ChainSpec, GenesisAccount, GenesisValidator, consensus_address};
use assay_kernel::MemoryState;
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{Block, Round, SystemPayload, TimestampMs};
use secp256k1::{Message, SECP256K1, SecretKey};
use std::sync::Arc;

const CHAIN_ID: u64 = 31_337;
const GENESIS_MS: TimestampMs = TimestampMs(1_767_225_600_000);

/// A sender.
pub struct Key(SecretKey);

impl Key {
    pub fn new(index: u64) -> Self {
        Self(SecretKey::from_byte_array(keccak256(index.to_be_bytes()).0).unwrap())
    }

    pub fn address(&self) -> Address {
        Address::from_raw_public_key(&self.0.public_key(SECP256K1).serialize_uncompressed()[1..])
    }

    pub fn sign(&self, to: TxKind, gas_limit: u64, value: U256, input: Bytes) -> Bytes {
        self.signed(0, to, gas_limit, value, input)
    }

    /// A call with a nonce, and gas for any call of a module.
    #[allow(dead_code, reason = "not every benchmark needs it")]
    pub fn sign_at(&self, nonce: u64, to: TxKind, input: Bytes) -> Bytes {
        self.signed(nonce, to, 400_000, U256::ZERO, input)
    }

    fn signed(&self, nonce: u64, to: TxKind, gas_limit: u64, value: U256, input: Bytes) -> Bytes {
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to,
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

/// A chain before block 1.
pub struct Chain {
    pub executive: Executive,
    pub state: MemoryState,
    pub parent: Parent,
    payload: SystemPayload,
}

impl Chain {
    /// A development chain on which these accounts have a coin each, changed as the benchmark wants.
    pub fn new(accounts: &[Address], change: impl FnOnce(&mut ChainSpec, U256)) -> Self {
        let secret = RandomnessSecret::from_seed([7; 32]).unwrap();
        let creator = consensus_address(B256::repeat_byte(7));
        let validator = GenesisValidator {
            address: creator,
            public_key: B256::repeat_byte(7),
            power: 10,
            randomness_key: secret.public(),
            possession: secret.prove_possession(creator.0.as_slice()),
            fee_address: Address::repeat_byte(0xfe),
            operator: None,
        };
        let mut spec = ChainSpec::dev(validator, GENESIS_MS).unwrap();
        let balance = U256::from(10u64).pow(U256::from(18));
        for account in accounts {
            spec.alloc.0.insert(*account, GenesisAccount { balance, ..GenesisAccount::default() });
            spec.total_supply += balance;
        }
        change(&mut spec, balance);
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

    /// Block 1 with these transactions.
    pub fn block(&self, raw: Vec<Bytes>) -> Block {
        let (parent, height) = (&self.parent, self.parent.height().next());
        Block::assemble(CHAIN_ID, height, parent.block_id(), parent.hash(), &self.payload, raw).unwrap()
    }
}
