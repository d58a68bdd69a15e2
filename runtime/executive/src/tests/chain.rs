//! A chain of one validator in memory, and accounts that can sign.

use crate::natives::NativeModules;
use crate::{BlockError, Executed, Executive, InvalidBlock, Parent, Reject, memory_root};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxEnvelope, TxLegacy};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address};
use assay_genesis::{ChainSpec, GenesisAccount, GenesisValidator, consensus_address};
use assay_kernel::{MemoryState, StateView as _};
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{
    Block, CheckedTx, CommitCertificate, CommitSignature, ExecutionHeader, Height, Round, SystemPayload, TimestampMs,
};
use secp256k1::{Message, SECP256K1, SecretKey};
use std::sync::Arc;

pub(super) const FEE_ADDRESS: Address = address!("0x00000000000000000000000000000000000fee00");
pub(super) const GENESIS_MS: TimestampMs = TimestampMs(1_767_225_600_000);
pub(super) const COIN: u64 = 1_000_000_000_000_000_000;
const ACCOUNTS: u8 = 6;

/// An account that can sign.
#[derive(Clone)]
pub(super) struct Key(SecretKey);

impl Key {
    pub(super) fn new(index: u8) -> Self {
        Self(SecretKey::from_byte_array([index + 1; 32]).unwrap())
    }

    pub(super) fn address(&self) -> Address {
        Address::from_raw_public_key(&self.0.public_key(SECP256K1).serialize_uncompressed()[1..])
    }

    pub(super) fn sign_hash(&self, hash: B256) -> Signature {
        let (id, compact) = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(hash.0), &self.0).serialize_compact();
        Signature::from_bytes_and_parity(&compact, i32::from(id) == 1)
    }

    fn sign<T: SignableTransaction<Signature>>(&self, tx: T) -> CheckedTx
    where
        TxEnvelope: From<alloy_consensus::Signed<T>>,
    {
        let signature = self.sign_hash(tx.signature_hash());
        let envelope = TxEnvelope::from(tx.into_signed(signature));
        CheckedTx::recover(envelope.encoded_2718().into()).unwrap()
    }

    pub(super) fn dynamic(&self, edit: impl FnOnce(&mut TxEip1559)) -> CheckedTx {
        let mut tx = TxEip1559 {
            chain_id: 31_337,
            nonce: 0,
            gas_limit: 200_000,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(Address::ZERO),
            ..TxEip1559::default()
        };
        edit(&mut tx);
        self.sign(tx)
    }

    pub(super) fn transfer(&self, nonce: u64, to: Address, value: u64) -> CheckedTx {
        self.dynamic(|tx| {
            tx.nonce = nonce;
            tx.to = to.into();
            tx.value = U256::from(value);
            tx.gas_limit = 21_000;
        })
    }

    pub(super) fn call(&self, nonce: u64, to: Address, input: &[u8]) -> CheckedTx {
        self.dynamic(|tx| {
            tx.nonce = nonce;
            tx.to = to.into();
            tx.input = Bytes::copy_from_slice(input);
        })
    }

    pub(super) fn create(&self, nonce: u64, init_code: &[u8]) -> CheckedTx {
        self.dynamic(|tx| {
            tx.nonce = nonce;
            tx.to = TxKind::Create;
            tx.input = Bytes::copy_from_slice(init_code);
        })
    }

    pub(super) fn legacy(&self, edit: impl FnOnce(&mut TxLegacy)) -> CheckedTx {
        let mut tx = TxLegacy {
            chain_id: Some(31_337),
            gas_price: 10_000_000_000,
            gas_limit: 100_000,
            to: TxKind::Call(Address::ZERO),
            ..TxLegacy::default()
        };
        edit(&mut tx);
        self.sign(tx)
    }

    pub(super) fn listed(&self, edit: impl FnOnce(&mut TxEip2930)) -> CheckedTx {
        let mut tx = TxEip2930 {
            chain_id: 31_337,
            gas_price: 10_000_000_000,
            gas_limit: 100_000,
            to: TxKind::Call(Address::ZERO),
            ..TxEip2930::default()
        };
        edit(&mut tx);
        self.sign(tx)
    }

    pub(super) fn authorize(&self, address: Address, nonce: u64) -> SignedAuthorization {
        let authorization = Authorization { chain_id: U256::from(31_337), address, nonce };
        let signature = self.sign_hash(authorization.signature_hash());
        authorization.into_signed(signature)
    }

    pub(super) fn set_code(&self, list: Vec<SignedAuthorization>, edit: impl FnOnce(&mut TxEip7702)) -> CheckedTx {
        let mut tx = TxEip7702 {
            chain_id: 31_337,
            gas_limit: 200_000,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            authorization_list: list,
            ..TxEip7702::default()
        };
        edit(&mut tx);
        self.sign(tx)
    }
}

/// The chain.
pub(super) struct Chain {
    pub(super) executive: Executive,
    pub(super) state: MemoryState,
    pub(super) parent: Parent,
    secret: RandomnessSecret,
}

pub(super) fn validator(byte: u8) -> (GenesisValidator, RandomnessSecret) {
    let secret = RandomnessSecret::from_seed([byte; 32]).unwrap();
    let public_key = B256::repeat_byte(byte);
    let address = consensus_address(public_key);
    let validator = GenesisValidator {
        address,
        public_key,
        power: 10,
        randomness_key: secret.public(),
        possession: secret.prove_possession(address.0.as_slice()),
        fee_address: FEE_ADDRESS,
        operator: None,
    };
    (validator, secret)
}

pub(super) fn spec() -> ChainSpec {
    let mut spec = ChainSpec::dev(validator(7).0, GENESIS_MS).unwrap();
    let balance = U256::from(1_000) * U256::from(COIN);
    for index in 0..ACCOUNTS {
        spec.alloc.0.insert(Key::new(index).address(), GenesisAccount { balance, ..GenesisAccount::default() });
        spec.total_supply += balance;
    }
    spec
}

impl Chain {
    pub(super) fn new() -> Self {
        Self::of(spec())
    }

    pub(super) fn of(spec: ChainSpec) -> Self {
        let natives = NativeModules::of_network(spec.kind);
        Self::with(spec, natives)
    }

    pub(super) fn with(spec: ChainSpec, natives: NativeModules) -> Self {
        let executive = Executive::with_natives(Arc::new(spec), natives).unwrap();
        let genesis = executive.init_chain().unwrap();
        let mut state = MemoryState::default();
        state.apply(&genesis.changes);
        let parent = Parent::new(genesis.header, GENESIS_MS);
        state.set_block_hash(0, parent.hash());
        Self { executive, state, parent, secret: validator(7).1 }
    }

    /// The payload of the next block, half a second later.
    pub(super) fn payload(&self) -> SystemPayload {
        let height = self.parent.height().next();
        SystemPayload {
            creator: validator(7).0.address,
            round: Round::ZERO,
            timestamp_ms: self.parent.timestamp_ms().saturating_add(500),
            randomness: self.secret.prove(self.parent.randomness(), height),
            last_commit: self.certificate(),
            late_votes: Vec::new(),
            evidence: Vec::new(),
        }
    }

    fn certificate(&self) -> Option<CommitCertificate> {
        (self.parent.height() > Height::ZERO).then(|| CommitCertificate {
            height: self.parent.height(),
            round: Round::ZERO,
            block_id: self.parent.block_id(),
            signatures: vec![CommitSignature { address: validator(7).0.address, signature: Default::default() }],
        })
    }

    /// A block of exactly these transactions, whether they are valid or not.
    pub(super) fn block(&self, payload: &SystemPayload, txs: &[CheckedTx]) -> Block {
        let raw = txs.iter().map(|tx| tx.raw().clone());
        let (height, hash) = (self.parent.height().next(), self.parent.hash());
        Block::assemble(31_337, height, self.parent.block_id(), hash, payload, raw).unwrap()
    }

    pub(super) fn execute(&self, txs: &[CheckedTx]) -> Result<Executed, BlockError> {
        let block = self.block(&self.payload(), txs);
        self.executive.execute_block(&self.state, &self.parent, &block, txs)
    }

    /// Why a block of these transactions is refused: index and reason.
    pub(super) fn refusal(&self, txs: &[CheckedTx]) -> (usize, Reject) {
        match self.execute(txs).unwrap_err() {
            BlockError::Invalid(InvalidBlock::Transaction { index, reject }) => (index, reject),
            other => panic!("{other}"),
        }
    }

    /// Executes a block and makes it the parent of the next.
    pub(super) fn commit(&mut self, txs: &[CheckedTx]) -> (Executed, ExecutionHeader) {
        let executed = self.execute(txs).unwrap();
        let header = self.install(&executed);
        (executed, header)
    }

    pub(super) fn install(&mut self, executed: &Executed) -> ExecutionHeader {
        self.state.apply(&executed.changes);
        if self.executive.stakes() {
            assay_staking::invariants::check(&self.state).unwrap();
            assay_escrow::invariants::check(&self.state).unwrap();
        }
        let header = self.executive.seal(executed, memory_root(&self.state));
        self.parent = Parent::new(header.clone(), executed.timestamp_ms);
        self.state.set_block_hash(header.number, self.parent.hash());
        header
    }

    pub(super) fn balance(&self, address: Address) -> U256 {
        self.state.account(address).unwrap().unwrap_or_default().balance
    }

    pub(super) fn supply(&self) -> U256 {
        self.state.accounts().map(|(_, account)| account.balance).sum()
    }
}

/// Init code that deploys up to 32 bytes of runtime code.
pub(super) fn init_code(runtime: &[u8]) -> Vec<u8> {
    assert!(!runtime.is_empty() && runtime.len() <= 32);
    let size = runtime.len() as u8;
    let mut code = vec![0x5f + size];
    code.extend_from_slice(runtime);
    // PUSH1 0 MSTORE, PUSH1 size, PUSH1 32 - size, RETURN
    code.extend_from_slice(&[0x60, 0, 0x52, 0x60, size, 0x60, 32 - size, 0xf3]);
    code
}
