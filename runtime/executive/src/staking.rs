//! What the staking module is told: its first validators by genesis, and by each block who signed, who was late and who
//! signed twice.

use crate::natives::{NativeModule, NativeModules};
use crate::{Executive, Parent};
use alloy_primitives::{Bytes, U256};
use assay_abi::staking::STAKING;
use assay_genesis::ChainSpec;
use assay_kernel::{CallError, Ctx, Host, StateView};
use assay_primitives::{ConsensusAddress, Fault, Height, Log, SystemPayload, ValidatorSet};
use assay_staking::Staking;
use assay_staking::api::{self, BlockFacts, FirstValidator};
use assay_vm::Executor;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// The module.
pub(crate) fn module() -> NativeModule {
    NativeModule { genesis: Some(genesis), ..NativeModule::of::<Staking>("staking") }
}

fn genesis(ctx: &mut Ctx<'_>, spec: &ChainSpec) -> Result<(), CallError> {
    let operators = spec.operators();
    let first = spec.validators.iter().zip(operators).map(|(validator, operator)| FirstValidator {
        operator,
        bond: spec.bond(validator),
        address: validator.address,
        public_key: validator.public_key,
        randomness_key: validator.randomness_key,
        fee_address: validator.fee_address,
    });
    api::genesis(ctx, &spec.staking, &first.collect::<Vec<_>>())
}

/// Runs the module's work before the transactions of a block; returns its logs.
pub(crate) fn begin_block(executor: &mut Executor<'_>, facts: &BlockFacts) -> Result<Vec<Log>, Fault> {
    let mut work = |host: &mut dyn Host| api::begin(&mut Ctx::new(host), facts).map(|()| Bytes::new());
    NativeModules::work_of(executor, "begin_block of staking", STAKING, &mut work)
}

fn position(set: &ValidatorSet, address: ConsensusAddress) -> Option<u8> {
    set.iter().position(|validator| validator.address == address)?.try_into().ok()
}

impl Executive {
    /// What the payload of the block after a parent, which has been checked, says of validators. Signatures are not looked at
    /// here: whoever votes for a block has verified them.
    pub(crate) fn facts(
        &self,
        view: &dyn StateView,
        parent: &Parent,
        payload: &SystemPayload,
    ) -> Result<BlockFacts, Fault> {
        let mut facts = BlockFacts::default();
        if !self.stakes() {
            return Ok(facts);
        }
        if let Some(commit) = &payload.last_commit {
            let set = self.validators_at(view, parent, parent.height())?;
            for (bit, validator) in set.iter().enumerate() {
                if !commit.signatures.iter().any(|signature| signature.address == validator.address) {
                    facts.absent |= U256::ONE.wrapping_shl(bit);
                }
            }
        }
        let known = |height: Height| match parent.validators(height) {
            Some(set) => Ok(Some(Arc::clone(set))),
            None => Ok::<_, Fault>(api::validators(view, height.get())?.map(Arc::new)),
        };
        let mut sets: BTreeMap<Height, Option<Arc<ValidatorSet>>> = BTreeMap::new();
        for vote in &payload.late_votes {
            let set = match sets.entry(vote.height) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(known(vote.height)?),
            };
            let position = set.as_ref().and_then(|set| position(set, vote.vote.address));
            facts.late.extend(position.map(|position| (vote.height.get(), position)));
        }
        facts.offences = payload.evidence.iter().map(|piece| (piece.address, piece.height.get())).collect();
        Ok(facts)
    }
}
