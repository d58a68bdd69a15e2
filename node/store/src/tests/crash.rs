//! What a killed process leaves behind: copies between operations, logs cut anywhere, a full disk.

use super::fixture::{Random, TestChain, copy_folder, files, random_changes, replay, small_options};
use crate::{Store, StoreError};
use assay_primitives::{Fault, Height};

#[test]
fn a_copy_made_between_any_two_operations_opens_and_catches_up() {
    let mut random = Random::new(11);
    let mut chain = TestChain::new(small_options());
    let copies = tempfile::tempdir().unwrap();
    let mut taken = Vec::new();
    for height in 1..=16u64 {
        let changes = random_changes(&mut random, chain.state(), 24, 6);
        chain.draft(changes);
        let mut copy = |moment: &str, decided: u64, state: u64| {
            let to = copies.path().join(format!("{height}-{moment}"));
            copy_folder(&chain.path(), &to);
            taken.push((to, decided, state));
        };
        copy("before", height - 1, height - 1);
        chain.decide(height);
        copy("decided", height, height - 1);
        chain.install(height);
        copy("installed", height, height);
        if height % 5 == 0 {
            chain.reopen();
        }
    }
    for (path, decided, state) in taken {
        let store = Store::open(&path, small_options()).unwrap();
        assert_eq!(store.decided_head().map_or(0, |head| head.height.get()), decided);
        assert_eq!(store.head().unwrap().height.get(), state);
        replay(&store, &chain);
    }
}

#[test]
fn a_log_cut_anywhere_opens_and_catches_up_or_names_the_loss() {
    let mut random = Random::new(12);
    let mut chain = TestChain::new(small_options());
    chain.grow_random(&mut random, 12);
    chain.close();
    let log = files(&chain.path(), "log").pop().unwrap();
    let whole = std::fs::metadata(&log).unwrap().len();
    for cut in (0..40).map(|part| whole * part / 40).chain([whole - 1, whole - 5]) {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&chain.path(), folder.path());
        let copy = folder.path().join(log.file_name().unwrap());
        std::fs::File::options().write(true).open(&copy).unwrap().set_len(cut).unwrap();
        // With the watermark, blocks that were acknowledged and cut off are noticed.
        match Store::open(folder.path(), small_options()) {
            Ok(store) => {
                assert_eq!(store.decided_head().unwrap().height, Height(12));
                replay(&store, &chain);
            }
            Err(StoreError::Lost { file, acknowledged, found }) => {
                assert_eq!((file, acknowledged), (copy.clone(), Height(12)));
                assert!(found < acknowledged);
            }
            Err(other) => panic!("cut at {cut}: {other}"),
        }
        // A process killed at this point had not acknowledged them.
        std::fs::remove_file(folder.path().join("DECIDED")).unwrap();
        let store = Store::open(folder.path(), small_options()).unwrap();
        if store.identity().is_some() {
            replay(&store, &chain);
        }
    }
}

/// A folder on a disk of a few megabytes, or none where this user may not mount one.
fn small_disk(bytes: usize) -> Option<SmallDisk> {
    let folder = tempfile::tempdir().unwrap();
    let size = format!("size={bytes}");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
        .arg(folder.path())
        .status()
        .is_ok_and(|status| status.success());
    mounted.then_some(SmallDisk { folder: Some(folder) })
}

struct SmallDisk {
    folder: Option<tempfile::TempDir>,
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take() {
            let _ = std::process::Command::new("umount").arg(folder.path()).status();
        }
    }
}

#[test]
fn a_full_disk_is_a_storage_fault_and_the_store_goes_on_once_there_is_room() {
    let Some(disk) = small_disk(24 * 1024 * 1024) else {
        println!("SKIPPED: this user cannot mount a small disk");
        return;
    };
    let root = disk.folder.as_ref().unwrap().path().to_owned();
    let mut random = Random::new(13);
    let mut chain = TestChain::new(small_options());
    let path = root.join("store");
    // The model lives elsewhere; this store is filled from it.
    let ballast = root.join("ballast");
    std::fs::write(&ballast, vec![1; 20 * 1024 * 1024]).unwrap();
    let store = Store::open(&path, small_options()).unwrap();
    replay(&store, &chain);
    let mut fault = None;
    while fault.is_none() {
        let changes = random_changes(&mut random, chain.state(), 24, 24);
        chain.draft(changes);
        let height = chain.height();
        let block = &chain.blocks[height as usize - 1];
        let written = store.put_decided(block, &super::fixture::certificate(block, 1)).and_then(|()| {
            store.apply(crate::ApplyBlock {
                block_id: block.id(),
                header: &chain.headers[height as usize],
                prepared: store.prepare(chain.changes[height as usize].clone())?,
                receipts: &chain.receipts[height as usize],
                system_transaction: None,
            })
        });
        fault = written.err();
        assert!(height < 10_000, "the disk never filled up");
    }
    let Some(Fault::Storage(reason)) = fault else { panic!("{fault:?}") };
    assert!(reason.contains("No space left") && reason.contains(&*path.to_string_lossy()), "{reason}");
    let acknowledged = store.decided_head().unwrap().height;
    drop(store);
    std::fs::remove_file(&ballast).unwrap();
    let store = Store::open(&path, small_options()).unwrap();
    assert!(store.decided_head().unwrap().height >= acknowledged);
    replay(&store, &chain);
}
