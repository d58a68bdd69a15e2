//! Addresses of peers: both forms, and everything that is none.

use crate::peer_address::{PeerAddress, PeerAddressError};

const ID: &str = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";

fn read(text: &str) -> PeerAddress {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn both_forms_mean_the_same() {
    for (short, long) in [
        ("127.0.0.1:27002", "/ip4/127.0.0.1/tcp/27002"),
        ("[::1]:27002", "/ip6/::1/tcp/27002"),
        ("node0.example.org:9", "/dns/node0.example.org/tcp/9"),
    ] {
        assert_eq!(read(short), read(long));
        assert_eq!(read(short).to_string(), long);
    }
    let pinned = format!("/ip4/10.0.0.1/tcp/1/p2p/{ID}");
    assert_eq!(read(&pinned).to_string(), pinned);
    assert_eq!(read(&pinned).peer_id.as_deref(), Some(ID));
}

#[test]
fn what_is_no_address_says_why() {
    let error = |text: &str| text.parse::<PeerAddress>().unwrap_err();
    for text in ["", "localhost", "/ip4/1.2.3.4/udp/1", "/ip4/1.2.3.4", "/unix/x/tcp/1", "/ip4/1.2.3.4/tcp/1/ws"] {
        assert!(matches!(error(text), PeerAddressError::Form(_)), "{text}: {}", error(text));
    }
    for text in ["1.2.3.4.5:1", "300.1.1.1:1", ":1", "-x:1", "/ip4/::1/tcp/1", "/ip6/1.2.3.4/tcp/1", "[1.2.3.4]:1"] {
        assert!(matches!(error(text), PeerAddressError::Host(_)), "{text}: {}", error(text));
    }
    for text in ["1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:x", "/ip4/1.2.3.4/tcp/-1"] {
        assert!(matches!(error(text), PeerAddressError::Port(_)), "{text}: {}", error(text));
    }
    for id in ["", "12D3KooW", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", &ID.replace('Y', "0")] {
        let text = format!("/ip4/1.2.3.4/tcp/1/p2p/{id}");
        assert!(matches!(error(&text), PeerAddressError::PeerId(_)), "{text}: {}", error(&text));
    }
}

#[test]
fn an_address_knows_its_own_listener() {
    for (to, at, reaches) in [
        ("127.0.0.1:5", "127.0.0.1:5", true),
        ("127.0.0.1:5", "0.0.0.0:5", true),
        ("localhost:5", "0.0.0.0:5", true),
        ("10.0.0.1:5", "0.0.0.0:5", false),
        ("127.0.0.1:6", "127.0.0.1:5", false),
        ("127.0.0.1:0", "127.0.0.1:0", false),
    ] {
        assert_eq!(read(to).reaches(&read(at)), reaches, "{to} {at}");
    }
}
