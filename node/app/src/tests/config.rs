//! Layers, origins, unknown keys, bounds.

use crate::config::{Config, ConfigError, ConfigFlags, Layers, Loaded, SETTINGS, Setting, template};
use std::path::PathBuf;

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn load(toml: &str, variables: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Loaded, ConfigError> {
    let (_folder, path) = file(toml);
    Layers {
        command: Some(("dev", vec![("log.filter", "warn".to_owned())])),
        file: Some(path),
        environment: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        flags: ConfigFlags { given: flags.iter().map(|(path, text)| (*path, (*text).to_owned())).collect() },
    }
    .load()
}

#[test]
fn the_table_lists_exactly_the_keys_of_the_configuration() {
    let value = serde_json::to_value(Config::default()).unwrap();
    let mut keys = Vec::new();
    for (section, entries) in value.as_object().unwrap() {
        keys.extend(entries.as_object().unwrap().keys().map(|key| format!("{section}.{key}")));
    }
    let mut table: Vec<_> = SETTINGS.iter().map(|setting| setting.path.to_owned()).collect();
    keys.sort();
    table.sort();
    assert_eq!(keys, table);
    let mut variables: Vec<_> = SETTINGS.iter().map(Setting::variable).collect();
    variables.sort();
    variables.dedup();
    assert_eq!(variables.len(), SETTINGS.len(), "two settings share a variable");
}

#[test]
fn defaults_are_sound() {
    let loaded = Layers::default().load().unwrap();
    assert_eq!(loaded.config, Config::default());
}

#[test]
fn later_layers_win_and_each_value_knows_its_origin() {
    let toml = "[rpc]\nport = 1000\nmax_batch = 7\nmax_connections = 5\n[store]\nmemory_mb = 64\n";
    let variables = [("ASSAY_RPC_PORT", "2000"), ("ASSAY_RPC_MAX_BATCH", "8")];
    let loaded = load(toml, &variables, &[("rpc.port", "3000"), ("rpc.namespaces", "eth, net")]).unwrap();
    let rpc = &loaded.config.rpc;
    assert_eq!((rpc.port, rpc.max_batch, rpc.max_connections), (3000, 8, 5));
    assert_eq!(rpc.namespaces, ["eth", "net"]);
    assert_eq!(loaded.config.store.memory_mb, 64);
    assert_eq!(loaded.config.log.filter, "warn");
    assert_eq!(loaded.origin("rpc.port"), "flag --rpc-port");
    assert_eq!(loaded.origin("rpc.max_batch"), "variable ASSAY_RPC_MAX_BATCH");
    assert!(loaded.origin("rpc.max_connections").ends_with("node.toml"));
    assert_eq!(loaded.origin("log.filter"), "default of `assay dev`");
    assert_eq!(loaded.origin("rpc.host"), "default");
    let shown = loaded.to_toml(true);
    let line = shown.lines().find(|line| line.starts_with("max_batch")).unwrap();
    assert!(line.starts_with("max_batch = 8 ") && line.ends_with("# variable ASSAY_RPC_MAX_BATCH"), "{line}");
}

#[test]
fn what_is_shown_can_be_read_again() {
    let loaded = load("[rpc]\nport = 1000\ncors = [\"https://a.example\"]\n", &[], &[]).unwrap();
    let again = load(&loaded.to_toml(true), &[], &[]).unwrap();
    assert_eq!(again.config, loaded.config);
    assert_eq!(load(&template().unwrap(), &[], &[("log.filter", "info")]).unwrap().config.rpc, Config::default().rpc);
    let uncommented: String = template()
        .unwrap()
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") && !rest.ends_with('.') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert_eq!(load(&uncommented, &[], &[]).unwrap().config, Config::default());
}

#[test]
fn unknown_keys_name_the_nearest_and_the_line() {
    let error = load("# comment\n[rpc]\nprot = 8545\n", &[], &[]).unwrap_err();
    let ConfigError::UnknownKey { line, column, key, nearest, .. } = &error else { panic!("{error}") };
    assert_eq!((*line, *column, key.as_str(), nearest.as_deref()), (3, 1, "prot", Some("port")));
    assert!(error.to_string().ends_with("node.toml:3:1: unknown key `prot`; did you mean `port`?"), "{error}");
    let error = load("[rcp]\nport = 8545\n", &[], &[]).unwrap_err();
    assert!(error.to_string().contains("`rpc`"), "{error}");
    let error = load("[rpc]\nzzzzzzzz = 1\n", &[], &[]).unwrap_err();
    assert!(!error.to_string().contains("did you mean"), "{error}");
}

#[test]
fn wrong_files_name_the_line() {
    for (text, place) in [("[rpc]\nport = \"x\"\n", ":2:"), ("[rpc\n", ":1:"), ("[rpc]\nport = 70000\n", ":2:")] {
        let error = load(text, &[], &[]).unwrap_err();
        assert!(error.to_string().contains(place), "{error}");
    }
    let error = Layers { file: Some("/nonexistent/x.toml".into()), ..Layers::default() }.load().unwrap_err();
    assert!(error.to_string().starts_with("/nonexistent/x.toml: "), "{error}");
}

#[test]
fn unknown_variables_are_errors_where_they_look_like_settings() {
    let error = load("", &[("ASSAY_RPC_PROT", "1")], &[]).unwrap_err();
    assert_eq!(error.to_string(), "unknown environment variable `ASSAY_RPC_PROT`; did you mean `ASSAY_RPC_PORT`?");
    assert!(load("", &[("ASSAY_RPCPORT", "1")], &[]).is_err());
    for other in ["ASSAY_KILLS", "ASSAY_SEED", "ASSAY_BIN", "ASSAY_DATA_DIR", "ASSAY_CONFIG", "ASSAY_GIT_HASH"] {
        load("", &[(other, "1")], &[]).unwrap();
    }
}

#[test]
fn wrong_values_name_their_origin() {
    let error = load("", &[("ASSAY_RPC_PORT", "many")], &[]).unwrap_err().to_string();
    assert_eq!(error, "rpc.port = `many` (variable ASSAY_RPC_PORT): expected a whole number");
    let error = load("", &[], &[("rpc.port", "70000")]).unwrap_err().to_string();
    assert!(error.contains("rpc.port") && error.contains("flag --rpc-port"), "{error}");
    let error = load("", &[], &[("log.format", "xml")]).unwrap_err().to_string();
    assert!(error.contains("log.format") && error.contains("flag --log-format"), "{error}");
}

#[test]
fn gossip_is_one_port_above_consensus_unless_it_is_told_otherwise() {
    let addresses = |toml: &str| load(toml, &[], &[]).unwrap().config.p2p.addresses().unwrap();
    let derived = addresses("[p2p]\nlisten = \"0.0.0.0:27002\"\npeers = [\"a.example:27012\"]");
    assert_eq!(derived.gossip_listen.to_string(), "/ip4/0.0.0.0/tcp/27003");
    assert_eq!(derived.gossip_peers[0].to_string(), "/dns/a.example/tcp/27013");
    let given = addresses("[p2p]\ngossip_listen = \"127.0.0.1:5\"\ngossip_peers = [\"a.example:6\"]");
    assert_eq!((given.gossip_listen.port, given.gossip_peers[0].port), (5, 6));
    let own = "[p2p]\nlisten = \"127.0.0.1:27002\"\npeers = [\"127.0.0.1:27002\"]";
    let error = load(own, &[], &[]).unwrap_err().to_string();
    assert!(error.contains("p2p.peers") && error.contains("is this node itself"), "{error}");
}

#[test]
fn relations_between_settings_are_checked() {
    for (path, value, reason) in [
        ("admin.port", "8545", "is also rpc.port"),
        ("store.memory_mb", "1", "must be 32 to"),
        ("mempool.sender_transactions_max", "1000000", "must be 1 to 100000"),
        ("rpc.namespaces", "eth,debgu", "did you mean `debug`?"),
        ("rpc.host", "no such host", ""),
        ("rpc.cors", "local,https://a.example", "stand alone"),
        ("log.filter", "assay=loud", ""),
        ("query.gas_max", "21000", "must be"),
        ("p2p.listen", "localhost:1", "needs an IP address"),
        ("p2p.listen", "/ip4/127.0.0.1/udp/1", "is neither"),
        ("p2p.listen", "127.0.0.1:65535", "leaves no port above"),
        ("p2p.peers", "10.0.0.1:27002,10.0.0.1:0", "a peer has a port"),
        ("p2p.peers", "10.0.0.1:27002,/ip4/10.0.0.1/tcp/27002", "listed twice"),
        ("p2p.peers", "/ip4/10.0.0.1/tcp/27002/p2p/Qm", "is no peer id"),
        ("p2p.gossip_peers", "10.0.0.1", "is neither"),
        ("p2p.connections_per_ip_max", "0", "must be 1 to"),
        ("p2p.moniker", "a\nb", "control character"),
    ] {
        let error = load("", &[], &[(path, value)]).unwrap_err();
        let ConfigError::Value { key, origin, .. } = &error else { panic!("{path}: {error}") };
        assert_eq!(key, path);
        assert!(origin.starts_with("flag --"), "{origin}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}
