// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.24;

// The native ERC-8004 registries as clients see them, the same as in runtime/abi/src/identity.rs.

/// ERC-721 tokens that stand for agents.
interface IIdentityRegistry {
    struct MetadataEntry {
        string metadataKey;
        bytes metadataValue;
    }

    error ERC721IncorrectOwner(address sender, uint256 tokenId, address owner);
    error ERC721InsufficientApproval(address operator, uint256 tokenId);
    error ERC721InvalidApprover(address approver);
    error ERC721InvalidOperator(address operator);
    error ERC721InvalidOwner(address owner);
    error ERC721InvalidReceiver(address receiver);
    error ERC721NonexistentToken(uint256 tokenId);
    error ERC721OutOfBoundsIndex(address owner, uint256 index);

    event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId);
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);
    event MetadataSet(uint256 indexed agentId, string indexed indexedMetadataKey, string metadataKey, bytes metadataValue);
    event MetadataUpdate(uint256 _tokenId);
    event Registered(uint256 indexed agentId, string agentURI, address indexed owner);
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);
    event URIUpdated(uint256 indexed agentId, string newURI, address indexed updatedBy);

    function register() external returns (uint256 agentId);
    function register(string calldata agentURI) external returns (uint256 agentId);
    function register(string calldata agentURI, MetadataEntry[] calldata metadata) external returns (uint256 agentId);
    function setAgentURI(uint256 agentId, string calldata newURI) external;
    function setMetadata(uint256 agentId, string calldata metadataKey, bytes calldata metadataValue) external;
    function setAgentWallet(uint256 agentId, address newWallet, uint256 deadline, bytes calldata signature) external;
    function unsetAgentWallet(uint256 agentId) external;
    function getMetadata(uint256 agentId, string calldata metadataKey) external view returns (bytes memory);
    function getAgentWallet(uint256 agentId) external view returns (address);
    function isAuthorizedOrOwner(address spender, uint256 agentId) external view returns (bool);
    function eip712Domain() external view returns (
        bytes1 fields, string memory name, string memory version, uint256 chainId, address verifyingContract, bytes32 salt,
        uint256[] memory extensions
    );
    function getVersion() external pure returns (string memory);
    function owner() external view returns (address);

    function approve(address to, uint256 tokenId) external;
    function setApprovalForAll(address operator, bool approved) external;
    function transferFrom(address from, address to, uint256 tokenId) external;
    function safeTransferFrom(address from, address to, uint256 tokenId) external;
    function safeTransferFrom(address from, address to, uint256 tokenId, bytes calldata data) external;
    function balanceOf(address owner) external view returns (uint256);
    function ownerOf(uint256 tokenId) external view returns (address);
    function getApproved(uint256 tokenId) external view returns (address);
    function isApprovedForAll(address owner, address operator) external view returns (bool);
    function name() external view returns (string memory);
    function symbol() external view returns (string memory);
    function tokenURI(uint256 tokenId) external view returns (string memory);
    function supportsInterface(bytes4 interfaceId) external view returns (bool);

    function agentURI(uint256 agentId) external view returns (string memory);
    function totalSupply() external view returns (uint256);
    function tokenByIndex(uint256 index) external view returns (uint256);
}

/// What clients say of agents.
interface IReputationRegistry {
    event NewFeedback(
        uint256 indexed agentId, address indexed clientAddress, uint64 feedbackIndex, int128 value,
        uint8 valueDecimals, string indexed indexedTag1, string tag1, string tag2, string endpoint,
        string feedbackURI, bytes32 feedbackHash
    );
    event FeedbackRevoked(uint256 indexed agentId, address indexed clientAddress, uint64 indexed feedbackIndex);
    event ResponseAppended(
        uint256 indexed agentId, address indexed clientAddress, uint64 feedbackIndex, address indexed responder,
        string responseURI, bytes32 responseHash
    );

    function giveFeedback(
        uint256 agentId, int128 value, uint8 valueDecimals, string calldata tag1, string calldata tag2, string calldata endpoint,
        string calldata feedbackURI, bytes32 feedbackHash
    ) external;
    function revokeFeedback(uint256 agentId, uint64 feedbackIndex) external;
    function appendResponse(
        uint256 agentId, address clientAddress, uint64 feedbackIndex, string calldata responseURI, bytes32 responseHash
    ) external;
    function getSummary(uint256 agentId, address[] calldata clientAddresses, string calldata tag1, string calldata tag2)
        external view returns (uint64 count, int128 summaryValue, uint8 summaryValueDecimals);
    function readFeedback(uint256 agentId, address clientAddress, uint64 feedbackIndex)
        external view returns (int128 value, uint8 valueDecimals, string memory tag1, string memory tag2, bool isRevoked);
    function readAllFeedback(
        uint256 agentId, address[] calldata clientAddresses, string calldata tag1, string calldata tag2, bool includeRevoked
    ) external view returns (
        address[] memory clients, uint64[] memory feedbackIndexes, int128[] memory values, uint8[] memory valueDecimals, string[] memory tag1s,
        string[] memory tag2s, bool[] memory revokedStatuses
    );
    function getResponseCount(
        uint256 agentId, address clientAddress, uint64 feedbackIndex, address[] calldata responders
    ) external view returns (uint64 count);
    function getClients(uint256 agentId) external view returns (address[] memory);
    function getLastIndex(uint256 agentId, address clientAddress) external view returns (uint64);
    function getIdentityRegistry() external view returns (address);
    function getVersion() external pure returns (string memory);
    function owner() external view returns (address);

    function getClientsPage(uint256 agentId, uint64 offset, uint64 limit)
        external view returns (address[] memory clients, bool truncated);
    function getFeedbackPage(uint256 agentId, address clientAddress, uint64 offset, uint64 limit)
        external view returns (
            int128[] memory values, uint8[] memory valueDecimals, string[] memory tag1s, string[] memory tag2s, bool[] memory revokedStatuses,
            uint256[] memory weights, bool truncated
        );
    function getVerifiedSummary(uint256 agentId, string calldata tag2)
        external view returns (uint64 count, int128 summaryValue, uint8 summaryValueDecimals, uint256 totalWeight);
}

/// What validators say of agents' work.
interface IValidationRegistry {
    event ValidationRequest(
        address indexed validatorAddress, uint256 indexed agentId, string requestURI, bytes32 indexed requestHash
    );
    event ValidationResponse(
        address indexed validatorAddress, uint256 indexed agentId, bytes32 indexed requestHash, uint8 response,
        string responseURI, bytes32 responseHash, string tag
    );

    function validationRequest(address validatorAddress, uint256 agentId, string calldata requestURI, bytes32 requestHash)
        external;
    function validationResponse(
        bytes32 requestHash, uint8 response, string calldata responseURI, bytes32 responseHash, string calldata tag
    ) external;
    function getValidationStatus(bytes32 requestHash) external view returns (
        address validatorAddress, uint256 agentId, uint8 response, bytes32 responseHash, string memory tag,
        uint256 lastUpdate
    );
    function getSummary(uint256 agentId, address[] calldata validatorAddresses, string calldata tag)
        external view returns (uint64 count, uint8 avgResponse);
    function getAgentValidations(uint256 agentId) external view returns (bytes32[] memory);
    function getValidatorRequests(address validatorAddress) external view returns (bytes32[] memory);
    function getIdentityRegistry() external view returns (address);
    function getVersion() external pure returns (string memory);
    function owner() external view returns (address);

    function getAgentValidationsPage(uint256 agentId, uint64 offset, uint64 limit)
        external view returns (bytes32[] memory requestHashes, bool truncated);
    function getValidatorRequestsPage(address validatorAddress, uint64 offset, uint64 limit)
        external view returns (bytes32[] memory requestHashes, bool truncated);
}
