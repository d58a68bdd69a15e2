//! Which names the server answers to, and which web pages may use it.

use crate::config::Cors;
use std::net::IpAddr;

/// The host of `host`, `host:port` or `[v6]:port`.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    }
}

fn is_local(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a `Host` header is one of ours. A page that rebinds its name to our address carries its own name, so IP
/// addresses are always fine.
pub fn host_allowed(authority: &str, names: &[String]) -> bool {
    let host = host_of(authority);
    is_local(host)
        || host.parse::<IpAddr>().is_ok()
        || names.iter().any(|name| name == "*" || name.eq_ignore_ascii_case(host))
}

/// Whether a page of this origin may use the port.
pub fn origin_allowed(origin: &str, cors: &Cors) -> bool {
    match cors {
        Cors::Off => false,
        Cors::Any => true,
        Cors::Origins(origins) => origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)),
        Cors::Local => origin
            .split_once("://")
            .is_some_and(|(scheme, authority)| matches!(scheme, "http" | "https") && is_local(host_of(authority))),
    }
}
