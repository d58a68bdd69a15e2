// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// The dialect of Virtuals ACP v2: members of a job in packed order.
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
    function getJob(uint256 jobId) external view returns (Job memory job);
    function jobs(uint256 jobId) external view returns (address client, uint8 status, address provider, uint48 expiredAt, address evaluator, address hook, uint256 budget, string memory description);
    function whitelistedHooks(address hook) external view returns (bool);
}
