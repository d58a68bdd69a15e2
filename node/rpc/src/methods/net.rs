//! `net_`, `web3_`, `rpc_`.

use super::Table;
use alloy_primitives::{B256, Bytes, U64, keccak256};
use jsonrpsee::server::RegisterMethodError;
use std::collections::BTreeMap;

pub(super) fn add_net(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("net_version", |api, _| Ok(api.chain.spec().chain_id.to_string()))?;
    table.plain("net_listening", |_, _| Ok(true))?;
    table.plain("net_peerCount", |api, _| Ok(U64::from((api.network.peers)())))
}

pub(super) fn add_web3(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("web3_clientVersion", |api, _| Ok(api.config.client_version.clone()))?;
    table.plain("web3_sha3", |_, mut args| {
        let bytes: Bytes = args.required()?;
        args.end()?;
        let hash: B256 = keccak256(&bytes);
        Ok(hash)
    })
}

pub(super) fn add_rpc(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("rpc_modules", |api, _| {
        let served = api.config.served();
        Ok(served.into_iter().map(|namespace| (namespace.name(), "1.0")).collect::<BTreeMap<_, _>>())
    })
}
