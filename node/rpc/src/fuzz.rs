//! The way of a request body up to the methods, for the fuzz target: shape, envelope, and every kind of argument.

use crate::args::{Args, BlockArg, Quantity, Slot};
use crate::config::RpcConfig;
use crate::log_filter::LogFilter;
use crate::scan::shape;
use alloy_primitives::{Address, B256, Bytes};
use alloy_rpc_types_eth::state::StateOverride;
use alloy_rpc_types_eth::{BlockOverrides, Filter, TransactionRequest};
use alloy_rpc_types_trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions};
use jsonrpsee::types::{Params, Request};
use serde::de::DeserializeOwned;

fn arguments<T: DeserializeOwned>(params: &Params<'_>) -> bool {
    Args::new(params).is_ok_and(|mut args| {
        let found = args.optional::<T>().is_ok_and(|value| value.is_some());
        // The others of the list, whatever they are.
        let _ = (args.optional::<T>(), args.block(), args.end());
        found
    })
}

/// Whether bytes are a request, or a batch of them, whose first argument is of any kind that methods take.
pub fn decodes_body(bytes: &[u8]) -> bool {
    let found = shape(bytes);
    let limits = RpcConfig::local(0).limits;
    if found.depth > limits.json_depth {
        return false;
    }
    let requests = match found.entries {
        Some(_) => serde_json::from_slice::<Vec<Request<'_>>>(bytes),
        None => serde_json::from_slice::<Request<'_>>(bytes).map(|request| vec![request]),
    };
    requests.is_ok_and(|requests| {
        requests.iter().fold(false, |any, request| {
            let params = request.params();
            let kinds: [fn(&Params<'_>) -> bool; 11] = [
                arguments::<Address>,
                arguments::<B256>,
                arguments::<Bytes>,
                arguments::<BlockArg>,
                arguments::<Quantity>,
                arguments::<Vec<Slot>>,
                arguments::<TransactionRequest>,
                arguments::<StateOverride>,
                arguments::<BlockOverrides>,
                arguments::<GethDebugTracingOptions>,
                arguments::<GethDebugTracingCallOptions>,
            ];
            let filter = Args::new(&params).ok().and_then(|mut args| args.optional::<Filter>().ok().flatten());
            let _ = filter.map(|filter| LogFilter::new(&filter, 100));
            kinds.iter().fold(any, |any, kind| kind(&params) || any)
        })
    })
}
