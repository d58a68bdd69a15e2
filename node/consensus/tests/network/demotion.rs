//! A dead proposer is asked last: it costs one timeout per window, not one per turn.

use super::{Network, Setup, measure, scaled};
use std::time::Duration;

/// The usual proportion of pacing and timeouts, a fifth as long.
fn setup() -> Setup {
    Setup { pacing: Duration::from_millis(100), timeouts: scaled(5), ..Setup::slow() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_four_silent_costs_one_timeout_per_window() {
    let mut network = Network::of(1..=4, setup());
    network.start_all().await;
    network.reach(3).await;
    let (healthy, _) = measure(&network, 20).await;
    network.0[3].stop().await;
    let (rate, late) = measure(&network, 72).await;
    println!("healthy {healthy:.1}/s, one of four silent {rate:.1}/s, {late} of 72 heights after a timeout");
    // Without demotion every fourth of the 72 would wait. Some more may where the machine is busy.
    assert!(late <= 8, "{late} heights were late");
    assert!(rate >= healthy * 0.6, "{rate:.1}/s of {healthy:.1}/s");

    // Back after a restart of the others too, all agree on who proposes.
    for index in 0..3 {
        network.0[index].stop().await;
        network.start(index).await;
    }
    network.start(3).await;
    network.reach(network.tip() + 8).await;
    network.stop_all().await;
    network.agree();
}
