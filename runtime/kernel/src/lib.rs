//! The kernel: the ports of the state transition, and what native modules (pallets) are written with.

pub mod memory;
pub mod state;

pub use memory::{MemoryState, Overlay};
pub use state::{AccountChange, AccountRecord, Commitment, StateChanges, StateView};
