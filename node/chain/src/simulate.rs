//! Queries that execute: calls, estimates, access lists, traces.

use crate::admission::reason;
use crate::core::Core;
use crate::query::{AccessListOutcome, CallError, CallQuery};
use crate::types::{BlockRef, ReadError};
use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_eth::state::EvmOverrides;
use alloy_rpc_types_trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions, GethTrace, TraceResult};
use assay_executive::{
    BlockEnvironment, BlockError, Parent, Simulation, SimulationError, TraceBlockError, TxStatus, decode_transactions,
};
use assay_kernel::StateView;
use assay_primitives::{Block, CheckedTx, Fault, Height};
use std::sync::Arc;

/// Which block a simulated message believes to be in.
#[derive(Clone, Copy)]
enum Within {
    /// The block that the query names.
    Named,
    /// The one after it: what a transaction sent now will see.
    Next,
}

impl Core {
    fn simulation_error(&self, error: SimulationError) -> CallError {
        match error {
            SimulationError::BadRequest(text) => CallError::BadQuery(text),
            SimulationError::Rejected(reject) => {
                CallError::Invalid { reason: reason(&reject), message: reject.to_string() }
            }
            SimulationError::Reverted(data) => CallError::Reverted(data),
            SimulationError::Halted(halt) => CallError::Halted(halt.to_string()),
            error @ SimulationError::GasAllowance(_) => {
                CallError::Invalid { reason: "gas_allowance", message: error.to_string() }
            }
            SimulationError::Fault(fault) => CallError::Read(self.query_fault(fault)),
        }
    }

    fn simulate<T>(
        &self,
        query: &CallQuery,
        within: Within,
        run: impl FnOnce(&Simulation<'_>) -> Result<T, SimulationError>,
    ) -> Result<T, CallError> {
        let number = self.number(query.block)?.ok_or(ReadError::UnknownBlock)?;
        let header = self.header_at(number)?.ok_or(ReadError::UnknownBlock)?;
        // By number: the head may have moved since a tag was resolved.
        let view = self.state(BlockRef::Number(number))?;
        let environment = match within {
            Within::Named => self.executive.environment_at(&header),
            Within::Next => {
                let next = self.executive.environment_after(&header);
                // A contract that compares times must see the next block's, not the last one's again.
                let timestamp = next.timestamp.saturating_add(1).max(self.now_ms() / 1_000);
                BlockEnvironment { timestamp, ..next }
            }
        };
        let simulation = Simulation {
            view: &view,
            environment,
            overrides: EvmOverrides::new(query.state_overrides.clone(), query.block_overrides.clone()),
            gas_cap: self.config.queries.gas_cap,
        };
        run(&simulation).map_err(|error| self.simulation_error(error))
    }

    pub(crate) fn call(&self, query: &CallQuery) -> Result<Bytes, CallError> {
        let outcome =
            self.simulate(query, Within::Named, |simulation| self.executive.call(simulation, &query.request))?;
        match outcome.status {
            TxStatus::Success => Ok(outcome.output),
            TxStatus::Reverted => Err(CallError::Reverted(outcome.output)),
            TxStatus::Halted(halt) => Err(CallError::Halted(halt.to_string())),
        }
    }

    pub(crate) fn estimate_gas(&self, query: &CallQuery) -> Result<u64, CallError> {
        self.simulate(query, Within::Next, |simulation| self.executive.estimate_gas(simulation, &query.request))
    }

    pub(crate) fn create_access_list(&self, query: &CallQuery) -> Result<AccessListOutcome, CallError> {
        let run = |simulation: &Simulation<'_>| self.executive.create_access_list(simulation, &query.request);
        let result = self.simulate(query, Within::Next, run)?;
        Ok(AccessListOutcome {
            access_list: result.access_list,
            gas_used: u64::try_from(result.gas_used).unwrap_or(u64::MAX),
            error: result.error,
        })
    }

    pub(crate) fn trace_call(
        &self,
        mut query: CallQuery,
        options: GethDebugTracingCallOptions,
    ) -> Result<GethTrace, CallError> {
        query.state_overrides = options.state_overrides;
        query.block_overrides = options.block_overrides.map(Box::new);
        let tracing = options.tracing_options;
        let run = |simulation: &Simulation<'_>| self.executive.trace_call(simulation, &query.request, &tracing);
        Ok(self.simulate(&query, Within::Named, run)?.1)
    }

    pub(crate) fn trace_transaction(
        &self,
        hash: B256,
        options: &GethDebugTracingOptions,
    ) -> Result<GethTrace, CallError> {
        let location = self.transaction(hash)?.ok_or(CallError::UnknownTransaction)?;
        let past = self.past(location.block.number())?;
        let trace =
            self.executive.trace_transaction(&past.view, &past.parent, &past.block, &past.txs, location.index, options);
        let trace = trace.map_err(|error| self.trace_error(error))?;
        trace.ok_or_else(|| CallError::BadQuery("a system transaction runs no code and has no trace".to_owned()))
    }

    pub(crate) fn trace_block(
        &self,
        block: BlockRef,
        options: &GethDebugTracingOptions,
    ) -> Result<Vec<TraceResult>, CallError> {
        let number = self.number(block)?.ok_or(ReadError::UnknownBlock)?;
        if number == 0 {
            return Err(CallError::BadQuery("genesis is not traceable".to_owned()));
        }
        let past = self.past(number)?;
        let traces = self
            .executive
            .trace_block(&past.view, &past.parent, &past.block, &past.txs, options)
            .map_err(|error| self.trace_error(error))?;
        Ok(traces.into_iter().map(|traced| TraceResult::new_success(traced.trace, Some(traced.tx_hash))).collect())
    }

    fn trace_error(&self, error: TraceBlockError) -> CallError {
        match error {
            TraceBlockError::Unsupported(text) => CallError::BadQuery(text),
            TraceBlockError::Block(BlockError::Fault(fault)) => CallError::Read(self.query_fault(fault)),
            TraceBlockError::Block(BlockError::Invalid(error)) => CallError::Read(ReadError::Fault(error.to_string())),
        }
    }

    /// All that is needed to execute a committed block again.
    fn past(&self, number: u64) -> Result<Past, CallError> {
        let parent = self.block_at(number.saturating_sub(1))?.ok_or(ReadError::UnknownBlock)?;
        let view = self.state(BlockRef::Number(parent.number()))?;
        let block = self.store.block(Height(number)).map_err(|fault| self.query_fault(fault))?;
        let block = block.ok_or(ReadError::UnknownBlock)?;
        let txs = decode_transactions(&block, None, &|hash| self.pool.lock().get(hash))
            .map_err(|error| self.query_fault(Fault::corrupt(error.to_string())))?;
        Ok(Past { parent: Parent::new(parent.header.clone(), parent.timestamp_ms), view, block, txs })
    }
}

struct Past {
    parent: Parent,
    view: Arc<dyn StateView>,
    block: Block,
    txs: Vec<Arc<CheckedTx>>,
}
