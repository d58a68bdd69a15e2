//! The native modules of the chain: which there are, who is called, and in what order they work around a block.

use crate::staking;
use alloy_primitives::{Address, Bytes, address};
use assay_abi::TOKEN_PREFIX;
use assay_escrow::{Escrow, EscrowAcp, EscrowBase};
use assay_genesis::{ChainSpec, SpecError};
use assay_identity::registries::registries_of;
use assay_identity::{IdentityRegistry, ReputationRegistry, ValidationRegistry};
use assay_kernel::{CallError, Ctx, Host, NativeCalls, Pallet, dispatch};
use assay_primitives::{Fault, Log, NetworkKind};
use assay_vm::Executor;
use std::fmt;

/// Caller and origin of work that no transaction asked for (as in EIP-2935 and EIP-4788).
pub const SYSTEM_ADDRESS: Address = address!("0xfffffffffffffffffffffffffffffffffffffffe");

/// Gas that one module may use before or after the transactions of a block. It is not part of the block's gas.
const BLOCK_WORK_GAS_MAX: u64 = 30_000_000;

/// Gas that one module may use for the first state: about four million new slots.
const GENESIS_GAS_MAX: u64 = 100_000_000_000;

/// What a module does when it is called.
pub type CallFn = fn(&mut dyn Host, &[u8]) -> Result<Bytes, CallError>;
/// What a module does once per block.
pub type WorkFn = fn(&mut dyn Host) -> Result<Bytes, CallError>;

/// What a module makes of its part of the specification, before the first block.
pub type GenesisFn = fn(&mut Ctx<'_>, &ChainSpec) -> Result<(), CallError>;

/// Accounts that are modules once they were created: all that share the first bytes of their addresses.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Those bytes.
    pub prefix: [u8; 12],
    /// Their ABI.
    pub call: CallFn,
}

/// One module.
#[derive(Clone, Copy)]
pub struct NativeModule {
    /// For errors.
    pub name: &'static str,
    /// Where it lives.
    pub address: Address,
    /// Its ABI.
    pub call: CallFn,
    /// The family of accounts that it creates; each is called under its own address.
    pub family: Option<Family>,
    /// Work before the first block; its logs are in no receipt.
    pub genesis: Option<GenesisFn>,
    /// Work before the transactions of each block.
    pub begin_block: Option<WorkFn>,
    /// Work after the transactions of each block.
    pub end_block: Option<WorkFn>,
}

impl NativeModule {
    /// The module of a pallet.
    pub fn of<P: Pallet>(name: &'static str) -> Self {
        Self {
            name,
            address: P::ADDRESS,
            call: |host, input| dispatch(host, P::entries(), input),
            family: None,
            genesis: None,
            begin_block: None,
            end_block: Some(|host| P::end_block(&mut Ctx::new(host)).map(|()| Bytes::new())),
        }
    }

    /// The same at another address.
    #[must_use]
    pub fn at(self, address: Address) -> Self {
        Self { address, ..self }
    }

    /// The same without the work around blocks that it has none of.
    #[must_use]
    pub fn without_block_work(self) -> Self {
        Self { begin_block: None, end_block: None, ..self }
    }
}

/// The factory of tokens, and the tokens.
fn token() -> NativeModule {
    NativeModule {
        family: Some(Family {
            prefix: TOKEN_PREFIX,
            call: |host, input| dispatch(host, assay_token::TOKEN_ENTRIES, input),
        }),
        genesis: Some(|ctx, spec| assay_token::init(ctx, &spec.token)),
        end_block: None,
        ..NativeModule::of::<assay_token::Factory>("token")
    }
}

impl fmt::Debug for NativeModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.address)
    }
}

/// All modules in order: of dispatch, of `begin_block` and of `end_block`.
#[derive(Clone, Debug, Default)]
pub struct NativeModules {
    modules: Vec<NativeModule>,
    addresses: Vec<Address>,
}

impl NativeModules {
    /// The modules of this version of the chain on a kind of network; [`assay_abi::native_modules`] are their addresses.
    pub(crate) fn of_network(kind: NetworkKind) -> Self {
        let registries = registries_of(kind);
        let identity = NativeModule {
            genesis: Some(|ctx, spec| spec.identity.apply(ctx)),
            ..NativeModule::of::<IdentityRegistry>("identity")
        };
        let escrow =
            NativeModule { genesis: Some(|ctx, spec| spec.escrow.apply(ctx)), ..NativeModule::of::<Escrow>("escrow") };
        Self::new(vec![
            token(),
            identity.at(registries.identity).without_block_work(),
            NativeModule::of::<ReputationRegistry>("reputation").at(registries.reputation).without_block_work(),
            NativeModule::of::<ValidationRegistry>("validation").at(registries.validation).without_block_work(),
            staking::module(),
            escrow.without_block_work(),
            NativeModule::of::<EscrowBase>("escrow of the base dialect").without_block_work(),
            NativeModule::of::<EscrowAcp>("escrow of the ACP dialect").without_block_work(),
        ])
    }

    /// A list of modules.
    pub fn new(modules: Vec<NativeModule>) -> Self {
        let addresses = modules.iter().map(|module| module.address).collect();
        Self { modules, addresses }
    }

    /// The same with one more module, after the others.
    #[must_use]
    pub fn and(mut self, module: NativeModule) -> Self {
        self.addresses.push(module.address);
        self.modules.push(module);
        self
    }

    fn family(&self, address: &Address) -> Option<&Family> {
        self.modules.iter().filter_map(|m| m.family.as_ref()).find(|family| address.starts_with(&family.prefix))
    }

    /// Runs what the modules make of their parts of the specification.
    pub(crate) fn genesis(&self, executor: &mut Executor<'_>, spec: &ChainSpec) -> Result<(), SpecError> {
        for module in &self.modules {
            let Some(genesis) = module.genesis else { continue };
            let mut work = |host: &mut dyn Host| genesis(&mut Ctx::new(host), spec).map(|()| Bytes::new());
            let failed = |reason: String| SpecError::Module { module: module.name, reason };
            let outcome = executor.native_work(module.address, GENESIS_GAS_MAX, &mut work);
            let result = outcome.map_err(|fault| failed(fault.to_string()))?.result;
            result.map_err(|error| failed(error.to_string()))?;
        }
        Ok(())
    }

    /// Runs what the modules do before the transactions of a block; returns their logs.
    pub(crate) fn begin_block(&self, executor: &mut Executor<'_>) -> Result<Vec<Log>, Fault> {
        self.work(executor, "begin_block", |module| module.begin_block)
    }

    /// Runs what the modules do after the transactions of a block; returns their logs.
    pub(crate) fn end_block(&self, executor: &mut Executor<'_>) -> Result<Vec<Log>, Fault> {
        self.work(executor, "end_block", |module| module.end_block)
    }

    /// Runs work of one module outside of any transaction; returns its logs.
    pub(crate) fn work_of(
        executor: &mut Executor<'_>,
        what: &str,
        address: Address,
        work: &mut dyn FnMut(&mut dyn Host) -> Result<Bytes, CallError>,
    ) -> Result<Vec<Log>, Fault> {
        let outcome = executor.native_work(address, BLOCK_WORK_GAS_MAX, work)?;
        match outcome.result {
            Ok(_) => Ok(outcome.logs),
            Err(CallError::Fault(fault)) => Err(fault),
            // Nobody could be told: block work must be written so that it cannot be refused.
            Err(error) => Err(Fault::invariant(format!("{what}: {error}"))),
        }
    }

    fn work(
        &self,
        executor: &mut Executor<'_>,
        what: &str,
        of: impl Fn(&NativeModule) -> Option<WorkFn>,
    ) -> Result<Vec<Log>, Fault> {
        let mut logs = Vec::new();
        for module in &self.modules {
            let Some(mut work) = of(module) else { continue };
            let what = format!("{what} of {}", module.name);
            logs.extend(Self::work_of(executor, &what, module.address, &mut work)?);
        }
        Ok(logs)
    }
}

impl NativeCalls for NativeModules {
    fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    fn is_native(&self, address: &Address) -> bool {
        self.addresses.contains(address) || self.family(address).is_some()
    }

    fn call(&self, host: &mut dyn Host, input: &[u8]) -> Result<Bytes, CallError> {
        let address = host.frame().address;
        match (self.modules.iter().find(|module| module.address == address), self.family(&address)) {
            (Some(module), _) => (module.call)(host, input),
            (None, Some(family)) => (family.call)(host, input),
            (None, None) => Err(Fault::invariant(format!("no native module at {address}")).into()),
        }
    }
}
