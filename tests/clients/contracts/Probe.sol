// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.28;

/// What the client tests deploy: storage, an event, a custom error, a revert reason, value.
contract Probe {
    event Stored(address indexed by, uint256 value);

    error TooLarge(uint256 value, uint256 limit);

    uint256 public value;
    mapping(address => uint256) public times;

    constructor(uint256 initial) payable {
        value = initial;
    }

    function store(uint256 newValue) external payable {
        if (newValue > 1_000_000) revert TooLarge(newValue, 1_000_000);
        require(newValue != 13, "unlucky number");
        value = newValue;
        times[msg.sender] += 1;
        emit Stored(msg.sender, newValue);
    }
}

/// Deploys a Probe at an address that depends on the salt (CREATE2).
contract Factory {
    function make(bytes32 salt, uint256 initial) external returns (Probe) {
        return new Probe{salt: salt}(initial);
    }
}
