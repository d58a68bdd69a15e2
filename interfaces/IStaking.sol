// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// Validators, delegation and rewards.
interface IStaking {
    /// What is known of a validator. `status`: 0 active, 1 inactive, 2 jailed, 3 tombstoned.
    struct Validator {
        address operator;
        bytes20 consensusAddress;
        bytes32 publicKey;
        bytes32 randomnessKey;
        address feeAddress;
        uint8 status;
        uint64 jailedUntil;
        uint16 commission;
        uint16 nextCommission;
        uint64 nextCommissionEpoch;
        uint256 stake;
        uint256 shares;
        uint256 unbonding;
        uint256 selfShares;
        uint256 commissionEarned;
        uint64 eligibleEpoch;
        uint64 power;
        uint16 missed;
    }

    /// Registers the caller as a validator and bonds the value as its own stake.
    function createValidator(bytes32 publicKey, bytes calldata publicKeyProof, bytes32 randomnessKey, bytes calldata randomnessProof, address feeAddress, uint16 commission) external payable returns (uint256 shares);
    /// Takes the caller's validator out of the candidates: it leaves the set with the end of the epoch.
    function deactivate() external;
    /// Makes an inactive validator a candidate again.
    function activate() external;
    /// Makes a jailed validator a candidate again, once its time is over.
    function unjail() external;
    /// Announces a commission, in hundredths of a per cent, for the epoch after next.
    function setCommission(uint16 commission) external returns (uint64 epoch);
    /// Changes who receives priority fees, with the next epoch.
    function setFeeAddress(address feeAddress) external;
    /// Replaces the consensus key; in force two heights after this one if the validator is in the set.
    function rotateConsensusKey(bytes32 publicKey, bytes calldata proof) external;
    /// Replaces the randomness key, in force two epochs later.
    function rotateRandomnessKey(bytes32 randomnessKey, bytes calldata proof) external returns (uint64 epoch);

    /// Delegates the value to a validator.
    function delegate(address operator) external payable returns (uint256 shares);
    /// Takes shares back; what they are worth is paid after the unbonding time, less what is slashed until then.
    function undelegate(address operator, uint256 shares) external returns (uint256 amount, uint64 epoch);
    /// Pays what was undelegated in an epoch and has become due.
    function withdraw(address operator, uint64 epoch) external returns (uint256 amount);
    /// Delegates what was undelegated in an epoch, and has become due, to another validator.
    function redelegate(address operator, uint64 epoch, address to) external returns (uint256 shares);
    /// Pays the caller's rewards with a validator.
    function withdrawRewards(address operator) external returns (uint256 amount);
    /// Pays the commission that the caller's validator has earned.
    function withdrawCommission() external returns (uint256 amount);

    /// A validator; reverts for an unknown one.
    function validator(address operator) external view returns (Validator memory);
    /// At most 100 operators from an index on, in order of registration, and how many there are.
    function operators(uint64 start, uint64 count) external view returns (address[] memory page, uint64 total);
    /// Who holds, or ever held, a consensus key; the zero address where nobody did.
    function operatorOf(bytes20 consensusAddress) external view returns (address operator);
    /// A delegation: its shares, what they are worth now, and its rewards.
    function delegation(address operator, address delegator) external view returns (uint256 shares, uint256 value, uint256 rewards);
    /// What was undelegated in an epoch, worth now, and the epoch from which it can be withdrawn.
    function unbonding(address operator, address delegator, uint64 epoch) external view returns (uint256 amount, uint64 dueEpoch);
    /// The running epoch, its first height and the heights of each epoch.
    function epoch() external view returns (uint64 epoch, uint64 start, uint64 length);
    /// The validators of a height: operators and powers in the order of the set. Known for the last heights and the next two.
    function validatorSet(uint64 height) external view returns (address[] memory operators, uint64[] memory powers);
    /// What is left to be issued, and what the end of this epoch issues.
    function issuance() external view returns (uint256 reserve, uint256 perEpoch);

    /// Bonds the value for an agent in a role: 0 worker, 1 auditor. The bond stays its payer's, whoever owns the agent.
    function bondAgent(uint256 agentId, uint8 role) external payable returns (uint256 amount);
    /// Lets new locks use the bond although the agent has changed hands since it was made.
    function confirmAgentBond(uint256 agentId, uint8 role) external;
    /// Takes back what no job has locked; it is paid after the unbonding time. Asking again for more starts it anew.
    function unbondAgent(uint256 agentId, uint8 role, uint256 amount) external returns (uint64 dueEpoch);
    /// Pays what was asked back and has become due.
    function withdrawAgentBond(uint256 agentId, uint8 role) external returns (uint256 amount);
    /// The bond of an agent in a role, zeros where there is none: its payer, the owner for whom it was made, all of it,
    /// what jobs have locked, what is unbonding, and the epoch from which that can be withdrawn.
    function agentBond(uint256 agentId, uint8 role) external view returns (address payer, address owner, uint256 amount, uint256 locked, uint256 unbonding, uint64 dueEpoch);
    /// What a module has locked for a job.
    function agentLock(uint256 agentId, uint8 role, address module, uint256 jobId) external view returns (uint256 amount);

    event ValidatorCreated(address indexed operator, bytes20 indexed consensusAddress, bytes32 publicKey, uint16 commission);
    event ValidatorActivated(address indexed operator);
    event ValidatorDeactivated(address indexed operator);
    event ValidatorJailed(address indexed operator, uint64 untilHeight);
    event ValidatorSlashed(address indexed operator, uint64 indexed offenceHeight, uint256 amount);
    event CommissionAnnounced(address indexed operator, uint16 commission, uint64 epoch);
    event FeeAddressChanged(address indexed operator, address feeAddress);
    event ConsensusKeyRotated(address indexed operator, bytes20 indexed consensusAddress, bytes32 publicKey);
    event RandomnessKeyRotated(address indexed operator, bytes32 randomnessKey, uint64 epoch);
    event Delegated(address indexed operator, address indexed delegator, uint256 amount, uint256 shares);
    event Undelegated(address indexed operator, address indexed delegator, uint256 amount, uint256 shares, uint64 epoch);
    event Withdrawn(address indexed operator, address indexed delegator, uint256 amount, uint64 epoch);
    event RewardsWithdrawn(address indexed operator, address indexed delegator, uint256 amount);
    event CommissionWithdrawn(address indexed operator, uint256 amount);
    event ValidatorSetChanged(uint64 indexed number, uint64 fromHeight, uint64 size);

    event AgentBonded(uint256 indexed agentId, uint8 indexed role, address indexed payer, uint256 amount);
    event AgentBondConfirmed(uint256 indexed agentId, uint8 indexed role, address owner);
    event AgentUnbonded(uint256 indexed agentId, uint8 indexed role, uint256 amount, uint64 dueEpoch);
    event AgentBondWithdrawn(uint256 indexed agentId, uint8 indexed role, uint256 amount);
    event AgentBondLocked(uint256 indexed agentId, uint8 indexed role, address indexed module, uint256 jobId, uint256 amount);
    event AgentBondReleased(uint256 indexed agentId, uint8 indexed role, address indexed module, uint256 jobId, uint256 amount);
    event AgentBondSlashed(uint256 indexed agentId, uint8 indexed role, address indexed module, uint256 jobId, uint256 amount);

    /// The operator has no validator.
    error UnknownValidator(address operator);
    /// The caller has a validator already.
    error ValidatorExists();
    /// The key is or was a validator's.
    error KeyUsed();
    /// The key is none, or the proof of possession is not its own.
    error InvalidProof();
    /// The zero address cannot receive fees.
    error InvalidFeeAddress();
    /// More than 10,000 hundredths of a per cent, or a larger step than the chain allows.
    error InvalidCommission();
    /// A change is announced already, or was made in this epoch.
    error ChangePending(uint64 epoch);
    /// Less than the chain's minimum.
    error AmountTooSmall(uint256 minimum);
    /// More than can be held, or than is there.
    error AmountTooLarge();
    /// The call needs another state of the validator.
    error WrongStatus(uint8 status);
    /// The jail time is not over.
    error StillJailed(uint64 untilHeight);
    /// Everything that was delegated here has been slashed.
    error PoolEmpty();
    /// No room for another candidate with no more stake than the smallest one has.
    error CandidatesFull(uint256 smallest);
    /// Nothing of this kind is there to withdraw.
    error NothingToWithdraw();
    /// The unbonding time is not over.
    error NotDue(uint64 dueEpoch);
    /// The set of this height is not kept, or not known yet.
    error UnknownHeight();
    /// No such role.
    error InvalidRole(uint8 role);
    /// No such agent.
    error UnknownAgent(uint256 agentId);
    /// The bond is another account's.
    error NotPayer(address payer);
    /// The agent has changed hands since the bond was made.
    error BondNotConfirmed();
    /// Less is free than is asked for.
    error BondTooSmall(uint256 free);
    /// The job has locked something already.
    error AlreadyLocked();
    /// The job has locked nothing.
    error NotLocked();
}
