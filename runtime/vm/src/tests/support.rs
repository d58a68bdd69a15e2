//! The world of the tests: two modules, forwarders for every call opcode, funded senders.

use super::assembler::forwarder;
use super::pallet::{FIRST, SECOND, TestModules, count_slot};
use crate::{BlockEnvironment, ChainRules, Executor, FeeSplit, TxOutcome, TxRequest};
use alloy_primitives::{Address, Bytes, TxKind, U256, address};
use alloy_sol_types::SolCall;
use assay_kernel::{AccountRecord, MemoryState, StateChanges, StateView};
use assay_primitives::{Bps, NetworkKind};
use revm::bytecode::opcode as op;

pub const SENDER: Address = address!("0x0000000000000000000000000000000000005e0d");
pub const OTHER_SENDER: Address = address!("0x0000000000000000000000000000000000005e0e");
pub const BENEFICIARY: Address = address!("0x000000000000000000000000000000000000fee0");
pub const COLLECTOR: Address = address!("0x000000000000000000000000000000000000c011");
pub const CALLS: Address = address!("0x000000000000000000000000000000000000ca11");
pub const CALLS_TOO: Address = address!("0x000000000000000000000000000000000000ca12");
pub const STATIC_CALLS: Address = address!("0x000000000000000000000000000000000000ca13");
pub const DELEGATE_CALLS: Address = address!("0x000000000000000000000000000000000000ca14");
pub const CALLCODES: Address = address!("0x000000000000000000000000000000000000ca15");

pub const SWALLOW: u64 = 0;
pub const BUBBLE: u64 = 1;
pub const REVERT: u64 = 2;

pub const BASE_FEE: u64 = 7;
pub const GAS: u64 = 5_000_000;
pub const CHAIN_ID: u64 = 31_337;

/// Calldata of a forwarder.
pub fn forward(to: Address, mode: u64, payload: &[u8]) -> Vec<u8> {
    let mut data = to.into_word().to_vec();
    data.extend_from_slice(&U256::from(mode).to_be_bytes::<32>());
    data.extend_from_slice(payload);
    data
}

/// What a forwarder in mode `SWALLOW` returned: success, return data.
pub fn forwarded(output: &[u8]) -> (bool, &[u8]) {
    (output[31] == 1, &output[32..])
}

pub fn rules() -> ChainRules {
    ChainRules::assay(CHAIN_ID, NetworkKind::Dev, FeeSplit { burned: Bps(7_000), collector: Some(COLLECTOR) })
}

pub fn block() -> BlockEnvironment {
    BlockEnvironment {
        number: 9,
        timestamp: 1_700_000_000,
        beneficiary: BENEFICIARY,
        gas_limit: 60_000_000,
        base_fee: BASE_FEE,
        ..BlockEnvironment::default()
    }
}

/// A state, and the rules it runs under.
pub struct World {
    pub state: MemoryState,
    pub rules: ChainRules,
}

impl World {
    pub fn new() -> Self {
        let mut world = Self { state: MemoryState::default(), rules: rules() };
        for sender in [SENDER, OTHER_SENDER] {
            world.fund(sender, U256::from(10u64).pow(U256::from(18)));
        }
        for module in [FIRST, SECOND] {
            world.put_code(module, &assay_abi::NATIVE_CODE);
        }
        world.put_code(CALLS, &forwarder(op::CALL, true));
        world.put_code(CALLS_TOO, &forwarder(op::CALL, true));
        world.put_code(STATIC_CALLS, &forwarder(op::STATICCALL, false));
        world.put_code(DELEGATE_CALLS, &forwarder(op::DELEGATECALL, false));
        world.put_code(CALLCODES, &forwarder(op::CALLCODE, false));
        world
    }

    pub fn fund(&mut self, address: Address, balance: U256) {
        let account = self.state.account(address).unwrap().unwrap_or_default();
        self.state.set_account(address, AccountRecord { balance, ..account });
    }

    pub fn put_code(&mut self, address: Address, code: &[u8]) {
        let code_hash = self.state.set_code(Bytes::copy_from_slice(code));
        let account = self.state.account(address).unwrap().unwrap_or_default();
        self.state.set_account(address, AccountRecord { nonce: 1, code_hash, ..account });
    }

    pub fn executor(&self) -> Executor<'_> {
        Executor::new(&self.state, self.rules.clone(), block(), &TestModules)
    }

    /// Executes one transaction and applies what it changed.
    pub fn transact(&mut self, request: &TxRequest) -> (TxOutcome, StateChanges) {
        let mut executor = self.executor();
        let outcome = executor.transact(request).unwrap();
        let changes = executor.finish();
        self.state.apply(&changes);
        (outcome, changes)
    }

    /// Sends input to an account and applies what it changed.
    pub fn send(&mut self, to: Address, data: Vec<u8>) -> TxOutcome {
        self.transact(&request(to, data)).0
    }

    /// Calls a function of a module directly.
    pub fn call<C: SolCall>(&mut self, module: Address, call: &C) -> TxOutcome {
        self.send(module, call.abi_encode())
    }

    pub fn count(&self, module: Address) -> u64 {
        self.state.storage(module, count_slot()).unwrap().to()
    }

    /// Calls counted by a forwarder.
    pub fn forwards(&self, forwarder: Address) -> u64 {
        self.state.storage(forwarder, U256::ZERO).unwrap().to()
    }

    pub fn balance(&self, address: Address) -> U256 {
        self.state.account(address).unwrap().map(|account| account.balance).unwrap_or_default()
    }

    /// Sum of all balances.
    pub fn supply(&self) -> U256 {
        self.state.accounts().map(|(_, account)| account.balance).sum()
    }
}

/// A type-2 transaction of [`SENDER`], with whatever nonce it has.
pub fn request(to: Address, data: Vec<u8>) -> TxRequest {
    TxRequest {
        tx_type: 2,
        caller: SENDER,
        kind: TxKind::Call(to),
        data: data.into(),
        gas_limit: GAS,
        max_fee_per_gas: 100,
        max_priority_fee_per_gas: Some(2),
        chain_id: Some(CHAIN_ID),
        ..TxRequest::default()
    }
}
