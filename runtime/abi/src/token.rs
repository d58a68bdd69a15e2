//! Native tokens: ERC-20 with EIP-2612, EIP-3009 and EIP-5267 and an issuer's roles, and the factory that makes them.

use alloy_primitives::{Address, address};

/// The factory of native tokens: the address of token id 0.
pub const TOKEN_FACTORY: Address = address!("0xa55a200000000000000000000000000000000000");

/// The token that genesis makes first, `assayUSD` on development and test networks: the address of token id 1.
pub const DEFAULT_TOKEN: Address = address!("0xa55a200000000000000000000000000000000001");

alloy_sol_types::sol! {
    /// A native token. Refusals are the reference's strings, `Error(string)`; see the module's README.
    #[derive(Debug, PartialEq, Eq)]
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

        function name() external view returns (string);
        function symbol() external view returns (string);
        function decimals() external view returns (uint8);
        function totalSupply() external view returns (uint256);
        function balanceOf(address account) external view returns (uint256);
        function allowance(address owner, address spender) external view returns (uint256);
        function transfer(address to, uint256 value) external returns (bool);
        function approve(address spender, uint256 value) external returns (bool);
        function transferFrom(address from, address to, uint256 value) external returns (bool);
        function increaseAllowance(address spender, uint256 increment) external returns (bool);
        function decreaseAllowance(address spender, uint256 decrement) external returns (bool);

        function version() external view returns (string);
        function DOMAIN_SEPARATOR() external view returns (bytes32);
        function eip712Domain() external view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions);

        function PERMIT_TYPEHASH() external view returns (bytes32);
        function nonces(address owner) external view returns (uint256);
        function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
        function permit(address owner, address spender, uint256 value, uint256 deadline, bytes signature) external;

        function TRANSFER_WITH_AUTHORIZATION_TYPEHASH() external view returns (bytes32);
        function RECEIVE_WITH_AUTHORIZATION_TYPEHASH() external view returns (bytes32);
        function CANCEL_AUTHORIZATION_TYPEHASH() external view returns (bytes32);
        function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);
        function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
        function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature) external;
        function receiveWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
        function receiveWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature) external;
        function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
        function cancelAuthorization(address authorizer, bytes32 nonce, bytes signature) external;

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

    /// The factory of native tokens.
    #[derive(Debug, PartialEq, Eq)]
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
        function createToken(string name, string symbol, uint8 decimals, address owner) external returns (address token);
        /// How many tokens there are.
        function tokenCount() external view returns (uint256);
        /// At most `count` tokens (100 at most) from position `start` on, in order of creation, and whether there are more.
        function tokens(uint256 start, uint256 count) external view returns (address[] page, bool more);
        /// Whether an address is a native token's.
        function isToken(address token) external view returns (bool);
        /// The default token; zero where the chain has none.
        function defaultToken() external view returns (address);
    }
}
