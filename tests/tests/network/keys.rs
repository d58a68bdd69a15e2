//! A validator never signs twice: second processes, copied keys, old backups.

use crate::testnet::{Testnet, height, reach, same_chain};
use std::path::Path;
use std::process::Command;

/// Flags with which two nodes of one folder's settings could run side by side.
const ELSEWHERE: &[&str] = &["--rpc-port", "0", "--admin-port", "0", "--p2p-listen", "127.0.0.1:0"];

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_refuses_every_second_signer() {
    let mut network = Testnet::start(4, 200);
    reach(&network.rpc(0), 3).await;

    // A second process on the same folder.
    let said = network.refuses(0, ELSEWHERE);
    assert!(said.contains("in use by another process"), "{said}");

    // The keys alone, in a folder of their own: nobody knows what they have signed.
    let (original, copied) = (network.data_dir(3), network.dir.join("copied"));
    std::fs::create_dir(&copied).unwrap();
    for name in ["chain.json", "config.toml", "passphrase"] {
        std::fs::copy(original.join(name), copied.join(name)).unwrap();
    }
    copy(&original.join("keys"), &copied.join("keys"));
    network.stop(3);
    copy(&original, &network.dir.join("whole"));
    std::fs::rename(&original, network.dir.join("away")).unwrap();
    std::fs::rename(&copied, &original).unwrap();
    let said = network.refuses(3, ELSEWHERE);
    assert!(said.contains("signing guard") && said.contains("is missing"), "{said}");
    std::fs::remove_dir_all(&original).unwrap();
    std::fs::rename(network.dir.join("away"), &original).unwrap();

    // The consensus folder of an old backup under a newer chain.
    let old = network.dir.join("old");
    copy(&original.join("consensus"), &old);
    network.start_nodes(&[3]);
    let tip = height(&network.rpc(0)).await;
    reach(&network.rpc(3), tip + 5).await;
    network.stop(3);
    copy(&original.join("consensus"), &network.dir.join("newest"));
    copy(&old, &original.join("consensus"));
    let said = network.refuses(3, ELSEWHERE);
    assert!(said.contains("old copy") && said.contains("assay guard reset"), "{said}");

    // With the newest one it goes on.
    copy(&network.dir.join("newest"), &original.join("consensus"));
    network.start_nodes(&[3]);
    let tip = height(&network.rpc(0)).await;
    reach(&network.rpc(3), tip + 2).await;
    same_chain(&network.clients()).await;
}
