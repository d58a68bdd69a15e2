//! The kernel: the ports of the state transition, and what native modules (pallets) are written with.

pub mod ctx;
pub mod error;
pub mod gas;
pub mod host;
pub mod memory;
pub mod memory_host;
pub mod native;
pub mod pallet;
pub mod reader;
pub mod signature;
pub mod state;
pub mod storage;
pub mod stored;

pub use alloy_sol_types::SolCall;
pub use ctx::Ctx;
pub use error::{CallError, Halt, Reverted, revert};
pub use host::{CallKind, CallReturn, CallStatus, Environment, Frame, Host, OutCall};
pub use memory::{MemoryState, Overlay};
pub use memory_host::MemoryHost;
pub use native::{NativeCalls, NoNatives};
pub use pallet::{Entry, Mutability, Pallet, dispatch};
pub use reader::read;
pub use state::{AccountChange, AccountRecord, Commitment, StateChanges, StateView};
pub use storage::{Item, List, Lists, Map};
pub use stored::{Record, Stored};

#[cfg(test)]
mod tests;
