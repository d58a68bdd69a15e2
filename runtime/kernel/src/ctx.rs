//! `Ctx`: the one way for native code to reach its host. Static frames are refused writes, logs and value here, and
//! nowhere else; the lock against re-entry is set and checked here.

use crate::error::{CallError, Halt, Reverted, revert};
use crate::gas;
use crate::host::{CallKind, CallReturn, CallStatus, Environment, Frame, Host, OutCall};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolEvent;
use assay_abi::errors::{InsufficientBalance, Reentrant};
use std::fmt;

/// Transient slot of a native module that is not zero while the module calls out.
const LOCK: U256 = U256::ZERO;

/// The running frame of a native module.
pub struct Ctx<'h> {
    host: &'h mut dyn Host,
    frame: Frame,
    /// The modules this frame acts for: its own, and inside [`Ctx::act_for`] those whose api it is in, innermost last.
    acting: Vec<Address>,
}

impl fmt::Debug for Ctx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx").field("frame", &self.frame).field("acting", &self.acting).finish_non_exhaustive()
    }
}

impl<'h> Ctx<'h> {
    /// The context of the host's running frame.
    pub fn new(host: &'h mut dyn Host) -> Self {
        let frame = host.frame();
        Self { host, frame, acting: vec![frame.address] }
    }

    /// The module that code is acting for now: the frame's own, or the one whose api it is in.
    pub fn address(&self) -> Address {
        self.acting.last().copied().unwrap_or(self.frame.address)
    }

    /// Who called the frame.
    pub const fn caller(&self) -> Address {
        self.frame.caller
    }

    /// Wei that came with the frame's call.
    pub const fn value(&self) -> U256 {
        self.frame.value
    }

    /// Whether writes are refused.
    pub const fn is_static(&self) -> bool {
        self.frame.is_static
    }

    /// Block and transaction.
    pub fn environment(&self) -> Environment {
        self.host.environment()
    }

    /// Gas left in the frame.
    pub fn gas_left(&self) -> u64 {
        self.host.gas_left()
    }

    /// Takes gas.
    ///
    /// # Errors
    /// `Halted(OutOfGas)`.
    pub fn charge(&mut self, gas: u64) -> Result<(), CallError> {
        self.host.charge(gas)
    }

    /// keccak-256, paid for.
    ///
    /// # Errors
    /// `Halted(OutOfGas)`.
    pub fn keccak(&mut self, bytes: &[u8]) -> Result<B256, CallError> {
        self.charge(gas::hash(bytes.len()))?;
        Ok(keccak256(bytes))
    }

    fn check_write(&self) -> Result<(), CallError> {
        if self.frame.is_static { Err(CallError::Halted(Halt::StaticWrite)) } else { Ok(()) }
    }

    /// Reads a slot of the acting module.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn sload(&mut self, slot: U256) -> Result<U256, CallError> {
        self.host.sload(self.address(), slot)
    }

    /// Writes a slot of the acting module.
    ///
    /// # Errors
    /// `Halted(StaticWrite)` in a static frame; `Halted(OutOfGas)`, `Fault`.
    pub fn sstore(&mut self, slot: U256, value: U256) -> Result<(), CallError> {
        self.check_write()?;
        self.host.sstore(self.address(), slot, value)
    }

    /// Balance of any account.
    ///
    /// # Errors
    /// `Halted(OutOfGas)`, `Fault`.
    pub fn balance(&mut self, address: Address) -> Result<U256, CallError> {
        self.host.balance(address)
    }

    /// Whether an account has code: a contract, a native module or an EIP-7702 delegation.
    ///
    /// # Errors
    /// `Halted(OutOfGas)`, `Fault`.
    pub fn has_code(&mut self, address: Address) -> Result<bool, CallError> {
        self.host.has_code(address)
    }

    /// Pays wei of the acting module to an account, without running the receiver's code.
    ///
    /// # Errors
    /// `Halted(StaticWrite)` in a static frame; `Reverted(InsufficientBalance)`; `Halted(OutOfGas)`, `Fault`.
    pub fn transfer(&mut self, to: Address, amount: U256) -> Result<(), CallError> {
        self.check_write()?;
        if self.host.transfer(self.address(), to, amount)? { Ok(()) } else { revert(InsufficientBalance {}) }
    }

    /// Emits an event of the acting module.
    ///
    /// # Errors
    /// `Halted(StaticWrite)` in a static frame; `Halted(OutOfGas)`, `Fault`.
    pub fn emit<E: SolEvent>(&mut self, event: &E) -> Result<(), CallError> {
        self.check_write()?;
        self.host.log(self.address(), event.encode_log_data())
    }

    /// Makes an account a native module of the acting module's family: nonce 1, native code, its balance kept. Priced as
    /// an EVM CREATE. `false`, and nothing done, where the account has a nonce or code already.
    ///
    /// # Errors
    /// `Halted(StaticWrite)` in a static frame; `Halted(OutOfGas)`, `Fault`.
    pub fn create_native(&mut self, address: Address) -> Result<bool, CallError> {
        self.check_write()?;
        self.host.create_native(address)
    }

    /// Calls an account in the name of the acting module. Until it returns, every module that this frame acts for
    /// refuses state-changing calls with `Reentrant()`. A failure of the callee is in the return, not an error.
    ///
    /// # Errors
    /// `Halted(StaticWrite)` for value in a static frame; `Halted(OutOfGas)`, `Fault`.
    pub fn call(&mut self, to: Address, value: U256, input: Bytes) -> Result<CallReturn, CallError> {
        self.call_within(to, value, input, None)
    }

    /// As [`Ctx::call`], with a bound on the gas that the callee gets beside the 63/64 of what is left.
    ///
    /// # Errors
    /// As [`Ctx::call`].
    pub fn call_with_gas(&mut self, to: Address, input: Bytes, gas: u64) -> Result<CallReturn, CallError> {
        self.call_within(to, U256::ZERO, input, Some(gas))
    }

    fn call_within(
        &mut self,
        to: Address,
        value: U256,
        input: Bytes,
        gas: Option<u64>,
    ) -> Result<CallReturn, CallError> {
        if !value.is_zero() {
            self.check_write()?;
        }
        let call = OutCall { kind: CallKind::Call, from: self.address(), to, value, input, gas };
        if self.frame.is_static {
            // Nothing below a static frame can write: there is nothing to lock.
            return self.host.call(call);
        }
        self.set_locks(U256::ONE)?;
        let result = self.host.call(call)?;
        self.set_locks(U256::ZERO)?;
        Ok(result)
    }

    /// As [`Ctx::call`], but a failure of the callee is one of the caller: its reason is passed on.
    ///
    /// # Errors
    /// As [`Ctx::call`]; `Reverted` with the callee's reason, empty where it halted.
    pub fn call_or_bubble(&mut self, to: Address, value: U256, input: Bytes) -> Result<Bytes, CallError> {
        bubble(self.call(to, value, input)?)
    }

    /// Calls an account that may not write, in the name of the acting module.
    ///
    /// # Errors
    /// `Halted(OutOfGas)`, `Fault`.
    pub fn static_call(&mut self, to: Address, input: Bytes) -> Result<CallReturn, CallError> {
        self.static_call_within(to, input, None)
    }

    /// As [`Ctx::static_call`], with a bound on the gas that the callee gets.
    ///
    /// # Errors
    /// As [`Ctx::static_call`].
    pub fn static_call_with_gas(&mut self, to: Address, input: Bytes, gas: u64) -> Result<CallReturn, CallError> {
        self.static_call_within(to, input, Some(gas))
    }

    fn static_call_within(&mut self, to: Address, input: Bytes, gas: Option<u64>) -> Result<CallReturn, CallError> {
        let from = self.address();
        self.host.call(OutCall { kind: CallKind::Static, from, to, value: U256::ZERO, input, gas })
    }

    fn set_locks(&mut self, value: U256) -> Result<(), CallError> {
        for module in &self.acting {
            self.host.tstore(*module, LOCK, value)?;
        }
        Ok(())
    }

    /// Refuses a state-changing call into a module that is calling out.
    ///
    /// # Errors
    /// `Reverted(Reentrant)`; `Halted(OutOfGas)`, `Fault`.
    pub fn check_unlocked(&mut self, module: Address) -> Result<(), CallError> {
        if self.host.tload(module, LOCK)?.is_zero() { Ok(()) } else { revert(Reentrant {}) }
    }

    /// Runs state-changing work of another module's api, on that module's state and in its name.
    ///
    /// # Errors
    /// `Reverted(Reentrant)` where that module is calling out; what the work returns.
    pub fn act_for<T>(
        &mut self,
        module: Address,
        work: impl FnOnce(&mut Self) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.check_write()?;
        self.check_unlocked(module)?;
        self.acting.push(module);
        let result = work(self);
        self.acting.pop();
        result
    }

    /// Runs reading work of another module's api, on that module's state.
    ///
    /// # Errors
    /// What the work returns; `Halted(StaticWrite)` where it writes.
    pub fn view_of<T>(
        &mut self,
        module: Address,
        work: impl FnOnce(&mut Self) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.acting.push(module);
        let result = self.as_view(work);
        self.acting.pop();
        result
    }

    /// Runs work that may not write.
    ///
    /// # Errors
    /// What the work returns; `Halted(StaticWrite)` where it writes.
    pub(crate) fn as_view<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, CallError>) -> Result<T, CallError> {
        let was_static = std::mem::replace(&mut self.frame.is_static, true);
        let result = work(self);
        self.frame.is_static = was_static;
        result
    }
}

fn bubble(returned: CallReturn) -> Result<Bytes, CallError> {
    match returned.status {
        CallStatus::Success => Ok(returned.output),
        CallStatus::Reverted | CallStatus::Failed => Err(CallError::Reverted(Reverted::with_data(returned.output))),
    }
}
