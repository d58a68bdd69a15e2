//! Agreement of four validators that come and go.

use super::{Network, Node, Setup};
use crate::support::{CHAIN_ID, validators};
use assay_consensus::verify_late_vote;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_validators_agree_lose_one_and_take_it_back() {
    let mut network = Network::of(1..=4, Setup::fast());
    network.start_all().await;
    network.reach(8).await;
    // One of four is gone: the others go on.
    network.0[3].stop().await;
    network.reach(network.tip() + 4).await;
    // It comes back, catches up by value sync and votes again; a full node joins from nothing.
    network.start(3).await;
    network.0.push(Node::new(0, Setup::fast()));
    network.start(4).await;
    network.reach(network.tip() + 6).await;
    network.stop_all().await;
    network.agree();
    for node in &network.0 {
        for vote in &node.chain.disk.lock().unwrap().late {
            verify_late_vote(CHAIN_ID, &validators(4), vote).unwrap();
        }
    }
}
