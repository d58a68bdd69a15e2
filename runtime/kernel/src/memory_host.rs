//! A host of maps, for tests of handlers without a virtual machine.

use crate::ctx::Ctx;
use crate::error::{CallError, Halt};
use crate::gas;
use crate::host::{CallKind, CallReturn, CallStatus, Environment, Frame, Host, OutCall};
use crate::pallet::{Entry, dispatch};
use alloy_primitives::{Address, B256, Bytes, Log, LogData, U256};
use assay_primitives::NetworkKind;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Gas of a frame where a test does not say it.
const GAS: u64 = 30_000_000;

/// What a callee does when a handler calls it. It may call back through the host.
pub type Callee = fn(&mut MemoryHost, &OutCall) -> CallReturn;

/// What a failed frame restores.
#[derive(Clone, Debug, Default)]
struct World {
    storage: BTreeMap<(Address, U256), U256>,
    transient: BTreeMap<(Address, U256), U256>,
    balances: BTreeMap<Address, U256>,
    logs: Vec<Log>,
    warm: BTreeSet<(Address, U256)>,
    created: BTreeSet<Address>,
}

/// The machine of a handler test: storage, balances and logs in maps, callees as functions.
pub struct MemoryHost {
    frame: Frame,
    environment: Environment,
    gas: u64,
    world: World,
    callees: BTreeMap<Address, Callee>,
}

impl fmt::Debug for MemoryHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryHost").field("frame", &self.frame).field("world", &self.world).finish_non_exhaustive()
    }
}

impl MemoryHost {
    /// An empty world, and a frame of the module at an address.
    pub fn new(address: Address) -> Self {
        Self {
            frame: Frame { address, caller: Address::ZERO, value: U256::ZERO, is_static: false },
            environment: Environment {
                chain_id: 31_337,
                number: 1,
                timestamp: 1,
                prevrandao: B256::ZERO,
                beneficiary: Address::ZERO,
                origin: Address::ZERO,
                network: NetworkKind::Dev,
            },
            gas: GAS,
            world: World::default(),
            callees: BTreeMap::new(),
        }
    }

    /// The frame that the next work runs in.
    pub const fn frame_mut(&mut self) -> &mut Frame {
        &mut self.frame
    }

    /// Block and transaction.
    pub const fn environment_mut(&mut self) -> &mut Environment {
        &mut self.environment
    }

    /// Gas of the next work.
    pub const fn set_gas(&mut self, gas: u64) {
        self.gas = gas;
    }

    /// Sets a balance.
    pub fn set_balance(&mut self, address: Address, balance: U256) {
        self.world.balances.insert(address, balance);
    }

    /// Puts a callee at an address; every other account accepts any call and returns nothing.
    pub fn set_callee(&mut self, address: Address, callee: Callee) {
        self.callees.insert(address, callee);
    }

    /// Logs so far.
    pub fn logs(&self) -> &[Log] {
        &self.world.logs
    }

    /// A slot, unpaid.
    pub fn slot(&self, address: Address, slot: U256) -> U256 {
        self.world.storage.get(&(address, slot)).copied().unwrap_or_default()
    }

    /// How many slots of an account are not zero.
    pub fn slot_count(&self, address: Address) -> usize {
        self.world.storage.keys().filter(|(owner, _)| *owner == address).count()
    }

    /// Accounts that were made native modules.
    pub fn created(&self) -> impl Iterator<Item = &Address> {
        self.world.created.iter()
    }

    /// All non-zero slots.
    pub const fn slots(&self) -> &BTreeMap<(Address, U256), U256> {
        &self.world.storage
    }

    /// Runs work as a frame: on an error everything it did is undone.
    ///
    /// # Errors
    /// What the work returns.
    pub fn run<T>(&mut self, work: impl FnOnce(&mut Ctx<'_>) -> Result<T, CallError>) -> Result<T, CallError> {
        let before = self.world.clone();
        let result = work(&mut Ctx::new(self));
        if result.is_err() {
            self.world = before;
        }
        result
    }

    /// Calls a module as a transaction of `caller` would: what it does stands only where it succeeds.
    ///
    /// # Errors
    /// What the module answers.
    pub fn send(
        &mut self,
        caller: Address,
        module: Address,
        entries: &[Entry],
        input: &[u8],
    ) -> Result<Bytes, CallError> {
        let (before, frame) = (self.world.clone(), self.frame);
        self.frame = Frame { address: module, caller, ..frame };
        let result = dispatch(self, entries, input);
        self.frame = frame;
        match &result {
            Ok(_) => self.world.transient.clear(),
            Err(_) => self.world = before,
        }
        result
    }

    /// As [`MemoryHost::send`], with full gas and cold slots; returns the gas it took as well.
    ///
    /// # Errors
    /// What the module answers.
    pub fn transact(
        &mut self,
        caller: Address,
        module: Address,
        entries: &[Entry],
        input: &[u8],
    ) -> Result<(Bytes, u64), CallError> {
        self.gas = GAS;
        self.world.warm.clear();
        let output = self.send(caller, module, entries, input)?;
        Ok((output, GAS.saturating_sub(self.gas)))
    }

    fn access(&mut self, address: Address, slot: U256) -> Result<(), CallError> {
        let warm = !self.world.warm.insert((address, slot));
        self.charge(if warm { 100 } else { 2_100 })
    }
}

impl Host for MemoryHost {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn environment(&self) -> Environment {
        self.environment
    }

    fn gas_left(&self) -> u64 {
        self.gas
    }

    fn charge(&mut self, gas: u64) -> Result<(), CallError> {
        self.gas = self.gas.checked_sub(gas).ok_or(CallError::Halted(Halt::OutOfGas))?;
        Ok(())
    }

    fn sload(&mut self, address: Address, slot: U256) -> Result<U256, CallError> {
        self.access(address, slot)?;
        Ok(self.slot(address, slot))
    }

    fn sstore(&mut self, address: Address, slot: U256, value: U256) -> Result<(), CallError> {
        self.access(address, slot)?;
        let before = self.slot(address, slot);
        if before != value {
            self.charge(if before.is_zero() { 19_900 } else { 2_800 })?;
        }
        if value.is_zero() {
            self.world.storage.remove(&(address, slot));
        } else {
            self.world.storage.insert((address, slot), value);
        }
        Ok(())
    }

    fn tload(&mut self, address: Address, slot: U256) -> Result<U256, CallError> {
        self.charge(100)?;
        Ok(self.world.transient.get(&(address, slot)).copied().unwrap_or_default())
    }

    fn tstore(&mut self, address: Address, slot: U256, value: U256) -> Result<(), CallError> {
        self.charge(100)?;
        self.world.transient.insert((address, slot), value);
        Ok(())
    }

    fn balance(&mut self, address: Address) -> Result<U256, CallError> {
        self.charge(100)?;
        Ok(self.world.balances.get(&address).copied().unwrap_or_default())
    }

    fn has_code(&mut self, address: Address) -> Result<bool, CallError> {
        self.charge(100)?;
        Ok(self.callees.contains_key(&address) || self.world.created.contains(&address))
    }

    fn transfer(&mut self, from: Address, to: Address, amount: U256) -> Result<bool, CallError> {
        self.charge(9_000)?;
        let balances = &mut self.world.balances;
        let Some(left) = balances.get(&from).copied().unwrap_or_default().checked_sub(amount) else {
            return Ok(false);
        };
        balances.insert(from, left);
        let held = balances.entry(to).or_default();
        *held = held.saturating_add(amount);
        Ok(true)
    }

    fn log(&mut self, address: Address, data: LogData) -> Result<(), CallError> {
        self.charge(375)?;
        self.world.logs.push(Log { address, data });
        Ok(())
    }

    fn create_native(&mut self, address: Address) -> Result<bool, CallError> {
        self.charge(gas::CREATE_NATIVE)?;
        Ok(self.world.created.insert(address))
    }

    fn call(&mut self, call: OutCall) -> Result<CallReturn, CallError> {
        let before = self.world.clone();
        if !call.value.is_zero() && !self.transfer(call.from, call.to, call.value)? {
            return Ok(CallReturn { status: CallStatus::Failed, output: Bytes::new() });
        }
        let Some(callee) = self.callees.get(&call.to).copied() else {
            return Ok(CallReturn { status: CallStatus::Success, output: Bytes::new() });
        };
        let caller = self.frame;
        let is_static = caller.is_static || call.kind == CallKind::Static;
        self.frame = Frame { address: call.to, caller: call.from, value: call.value, is_static };
        // EIP-150: all but one 64th, and no more than the caller allows.
        let most = self.gas.saturating_sub(self.gas.checked_div(64).unwrap_or_default());
        let given = call.gas.map_or(most, |gas| gas.min(most));
        let kept = self.gas.saturating_sub(given);
        self.gas = given;
        let returned = callee(self, &call);
        if returned.status == CallStatus::Failed {
            self.gas = 0;
        }
        self.gas = self.gas.saturating_add(kept);
        self.frame = caller;
        if returned.status != CallStatus::Success {
            self.world = before;
        }
        Ok(returned)
    }
}
