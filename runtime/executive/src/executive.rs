//! The executive: a chain's rules, ready to be applied.

use crate::natives::NativeModules;
use alloy_primitives::B256;
use assay_genesis::{ChainSpec, Params, SpecError};
use assay_kernel::StateView;
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

    /// The validators of a height, from the state before it. Their powers and keys come from genesis until staking
    /// moves them into state.
    ///
    /// # Errors
    /// A [`Fault`] of the view.
    pub fn validators(&self, _view: &dyn StateView, _height: Height) -> Result<ValidatorSet, Fault> {
        Ok(self.validators.clone())
    }

    /// The rules that the machine runs under.
    pub(crate) fn rules(&self) -> ChainRules {
        let split = FeeSplit { burned: self.params().fee_split.burned, collector: None };
        ChainRules::assay(self.chain_id(), self.spec.kind, split)
    }

    /// The native modules, in dispatch order.
    pub(crate) const fn natives(&self) -> &NativeModules {
        &self.natives
    }
}
