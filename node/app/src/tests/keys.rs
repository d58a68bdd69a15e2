//! Keystores: round trip, wrong passphrases, hostile files, a validator's entry.

use crate::data_dir::DataDir;
use crate::keys::{
    KeyError, KeyKind, Passphrase, PublicPart, genesis_entry, list, load, load_validator, read_line_from, read_secret,
    store,
};
use crate::keys::{ValidatorKeys, dev_spec};
use assay_primitives::TimestampMs;
use std::path::Path;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).unwrap()
}

fn put(folder: &Path, kind: KeyKind, secret: [u8; 32]) -> std::path::PathBuf {
    let owner = match PublicPart::of(KeyKind::Consensus, &[1; 32], None).unwrap() {
        PublicPart::Consensus { consensus_address, .. } => consensus_address,
        _ => unreachable!(),
    };
    let public = PublicPart::of(kind, &secret, Some(owner)).unwrap();
    store(folder, &kind.to_string(), &public, &secret, &passphrase("correct horse")).unwrap()
}

#[test]
fn every_kind_survives_the_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [KeyKind::Consensus, KeyKind::Randomness, KeyKind::Network, KeyKind::Account];
    for kind in kinds {
        let path = put(folder.path(), kind, [7; 32]);
        assert_eq!(*read_secret(&path, &passphrase("correct horse")).unwrap(), [7; 32]);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&"07".repeat(32)), "the secret is in the file");
        let error = read_secret(&path, &passphrase("wrong")).unwrap_err();
        assert!(matches!(error, KeyError::WrongPassphrase { .. }), "{error}");
        assert!(error.to_string().contains("wrong passphrase"), "{error}");
    }
    let listed: Vec<_> = list(folder.path()).unwrap().into_iter().map(|key| key.public.kind()).collect();
    assert_eq!(listed, kinds);
}

#[test]
fn a_key_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), KeyKind::Network, [1; 32]);
    let public = PublicPart::of(KeyKind::Network, &[2; 32], None).unwrap();
    let error = store(folder.path(), "network", &public, &[2; 32], &passphrase("x")).unwrap_err();
    assert!(matches!(error, KeyError::Exists { .. }), "{error}");
}

#[test]
fn an_account_keystore_is_what_other_programs_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), KeyKind::Account, [1; 32]);
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(json["version"], 3);
    assert_eq!(json["address"].as_str().unwrap().to_lowercase(), "0x1a642f0e3c3af545e7acbd38b07251b3990914f1");
    let signer = alloy_signer_local::PrivateKeySigner::from_slice(&[1; 32]).unwrap();
    assert_eq!(json["address"], signer.address().to_string().to_lowercase());
}

#[test]
fn damaged_and_hostile_keystores_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), KeyKind::Account, [1; 32]);
    let good: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for (pointer, value) in [
        ("/crypto/kdfparams/dklen", serde_json::json!(16)),
        ("/crypto/kdfparams/n", serde_json::json!(1u64 << 31)),
        ("/crypto/kdfparams/n", serde_json::json!(1000)),
        ("/crypto/kdfparams/r", serde_json::json!(0)),
        ("/crypto/kdfparams/p", serde_json::json!(1_000_000)),
        ("/crypto/cipherparams/iv", serde_json::json!("00")),
        ("/crypto/ciphertext", serde_json::json!("")),
        ("/crypto", serde_json::json!(null)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        std::fs::write(&path, bad.to_string()).unwrap();
        assert!(read_secret(&path, &passphrase("correct horse")).is_err(), "{pointer}");
    }
    std::fs::write(&path, "{").unwrap();
    assert!(matches!(read_secret(&path, &passphrase("x")), Err(KeyError::Malformed { .. })));
}

#[test]
fn passphrases_come_from_files_and_are_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pass");
    std::fs::write(&path, "correct horse\r\nsecond line\n").unwrap();
    assert_eq!(read_line_from(Some(&path)).unwrap().as_str(), "correct horse");
    std::fs::write(&path, "\n").unwrap();
    assert!(matches!(Passphrase::read(Some(&path)), Err(KeyError::NoPassphrase)));
    assert!(matches!(Passphrase::read(Some(&folder.path().join("none"))), Err(KeyError::Io { .. })));
}

#[test]
fn a_validator_is_loaded_from_its_keystores_whether_it_is_in_the_chain_yet_or_not() {
    let parent = tempfile::tempdir().unwrap();
    let data_dir = DataDir::at(parent.path()).unwrap();
    data_dir.create().unwrap();
    put(&data_dir.keys(), KeyKind::Consensus, [1; 32]);
    put(&data_dir.keys(), KeyKind::Randomness, [2; 32]);
    put(&data_dir.keys(), KeyKind::Network, [3; 32]);
    put(&data_dir.keys(), KeyKind::Account, [4; 32]);

    let entry = genesis_entry(&list(&data_dir.keys()).unwrap()).unwrap();
    let keys = ValidatorKeys::from_seeds([1; 32], [2; 32], [3; 32]).unwrap();
    let expected = keys.genesis(1, entry.fee_address);
    assert_eq!((entry.address, entry.randomness_key), (expected.address, expected.randomness_key));
    assert!(!entry.fee_address.is_zero());

    let mut spec = dev_spec(&keys, TimestampMs(1_700_000_000_000), None).unwrap();
    spec.validators = vec![entry];
    spec.validate().unwrap();
    let loaded = load_validator(&data_dir, &spec, || Ok(passphrase("correct horse"))).unwrap();
    assert_eq!(loaded.consensus.address(), keys.consensus.address());
    assert!(matches!(
        load_validator(&data_dir, &spec, || Ok(passphrase("wrong"))),
        Err(KeyError::WrongPassphrase { .. })
    ));

    let other = ValidatorKeys::from_seeds([9; 32], [8; 32], [7; 32]).unwrap();
    let foreign = dev_spec(&other, TimestampMs(1_700_000_000_000), None).unwrap();
    let loaded = load_validator(&data_dir, &foreign, || Ok(passphrase("correct horse"))).unwrap();
    assert_eq!(loaded.consensus.address(), keys.consensus.address());
}

#[test]
fn a_folder_without_voting_keys_is_a_full_node_and_a_part_of_them_is_an_error() {
    let parent = tempfile::tempdir().unwrap();
    let data_dir = DataDir::at(parent.path()).unwrap();
    data_dir.create().unwrap();
    let keys = ValidatorKeys::from_seeds([1; 32], [2; 32], [3; 32]).unwrap();
    let spec = dev_spec(&keys, TimestampMs(1_700_000_000_000), None).unwrap();
    let ids: Vec<_> = (0..2)
        .map(|_| load(&data_dir, &spec, || panic!("nothing to open")).unwrap())
        .map(|keys| keys.network().peer_id())
        .collect();
    assert_ne!(ids[0], ids[1], "a key of its own for each start");
    put(&data_dir.keys(), KeyKind::Network, [3; 32]);
    let full = load(&data_dir, &spec, || Ok(passphrase("correct horse"))).unwrap();
    assert!(full.validator().is_none());
    assert_eq!(full.network().peer_id(), keys.network.peer_id());
    put(&data_dir.keys(), KeyKind::Consensus, [1; 32]);
    let error = load(&data_dir, &spec, || panic!("nothing to open")).unwrap_err();
    let KeyError::Incomplete { missing: KeyKind::Randomness, .. } = error else { panic!("{error}") };
    put(&data_dir.keys(), KeyKind::Randomness, [2; 32]);
    assert!(load(&data_dir, &spec, || Ok(passphrase("correct horse"))).unwrap().validator().is_some());
}

#[test]
fn a_node_without_keys_says_how_to_make_them() {
    let parent = tempfile::tempdir().unwrap();
    let data_dir = DataDir::at(parent.path()).unwrap();
    let other = ValidatorKeys::from_seeds([9; 32], [8; 32], [7; 32]).unwrap();
    let spec = dev_spec(&other, TimestampMs(1_700_000_000_000), None).unwrap();
    let error = load_validator(&data_dir, &spec, || panic!("nothing to open")).unwrap_err();
    assert!(error.to_string().contains("assay keys new validator --data-dir"), "{error}");
}

#[test]
fn a_consensus_key_proves_its_possession_as_staking_asks() {
    use assay_abi::staking::POSSESSION_PREFIX;
    let key = assay_consensus::ConsensusKey::from_bytes([3; 32]);
    let (purpose, other) = (b"chain and operator".as_slice(), b"another operator".as_slice());
    let proof = key.prove_possession(purpose);
    let verified = |purpose: &[u8]| {
        let message = [POSSESSION_PREFIX, purpose].concat();
        assay_consensus::keys::verify_signature(key.public_key(), &message, &proof)
    };
    assert!(verified(purpose));
    assert!(!verified(other));
}
