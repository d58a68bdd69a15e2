// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// A native token. Refusals are the reference's strings, `Error(string)`; see the module's README.
interface INativeToken {
    /// Tokens moved; from or to zero: minted or burned.
    event Transfer(address indexed from, address indexed to, uint256 value);
    /// An allowance was set.
    event Approval(address indexed owner, address indexed spender, uint256 value);
    /// An authorization was used for a transfer (EIP-3009).
    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);
    /// An authorization was cancelled before it was used (EIP-3009).
    event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);
    /// A minter made tokens.
    event Mint(address indexed minter, address indexed to, uint256 amount);
    /// A minter destroyed tokens of its own.
    event Burn(address indexed burner, uint256 amount);
    /// The owner set what a minter may make.
    event MinterConfigured(address indexed minter, uint256 minterAllowedAmount);
    /// The owner removed a minter.
    event MinterRemoved(address indexed oldMinter);
    /// The owner put an account on the block list.
    event Blacklisted(address indexed account);
    /// The owner took an account off the block list.
    event UnBlacklisted(address indexed account);
    /// Nothing moves from now on.
    event Pause();
    /// Tokens move again.
    event Unpause();
    /// The owner named a successor.
    event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
    /// The successor has taken over.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    function name() external view returns (string memory);
    function symbol() external view returns (string memory);
    function decimals() external view returns (uint8);
    function totalSupply() external view returns (uint256);
    function balanceOf(address account) external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);
    function transfer(address to, uint256 value) external returns (bool);
    function approve(address spender, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
    function increaseAllowance(address spender, uint256 increment) external returns (bool);
    function decreaseAllowance(address spender, uint256 decrement) external returns (bool);

    function version() external view returns (string memory);
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    function eip712Domain() external view returns (bytes1 fields, string memory name, string memory version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] memory extensions);

    function PERMIT_TYPEHASH() external view returns (bytes32);
    function nonces(address owner) external view returns (uint256);
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
    function permit(address owner, address spender, uint256 value, uint256 deadline, bytes calldata signature) external;

    function TRANSFER_WITH_AUTHORIZATION_TYPEHASH() external view returns (bytes32);
    function RECEIVE_WITH_AUTHORIZATION_TYPEHASH() external view returns (bytes32);
    function CANCEL_AUTHORIZATION_TYPEHASH() external view returns (bytes32);
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);
    function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
    function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes calldata signature) external;
    function receiveWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
    function receiveWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes calldata signature) external;
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external;

    function owner() external view returns (address);
    function pendingOwner() external view returns (address);
    function transferOwnership(address newOwner) external;
    function acceptOwnership() external;
    function paused() external view returns (bool);
    function pause() external;
    function unpause() external;
    function isBlacklisted(address account) external view returns (bool);
    function blacklist(address account) external;
    function unBlacklist(address account) external;
    function isMinter(address account) external view returns (bool);
    function minterAllowance(address minter) external view returns (uint256);
    function configureMinter(address minter, uint256 minterAllowedAmount) external returns (bool);
    function removeMinter(address minter) external returns (bool);
    function mint(address to, uint256 amount) external returns (bool);
    function burn(uint256 amount) external;
}
