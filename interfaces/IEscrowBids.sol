// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// Bids for open jobs of the EIP dialect: a reverse auction among agents, open or sealed. Prices are in the payment
/// token, bonds in wei of the native coin, times in seconds.
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
    function bidding(uint256 jobId) external view returns (Bidding memory);
    /// The bids for a job.
    function bidsOf(uint256 jobId) external view returns (Bid[] memory);
}
