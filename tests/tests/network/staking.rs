//! The validator set follows the stakes on a running network: a fifth validator joins, a key is rotated, one leaves.

use crate::crash::dev_account;
use crate::support::{Rpc, binary, quantity};
use crate::testnet::{CHAIN_ID, PATIENCE, Testnet, height, reach, same_chain};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use assay_abi::staking::{IStaking, POSSESSION_PREFIX, STAKING};
use assay_genesis::consensus_address;
use assay_primitives::ConsensusAddress;
use assay_primitives::vrf::RandomnessSecret;
use ed25519_consensus::SigningKey;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

pub(super) const EPOCH: u64 = 20;
pub(super) const COIN: u128 = 1_000_000_000_000_000_000;

/// Gives the network short epochs, and other parameters of staking; every node has the same specification.
pub(super) fn shorten(network: &Testnet, nodes: usize, more: &[(&str, u64)]) {
    for node in 0..nodes {
        let path = network.data_dir(node).join("chain.json");
        let mut spec: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for (name, value) in [("epochLength", EPOCH), ("unbondingEpochs", 6)].iter().chain(more) {
            spec["staking"][name] = json!(value);
        }
        std::fs::write(&path, serde_json::to_string_pretty(&spec).unwrap()).unwrap();
    }
}

/// A command on a node's folder; what it printed.
pub(super) fn assay(args: &[&str], dir: &Path) -> Option<String> {
    let output = Command::new(binary())
        .args(args)
        .arg("--data-dir")
        .arg(dir)
        .arg("--passphrase-file")
        .arg(dir.join("passphrase"))
        .output()
        .unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A secret of a node's own.
pub(super) fn secret(network: &Testnet, node: usize, kind: &str) -> [u8; 32] {
    let said = assay(&["keys", "show", "--secret", kind], &network.data_dir(node)).unwrap();
    hex::decode_to_array(said).unwrap()
}

/// Seeds of a node that is to become a validator.
pub(super) struct Seeds {
    pub(super) consensus: [u8; 32],
    pub(super) randomness: [u8; 32],
    network: [u8; 32],
}

impl Seeds {
    pub(super) fn new(byte: u8) -> Self {
        Self { consensus: [byte; 32], randomness: [byte + 1; 32], network: [byte + 2; 32] }
    }

    fn signing(&self) -> SigningKey {
        SigningKey::from(self.consensus)
    }

    fn public_key(&self) -> B256 {
        B256::from(self.signing().verification_key().to_bytes())
    }

    fn address(&self) -> ConsensusAddress {
        consensus_address(self.public_key())
    }

    fn proof(&self, operator: Address) -> Bytes {
        let message = [POSSESSION_PREFIX, &CHAIN_ID.to_be_bytes(), STAKING.as_slice(), operator.as_slice()].concat();
        Bytes::copy_from_slice(&self.signing().sign(&message).to_bytes())
    }

    /// Makes a full node's folder a validator's, as an operator does it.
    pub(super) fn install(&self, network: &Testnet, node: usize) {
        let dir = network.data_dir(node);
        std::fs::write(dir.join("passphrase"), "correct horse\n").unwrap();
        let run = |args: &[&str]| {
            let said = assay(args, &dir);
            assert!(said.is_some(), "{args:?}");
        };
        let kinds = [("consensus", self.consensus), ("randomness", self.randomness), ("network", self.network)];
        for (kind, seed) in kinds {
            let file = dir.join(format!("{kind}.hex"));
            std::fs::write(&file, hex::encode(seed)).unwrap();
            run(&["keys", "import", kind, "--key-file", file.to_str().unwrap()]);
        }
        run(&["guard", "create"]);
    }
}

/// Sends a call to the staking module and waits for its receipt, which must be a success.
pub(super) async fn send<C: SolCall>(rpc: &Rpc, signer: &PrivateKeySigner, value: u128, call: &C) -> Value {
    let nonce = rpc.get("eth_getTransactionCount", json!([signer.address(), "pending"])).await;
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce: quantity(&nonce),
        gas_limit: 3_000_000,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(STAKING),
        value: U256::from(value),
        input: call.abi_encode().into(),
        ..Default::default()
    };
    let signature = signer.sign_hash_sync(&tx.signature_hash()).unwrap();
    let raw = hex::encode_prefixed(TxEnvelope::from(tx.into_signed(signature)).encoded_2718());
    let receipt = rpc.get("eth_sendRawTransactionSync", json!([raw, 30_000])).await;
    assert_eq!(receipt["status"], "0x1", "{}: {receipt}", C::SIGNATURE);
    receipt
}

async fn read<C: SolCall>(rpc: &Rpc, call: &C) -> C::Return {
    let request = json!({ "to": STAKING, "data": hex::encode_prefixed(call.abi_encode()) });
    let output = rpc.get("eth_call", json!([request, "latest"])).await;
    C::abi_decode_returns(&hex::decode(output.as_str().unwrap()).unwrap()).unwrap()
}

pub(super) async fn shown(rpc: &Rpc, operator: Address) -> IStaking::Validator {
    read(rpc, &IStaking::validatorCall { operator }).await
}

/// Waits until somebody is, or is no longer, in the set of the newest height.
pub(super) async fn wait_for_set(rpc: &Rpc, operator: Address, inside: bool) -> Vec<Address> {
    let began = Instant::now();
    loop {
        let height = height(rpc).await;
        let set = read(rpc, &IStaking::validatorSetCall { height }).await.operators;
        if set.contains(&operator) == inside {
            return set;
        }
        assert!(began.elapsed() < PATIENCE, "{operator} in the set: {}, at {height}", !inside);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Signers of a certificate.
async fn signers(rpc: &Rpc, height: u64) -> Vec<Address> {
    let certificate = rpc.get("assay_getCertificate", json!([format!("{height:#x}")])).await;
    let signatures = certificate["signatures"].as_array().unwrap_or_else(|| panic!("{height}: {certificate}"));
    signatures.iter().map(|one| one["address"].as_str().unwrap().parse().unwrap()).collect()
}

/// Heights after whose block a late vote still shows that a validator was there.
const PRESENCE: u64 = 10;

/// How many of the next heights the chain counts as missed by a validator, which must be in the set. A busy machine costs
/// some.
pub(super) async fn missed_within(rpc: &Rpc, heights: u64, operator: Address) -> i32 {
    let from = height(rpc).await;
    reach(rpc, from + PRESENCE).await;
    let before = i32::from(shown(rpc, operator).await.missed);
    reach(rpc, from + PRESENCE + heights).await;
    let missed = i32::from(shown(rpc, operator).await.missed) - before;
    println!("{operator} missed {missed} of about {heights} heights from {from}");
    missed
}

/// A fifth validator joins, once its randomness key is two epochs old.
async fn join(rpc: &Rpc, joins: &Seeds) {
    let newcomer = dev_account(30);
    let randomness = RandomnessSecret::from_seed(joins.randomness).unwrap();
    let creation = IStaking::createValidatorCall {
        publicKey: joins.public_key(),
        publicKeyProof: joins.proof(newcomer.address()),
        randomnessKey: randomness.public(),
        randomnessProof: Bytes::copy_from_slice(randomness.prove_possession(joins.address().0.as_slice()).as_slice()),
        feeAddress: newcomer.address(),
        commission: 500,
    };
    send(rpc, &newcomer, 10 * COIN, &creation).await;
    let set = wait_for_set(rpc, newcomer.address(), true).await;
    assert_eq!(set.len(), 5);
    assert!(missed_within(rpc, 10, newcomer.address()).await <= 5, "the newcomer votes");
    // It proposes as well: some block of the next heights is its own.
    let began = Instant::now();
    loop {
        let block = rpc.get("eth_getBlockByNumber", json!(["latest", false])).await;
        if block["miner"].as_str().unwrap().parse::<Address>().unwrap() == newcomer.address() {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "the newcomer proposes nothing");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// The second validator changes its key; whoever holds the new one takes over from the next height but one.
async fn rotate(rpc: &Rpc, rotated: &Seeds) {
    let operator = dev_account(254);
    let before = shown(rpc, operator.address()).await;
    let old = Address::from(before.consensusAddress.0);
    let call =
        IStaking::rotateConsensusKeyCall { publicKey: rotated.public_key(), proof: rotated.proof(operator.address()) };
    let receipt = send(rpc, &operator, 0, &call).await;
    let at = quantity(&receipt["blockNumber"]);
    reach(rpc, at + 12).await;
    for height in at..at + 12 {
        let signed = signers(rpc, height).await;
        let silent = if height < at + 2 { rotated.address().0 } else { old };
        assert!(!signed.contains(&silent), "{height}");
    }
    // The heights from the change on are counted by now and in the next ones.
    assert!(missed_within(rpc, 12, operator.address()).await <= 6, "whoever takes over votes");
    let missed = i32::from(shown(rpc, operator.address()).await.missed) - i32::from(before.missed);
    println!("{missed} heights were missed over the change of keys");
}

/// The fourth takes its bond back: it leaves the set with the epoch, and is paid after the delay.
async fn leave(rpc: &Rpc, network: &mut Testnet) {
    let leaver = dev_account(252);
    let shares = shown(rpc, leaver.address()).await.selfShares;
    let call = IStaking::undelegateCall { operator: leaver.address(), shares };
    send(rpc, &leaver, 0, &call).await;
    let epoch = read(rpc, &IStaking::epochCall {}).await.epoch;
    let set = wait_for_set(rpc, leaver.address(), false).await;
    assert_eq!(set.len(), 4);
    network.stop(3);
    let entries = [epoch.saturating_sub(1), epoch];
    let mut paid = None;
    for entry in entries {
        let call = IStaking::unbondingCall { operator: leaver.address(), delegator: leaver.address(), epoch: entry };
        let waiting = read(rpc, &call).await;
        if !waiting.amount.is_zero() {
            assert_eq!(waiting.amount, U256::from(10 * COIN));
            reach(rpc, waiting.dueEpoch * EPOCH + 1).await;
            send(rpc, &leaver, 0, &IStaking::withdrawCall { operator: leaver.address(), epoch: entry }).await;
            paid = Some(entry);
        }
    }
    assert!(paid.is_some(), "nothing was unbonding");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_follows_its_stakes() {
    let mut network = Testnet::init(4, 2, 200);
    shorten(&network, 6, &[]);
    let (joins, mut rotated) = (Seeds::new(0x51), Seeds::new(0x61));
    // Whoever takes over for a validator proposes with the same randomness key.
    rotated.randomness = secret(&network, 1, "randomness");
    joins.install(&network, 4);
    rotated.install(&network, 5);
    // Votes are not passed on: validators must reach each other, and testnet init introduced full nodes to the first four.
    let peers = network.settings(5).replace("peers = [", &format!("peers = [\n    \"{}\",", network.p2p_address(4)));
    std::fs::write(network.data_dir(5).join("config.toml"), peers).unwrap();
    network.start_nodes(&[0, 1, 2, 3, 4, 5]);
    let rpc = network.rpc(0);
    reach(&rpc, 3).await;
    assert!(network.node(4).log().contains("in no validator set"), "{}", network.node(4).log());

    join(&rpc, &joins).await;
    rotate(&rpc, &rotated).await;
    leave(&rpc, &mut network).await;
    same_chain(&network.clients()).await;
}
