//! The methods, by namespace, and the module that serves them.

mod agents;
mod assay;
mod blocks;
mod calls;
mod chain;
mod debug;
mod dev;
mod discover;
mod fees;
mod fill;
mod filters;
mod jobs;
mod logs;
mod net;
mod state;
mod supply;
mod transactions;
mod txpool;

use crate::api::Api;
use crate::args::Args;
use crate::config::Namespace;
use crate::error::Answer;
use crate::subscribe;
use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;
use std::future::Future;
use std::sync::Arc;

pub use supply::Burned;

/// The module in the making.
struct Table {
    module: RpcModule<Api>,
    names: Vec<&'static str>,
}

impl Table {
    /// Adds a method.
    fn add<T, F, Fut>(&mut self, name: &'static str, method: F) -> Result<(), RegisterMethodError>
    where
        T: Serialize + Clone + Send + 'static,
        F: Fn(Arc<Api>, Args) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Answer<T>> + Send + 'static,
    {
        self.module.register_async_method(name, move |params, api, _| {
            let method = method.clone();
            async move { method(api, Args::new(&params)?).await }
        })?;
        self.names.push(name);
        Ok(())
    }

    /// Adds a method that answers at once.
    fn plain<T, F>(&mut self, name: &'static str, method: F) -> Result<(), RegisterMethodError>
    where
        T: Serialize + Clone + Send + 'static,
        F: Fn(&Api, Args) -> Answer<T> + Clone + Send + Sync + 'static,
    {
        self.add(name, move |api, args| {
            let answer = method(&api, args);
            std::future::ready(answer)
        })
    }
}

/// The methods of the namespaces that are served, and their names.
///
/// # Errors
/// Two methods of one name.
pub fn module(api: Arc<Api>) -> Result<(RpcModule<Api>, Vec<&'static str>), RegisterMethodError> {
    let served = api.config.served();
    let discover = served.contains(&Namespace::Rpc);
    let mut table = Table { module: RpcModule::from_arc(api), names: Vec::new() };
    for namespace in served {
        match namespace {
            Namespace::Eth => {
                chain::add(&mut table)?;
                state::add(&mut table)?;
                blocks::add(&mut table)?;
                transactions::add(&mut table)?;
                calls::add(&mut table)?;
                fees::add(&mut table)?;
                fill::add(&mut table)?;
                logs::add(&mut table)?;
                filters::add(&mut table)?;
                subscribe::add(&mut table.module)?;
                table.names.extend([subscribe::SUBSCRIBE, subscribe::UNSUBSCRIBE]);
            }
            Namespace::Net => net::add_net(&mut table)?,
            Namespace::Web3 => net::add_web3(&mut table)?,
            Namespace::Rpc => net::add_rpc(&mut table)?,
            Namespace::Assay => {
                assay::add(&mut table)?;
                agents::add(&mut table)?;
                jobs::add(&mut table)?;
                supply::add(&mut table)?;
            }
            Namespace::Txpool => txpool::add(&mut table)?,
            Namespace::Debug => debug::add(&mut table)?,
            Namespace::Dev => dev::add(&mut table)?,
        }
    }
    if discover {
        discover::add(&mut table)?;
    }
    Ok((table.module, table.names))
}
