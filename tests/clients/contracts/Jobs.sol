// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.28;

interface IToken {
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// What the native module does in the EIP's dialect to jobs without hooks, bids and agents, in Solidity: the other side of
/// the differential test and of the benchmark. The same words are packed, so that both sides touch the same number of slots.
contract JobsReference {
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
    event Credited(address indexed token, address indexed payee, uint256 amount);
    event Withdrawn(address indexed token, address indexed payee, uint256 amount);

    error InvalidJob();
    error WrongStatus();
    error Unauthorized();
    error ZeroAddress();
    error ExpiryTooShort();
    error ExpiryTooLong();
    error ZeroBudget();
    error ProviderNotSet();
    error BudgetMismatch();
    error InvalidHook();
    error InvalidParty();
    error AmountTooLarge();
    error NoCredit();
    error TooLong();
    error SafeERC20FailedOperation(address token);
    error Reentrant();

    enum Status { Open, Funded, Submitted, Completed, Rejected, Expired }

    struct Job {
        address client;
        Status status;
        address provider;
        uint64 expiredAt;
        address evaluator;
        uint64 submittedAt;
        uint128 budget;
        uint128 funded;
    }

    IToken public immutable token;
    address private immutable treasury;
    uint256 private immutable platformFee;
    uint256 private immutable evaluatorFee;
    uint256 private immutable timeMin;
    uint256 private immutable timeMax;

    uint256 public jobCounter;
    mapping(uint256 => Job) private jobs;
    mapping(uint256 => string) private descriptions;
    mapping(uint256 => bytes32) private deliverables;
    mapping(address => mapping(address => uint256)) private credits;
    mapping(address => uint256) private credited;
    bool private transient locked;

    constructor(IToken token_, address treasury_, uint256 platform, uint256 evaluator, uint256 min, uint256 max) {
        (token, treasury, platformFee, evaluatorFee, timeMin, timeMax) = (token_, treasury_, platform, evaluator, min, max);
    }

    modifier guarded() {
        if (locked) revert Reentrant();
        locked = true;
        _;
        locked = false;
    }

    function _known(uint256 id) private view returns (Job storage job) {
        job = jobs[id];
        if (job.client == address(0)) revert InvalidJob();
    }

    function _open(Job storage job) private view {
        if (job.status != Status.Open || block.timestamp >= job.expiredAt) revert WrongStatus();
    }

    function _party(address account) private view {
        if (account == address(this)) revert InvalidParty();
    }

    function createJob(address provider, address evaluator, uint256 expiredAt, string calldata description, address hook)
        external
        guarded
        returns (uint256 id)
    {
        if (evaluator == address(0)) revert ZeroAddress();
        _party(provider);
        _party(evaluator);
        _party(hook);
        if (bytes(description).length > 2048) revert TooLong();
        if (expiredAt > type(uint64).max) expiredAt = type(uint64).max;
        if (expiredAt <= block.timestamp + timeMin) revert ExpiryTooShort();
        if (expiredAt > block.timestamp + timeMax) revert ExpiryTooLong();
        if (hook != address(0)) revert InvalidHook();
        id = ++jobCounter;
        Job storage job = jobs[id];
        job.client = msg.sender;
        job.provider = provider;
        job.expiredAt = uint64(expiredAt);
        job.evaluator = evaluator;
        if (bytes(description).length > 0) descriptions[id] = description;
        emit JobCreated(id, msg.sender, provider, evaluator, expiredAt, hook);
    }

    function setProvider(uint256 id, address provider, bytes calldata) external guarded {
        Job storage job = _known(id);
        _open(job);
        if (msg.sender != job.client) revert Unauthorized();
        if (job.provider != address(0)) revert WrongStatus();
        if (provider == address(0)) revert ZeroAddress();
        _party(provider);
        job.provider = provider;
        emit ProviderSet(id, provider);
    }

    function setBudget(uint256 id, uint256 amount, bytes calldata) external guarded {
        if (amount > type(uint128).max) revert AmountTooLarge();
        Job storage job = _known(id);
        _open(job);
        if (msg.sender != job.client && msg.sender != job.provider) revert Unauthorized();
        job.budget = uint128(amount);
        emit BudgetSet(id, amount);
    }

    function fund(uint256 id, uint256 expectedBudget, bytes calldata) external guarded {
        Job storage job = _known(id);
        _open(job);
        if (msg.sender != job.client) revert Unauthorized();
        if (job.provider == address(0)) revert ProviderNotSet();
        uint128 budget = job.budget;
        if (budget != expectedBudget) revert BudgetMismatch();
        if (budget == 0) revert ZeroBudget();
        job.status = Status.Funded;
        job.funded = budget;
        if (!token.transferFrom(msg.sender, address(this), budget)) revert SafeERC20FailedOperation(address(token));
        emit JobFunded(id, msg.sender, budget);
    }

    function submit(uint256 id, bytes32 deliverable, bytes calldata) external guarded {
        Job storage job = _known(id);
        if (job.status != Status.Funded || block.timestamp >= job.expiredAt) revert WrongStatus();
        if (msg.sender != job.provider) revert Unauthorized();
        job.status = Status.Submitted;
        job.submittedAt = uint64(block.timestamp);
        if (deliverable != 0) deliverables[id] = deliverable;
        emit JobSubmitted(id, msg.sender, deliverable);
    }

    function complete(uint256 id, bytes32 reason, bytes calldata) external guarded {
        Job storage job = _known(id);
        if (job.status != Status.Submitted) revert WrongStatus();
        if (msg.sender != job.evaluator) revert Unauthorized();
        uint256 amount = job.funded;
        job.status = Status.Completed;
        job.funded = 0;
        uint256 platform = amount * platformFee / 10_000;
        uint256 judged = amount * evaluatorFee / 10_000;
        uint256 rest = amount - platform - judged;
        if (platform > 0) {
            _pay(treasury, platform);
            emit PlatformFeePaid(id, treasury, platform);
        }
        if (judged > 0) {
            _pay(msg.sender, judged);
            emit EvaluatorFeePaid(id, msg.sender, judged);
        }
        address provider = job.provider;
        _pay(provider, rest);
        emit JobCompleted(id, msg.sender, reason);
        emit PaymentReleased(id, provider, rest);
    }

    function reject(uint256 id, bytes32 reason, bytes calldata) external guarded {
        Job storage job = _known(id);
        Status status = job.status;
        if (status > Status.Submitted) revert WrongStatus();
        if (msg.sender != (status == Status.Open ? job.client : job.evaluator)) revert Unauthorized();
        _refund(id, job, Status.Rejected);
        emit JobRejected(id, msg.sender, reason);
    }

    function claimRefund(uint256 id) external guarded {
        Job storage job = _known(id);
        bool funded = job.status == Status.Funded || job.status == Status.Submitted;
        if (!funded || block.timestamp < job.expiredAt) revert WrongStatus();
        _refund(id, job, Status.Expired);
        emit JobExpired(id);
    }

    function withdraw(address asset) external guarded returns (uint256 amount) {
        amount = credits[asset][msg.sender];
        if (amount == 0) revert NoCredit();
        credits[asset][msg.sender] = 0;
        credited[asset] -= amount;
        emit Withdrawn(asset, msg.sender, amount);
        if (!_push(msg.sender, amount)) revert SafeERC20FailedOperation(asset);
    }

    function creditOf(address asset, address account) external view returns (uint256) {
        return credits[asset][account];
    }

    function _refund(uint256 id, Job storage job, Status status) private {
        uint256 amount = job.funded;
        job.status = status;
        if (amount == 0) return;
        job.funded = 0;
        address client = job.client;
        _pay(client, amount);
        emit Refunded(id, client, amount);
    }

    function _push(address to, uint256 amount) private returns (bool) {
        try token.transfer(to, amount) returns (bool moved) {
            return moved;
        } catch {
            return false;
        }
    }

    /// A payee that the token refuses cannot stop a settlement.
    function _pay(address to, uint256 amount) private {
        if (amount == 0 || _push(to, amount)) return;
        credits[address(token)][to] += amount;
        credited[address(token)] += amount;
        emit Credited(address(token), to, amount);
    }
}
