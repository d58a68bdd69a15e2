//! The executive: a chain's rules, ready to be applied.

use crate::Parent;
use crate::natives::NativeModules;
use alloy_primitives::B256;
use assay_abi::staking::STAKING;
use assay_genesis::{ChainSpec, Params, SpecError};
use assay_kernel::{NativeCalls as _, StateView};
use assay_primitives::Bps;
use assay_primitives::{Fault, Height, ValidatorSet};
use assay_vm::{ChainRules, FeeSplit};
use std::sync::Arc;

/// The state-transition function of one chain.
#[derive(Debug)]
pub struct Executive {
    spec: Arc<ChainSpec>,
    spec_hash: B256,
    validators: ValidatorSet,
    natives: NativeModules,
}

impl Executive {
    /// The executive of a chain.
    ///
    /// # Errors
    /// A specification that does not validate.
    pub fn new(spec: Arc<ChainSpec>) -> Result<Self, SpecError> {
        let natives = NativeModules::of_network(spec.kind);
        Self::with_natives(spec, natives)
    }

    /// An executive with other native modules than this version's: for tests of the mechanism, up to a running node. A
    /// chain of this version's modules takes none of its blocks.
    ///
    /// # Errors
    /// A specification that does not validate.
    pub fn with_natives(spec: Arc<ChainSpec>, natives: NativeModules) -> Result<Self, SpecError> {
        spec.validate()?;
        let validators = spec.validator_set()?;
        Ok(Self { spec_hash: spec.hash(), spec, validators, natives })
    }

    /// The specification.
    pub const fn spec(&self) -> &Arc<ChainSpec> {
        &self.spec
    }

    /// Hash of the specification.
    pub const fn spec_hash(&self) -> B256 {
        self.spec_hash
    }

    /// EIP-155 chain id.
    pub fn chain_id(&self) -> u64 {
        self.spec.chain_id
    }

    /// The chain's parameters.
    pub fn params(&self) -> &Params {
        &self.spec.params
    }

    /// The validators of a height, from the state after any block at most two below it; those of the last thousand
    /// heights are known too. A chain without the staking module keeps those of genesis.
    ///
    /// # Errors
    /// A [`Fault`] of the view, or for a height that it does not know.
    pub fn validators(&self, view: &dyn StateView, height: Height) -> Result<ValidatorSet, Fault> {
        if !self.stakes() {
            return Ok(self.validators.clone());
        }
        let set = assay_staking::api::validators(view, height.get())?;
        set.ok_or_else(|| Fault::invariant(format!("the validators of height {height} are not known any more")))
    }

    /// The same for a block after `parent`, which may know them.
    pub(crate) fn validators_at(
        &self,
        view: &dyn StateView,
        parent: &Parent,
        height: Height,
    ) -> Result<Arc<ValidatorSet>, Fault> {
        match parent.validators(height) {
            Some(known) => Ok(Arc::clone(known)),
            None => self.validators(view, height).map(Arc::new),
        }
    }

    /// Whether the chain has the staking module.
    pub(crate) fn stakes(&self) -> bool {
        self.natives.addresses().contains(&STAKING)
    }

    /// The rules that the machine runs under.
    pub(crate) fn rules(&self) -> ChainRules {
        let fees = &self.params().fee_split;
        let collector = (fees.stakers > Bps::ZERO && self.stakes()).then_some(STAKING);
        let split = FeeSplit { burned: fees.burned, collector };
        ChainRules::assay(self.chain_id(), self.spec.kind, split)
    }

    /// The native modules, in dispatch order.
    pub(crate) const fn natives(&self) -> &NativeModules {
        &self.natives
    }
}
