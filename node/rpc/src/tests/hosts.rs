//! Host and origin filters, and the text of the admin port.

use crate::admin::{is_stale, join_metrics};
use crate::config::{Cors, Namespace, RpcConfig};
use crate::hosts::{host_allowed, origin_allowed};
use assay_chain::Health;
use assay_primitives::TimestampMs;
use std::time::Duration;

#[test]
fn names_of_others_are_refused() {
    for ok in ["localhost", "localhost:8545", "LOCALHOST:1", "127.0.0.1:8545", "[::1]:8545", "[::1]", "192.0.2.7:8545"]
    {
        assert!(host_allowed(ok, &[]), "{ok}");
    }
    for bad in ["evil.example", "evil.example:8545", "localhost.evil.example", "", "127.0.0.1.nip.example:80"] {
        assert!(!host_allowed(bad, &[]), "{bad}");
        assert!(host_allowed(bad, &["*".to_owned()]), "{bad}");
    }
    assert!(host_allowed("rpc.example:443", &["rpc.example".to_owned()]));
}

#[test]
fn pages_of_others_are_refused() {
    for ok in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173"] {
        assert!(origin_allowed(ok, &Cors::Local), "{ok}");
    }
    for bad in ["https://evil.example", "null", "http://localhost.evil.example", "file://localhost"] {
        assert!(!origin_allowed(bad, &Cors::Local), "{bad}");
    }
    let listed = Cors::Origins(vec!["https://app.example".to_owned()]);
    assert!(origin_allowed("https://app.example", &listed));
    assert!(!origin_allowed("https://app.example.evil", &listed));
    assert!(!origin_allowed("http://localhost", &Cors::Off));
}

#[test]
fn private_namespaces_stay_at_home() {
    let mut config = RpcConfig::local(0);
    assert!(config.served().contains(&Namespace::Debug));
    assert!(!config.served().contains(&Namespace::Dev));
    config.dev = true;
    assert!(config.served().contains(&Namespace::Dev));
    config.listen = "0.0.0.0:0".parse().unwrap();
    for private in [Namespace::Debug, Namespace::Txpool, Namespace::Dev] {
        assert!(!config.served().contains(&private));
    }
    for namespace in Namespace::ALL {
        assert_eq!(Namespace::from_name(namespace.name()), Some(namespace));
    }
}

#[test]
fn metrics_of_two_registries_end_once() {
    assert_eq!(join_metrics("a 1\n# EOF\n", "b 2\n# EOF\n"), "a 1\nb 2\n# EOF\n");
    assert_eq!(join_metrics("", "b 2\n# EOF\n"), "b 2\n# EOF\n");
}

#[test]
fn silence_is_stale_only_while_work_waits() {
    let mut health = Health {
        height: 5,
        timestamp_ms: TimestampMs(1),
        since_commit: Some(Duration::from_secs(60)),
        work_waiting: false,
        stopped: None,
    };
    assert!(!is_stale(&health, Duration::from_secs(10)));
    health.work_waiting = true;
    assert!(is_stale(&health, Duration::from_secs(10)));
    assert!(!is_stale(&health, Duration::from_secs(61)));
}
