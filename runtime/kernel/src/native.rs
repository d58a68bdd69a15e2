//! The port through which a virtual machine reaches the native modules.

use crate::error::CallError;
use crate::host::Host;
use alloy_primitives::{Address, Bytes};

/// The native modules of a chain: an explicit list, made by the executive.
pub trait NativeCalls: Send + Sync {
    /// All their addresses, in dispatch order; they are warm in every transaction.
    fn addresses(&self) -> &[Address];

    /// Whether an address is a native module.
    fn is_native(&self, address: &Address) -> bool {
        self.addresses().contains(address)
    }

    /// Runs the module at `host.frame().address` on an input and returns its ABI-encoded result.
    ///
    /// # Errors
    /// See [`CallError`]; on any error the host undoes the frame.
    fn call(&self, host: &mut dyn Host, input: &[u8]) -> Result<Bytes, CallError>;
}

/// No native modules: Ethereum's own rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNatives;

impl NativeCalls for NoNatives {
    fn addresses(&self) -> &[Address] {
        &[]
    }

    fn call(&self, host: &mut dyn Host, _input: &[u8]) -> Result<Bytes, CallError> {
        let address = host.frame().address;
        Err(CallError::Fault(assay_primitives::Fault::invariant(format!("no native module at {address}"))))
    }
}
