//! ERC-8004: the identity, reputation and validation registries of agents, as the reference implementation 2.0.0 has
//! them (without its proxy), and Assay's own functions after them.
#![allow(missing_docs, reason = "functions, events and errors are described in ERC-8004, ERC-721 and ERC-6093")]
#![allow(clippy::too_many_arguments, reason = "the standard's functions have as many as they have")]

use alloy_primitives::{Address, address};

/// The addresses of the three registries; other chains have them at the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registries {
    /// Agents as ERC-721 tokens.
    pub identity: Address,
    /// Feedback of clients about agents.
    pub reputation: Address,
    /// Work of agents checked by validators.
    pub validation: Address,
}

impl Registries {
    /// On main networks.
    pub const MAIN: Self = Self {
        identity: address!("0x8004A169FB4a3325136EB29fA0ceB6D2e539a432"),
        reputation: address!("0x8004BAa17C55a88189AE136b182e5fdA19dE9b63"),
        validation: address!("0x8004Cc8439f36fd5F9F049D9fF86523Df6dAAB58"),
    };
    /// On test and development networks.
    pub const TEST: Self = Self {
        identity: address!("0x8004A818BFB912233c491871b3d84c89A494BD9e"),
        reputation: address!("0x8004B663056A597Dffe9eCcC1965A193B7388713"),
        validation: address!("0x8004Cb1BF31DAf7788923b405b754f57acEB4272"),
    };
}

/// First bytes of the request hashes that only native modules may use, so that nobody can take one before them.
pub const COURT_HASH_PREFIX: [u8; 12] = *b"\xa5\x5acourt hash";

alloy_sol_types::sol! {
    /// ERC-721 tokens that stand for agents.
    #[derive(Debug, PartialEq, Eq)]
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
        function register(string agentURI) external returns (uint256 agentId);
        function register(string agentURI, MetadataEntry[] metadata) external returns (uint256 agentId);
        function setAgentURI(uint256 agentId, string newURI) external;
        function setMetadata(uint256 agentId, string metadataKey, bytes metadataValue) external;
        function setAgentWallet(uint256 agentId, address newWallet, uint256 deadline, bytes signature) external;
        function unsetAgentWallet(uint256 agentId) external;
        function getMetadata(uint256 agentId, string metadataKey) external view returns (bytes);
        function getAgentWallet(uint256 agentId) external view returns (address);
        function isAuthorizedOrOwner(address spender, uint256 agentId) external view returns (bool);
        function eip712Domain() external view returns (
            bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt,
            uint256[] extensions
        );
        function getVersion() external pure returns (string);
        function owner() external view returns (address);

        function approve(address to, uint256 tokenId) external;
        function setApprovalForAll(address operator, bool approved) external;
        function transferFrom(address from, address to, uint256 tokenId) external;
        function safeTransferFrom(address from, address to, uint256 tokenId) external;
        function safeTransferFrom(address from, address to, uint256 tokenId, bytes data) external;
        function balanceOf(address owner) external view returns (uint256);
        function ownerOf(uint256 tokenId) external view returns (address);
        function getApproved(uint256 tokenId) external view returns (address);
        function isApprovedForAll(address owner, address operator) external view returns (bool);
        function name() external view returns (string);
        function symbol() external view returns (string);
        function tokenURI(uint256 tokenId) external view returns (string);
        function supportsInterface(bytes4 interfaceId) external view returns (bool);

        function agentURI(uint256 agentId) external view returns (string);
        function totalSupply() external view returns (uint256);
        function tokenByIndex(uint256 index) external view returns (uint256);
    }

    /// Who takes an ERC-721 token.
    interface IERC721Receiver {
        function onERC721Received(address operator, address from, uint256 tokenId, bytes data) external returns (bytes4);
    }

    /// What clients say of agents.
    #[derive(Debug, PartialEq, Eq)]
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
            uint256 agentId, int128 value, uint8 valueDecimals, string tag1, string tag2, string endpoint,
            string feedbackURI, bytes32 feedbackHash
        ) external;
        function revokeFeedback(uint256 agentId, uint64 feedbackIndex) external;
        function appendResponse(
            uint256 agentId, address clientAddress, uint64 feedbackIndex, string responseURI, bytes32 responseHash
        ) external;
        function getSummary(uint256 agentId, address[] clientAddresses, string tag1, string tag2)
            external view returns (uint64 count, int128 summaryValue, uint8 summaryValueDecimals);
        function readFeedback(uint256 agentId, address clientAddress, uint64 feedbackIndex)
            external view returns (int128 value, uint8 valueDecimals, string tag1, string tag2, bool isRevoked);
        function readAllFeedback(
            uint256 agentId, address[] clientAddresses, string tag1, string tag2, bool includeRevoked
        ) external view returns (
            address[] clients, uint64[] feedbackIndexes, int128[] values, uint8[] valueDecimals, string[] tag1s,
            string[] tag2s, bool[] revokedStatuses
        );
        function getResponseCount(
            uint256 agentId, address clientAddress, uint64 feedbackIndex, address[] responders
        ) external view returns (uint64 count);
        function getClients(uint256 agentId) external view returns (address[]);
        function getLastIndex(uint256 agentId, address clientAddress) external view returns (uint64);
        function getIdentityRegistry() external view returns (address);
        function getVersion() external pure returns (string);
        function owner() external view returns (address);

        function getClientsPage(uint256 agentId, uint64 offset, uint64 limit)
            external view returns (address[] clients, bool truncated);
        function getFeedbackPage(uint256 agentId, address clientAddress, uint64 offset, uint64 limit)
            external view returns (
                int128[] values, uint8[] valueDecimals, string[] tag1s, string[] tag2s, bool[] revokedStatuses,
                uint256[] weights, bool truncated
            );
        function getVerifiedSummary(uint256 agentId, string tag2)
            external view returns (uint64 count, int128 summaryValue, uint8 summaryValueDecimals, uint256 totalWeight);
    }

    /// What validators say of agents' work.
    #[derive(Debug, PartialEq, Eq)]
    interface IValidationRegistry {
        event ValidationRequest(
            address indexed validatorAddress, uint256 indexed agentId, string requestURI, bytes32 indexed requestHash
        );
        event ValidationResponse(
            address indexed validatorAddress, uint256 indexed agentId, bytes32 indexed requestHash, uint8 response,
            string responseURI, bytes32 responseHash, string tag
        );

        function validationRequest(address validatorAddress, uint256 agentId, string requestURI, bytes32 requestHash)
            external;
        function validationResponse(
            bytes32 requestHash, uint8 response, string responseURI, bytes32 responseHash, string tag
        ) external;
        function getValidationStatus(bytes32 requestHash) external view returns (
            address validatorAddress, uint256 agentId, uint8 response, bytes32 responseHash, string tag,
            uint256 lastUpdate
        );
        function getSummary(uint256 agentId, address[] validatorAddresses, string tag)
            external view returns (uint64 count, uint8 avgResponse);
        function getAgentValidations(uint256 agentId) external view returns (bytes32[]);
        function getValidatorRequests(address validatorAddress) external view returns (bytes32[]);
        function getIdentityRegistry() external view returns (address);
        function getVersion() external pure returns (string);
        function owner() external view returns (address);

        function getAgentValidationsPage(uint256 agentId, uint64 offset, uint64 limit)
            external view returns (bytes32[] requestHashes, bool truncated);
        function getValidatorRequestsPage(address validatorAddress, uint64 offset, uint64 limit)
            external view returns (bytes32[] requestHashes, bool truncated);
    }
}
