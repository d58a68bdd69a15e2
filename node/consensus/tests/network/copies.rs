//! Copied keys and old backups: whatever an operator restores or runs twice, nobody signs two messages of one kind, height
//! and round.

use super::{Network, Node, Setup, scaled};
use crate::support::{CHAIN_ID, key};
use assay_consensus::{StopReason, guard, wal};
use assay_primitives::Height;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

fn setup() -> Setup {
    Setup { pacing: Duration::from_millis(150), timeouts: scaled(3), ..Setup::slow() }
}

/// What a guard file says was signed: kind, height and round, and the block voted for.
fn signed(folder: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let prefix = assay_consensus::message::SIGN_PREFIX;
    let bytes = std::fs::read(guard::guard_path(folder)).unwrap();
    let starts = (0..bytes.len().saturating_sub(128)).filter(|at| bytes[*at..].starts_with(prefix));
    // Chain id (8), kind (1), height (8), round (4), then the block (1 + 32).
    let messages = starts.map(|at| &bytes[at + prefix.len()..]);
    messages.map(|message| (message[8..21].to_vec(), message[21..54].to_vec())).collect()
}

fn height_of(place: &[u8]) -> u64 {
    u64::from_le_bytes(place[1..9].try_into().unwrap())
}

fn files(folder: &Path) -> [(std::path::PathBuf, Option<Vec<u8>>); 2] {
    [guard::guard_path(folder), wal::wal_path(folder)].map(|path| {
        let bytes = std::fs::read(&path).ok();
        (path, bytes)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_whole_old_backup_signs_nothing_that_the_network_has_decided() {
    let mut network = Network::of(1..=4, setup());
    network.start_all().await;
    network.reach(6).await;
    // A backup of chain, log and guard, which agree with each other.
    network.0[3].stop().await;
    let (old, backup) = (network.0[3].height(), files(network.0[3].folder.path()));
    network.start(3).await;
    reach_signed(&network, old + 20).await;
    network.0[3].stop().await;
    let before = signed(network.0[3].folder.path());
    assert!(before.keys().any(|place| height_of(place) > old + 1));

    // Everything else is lost; the backup is restored.
    let restored = Node::new(4, setup());
    restored.chain.copy(&network.0[3].chain, old);
    for ((from, bytes), name) in backup.into_iter().zip(["guard", "wal"]) {
        assert!(from.ends_with(name));
        if let Some(bytes) = bytes {
            std::fs::write(restored.folder.path().join(name), bytes).unwrap();
        }
    }
    network.0[3] = restored;
    let tip = network.0[0].height();
    network.start(3).await;
    reach_signed(&network, tip + 10).await;
    network.stop_all().await;
    network.agree();
    let after = signed(network.0[3].folder.path());
    for (place, block) in &after {
        assert!(before.get(place).is_none_or(|signed| signed == block), "signed twice at {}", height_of(place));
        assert!(height_of(place) <= old + 1 || height_of(place) + 2 > tip, "signed at decided {}", height_of(place));
    }
}

/// Waits until the last node is part of a certificate at or above a height.
async fn reach_signed(network: &Network, height: u64) {
    let own = key(network.0[3].n).address();
    let mut status = network.0[0].engine.as_ref().unwrap().status();
    let signs = status.wait_for(|status| {
        status.last_commit.as_ref().is_some_and(|c| c.height >= Height(height) && c.signed.contains(&own))
    });
    if tokio::time::timeout(Duration::from_secs(90), signs).await.is_err() {
        let (own, others) = [3, 0].map(|n| network.0[n].engine.as_ref().unwrap().status().borrow().clone()).into();
        panic!("it never signs {height}: {own:?}; the others: {others:?}");
    }
    network.reach(height).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_runs_twice_is_noticed() {
    let mut network = Network::of([1, 2, 3, 4, 4], setup());
    for index in 0..4 {
        network.start(index).await;
    }
    network.reach(5).await;
    // The copy was set up as if the key had never signed here.
    guard::reset(network.0[4].folder.path(), CHAIN_ID, &key(4), Height(0)).unwrap();
    network.start(4).await;
    let ends = |index: usize| {
        let engine = network.0[index].engine.as_ref().unwrap();
        async move { engine.stopped().await }
    };
    let reason = tokio::time::timeout(Duration::from_secs(60), async {
        tokio::select! {
            reason = ends(3) => reason,
            reason = ends(4) => reason,
        }
    });
    let reason = reason.await.expect("nobody notices");
    assert!(matches!(&reason, StopReason::Safety(text) if text.contains("in use on another machine")), "{reason}");
    let tip = network.0[0].height();
    for node in &network.0[..3] {
        crate::support::reach(&node.chain, tip + 5).await;
    }
}
