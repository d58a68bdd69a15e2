// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// The factory of native tokens.
interface INativeTokenFactory {
    /// A token exists from now on.
    event TokenCreated(address indexed token, address indexed creator, address indexed owner, string name, string symbol, uint8 decimals);

    /// The name has no byte or more than 64.
    error InvalidName();
    /// The symbol has no byte or more than 16.
    error InvalidSymbol();
    /// More than 18 decimals.
    error TooManyDecimals(uint8 decimals);
    /// The zero address cannot own a token.
    error InvalidOwner();
    /// No native token has this address.
    error UnknownToken(address token);

    /// Makes a token without supply. Anybody may; names are not unique.
    function createToken(string calldata name, string calldata symbol, uint8 decimals, address owner) external returns (address token);
    /// How many tokens there are.
    function tokenCount() external view returns (uint256);
    /// At most `count` tokens (100 at most) from position `start` on, in order of creation, and whether there are more.
    function tokens(uint256 start, uint256 count) external view returns (address[] memory page, bool more);
    /// Whether an address is a native token's.
    function isToken(address token) external view returns (bool);
    /// The default token; zero where the chain has none.
    function defaultToken() external view returns (address);
}
