// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// ERC-8183 as the EIP's text has it. Amounts are in the smallest unit of the payment token, times in seconds.
/// Status: 0 open, 1 funded, 2 submitted, 3 completed, 4 rejected, 5 expired.
interface IEscrow {
    /// The EIP's nine members, APEX's two, and what Assay adds.
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
        uint256 submittedAt;
        bytes32 deliverable;
        address paymentToken;
        uint256 providerAgentId;
        uint256 funded;
        bool held;
        address facade;
    }

    event JobCreated(uint256 indexed jobId, address indexed client, address indexed provider, address evaluator, uint256 expiredAt, address hook);
    event ProviderSet(uint256 indexed jobId, address indexed provider);
    event BudgetSet(uint256 indexed jobId, uint256 amount);
    event JobFunded(uint256 indexed jobId, address indexed client, uint256 amount);
    event JobSubmitted(uint256 indexed jobId, address indexed provider, bytes32 deliverable);
    event JobCompleted(uint256 indexed jobId, address indexed evaluator, bytes32 reason);
    event JobRejected(uint256 indexed jobId, address indexed rejector, bytes32 reason);
    event JobExpired(uint256 indexed jobId);
    event PaymentReleased(uint256 indexed jobId, address indexed provider, uint256 amount);
    event Refunded(uint256 indexed jobId, address indexed client, uint256 amount);
    event PlatformFeePaid(uint256 indexed jobId, address indexed platformTreasury, uint256 amount);
    event EvaluatorFeePaid(uint256 indexed jobId, address indexed evaluator, uint256 amount);

    /// The provider works as an agent.
    event ProviderAgentSet(uint256 indexed jobId, uint256 indexed agentId);
    /// A part of the payment was burned: the weight of what the job says about its agent.
    event FeeBurned(uint256 indexed jobId, uint256 amount);
    /// A payment waits for its payee.
    event Credited(address indexed token, address indexed payee, uint256 amount);
    /// A payee took what waited.
    event Withdrawn(address indexed token, address indexed payee, uint256 amount);
    /// The court holds the job until it decides.
    event JobHold(uint256 indexed jobId, bool held);

    function createJob(address provider, address evaluator, uint256 expiredAt, string calldata description, address hook) external returns (uint256 jobId);
    function setProvider(uint256 jobId, address provider, bytes calldata optParams) external;
    function setBudget(uint256 jobId, uint256 amount, bytes calldata optParams) external;
    function fund(uint256 jobId, uint256 expectedBudget, bytes calldata optParams) external;
    function submit(uint256 jobId, bytes32 deliverable, bytes calldata optParams) external;
    function complete(uint256 jobId, bytes32 reason, bytes calldata optParams) external;
    function reject(uint256 jobId, bytes32 reason, bytes calldata optParams) external;
    function claimRefund(uint256 jobId) external;
    function getJob(uint256 jobId) external view returns (Job memory job);
    function jobCounter() external view returns (uint256);
    function paymentToken() external view returns (address);
    function platformFeeBP() external view returns (uint256);
    function platformTreasury() external view returns (address);
    function evaluatorFeeBP() external view returns (uint256);
    function BP_DENOMINATOR() external view returns (uint256);
    function HOOK_GAS_LIMIT() external view returns (uint256);
    function MAX_EXPIRY_DURATION() external view returns (uint256);

    /// The provider says as which agent it works, for which it must speak; open or funded jobs.
    function setProviderAgent(uint256 jobId, uint256 agentId) external;
    /// What waits for an account at this address.
    function creditOf(address token, address account) external view returns (uint256);
    /// Pays the caller what waits for it at this address.
    function withdraw(address token) external returns (uint256 amount);
}
