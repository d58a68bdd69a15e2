// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.28;

interface IWallet {
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4);
}

/// What the native token does, in Solidity: the other side of the differential test and of the benchmark. The same words
/// are packed, so that both sides touch the same number of slots.
contract ReferenceToken {
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);
    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);
    event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);
    event Mint(address indexed minter, address indexed to, uint256 amount);
    event Burn(address indexed burner, uint256 amount);
    event MinterConfigured(address indexed minter, uint256 minterAllowedAmount);
    event MinterRemoved(address indexed oldMinter);
    event Blacklisted(address indexed account);
    event UnBlacklisted(address indexed account);
    event Pause();
    event Unpause();
    event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    bytes32 public constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 public constant TRANSFER_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 public constant RECEIVE_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 public constant CANCEL_AUTHORIZATION_TYPEHASH =
        keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    string public constant name = "assayUSD";
    string public constant symbol = "assayUSD";
    string public constant version = "2";
    uint8 public constant decimals = 6;

    address public owner;
    bool public paused;
    address public pendingOwner;
    uint256 public totalSupply;
    bytes32 public immutable DOMAIN_SEPARATOR;
    /// Balance, and in the highest bit whether the account is blocked.
    mapping(address => uint256) private holdings;
    mapping(address => mapping(address => uint256)) public allowance;
    mapping(address => uint256) public nonces;
    mapping(address => mapping(bytes32 => bool)) public authorizationState;
    mapping(address => bool) public isMinter;
    mapping(address => uint256) public minterAllowance;

    uint256 private constant BLOCKED = 1 << 255;

    constructor(address owner_, address[] memory holders, uint256 each) {
        owner = owner_;
        DOMAIN_SEPARATOR = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                block.chainid,
                address(this)
            )
        );
        for (uint256 i = 0; i < holders.length; i++) holdings[holders[i]] = each;
        totalSupply = each * holders.length;
    }

    modifier onlyOwner() {
        require(msg.sender == owner, "Ownable: caller is not the owner");
        _;
    }

    modifier running() {
        require(!paused, "Pausable: paused");
        _;
    }

    modifier free(address account) {
        require(holdings[account] & BLOCKED == 0, "Blacklistable: account is blacklisted");
        _;
    }

    modifier onlyMinter() {
        require(isMinter[msg.sender], "FiatToken: caller is not a minter");
        _;
    }

    function balanceOf(address account) external view returns (uint256) {
        return holdings[account] & ~BLOCKED;
    }

    function isBlacklisted(address account) external view returns (bool) {
        return holdings[account] & BLOCKED != 0;
    }

    function _transfer(address from, address to, uint256 value) private {
        uint256 sender = holdings[from];
        uint256 receiver = holdings[to];
        require((sender | receiver) & BLOCKED == 0, "Blacklistable: account is blacklisted");
        require(from != address(0), "ERC20: transfer from the zero address");
        require(to != address(0), "ERC20: transfer to the zero address");
        require(value <= sender, "ERC20: transfer amount exceeds balance");
        unchecked {
            holdings[from] = sender - value;
            holdings[to] += value;
        }
        emit Transfer(from, to, value);
    }

    function transfer(address to, uint256 value) external running returns (bool) {
        _transfer(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external running free(msg.sender) returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        require(value <= allowed, "ERC20: transfer amount exceeds allowance");
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - value;
        _transfer(from, to, value);
        return true;
    }

    function _approve(address holder, address spender, uint256 value) private {
        require(holder != address(0), "ERC20: approve from the zero address");
        require(spender != address(0), "ERC20: approve to the zero address");
        allowance[holder][spender] = value;
        emit Approval(holder, spender, value);
    }

    function approve(address spender, uint256 value) external running returns (bool) {
        _approve(msg.sender, spender, value);
        return true;
    }

    function increaseAllowance(address spender, uint256 increment) external running returns (bool) {
        uint256 allowed = allowance[msg.sender][spender];
        require(increment <= type(uint256).max - allowed, "SafeMath: addition overflow");
        _approve(msg.sender, spender, allowed + increment);
        return true;
    }

    function decreaseAllowance(address spender, uint256 decrement) external running returns (bool) {
        uint256 allowed = allowance[msg.sender][spender];
        require(decrement <= allowed, "ERC20: decreased allowance below zero");
        _approve(msg.sender, spender, allowed - decrement);
        return true;
    }

    function _signed(address signer, bytes memory words, bytes memory signature) private view returns (bool) {
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", DOMAIN_SEPARATOR, keccak256(words)));
        if (signature.length == 65) {
            bytes32 r;
            bytes32 s;
            uint8 v;
            assembly {
                r := mload(add(signature, 0x20))
                s := mload(add(signature, 0x40))
                v := byte(0, mload(add(signature, 0x60)))
            }
            bool low = uint256(s) <= 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
            address recovered = low ? ecrecover(digest, v, r, s) : address(0);
            if (recovered != address(0) && recovered == signer) return true;
        }
        (bool success, bytes memory output) =
            signer.staticcall(abi.encodeCall(IWallet.isValidSignature, (digest, signature)));
        return success && output.length >= 32 && bytes32(output) == bytes32(IWallet.isValidSignature.selector);
    }

    function permit(address holder, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        permit(holder, spender, value, deadline, abi.encodePacked(r, s, v));
    }

    function permit(address holder, address spender, uint256 value, uint256 deadline, bytes memory signature)
        public
        running
    {
        require(block.timestamp <= deadline, "FiatTokenV2: permit is expired");
        bytes memory words = abi.encode(PERMIT_TYPEHASH, holder, spender, value, nonces[holder]++, deadline);
        require(_signed(holder, words, signature), "EIP2612: invalid signature");
        _approve(holder, spender, value);
    }

    struct Authorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }

    function _use(bytes32 typehash, Authorization memory a, bytes memory signature)
        private
        running
        free(a.from)
        free(a.to)
    {
        if (typehash == RECEIVE_WITH_AUTHORIZATION_TYPEHASH) {
            require(a.to == msg.sender, "FiatTokenV2: caller must be the payee");
        }
        require(block.timestamp > a.validAfter, "FiatTokenV2: authorization is not yet valid");
        require(block.timestamp < a.validBefore, "FiatTokenV2: authorization is expired");
        require(!authorizationState[a.from][a.nonce], "FiatTokenV2: authorization is used or canceled");
        bytes memory words = abi.encode(typehash, a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce);
        require(_signed(a.from, words, signature), "FiatTokenV2: invalid signature");
        authorizationState[a.from][a.nonce] = true;
        emit AuthorizationUsed(a.from, a.nonce);
        _transfer(a.from, a.to, a.value);
    }

    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        Authorization memory a = Authorization(from, to, value, validAfter, validBefore, nonce);
        _use(TRANSFER_WITH_AUTHORIZATION_TYPEHASH, a, abi.encodePacked(r, s, v));
    }

    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        Authorization memory a = Authorization(from, to, value, validAfter, validBefore, nonce);
        _use(TRANSFER_WITH_AUTHORIZATION_TYPEHASH, a, signature);
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        Authorization memory a = Authorization(from, to, value, validAfter, validBefore, nonce);
        _use(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, a, abi.encodePacked(r, s, v));
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        Authorization memory a = Authorization(from, to, value, validAfter, validBefore, nonce);
        _use(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, a, signature);
    }

    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external {
        cancelAuthorization(authorizer, nonce, abi.encodePacked(r, s, v));
    }

    function cancelAuthorization(address authorizer, bytes32 nonce, bytes memory signature) public running {
        require(!authorizationState[authorizer][nonce], "FiatTokenV2: authorization is used or canceled");
        bytes memory words = abi.encode(CANCEL_AUTHORIZATION_TYPEHASH, authorizer, nonce);
        require(_signed(authorizer, words, signature), "FiatTokenV2: invalid signature");
        authorizationState[authorizer][nonce] = true;
        emit AuthorizationCanceled(authorizer, nonce);
    }

    function transferOwnership(address newOwner) external onlyOwner {
        pendingOwner = newOwner;
        emit OwnershipTransferStarted(owner, newOwner);
    }

    function acceptOwnership() external {
        require(msg.sender == pendingOwner, "Ownable2Step: caller is not the new owner");
        emit OwnershipTransferred(owner, msg.sender);
        delete pendingOwner;
        owner = msg.sender;
    }

    function pause() external onlyOwner {
        paused = true;
        emit Pause();
    }

    function unpause() external onlyOwner {
        paused = false;
        emit Unpause();
    }

    function blacklist(address account) external onlyOwner {
        holdings[account] |= BLOCKED;
        emit Blacklisted(account);
    }

    function unBlacklist(address account) external onlyOwner {
        holdings[account] &= ~BLOCKED;
        emit UnBlacklisted(account);
    }

    function configureMinter(address minter, uint256 minterAllowedAmount) external onlyOwner running returns (bool) {
        isMinter[minter] = true;
        minterAllowance[minter] = minterAllowedAmount;
        emit MinterConfigured(minter, minterAllowedAmount);
        return true;
    }

    function removeMinter(address minter) external onlyOwner returns (bool) {
        delete isMinter[minter];
        delete minterAllowance[minter];
        emit MinterRemoved(minter);
        return true;
    }

    function mint(address to, uint256 amount) external running onlyMinter free(msg.sender) free(to) returns (bool) {
        require(to != address(0), "FiatToken: mint to the zero address");
        require(amount > 0, "FiatToken: mint amount not greater than 0");
        uint256 allowed = minterAllowance[msg.sender];
        require(amount <= allowed, "FiatToken: mint amount exceeds minterAllowance");
        require(amount <= type(uint128).max - totalSupply, "FiatToken: total supply exceeds its bound");
        minterAllowance[msg.sender] = allowed - amount;
        totalSupply += amount;
        holdings[to] += amount;
        emit Mint(msg.sender, to, amount);
        emit Transfer(address(0), to, amount);
        return true;
    }

    function burn(uint256 amount) external running onlyMinter free(msg.sender) {
        require(amount > 0, "FiatToken: burn amount not greater than 0");
        require(amount <= holdings[msg.sender], "FiatToken: burn amount exceeds balance");
        unchecked {
            holdings[msg.sender] -= amount;
            totalSupply -= amount;
        }
        emit Burn(msg.sender, amount);
        emit Transfer(msg.sender, address(0), amount);
    }
}
