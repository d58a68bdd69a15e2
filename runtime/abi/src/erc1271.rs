//! ERC-1271: signatures of contracts.

alloy_sol_types::sol! {
    /// Whether a contract accepts a signature over a hash; the selector, 0x1626ba7e, means yes.
    function isValidSignature(bytes32 hash, bytes signature) external view returns (bytes4 magic);
}
