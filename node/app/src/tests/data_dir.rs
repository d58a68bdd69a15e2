//! The data folder: permissions, lock, chain file.

use crate::data_dir::{DataDir, DataDirError, write_new};
use crate::keys::{dev_spec, dev_validator, load_validator, put_dev_validator};
use assay_primitives::TimestampMs;
use std::os::unix::fs::PermissionsExt as _;

fn folder() -> (tempfile::TempDir, DataDir) {
    let parent = tempfile::tempdir().unwrap();
    let data_dir = DataDir::at(&parent.path().join("data")).unwrap();
    data_dir.create().unwrap();
    (parent, data_dir)
}

#[test]
fn it_is_closed_to_others() {
    let (_parent, data_dir) = folder();
    for path in [data_dir.root().to_path_buf(), data_dir.keys(), data_dir.consensus()] {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700, "{}", path.display());
    }
    assert_eq!(data_dir.open_to_others(), None);
    std::fs::set_permissions(data_dir.keys(), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(data_dir.open_to_others(), Some(data_dir.keys()));
}

#[test]
fn one_process_uses_it() {
    let (_parent, data_dir) = folder();
    let lock = data_dir.lock().unwrap();
    let error = data_dir.lock().unwrap_err();
    let DataDirError::Locked { pid, .. } = &error else { panic!("{error}") };
    assert_eq!(*pid, std::process::id().to_string());
    assert!(error.to_string().contains("in use by another process"), "{error}");
    drop(lock);
    data_dir.lock().unwrap();
}

#[test]
fn a_chain_is_written_once_and_read_back() {
    let (_parent, data_dir) = folder();
    assert!(matches!(data_dir.chain(), Err(DataDirError::NotInitialised { .. })));
    let keys = dev_validator().unwrap();
    let spec = dev_spec(&keys, TimestampMs(1_700_000_000_000), Some(4242)).unwrap();
    data_dir.put_chain(&spec).unwrap();
    let read = data_dir.chain().unwrap();
    assert_eq!((read.hash(), read.chain_id), (spec.hash(), 4242));
    assert!(matches!(data_dir.put_chain(&spec), Err(DataDirError::Exists { .. })));
}

#[test]
fn the_development_validator_is_the_one_of_the_development_chain() {
    let (_parent, data_dir) = folder();
    let spec = dev_spec(&dev_validator().unwrap(), TimestampMs(1_700_000_000_000), None).unwrap();
    assert_eq!(spec.validators.len(), 1);
    assert_eq!(spec.hash(), dev_spec(&dev_validator().unwrap(), TimestampMs(1_700_000_000_000), None).unwrap().hash());
    let never = || panic!("no passphrase is needed");
    load_validator(&data_dir, &spec, never).unwrap();
    put_dev_validator(&data_dir.keys()).unwrap();
    put_dev_validator(&data_dir.keys()).unwrap();
    let keys = load_validator(&data_dir, &spec, || panic!("no passphrase is needed")).unwrap();
    assert_eq!(keys.consensus.address(), spec.validators[0].address);
    assert_eq!(keys.randomness.public(), spec.validators[0].randomness_key);
    assert!(dev_spec(&keys, TimestampMs(1), Some(0)).is_err());

    let path = data_dir.keys().join("dev.json");
    let other = std::fs::read_to_string(&path).unwrap().replace('a', "b");
    std::fs::write(&path, other).unwrap();
    let error = load_validator(&data_dir, &spec, || panic!("no passphrase is needed")).unwrap_err();
    assert!(error.to_string().contains("dev.json"), "{error}");
}

#[test]
fn a_file_is_never_replaced() {
    let (_parent, data_dir) = folder();
    let path = data_dir.root().join("x");
    write_new(&path, b"first").unwrap();
    assert!(write_new(&path, b"second").is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"first");
    let left: Vec<_> = std::fs::read_dir(data_dir.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with('.')), "{left:?}");
}
