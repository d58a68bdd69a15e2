//! A test network as it is written: folders, keys, guards, settings, ports.

use crate::config::Layers;
use crate::data_dir::DataDir;
use crate::keys::{NodeKeys, Passphrase, load};
use crate::testnet::{Order, Plan, Role, create};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn order() -> Order {
    Order {
        validators: 4,
        full_nodes: 1,
        chain_id: Some(4_242),
        block_time_ms: 250,
        base_port: 21_000,
        hosts: vec!["127.0.0.1".to_owned()],
    }
}

fn config(folder: &Path) -> crate::config::Config {
    Layers { file: Some(folder.join("config.toml")), ..Layers::default() }.load().unwrap().config
}

#[test]
fn a_network_is_whole_and_each_validator_can_sign_once() {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("net");
    let plan = create(&out, &order()).unwrap();
    assert_eq!(Plan::read(&out).unwrap(), plan);
    let mut addresses = Vec::new();
    for (index, node) in plan.nodes.iter().enumerate() {
        let data_dir = DataDir::at(&out.join(&node.name)).unwrap();
        let spec = data_dir.chain().unwrap();
        assert_eq!((spec.hash(), spec.chain_id, spec.validators.len()), (plan.spec_hash, 4_242, 4));
        assert_eq!(spec.params.timing.block_interval_ms, 250);
        assert_eq!(data_dir.open_to_others(), None);
        let keys = load(&data_dir, &spec, || Passphrase::read(Some(&data_dir.passphrase_file()))).unwrap();
        let guard = assay_consensus::guard::guard_path(&data_dir.consensus());
        assert_eq!(guard.exists(), index < 4);
        match (node.role, keys) {
            (Role::Validator, NodeKeys::Validator(keys)) => {
                assert_eq!(Some(keys.consensus.address()), node.validator);
                assert_eq!(Some(keys.network.peer_id()), node.peer_id);
                let mode = std::fs::metadata(data_dir.passphrase_file()).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
                addresses.push(keys.consensus.address());
            }
            (Role::Full, NodeKeys::Full(_)) => assert!(!data_dir.passphrase_file().exists()),
            (role, keys) => panic!("{role}: {keys:?}"),
        }
    }
    addresses.dedup();
    assert_eq!(addresses.len(), 4, "four different keys");
}

#[test]
fn every_node_knows_every_other_validator() {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("net");
    let plan = create(&out, &order()).unwrap();
    for (index, node) in plan.nodes.iter().enumerate() {
        let config = config(&out.join(&node.name));
        let base = 21_000 + 10 * u16::try_from(index).unwrap();
        assert_eq!((config.rpc.port, config.admin.port), (base, base + 1));
        let addresses = config.p2p.addresses().unwrap();
        assert_eq!((addresses.listen.port, addresses.gossip_listen.port), (base + 2, base + 3));
        let others: Vec<_> = plan.nodes[..4].iter().filter(|other| other.name != node.name).collect();
        assert_eq!(addresses.peers.len(), others.len());
        for (peer, other) in addresses.peers.iter().zip(others) {
            assert_eq!((peer.port, &peer.peer_id), (other.p2p_port, &other.peer_id));
        }
        assert_eq!(node.rpc_url(&out).unwrap(), format!("http://127.0.0.1:{base}"));
    }
}

#[test]
fn nodes_of_several_hosts_share_ports_but_not_addresses() {
    let parent = tempfile::tempdir().unwrap();
    let hosts = ["10.0.0.1", "10.0.0.2", "node.example.org", "10.0.0.1"].map(str::to_owned).to_vec();
    let out = parent.path().join("net");
    let plan = create(&out, &Order { full_nodes: 0, hosts, ..order() }).unwrap();
    let ports: Vec<_> = plan.nodes.iter().map(|node| node.rpc_port()).collect();
    assert_eq!(ports, [21_000, 21_000, 21_000, 21_010]);
    let config = config(&out.join("node2"));
    assert_eq!((config.rpc.host.as_str(), config.admin.host.as_str()), ("0.0.0.0", "127.0.0.1"));
    assert_eq!(config.rpc.hosts, ["node.example.org"]);
    assert_eq!(config.p2p.addresses().unwrap().listen.to_string(), "/ip4/0.0.0.0/tcp/21002");
    assert_eq!(plan.nodes[2].rpc_url(&out).unwrap(), "http://node.example.org:21000");
}

#[test]
fn what_cannot_be_is_refused_and_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("net");
    for (order, reason) in [
        (Order { hosts: vec!["a".to_owned(), "b".to_owned()], ..order() }, "2 hosts for 5 nodes"),
        (Order { base_port: 65_530, ..order() }, "too high"),
        (Order { base_port: 0, hosts: vec!["10.0.0.1".to_owned()], ..order() }, "may not be on other hosts"),
        (Order { chain_id: Some(0), ..order() }, "cannot be"),
    ] {
        let error = create(&out, &order).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0, "{reason}");
    }
    std::fs::create_dir(&out).unwrap();
    assert!(create(&out, &order()).unwrap_err().to_string().contains("exists already"));
    assert!(Plan::read(&out).unwrap_err().to_string().contains("assay testnet init"));
}
