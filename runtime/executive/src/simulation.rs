//! Calls that nobody signed: `eth_call` and its relatives, on a state and in a block of the caller's choice.

use crate::{AdmitError, Executive, Reject};
use alloy_primitives::{Bytes, U256};
use alloy_rpc_types_eth::state::EvmOverrides;
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest};
use assay_kernel::{Overlay, StateChanges, StateView};
use assay_primitives::{ExecutionHeader, Fault};
use assay_vm::{
    BlockEnvironment, CallOptions, Executor, HaltReason, OverrideError, TransactError, TxOutcome, TxRequest, TxStatus,
};
use thiserror::Error;

/// Where a call runs.
pub struct Simulation<'a> {
    /// The state.
    pub view: &'a dyn StateView,
    /// The block: [`Executive::environment_at`] or [`Executive::environment_after`].
    pub environment: BlockEnvironment,
    /// What the caller wants to be different.
    pub overrides: EvmOverrides,
    /// Most gas that a call may use, whatever it asks for.
    pub gas_cap: u64,
}

/// Why a call has no result.
#[derive(Debug, Error, Clone)]
pub enum SimulationError {
    /// The request contradicts itself or the chain.
    #[error("{0}")]
    BadRequest(String),
    /// Not even a simulated transaction can be like this.
    #[error(transparent)]
    Rejected(Reject),
    /// The code reverted; its reason.
    #[error("execution reverted")]
    Reverted(Bytes),
    /// The code ended exceptionally.
    #[error("{0}")]
    Halted(HaltReason),
    /// No gas limit up to the allowance is enough.
    #[error("gas required exceeds allowance ({0})")]
    GasAllowance(u64),
    /// This node failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TransactError> for SimulationError {
    fn from(error: TransactError) -> Self {
        match AdmitError::from(error) {
            AdmitError::Rejected(reject) => Self::Rejected(reject),
            AdmitError::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl From<OverrideError> for SimulationError {
    fn from(error: OverrideError) -> Self {
        match error {
            OverrideError::Fault(fault) => Self::Fault(fault),
            other => Self::BadRequest(other.to_string()),
        }
    }
}

impl Executive {
    /// The block of a header, as code that runs at that height sees it.
    pub fn environment_at(&self, header: &ExecutionHeader) -> BlockEnvironment {
        BlockEnvironment {
            number: header.number,
            timestamp: header.timestamp,
            beneficiary: header.beneficiary,
            gas_limit: header.gas_limit,
            base_fee: header.base_fee_per_gas.unwrap_or_default(),
            prevrandao: header.mix_hash,
            ..BlockEnvironment::default()
        }
    }

    /// The block that will follow a header, as far as it is known: the time is the earliest possible, creator and
    /// randomness are those of the header.
    pub fn environment_after(&self, header: &ExecutionHeader) -> BlockEnvironment {
        BlockEnvironment {
            number: header.number.saturating_add(1),
            gas_limit: self.params().gas_limit,
            base_fee: self.next_base_fee(header),
            ..self.environment_at(header)
        }
    }

    /// Runs a call and returns what it did, a revert or halt included.
    ///
    /// # Errors
    /// `BadRequest`, `Rejected`, `Fault`.
    pub fn call(
        &self,
        simulation: &Simulation<'_>,
        request: &TransactionRequest,
    ) -> Result<TxOutcome, SimulationError> {
        self.simulate(simulation, request, |executor, call, options| Ok(executor.call(call, options)?))
    }

    /// Sets a simulation up and gives executor and request to `run`.
    pub(crate) fn simulate<T>(
        &self,
        simulation: &Simulation<'_>,
        request: &TransactionRequest,
        run: impl FnOnce(&mut Executor<'_>, &TxRequest, CallOptions) -> Result<T, SimulationError>,
    ) -> Result<T, SimulationError> {
        let mut environment = simulation.environment.clone();
        let mut view = Overlay::new(simulation.view, StateChanges::default());
        if let Some(overrides) = &simulation.overrides.block {
            override_block(&mut environment, overrides)?;
            for (number, hash) in overrides.block_hash.iter().flatten() {
                view.set_block_hash(*number, *hash);
            }
        }
        let mut executor = Executor::new(&view, self.rules(), environment, self.natives());
        if let Some(overrides) = &simulation.overrides.state {
            executor.override_state(overrides)?;
        }
        let (call, options) = self.request(request, simulation.gas_cap)?;
        run(&mut executor, &call, options)
    }

    /// Reads a request. What it does not say is chosen so that the call runs: no fees, the largest gas limit.
    fn request(&self, request: &TransactionRequest, gas_cap: u64) -> Result<(TxRequest, CallOptions), SimulationError> {
        let bad = |text: &str| SimulationError::BadRequest(text.to_owned());
        if let Some(got) = request.chain_id.filter(|id| *id != self.chain_id()) {
            return Err(SimulationError::Rejected(Reject::ChainId { expected: self.chain_id(), got }));
        }
        if request.blob_versioned_hashes.is_some() || request.max_fee_per_blob_gas.is_some() {
            return Err(SimulationError::Rejected(Reject::Blob));
        }
        if request.gas_price.is_some()
            && (request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some())
        {
            return Err(bad("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified"));
        }
        let data = request.input.unique_input().map_err(|e| SimulationError::BadRequest(e.to_string()))?;
        let priority = request.max_priority_fee_per_gas;
        let max_fee = request.gas_price.or(request.max_fee_per_gas).or(priority).unwrap_or_default();
        if let Some(priority) = priority.filter(|priority| *priority > max_fee) {
            return Err(SimulationError::Rejected(Reject::PriorityAboveMaxFee { priority, max_fee }));
        }
        let authorizations = request.authorization_list.clone().unwrap_or_default();
        let dynamic = request.max_fee_per_gas.is_some() || priority.is_some();
        let tx_type = match (request.authorization_list.is_some(), dynamic, request.access_list.is_some()) {
            (true, _, _) => 4,
            (_, true, _) => 2,
            (_, _, true) => 1,
            _ => 0,
        };
        let call = TxRequest {
            tx_type,
            caller: request.from.unwrap_or_default(),
            kind: request.to.unwrap_or_default(),
            value: request.value.unwrap_or_default(),
            data: data.cloned().unwrap_or_default(),
            gas_limit: request.gas.unwrap_or(gas_cap).min(gas_cap),
            max_fee_per_gas: max_fee,
            max_priority_fee_per_gas: if tx_type >= 2 { Some(priority.unwrap_or_default()) } else { None },
            nonce: None,
            chain_id: Some(self.chain_id()),
            access_list: request.access_list.clone().unwrap_or_default(),
            authorization_list: authorizations,
            blob_hashes: Vec::new(),
            max_fee_per_blob_gas: 0,
        };
        // Whoever names a fee wants to know whether the sender can pay it.
        let named = max_fee > 0;
        Ok((call, CallOptions { charge_fees: named, check_base_fee: named, ..CallOptions::RELAXED }))
    }
}

fn override_block(environment: &mut BlockEnvironment, overrides: &BlockOverrides) -> Result<(), SimulationError> {
    let small = |field: &str, value: U256| {
        u64::try_from(value).map_err(|_| SimulationError::BadRequest(format!("block override {field} exceeds 64 bits")))
    };
    if let Some(number) = overrides.number {
        environment.number = small("number", number)?;
    }
    if let Some(base_fee) = overrides.base_fee {
        environment.base_fee = small("baseFeePerGas", base_fee)?;
    }
    environment.timestamp = overrides.time.unwrap_or(environment.timestamp);
    environment.gas_limit = overrides.gas_limit.unwrap_or(environment.gas_limit);
    environment.beneficiary = overrides.coinbase.unwrap_or(environment.beneficiary);
    environment.prevrandao = overrides.random.unwrap_or(environment.prevrandao);
    Ok(())
}

/// A failed outcome as an error.
pub(crate) fn failure(outcome: &TxOutcome) -> Option<SimulationError> {
    match &outcome.status {
        TxStatus::Success => None,
        TxStatus::Reverted => Some(SimulationError::Reverted(outcome.output.clone())),
        TxStatus::Halted(reason) => Some(SimulationError::Halted(reason.clone())),
    }
}
