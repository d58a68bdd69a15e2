// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// Refusals of all three dialects; those that a reference has carry its name.
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
