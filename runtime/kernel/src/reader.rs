//! Reading a module's typed storage from committed state, outside of any transaction: invariants and indexed reads.

use crate::ctx::Ctx;
use crate::error::CallError;
use crate::host::{CallReturn, Environment, Frame, Host, OutCall};
use crate::state::StateView;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, LogData, U256};
use assay_primitives::{Fault, NetworkKind};

/// Runs reading work on a module's state at a view. There is no gas and no block: work that asks for either gets zeros,
/// and work that writes or calls out is a `Fault`.
///
/// # Errors
/// A [`Fault`] of the view, of stored data that do not decode, or of work that did anything but read.
pub fn read<T>(
    view: &dyn StateView,
    module: Address,
    work: impl FnOnce(&mut Ctx<'_>) -> Result<T, CallError>,
) -> Result<T, Fault> {
    let mut host = Reader { view, module };
    work(&mut Ctx::new(&mut host)).map_err(|error| match error {
        CallError::Fault(fault) => fault,
        other => Fault::invariant(format!("reading the state of {module}: {other}")),
    })
}

struct Reader<'a> {
    view: &'a dyn StateView,
    module: Address,
}

fn only_reads<T>(what: &str) -> Result<T, CallError> {
    Err(CallError::Fault(Fault::invariant(format!("{what} while reading committed state"))))
}

impl Host for Reader<'_> {
    fn frame(&self) -> Frame {
        Frame { address: self.module, caller: Address::ZERO, value: U256::ZERO, is_static: true }
    }

    fn environment(&self) -> Environment {
        Environment {
            chain_id: 0,
            number: 0,
            timestamp: 0,
            prevrandao: B256::ZERO,
            beneficiary: Address::ZERO,
            origin: Address::ZERO,
            network: NetworkKind::default(),
        }
    }

    fn gas_left(&self) -> u64 {
        u64::MAX
    }

    fn charge(&mut self, _gas: u64) -> Result<(), CallError> {
        Ok(())
    }

    fn sload(&mut self, address: Address, slot: U256) -> Result<U256, CallError> {
        Ok(self.view.storage(address, slot)?)
    }

    fn sstore(&mut self, _address: Address, _slot: U256, _value: U256) -> Result<(), CallError> {
        only_reads("a write")
    }

    fn tload(&mut self, _address: Address, _slot: U256) -> Result<U256, CallError> {
        Ok(U256::ZERO)
    }

    fn tstore(&mut self, _address: Address, _slot: U256, _value: U256) -> Result<(), CallError> {
        only_reads("a write")
    }

    fn balance(&mut self, address: Address) -> Result<U256, CallError> {
        Ok(self.view.account(address)?.map(|account| account.balance).unwrap_or_default())
    }

    fn has_code(&mut self, address: Address) -> Result<bool, CallError> {
        let account = self.view.account(address)?;
        Ok(account.is_some_and(|account| account.code_hash != KECCAK256_EMPTY))
    }

    fn transfer(&mut self, _from: Address, _to: Address, _amount: U256) -> Result<bool, CallError> {
        only_reads("a transfer")
    }

    fn log(&mut self, _address: Address, _log: LogData) -> Result<(), CallError> {
        only_reads("a log")
    }

    fn create_native(&mut self, _address: Address) -> Result<bool, CallError> {
        only_reads("a creation")
    }

    fn call(&mut self, _call: OutCall) -> Result<CallReturn, CallError> {
        only_reads("a call")
    }
}
