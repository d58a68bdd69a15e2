//! The disk as an enemy: a flipped byte in every file, and a disk that fills up.

use crate::crash::{dev_account, transfer};
use crate::support::{Node, get};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            files(&entry.path(), out);
        } else {
            out.push(entry.path());
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").args(["-a", from.to_str().unwrap(), to.to_str().unwrap()]).status().unwrap();
    assert!(status.success());
}

/// A chain with some blocks; returns what must still be true of it: hashes of transactions and their blocks.
async fn small_chain(data: &str) -> Vec<(String, String)> {
    let node = Node::dev(&["--data-dir", data]);
    let rpc = node.client();
    let mut known = Vec::new();
    for nonce in 0..20 {
        let raw = transfer(&dev_account(30), nonce, 31337);
        let receipt = rpc.get("eth_sendRawTransactionSync", json!([raw])).await;
        let text = |key: &str| receipt[key].as_str().unwrap().to_owned();
        known.push((text("transactionHash"), text("blockHash")));
    }
    let (code, _) = node.terminate();
    assert_eq!(code, Some(0));
    known
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_byte_in_any_file_is_survived_or_named() {
    let dir = tempfile::tempdir().unwrap();
    let original = dir.path().join("data");
    let known = small_chain(original.to_str().unwrap()).await;
    let mut all = Vec::new();
    files(&original, &mut all);
    let mut survived = 0;
    let mut refused = 0;
    for (i, file) in all.iter().enumerate() {
        let length = fs::metadata(file).unwrap().len();
        // RocksDB's own log and lock files hold nothing that is read back.
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if length == 0 || name.starts_with("LOG") || name == "LOCK" {
            continue;
        }
        let damaged = dir.path().join(format!("damaged-{i}"));
        copy(&original, &damaged);
        let target = damaged.join(file.strip_prefix(&original).unwrap());
        let mut bytes = fs::read(&target).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 0x41;
        fs::write(&target, bytes).unwrap();
        match Node::try_dev(&["--data-dir", damaged.to_str().unwrap()]) {
            Ok(node) => {
                let rpc = node.client();
                for (hash, block) in &known {
                    match rpc.call("eth_getTransactionReceipt", json!([hash])).await {
                        Ok(receipt) => {
                            assert_eq!(receipt["blockHash"].as_str(), Some(block.as_str()), "{name}: {receipt}");
                        }
                        // A read that meets the damage says so; the node stops for it.
                        Err(e) => assert!(
                            e.contains("corrupt") || e.contains("refused") || e.contains("closed"),
                            "{name}: {e}"
                        ),
                    }
                }
                survived += 1;
            }
            Err(said) => {
                assert!(!said.contains("panicked"), "{name}: {said}");
                assert!(said.contains("assay "), "{name}: the answer names no command: {said}");
                refused += 1;
            }
        }
        let _ = fs::remove_dir_all(&damaged);
    }
    println!("{survived} damaged files survived, {refused} refused with a command");
    assert!(survived + refused > 3);
}

struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l", self.0.to_str().unwrap()]).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mount = dir.path().join("small");
    fs::create_dir(&mount).unwrap();
    let done =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=160m", "tmpfs", mount.to_str().unwrap()]).output();
    if !done.is_ok_and(|o| o.status.success()) {
        println!("skipped: no right to mount a small file system");
        return;
    }
    let _mounted = Mounted(mount.clone());
    let data = mount.join("data");
    let node = Node::dev(&["--data-dir", data.to_str().unwrap()]);
    let rpc = node.client();
    let filler = mount.join("filler");
    let status =
        Command::new("dd").args(["if=/dev/zero", &format!("of={}", filler.display()), "bs=64k"]).output().unwrap();
    assert!(!status.status.success(), "the small file system did not fill up");
    let signer = dev_account(31);
    // What cannot be kept is not taken: the answer names the disk, readiness turns, and reads go on.
    let mut told = Vec::new();
    let mut nonce = 0;
    let refused = loop {
        assert!(nonce < 40_000, "nobody noticed that the disk is full");
        match rpc.call("eth_sendRawTransactionSync", json!([transfer(&signer, nonce, 31337), 2_000])).await {
            Ok(receipt) => told.push(receipt["transactionHash"].as_str().unwrap().to_owned()),
            Err(e) => break e,
        }
        nonce += 1;
    };
    assert!(refused.to_lowercase().contains("space"), "{refused}");
    let (status, body) = get(&node.admin(), "/ready");
    assert!(status == 503 && body.contains("disk"), "{status}: {body}");
    assert!(rpc.get("eth_blockNumber", json!([])).await.is_string());
    fs::remove_file(&filler).unwrap();
    for _ in 0..5 {
        let raw = transfer(&signer, nonce, 31337);
        let receipt = rpc.get("eth_sendRawTransactionSync", json!([raw, 5_000])).await;
        told.push(receipt["transactionHash"].as_str().unwrap().to_owned());
        nonce += 1;
    }
    node.kill();
    let node = Node::dev(&["--data-dir", data.to_str().unwrap()]);
    for hash in &told {
        let receipt = node.client().get("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1", "{hash}");
    }
    println!("{} receipts around a full disk, all there after a kill; the answer was: {refused}", told.len());
}
