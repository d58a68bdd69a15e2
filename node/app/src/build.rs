//! What this binary was built from.

/// Version of the package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit, where whoever built it said so (`ASSAY_GIT_HASH` at build time).
pub const GIT_HASH: Option<&str> = option_env!("ASSAY_GIT_HASH");

/// Name, version, commit and platform: `Assay/0.1.0-1a2b3c4d/linux-x86_64`, as `web3_clientVersion` gives it.
pub fn client_version() -> String {
    let commit = GIT_HASH.map(|hash| format!("-{}", hash.get(..8).unwrap_or(hash))).unwrap_or_default();
    format!("Assay/{VERSION}{commit}/{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Debug assertions of the workspace's own code are on.
pub const ASSERTIONS: bool = cfg!(debug_assertions);
