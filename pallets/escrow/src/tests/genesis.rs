//! The module's part of a specification.

use super::support::TREASURY;
use crate::Genesis;
use assay_primitives::{Bps, NetworkKind};

fn broken(change: impl FnOnce(&mut Genesis)) -> &'static str {
    let mut genesis = Genesis::of_network(NetworkKind::Dev);
    change(&mut genesis);
    genesis.validate().unwrap_err().field
}

#[test]
fn each_bound_is_checked() {
    for kind in [NetworkKind::Main, NetworkKind::Test, NetworkKind::Dev] {
        Genesis::of_network(kind).validate().unwrap();
    }
    assert_eq!(Genesis::of_network(NetworkKind::Main).job_time_s_min, 300);
    assert_eq!(broken(|genesis| genesis.job_time_s_min = 0), "jobTimeSMin");
    assert_eq!(broken(|genesis| genesis.job_time_s_min = 86_401), "jobTimeSMin");
    assert_eq!(broken(|genesis| genesis.job_time_s_max = genesis.job_time_s_min), "jobTimeSMax");
    assert_eq!(broken(|genesis| genesis.job_time_s_max = u64::MAX), "jobTimeSMax");
    assert_eq!(broken(|genesis| genesis.evaluation_grace_s = 30 * 86_400 + 1), "evaluationGraceS");
    assert_eq!(broken(|genesis| genesis.platform_fee = Bps(1)), "treasury");
    let too_much = |genesis: &mut Genesis| (genesis.platform_fee, genesis.treasury) = (Bps(1_001), TREASURY);
    assert_eq!(broken(too_much), "platformFee");
    assert_eq!(broken(|genesis| genesis.evaluator_fee = Bps(1_001)), "evaluatorFee");
    assert_eq!(broken(|genesis| genesis.burn = Bps(1_001)), "burn");
    assert_eq!(broken(|genesis| genesis.epoch_heights = 0), "epochHeights");
    assert_eq!(broken(|genesis| genesis.bid_bond_min = 0), "bidBondMin");
    assert_eq!(broken(|genesis| genesis.reputation_half = 0), "reputationHalf");
}
