//! Which addresses the three registries have on this network, and what they share.

use alloy_primitives::Address;
use assay_abi::identity::Registries;
use assay_kernel::Ctx;
use assay_primitives::NetworkKind;

/// Version of the reference implementation that all three registries behave like.
pub const VERSION: &str = "2.0.0";
/// `owner()` of all three: nobody may change their rules.
pub const OWNER: Address = Address::ZERO;

/// The addresses of the registries on a kind of network.
pub const fn registries_of(network: NetworkKind) -> Registries {
    if network.is_main() { Registries::MAIN } else { Registries::TEST }
}

/// The addresses of the registries on the running network.
pub fn registries(ctx: &Ctx<'_>) -> Registries {
    registries_of(ctx.environment().network)
}
