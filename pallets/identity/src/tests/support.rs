//! A world of three registries and accounts, and the one way that tests call them.

use crate::registries::registries_of;
use crate::{Genesis, identity, reputation, validation};
use alloy_primitives::{Address, Bytes, Log, U256};
use alloy_sol_types::{Revert, SolCall, SolError};
use assay_abi::identity::{IIdentityRegistry as identity_abi, Registries};
use assay_kernel::{
    AccountRecord, CallError, CallReturn, CallStatus, Entry, MemoryHost, MemoryState, OutCall, dispatch,
};
use assay_primitives::NetworkKind;

pub const ALICE: Address = Address::repeat_byte(0xa1);
pub const BOB: Address = Address::repeat_byte(0xb0);
pub const CAROL: Address = Address::repeat_byte(0xca);
pub const EVE: Address = Address::repeat_byte(0xee);
pub const REGISTRIES: Registries = registries_of(NetworkKind::Dev);
pub const NOW: u64 = 1_800_000_000;

pub struct World {
    pub host: MemoryHost,
}

pub fn entries(registry: Address) -> &'static [Entry] {
    match registry {
        _ if registry == REGISTRIES.identity => identity::ENTRIES,
        _ if registry == REGISTRIES.reputation => reputation::ENTRIES,
        _ => validation::ENTRIES,
    }
}

/// A registry as a callee of contracts.
fn registry(host: &mut MemoryHost, call: &OutCall) -> CallReturn {
    match dispatch(host, entries(call.to), &call.input) {
        Ok(output) => CallReturn { status: CallStatus::Success, output },
        Err(CallError::Reverted(reverted)) => CallReturn { status: CallStatus::Reverted, output: reverted.data },
        Err(_) => CallReturn { status: CallStatus::Failed, output: Bytes::new() },
    }
}

impl World {
    /// Agent 0 is the system's; nobody else has one.
    pub fn new() -> Self {
        let mut host = MemoryHost::new(REGISTRIES.identity);
        host.environment_mut().timestamp = NOW;
        host.run(|ctx| Genesis::default().apply(ctx)).unwrap();
        for address in [REGISTRIES.identity, REGISTRIES.reputation, REGISTRIES.validation] {
            host.set_callee(address, registry);
        }
        Self { host }
    }

    /// A world in which Alice owns agent 1.
    pub fn with_agent() -> Self {
        let mut world = Self::new();
        assert_eq!(world.register(ALICE), U256::from(1));
        world
    }

    pub fn register(&mut self, owner: Address) -> U256 {
        self.identity(owner, identity_abi::register_0Call {}).unwrap()
    }

    pub fn call<C: SolCall>(&mut self, registry: Address, caller: Address, call: C) -> Result<C::Return, CallError> {
        self.priced(registry, caller, call).map(|(returned, _)| returned)
    }

    pub fn priced<C: SolCall>(
        &mut self,
        registry: Address,
        caller: Address,
        call: C,
    ) -> Result<(C::Return, u64), CallError> {
        let (output, gas) = self.host.transact(caller, registry, entries(registry), &call.abi_encode())?;
        Ok((C::abi_decode_returns(&output).unwrap(), gas))
    }

    pub fn identity<C: SolCall>(&mut self, caller: Address, call: C) -> Result<C::Return, CallError> {
        self.call(REGISTRIES.identity, caller, call)
    }

    pub fn reputation<C: SolCall>(&mut self, caller: Address, call: C) -> Result<C::Return, CallError> {
        self.call(REGISTRIES.reputation, caller, call)
    }

    pub fn validation<C: SolCall>(&mut self, caller: Address, call: C) -> Result<C::Return, CallError> {
        self.call(REGISTRIES.validation, caller, call)
    }

    /// The logs that work adds.
    pub fn logs_of(&mut self, work: impl FnOnce(&mut Self)) -> Vec<Log> {
        let before = self.host.logs().len();
        work(self);
        self.host.logs()[before..].to_vec()
    }

    /// The state of the registries as committed.
    pub fn state(&self) -> MemoryState {
        let mut state = MemoryState::default();
        for address in [REGISTRIES.identity, REGISTRIES.reputation, REGISTRIES.validation] {
            state.set_account(address, AccountRecord { nonce: 1, ..AccountRecord::default() });
        }
        for ((address, slot), value) in self.host.slots() {
            state.set_storage(*address, *slot, *value);
        }
        state
    }

    pub fn check_invariants(&self) {
        crate::invariants::check(&self.state(), REGISTRIES).unwrap();
    }
}

/// The data of a revert.
pub fn data<T: std::fmt::Debug>(result: Result<T, CallError>) -> Bytes {
    match result {
        Err(CallError::Reverted(reverted)) => reverted.data,
        other => panic!("no revert: {other:?}"),
    }
}

/// Checks that a call was refused with a custom error.
#[track_caller]
pub fn refused<T: std::fmt::Debug, E: SolError>(result: Result<T, CallError>, with: &E) {
    assert_eq!(data(result), Bytes::from(with.abi_encode()));
}

/// Checks that a call was refused with one of the reference implementation's strings.
#[track_caller]
pub fn refused_because<T: std::fmt::Debug>(result: Result<T, CallError>, reason: &str) {
    let data = data(result);
    assert_eq!(Revert::abi_decode(&data).unwrap().reason, reason);
}
