//! Ethereum's precompiles, with the native modules among the warm addresses.

use crate::context::VmContext;
use alloy_primitives::Address;
use alloy_primitives::map::AddressSet;
use revm::handler::{EthPrecompiles, PrecompileProvider};
use revm::interpreter::{CallInputs, InterpreterResult};
use revm::primitives::hardfork::SpecId;

/// The precompiles of a fork. Native modules are not run here (a precompile cannot call out), only warmed.
#[derive(Debug, Clone)]
pub(crate) struct Precompiles {
    ethereum: EthPrecompiles,
    warm: AddressSet,
}

impl Precompiles {
    pub(crate) fn new(spec: SpecId, natives: &[Address]) -> Self {
        let ethereum = EthPrecompiles::new(spec);
        let mut warm = ethereum.warm_addresses().clone();
        warm.extend(natives.iter().copied());
        Self { ethereum, warm }
    }
}

impl<'a> PrecompileProvider<VmContext<'a>> for Precompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, _spec: SpecId) -> bool {
        // The fork of an executor never changes; the journal takes the addresses over at its first transaction.
        false
    }

    fn run(&mut self, context: &mut VmContext<'a>, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        PrecompileProvider::<VmContext<'a>>::run(&mut self.ethereum, context, inputs)
    }

    fn warm_addresses(&self) -> &AddressSet {
        &self.warm
    }
}
