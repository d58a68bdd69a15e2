// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// The dialect of erc-8183/base-contracts: a token for each job, the agent of the provider, and in the data of hooks
/// the caller first.
interface IEscrowBase {
    /// The EIP's nine members and the dialect's three.
    struct Job {
        uint256 id;
        address client;
        address provider;
        address evaluator;
        string description;
        uint256 budget;
        uint256 expiredAt;
        uint8 status;
        address hook;
        address paymentToken;
        uint256 providerAgentId;
        uint256 submittedAt;
    }

    event ProviderSet(uint256 indexed jobId, address indexed provider, uint256 agentId);
    event BudgetSet(uint256 indexed jobId, address indexed token, uint256 amount);

    function createJob(address provider, address evaluator, uint256 expiredAt, string calldata description, address hook, uint256 providerAgentId) external returns (uint256 jobId);
    function setProvider(uint256 jobId, address provider, uint256 agentId) external;
    function setBudget(uint256 jobId, address token, uint256 amount, bytes calldata optParams) external;
    function fund(uint256 jobId, uint256 expectedBudget, bytes calldata optParams) external;
    /// As `fund`, and the token must be the expected one.
    function fund(uint256 jobId, address expectedToken, uint256 expectedBudget, bytes calldata optParams) external;
    function getJob(uint256 jobId) external view returns (Job memory job);
    function jobs(uint256 jobId) external view returns (uint256 id, address client, address provider, address evaluator, string memory description, uint256 budget, uint256 expiredAt, uint8 status, address hook, address paymentToken, uint256 providerAgentId, uint256 submittedAt);
    function EVALUATION_GRACE_PERIOD() external view returns (uint256);
    function whitelistedHooks(address hook) external view returns (bool);
}
