//! The access list that a transaction would use (`eth_createAccessList`).

use crate::simulation::failure;
use crate::{Executive, Simulation, SimulationError};
use alloy_eips::eip2930::AccessListResult;
use alloy_primitives::U256;
use alloy_rpc_types_eth::TransactionRequest;
use assay_vm::TxRequest;

/// A list changes the gas, and code may look at its gas: most runs until list and run agree.
const RUNS_MAX: usize = 4;

impl Executive {
    /// The accounts and slots that a transaction accesses, and the gas it uses with them listed. A failure of the code
    /// is reported beside the list.
    ///
    /// # Errors
    /// As for [`Executive::call`].
    pub fn create_access_list(
        &self,
        simulation: &Simulation<'_>,
        request: &TransactionRequest,
    ) -> Result<AccessListResult, SimulationError> {
        self.simulate(simulation, request, |executor, call, options| {
            let mut call = TxRequest { tx_type: call.tx_type.max(1), ..call.clone() };
            let (mut outcome, mut list) = executor.access_list(&call, options)?;
            for _ in 0..RUNS_MAX {
                if call.access_list == list {
                    break;
                }
                call.access_list = list;
                (outcome, list) = executor.access_list(&call, options)?;
            }
            Ok(AccessListResult {
                access_list: list,
                gas_used: U256::from(outcome.gas_used),
                error: failure(&outcome).map(|error| error.to_string()),
            })
        })
    }
}
