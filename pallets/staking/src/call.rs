//! The module's functions: a table with the gas of each, on top of what storage costs.

use crate::{blocks, handlers};
use alloy_primitives::Address;
use assay_abi::staking::{IStaking, STAKING};
use assay_kernel::{CallError, Ctx, Entry, Pallet, calls};

/// The staking module.
#[derive(Clone, Copy, Debug)]
pub struct Staking;

impl Pallet for Staking {
    const ADDRESS: Address = STAKING;

    fn entries() -> &'static [Entry] {
        calls! {
            payable(1_000) IStaking::createValidatorCall => handlers::create_validator::create_validator,
            write(500) IStaking::deactivateCall => handlers::activity::deactivate,
            write(500) IStaking::activateCall => handlers::activity::activate,
            write(500) IStaking::unjailCall => handlers::activity::unjail,
            write(500) IStaking::setCommissionCall => handlers::settings::set_commission,
            write(500) IStaking::setFeeAddressCall => handlers::settings::set_fee_address,
            write(1_000) IStaking::rotateConsensusKeyCall => handlers::rotate::consensus_key,
            write(1_000) IStaking::rotateRandomnessKeyCall => handlers::rotate::randomness_key,
            payable(500) IStaking::delegateCall => handlers::delegate::delegate,
            write(500) IStaking::undelegateCall => handlers::delegate::undelegate,
            write(500) IStaking::withdrawCall => handlers::withdraw::withdraw,
            write(500) IStaking::redelegateCall => handlers::withdraw::redelegate,
            write(500) IStaking::withdrawRewardsCall => handlers::withdraw::rewards,
            write(500) IStaking::withdrawCommissionCall => handlers::withdraw::commission,
            payable(500) IStaking::bondAgentCall => handlers::bonds::bond,
            write(500) IStaking::confirmAgentBondCall => handlers::bonds::confirm,
            write(500) IStaking::unbondAgentCall => handlers::bonds::unbond,
            write(500) IStaking::withdrawAgentBondCall => handlers::bonds::withdraw,
            view(100) IStaking::agentBondCall => handlers::bonds::shown,
            view(100) IStaking::agentLockCall => handlers::bonds::lock_of,
            view(200) IStaking::validatorCall => handlers::views::validator,
            view(200) IStaking::operatorsCall => handlers::views::operators,
            view(100) IStaking::operatorOfCall => handlers::views::operator_of,
            view(100) IStaking::delegationCall => handlers::views::delegation,
            view(100) IStaking::unbondingCall => handlers::views::unbonding,
            view(100) IStaking::epochCall => handlers::views::epoch,
            view(200) IStaking::validatorSetCall => handlers::views::validator_set,
            view(100) IStaking::issuanceCall => handlers::views::issuance,
        }
    }

    fn end_block(ctx: &mut Ctx<'_>) -> Result<(), CallError> {
        blocks::end(ctx)
    }
}
