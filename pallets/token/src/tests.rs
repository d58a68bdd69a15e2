//! Tests of the token module: one token of the first state in a host of maps, keys that sign, and refusals by name.
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod authorization;
mod erc20;
mod factory;
mod genesis;
mod issuer;
mod layout;
mod permit;
mod props;
mod signatures;

use crate::{FACTORY_ENTRIES, Genesis, GenesisToken, TOKEN_ENTRIES, digest, domain_separator, init};
use alloy_primitives::{Address, B256, Bytes, Log, U256, address, keccak256};
use alloy_sol_types::{Revert, SolCall, SolError as _, SolValue as _};
use assay_abi::token::{DEFAULT_TOKEN, TOKEN_FACTORY};
use assay_abi::{NATIVE_CODE, NATIVE_NONCE};
use assay_kernel::{AccountRecord, CallError, MemoryHost, MemoryState};
use secp256k1::{Message, SECP256K1, SecretKey};

const OWNER: Address = address!("0x000000000000000000000000000000000000a001");
const ALICE: Address = address!("0x000000000000000000000000000000000000a11c");
const BOB: Address = address!("0x0000000000000000000000000000000000000b0b");
const CAROL: Address = address!("0x00000000000000000000000000000000000ca401");
const CHAIN_ID: u64 = 31_337;
const NOW: u64 = 1_700_000_000;

/// A key that signs, by its number.
#[derive(Clone)]
struct Key(SecretKey);

impl Key {
    fn new(index: u8) -> Self {
        Self(SecretKey::from_byte_array([index + 1; 32]).unwrap())
    }

    fn address(&self) -> Address {
        Address::from_raw_public_key(&self.0.public_key(SECP256K1).serialize_uncompressed()[1..])
    }

    /// `r ‖ s ‖ v` over a digest.
    fn sign(&self, digest: B256) -> [u8; 65] {
        let signed = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(digest.0), &self.0);
        let (id, compact) = signed.serialize_compact();
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&compact);
        bytes[64] = 27 + u8::try_from(i32::from(id)).unwrap();
        bytes
    }
}

fn parts(signature: &[u8; 65]) -> (u8, B256, B256) {
    (signature[64], B256::from_slice(&signature[..32]), B256::from_slice(&signature[32..64]))
}

/// What is signed for a struct under a domain, spelled out as EIP-712 has it: types by their text, members as words.
fn typed(domain: B256, text: &str, members: impl alloy_sol_types::SolValue) -> B256 {
    let mut encoded = keccak256(text).to_vec();
    encoded.extend(members.abi_encode());
    digest(domain, keccak256(encoded))
}

fn domain() -> B256 {
    domain_separator("assayUSD", CHAIN_ID, DEFAULT_TOKEN)
}

fn token(holders: &[(Address, u64)]) -> GenesisToken {
    GenesisToken {
        name: "assayUSD".to_owned(),
        symbol: "aUSD".to_owned(),
        decimals: 6,
        owner: OWNER,
        total_supply: holders.iter().map(|(_, balance)| U256::from(*balance)).sum(),
        holders: holders.iter().map(|(holder, balance)| (*holder, U256::from(*balance))).collect(),
    }
}

/// A host with the default token.
struct World {
    host: MemoryHost,
}

impl World {
    /// Alice and the keys 0 to 3 hold 1,000 each.
    fn new() -> Self {
        let mut holders = vec![(ALICE, 1_000)];
        holders.extend((0..4).map(|index| (Key::new(index).address(), 1_000)));
        Self::of(Genesis { tokens: vec![token(&holders)] })
    }

    fn of(genesis: Genesis) -> Self {
        genesis.validate().unwrap();
        let mut host = MemoryHost::new(TOKEN_FACTORY);
        host.environment_mut().chain_id = CHAIN_ID;
        host.environment_mut().timestamp = NOW;
        host.run(|ctx| init(ctx, &genesis)).unwrap();
        assert!(host.logs().is_empty());
        let mut world = Self { host };
        world.host.set_gas(u64::MAX);
        world
    }

    fn send<C: SolCall>(&mut self, caller: Address, to: Address, call: &C) -> Result<C::Return, CallError> {
        let entries = if to == TOKEN_FACTORY { FACTORY_ENTRIES } else { TOKEN_ENTRIES };
        let output = self.host.send(caller, to, entries, &call.abi_encode())?;
        Ok(C::abi_decode_returns(&output).unwrap())
    }

    /// A call of the default token that succeeds.
    fn call<C: SolCall>(&mut self, caller: Address, call: &C) -> C::Return {
        self.send(caller, DEFAULT_TOKEN, call).unwrap()
    }

    /// Why a call of the default token is refused; nothing of it is left.
    fn refusal<C: SolCall>(&mut self, caller: Address, call: &C) -> String {
        let (slots, logs) = (self.host.slots().clone(), self.host.logs().len());
        let error = match self.send(caller, DEFAULT_TOKEN, call) {
            Ok(_) => panic!("{} succeeded", C::SIGNATURE),
            Err(error) => error,
        };
        assert_eq!((self.host.slots(), self.host.logs().len()), (&slots, logs));
        match error {
            CallError::Reverted(reverted) => Revert::abi_decode(&reverted.data).unwrap().reason,
            other => panic!("{other}"),
        }
    }

    fn balance(&mut self, account: Address) -> u64 {
        self.call(ALICE, &assay_abi::token::INativeToken::balanceOfCall { account }).to()
    }

    /// Logs since the last time this was asked.
    fn logs_of<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Vec<Log> {
        let before = self.host.logs().len();
        work(self);
        self.host.logs()[before..].to_vec()
    }

    /// The state as a view, with the accounts that were created.
    fn view(&self) -> MemoryState {
        let mut state = MemoryState::default();
        let code_hash = state.set_code(Bytes::from_static(&NATIVE_CODE));
        let account = AccountRecord { nonce: NATIVE_NONCE, balance: U256::ZERO, code_hash };
        state.set_account(TOKEN_FACTORY, account);
        for address in self.host.created() {
            state.set_account(*address, account);
        }
        for ((address, slot), value) in self.host.slots() {
            state.set_storage(*address, *slot, *value);
        }
        state
    }
}
