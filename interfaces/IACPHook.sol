// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// What a hook of a job answers.
interface IACPHook {
    /// Called before an action; a revert refuses it.
    function beforeAction(uint256 jobId, bytes4 selector, bytes calldata data) external;
    /// Called after an action; a revert undoes it.
    function afterAction(uint256 jobId, bytes4 selector, bytes calldata data) external;
    /// ERC-165.
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}
