//! Jobs with escrowed payment (ERC-8183) in three dialects over one store, and bids for them.

use alloy_primitives::{Address, address};

/// The dialect of the EIP's text, of the crate `erc8183` and of APEX; bids; and the store of all jobs.
pub const ESCROW: Address = address!("0xA55A400000000000000000000000000000000000");
/// The dialect of erc-8183/base-contracts: a payment token for each job.
pub const ESCROW_BASE: Address = address!("0xA55A400000000000000000000000000000000001");
/// The dialect of Virtuals ACP v2.
pub const ESCROW_ACP: Address = address!("0xA55A400000000000000000000000000000000002");
/// The court: evaluator and hook of the jobs that it judges.
pub const COURT: Address = address!("0xA55A500000000000000000000000000000000000");

/// ERC-165 id of [`IACPHook`]: its two functions.
pub const HOOK_INTERFACE: [u8; 4] = [0x7f, 0xf6, 0xbc, 0x9e];

alloy_sol_types::sol! {
    /// What a hook of a job answers.
    #[derive(Debug, PartialEq, Eq)]
    interface IACPHook {
        /// Called before an action; a revert refuses it.
        function beforeAction(uint256 jobId, bytes4 selector, bytes data) external;
        /// Called after an action; a revert undoes it.
        function afterAction(uint256 jobId, bytes4 selector, bytes data) external;
        /// ERC-165.
        function supportsInterface(bytes4 interfaceId) external view returns (bool);
    }

    /// What escrow asks of a payment token.
    #[derive(Debug, PartialEq, Eq)]
    interface IPaymentToken {
        function balanceOf(address account) external view returns (uint256);
        function transfer(address to, uint256 value) external returns (bool);
        function transferFrom(address from, address to, uint256 value) external returns (bool);
    }

    /// Refusals of all three dialects; those that a reference has carry its name.
    #[derive(Debug, PartialEq, Eq)]
    interface IEscrowErrors {
        /// There is no such job, or another dialect's address made it.
        error InvalidJob();
        /// The job is not in a status for this, or its time is over.
        error WrongStatus();
        /// Not the caller's to do.
        error Unauthorized();
        /// An address that must be given is zero.
        error ZeroAddress();
        /// The expiry is not further ahead than the shortest time of a job.
        error ExpiryTooShort();
        /// The expiry is further ahead than the longest time of a job.
        error ExpiryTooLong();
        /// Nothing to pay.
        error ZeroBudget();
        /// The job has no provider yet.
        error ProviderNotSet();
        /// The budget is not what the client expects.
        error BudgetMismatch();
        /// The payment token is not what the client expects.
        error PaymentTokenMismatch();
        /// The hook does not answer for the hook interface.
        error InvalidHook();
        /// The hook failed without a reason: out of its gas, or without code.
        error HookCallFailed();
        /// The provider may not judge its own work (base dialect).
        error ProviderCannotBeEvaluator();
        /// A token refused to move, or said so.
        error SafeERC20FailedOperation(address token);
        /// Submitted work may still be judged.
        error GracePeriodActive();
        /// Escrow itself cannot be a party of a job.
        error InvalidParty();
        /// An amount exceeds 2^128 - 1, or an agent id 2^64 - 1.
        error AmountTooLarge();
        /// The court judges only jobs of which it is the hook too, and hooks only jobs that it judges.
        error CourtHook();
        /// A job of the court is paid in a native token.
        error CourtToken();
        /// The court has not decided yet.
        error JobHeld();
        /// Nothing is credited.
        error NoCredit();
    }

    /// ERC-8183 as the EIP's text has it. Amounts are in the smallest unit of the payment token, times in seconds.
    /// Status: 0 open, 1 funded, 2 submitted, 3 completed, 4 rejected, 5 expired.
    #[derive(Debug, PartialEq, Eq)]
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

        function createJob(address provider, address evaluator, uint256 expiredAt, string description, address hook) external returns (uint256 jobId);
        function setProvider(uint256 jobId, address provider, bytes optParams) external;
        function setBudget(uint256 jobId, uint256 amount, bytes optParams) external;
        function fund(uint256 jobId, uint256 expectedBudget, bytes optParams) external;
        function submit(uint256 jobId, bytes32 deliverable, bytes optParams) external;
        function complete(uint256 jobId, bytes32 reason, bytes optParams) external;
        function reject(uint256 jobId, bytes32 reason, bytes optParams) external;
        function claimRefund(uint256 jobId) external;
        function getJob(uint256 jobId) external view returns (Job job);
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

    /// The dialect of erc-8183/base-contracts: a token for each job, the agent of the provider, and in the data of hooks
    /// the caller first.
    #[derive(Debug, PartialEq, Eq)]
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

        function createJob(address provider, address evaluator, uint256 expiredAt, string description, address hook, uint256 providerAgentId) external returns (uint256 jobId);
        function setProvider(uint256 jobId, address provider, uint256 agentId) external;
        function setBudget(uint256 jobId, address token, uint256 amount, bytes optParams) external;
        function fund(uint256 jobId, uint256 expectedBudget, bytes optParams) external;
        /// As `fund`, and the token must be the expected one.
        function fund(uint256 jobId, address expectedToken, uint256 expectedBudget, bytes optParams) external;
        function getJob(uint256 jobId) external view returns (Job job);
        function jobs(uint256 jobId) external view returns (uint256 id, address client, address provider, address evaluator, string description, uint256 budget, uint256 expiredAt, uint8 status, address hook, address paymentToken, uint256 providerAgentId, uint256 submittedAt);
        function EVALUATION_GRACE_PERIOD() external view returns (uint256);
        function whitelistedHooks(address hook) external view returns (bool);
    }

    /// The dialect of Virtuals ACP v2: members of a job in packed order.
    #[derive(Debug, PartialEq, Eq)]
    interface IEscrowAcp {
        /// In the order of the reference's storage.
        struct Job {
            address client;
            uint8 status;
            address provider;
            uint48 expiredAt;
            address evaluator;
            address hook;
            uint256 budget;
            string description;
        }

        function setProvider(uint256 jobId, address provider) external;
        function getJob(uint256 jobId) external view returns (Job job);
        function jobs(uint256 jobId) external view returns (address client, uint8 status, address provider, uint48 expiredAt, address evaluator, address hook, uint256 budget, string description);
        function whitelistedHooks(address hook) external view returns (bool);
    }

    /// Bids for open jobs of the EIP dialect: a reverse auction among agents, open or sealed. Prices are in the payment
    /// token, bonds in wei of the native coin, times in seconds.
    #[derive(Debug, PartialEq, Eq)]
    interface IEscrowBids {
        /// The rules of one auction.
        struct Bidding {
            bool sealedBids;
            bool awarded;
            uint64 bidUntil;
            uint64 revealUntil;
            uint64 workTime;
            uint256 maxPrice;
            uint256 bond;
            uint8 bids;
        }

        /// One bid; the price of a sealed one is zero until it is revealed.
        struct Bid {
            uint256 agentId;
            address bidder;
            uint256 price;
            uint64 placedAt;
            bytes32 commitment;
        }

        /// Agents may bid.
        event BiddingOpened(uint256 indexed jobId, bool sealedBids, uint64 bidUntil, uint64 revealUntil, uint64 workTime, uint256 maxPrice, uint256 bond);
        /// An open bid.
        event BidPlaced(uint256 indexed jobId, uint256 indexed agentId, address indexed bidder, uint256 price);
        /// A sealed bid.
        event BidCommitted(uint256 indexed jobId, uint256 indexed agentId, address indexed bidder, bytes32 commitment);
        /// A sealed bid was opened.
        event BidRevealed(uint256 indexed jobId, uint256 indexed agentId, uint256 price);
        /// The best bid has won; `weighted` is what was compared.
        event JobAwarded(uint256 indexed jobId, uint256 indexed agentId, address indexed provider, uint256 price, uint256 weighted);
        /// No bid is left.
        event BiddingClosed(uint256 indexed jobId);
        /// A provider that was awarded and paid for never submitted: its bond went to the client.
        event ProviderPenalized(uint256 indexed jobId, uint256 indexed agentId, uint256 amount);

        /// The job takes bids, and its provider comes from them.
        error BiddingIsOpen();
        /// The job takes no bids now, or none of this kind.
        error NoBidding();
        /// The times do not follow each other, or leave no time for the work before the expiry.
        error InvalidTimes();
        /// The bond is below the chain's smallest.
        error BidBondTooSmall(uint256 least);
        /// A hook that the client chose could keep the winner from submitting.
        error HookedJob();
        /// As many agents have bid as may.
        error TooManyBids();
        /// The agent has bid.
        error AlreadyBid();
        /// The price is zero or above the client's limit.
        error InvalidPrice();
        /// The agent has committed to something else.
        error WrongCommitment();

        /// The client asks agents for bids for an open job without a provider.
        function openBids(uint256 jobId, bool sealedBids, uint64 bidUntil, uint64 revealUntil, uint64 workTime, uint256 maxPrice, uint256 bond) external;
        /// Bids for an agent that the caller speaks for; the bond is locked in the agent's bond as a worker.
        function bid(uint256 jobId, uint256 agentId, uint256 price) external;
        /// As `bid`, sealed: keccak256(abi.encode(chainid, this, jobId, agentId, bidder, price, salt)).
        function commitBid(uint256 jobId, uint256 agentId, bytes32 commitment) external;
        /// Opens a sealed bid; anybody who knows the price and the salt.
        function revealBid(uint256 jobId, uint256 agentId, uint256 price, bytes32 salt) external;
        /// Ends the auction: the best bid wins, or nobody does. Anybody, after its times.
        function award(uint256 jobId) external returns (uint256 agentId);
        /// Gives the bonds of an open job back whose time is over. Anybody.
        function releaseBonds(uint256 jobId) external;
        /// The auction of a job; all zero where there is none.
        function bidding(uint256 jobId) external view returns (Bidding);
        /// The bids for a job.
        function bidsOf(uint256 jobId) external view returns (Bid[]);
    }
}
