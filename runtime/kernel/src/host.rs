//! The port from native modules to the machine that runs them: vm's journal, or a map in tests.

use crate::error::CallError;
use alloy_primitives::{Address, B256, Bytes, LogData, U256};
use assay_primitives::NetworkKind;

/// The frame that a native module runs in, fixed for its duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Account whose code is running: the native module.
    pub address: Address,
    /// Who called.
    pub caller: Address,
    /// Wei that came with the call, already credited to `address`.
    pub value: U256,
    /// Whether writes are forbidden, here and in everything called from here.
    pub is_static: bool,
}

/// The block and transaction that a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Environment {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Height.
    pub number: u64,
    /// Seconds since the Unix epoch.
    pub timestamp: u64,
    /// The chain's randomness of this height.
    pub prevrandao: B256,
    /// Who receives priority fees.
    pub beneficiary: Address,
    /// Sender of the transaction; the system address in end-of-block work.
    pub origin: Address,
    /// The kind of network this is.
    pub network: NetworkKind,
}

/// How to call out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// CALL.
    Call,
    /// STATICCALL.
    Static,
}

/// A call from a native module to any account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutCall {
    /// CALL or STATICCALL.
    pub kind: CallKind,
    /// Account under whose name the call is made; a native module.
    pub from: Address,
    /// Callee.
    pub to: Address,
    /// Wei to send; zero for a static call.
    pub value: U256,
    /// Input data.
    pub input: Bytes,
    /// Most gas to pass on; never more than 63/64 of what is left. `None`: that share.
    pub gas: Option<u64>,
}

/// How a call out ended. A failure of the callee is not a failure of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStatus {
    /// Its effects stand.
    Success,
    /// It reverted; its effects are gone and the output is its reason.
    Reverted,
    /// It halted, or was never begun (too deep, not enough balance); no output.
    Failed,
}

/// What a call out returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallReturn {
    /// How it ended.
    pub status: CallStatus,
    /// Return data, or the reason of a revert.
    pub output: Bytes,
}

/// The machine that a native module runs on. Every access charges what the EVM charges for the same access (cold and
/// warm, EIP-2200 with refunds); what a native module pays on top is [`crate::gas`].
///
/// A host trusts its caller in one thing only: [`crate::Ctx`] has refused writes in static frames before they come
/// here. A host refuses them again, as a `Fault`.
///
/// # Errors
/// Every method: `Halted(OutOfGas)` where the frame cannot pay, `Fault` where the node is broken.
pub trait Host {
    /// The running frame.
    fn frame(&self) -> Frame;
    /// Block and transaction.
    fn environment(&self) -> Environment;
    /// Gas left in the frame.
    fn gas_left(&self) -> u64;
    /// Takes gas from the frame.
    fn charge(&mut self, gas: u64) -> Result<(), CallError>;
    /// Reads a slot of a native module.
    fn sload(&mut self, address: Address, slot: U256) -> Result<U256, CallError>;
    /// Writes a slot of a native module.
    fn sstore(&mut self, address: Address, slot: U256, value: U256) -> Result<(), CallError>;
    /// Reads a transient slot of a native module.
    fn tload(&mut self, address: Address, slot: U256) -> Result<U256, CallError>;
    /// Writes a transient slot of a native module.
    fn tstore(&mut self, address: Address, slot: U256, value: U256) -> Result<(), CallError>;
    /// Balance of any account.
    fn balance(&mut self, address: Address) -> Result<U256, CallError>;
    /// Whether an account has code (EXTCODESIZE is not zero): a contract, a native module or an EIP-7702 delegation.
    fn has_code(&mut self, address: Address) -> Result<bool, CallError>;
    /// Moves wei from a native module without calling the receiver's code; `false` where its balance is too small.
    fn transfer(&mut self, from: Address, to: Address, amount: U256) -> Result<bool, CallError>;
    /// Emits a log of a native module.
    fn log(&mut self, address: Address, log: LogData) -> Result<(), CallError>;
    /// Gives an account of a native module's family nonce 1 and the native code, so that it is one from now on; priced
    /// as a CREATE that deploys one byte, and its balance stays. `false` where the account has a nonce or code.
    fn create_native(&mut self, address: Address) -> Result<bool, CallError>;
    /// Calls an account.
    fn call(&mut self, call: OutCall) -> Result<CallReturn, CallError>;
}
