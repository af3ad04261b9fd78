// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that anyone mints.
contract PlainToken is ERC20("Plain", "PLN") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Keeps a hundredth of each transfer.
contract FeeToken is ERC20("Fee", "FEE") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (from == address(0)) return super._update(from, to, amount);
        super._update(from, address(0xfee), amount / 100);
        super._update(from, to, amount - amount / 100);
    }
}

/// @notice Answers false instead of reverting, and moves nothing.
contract FalseToken {
    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }

    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }
}

/// @notice Calls somebody back in the middle of each transfer, and demands that the call succeeds.
contract ReentrantToken is ERC20("Reentrant", "RNT") {
    address private _target;
    bytes private _call;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function arm(address target, bytes calldata call) external {
        (_target, _call) = (target, call);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (_target == address(0)) return;
        (bool success, bytes memory reason) = _target.call(_call);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}

/// @notice Receives the chain's currency, and calls the sender back.
contract ReentrantReceiver {
    bytes private _call;
    bool public succeeded;

    function arm(bytes calldata call) external {
        _call = call;
    }

    function run(address target, bytes calldata call) external {
        (bool success, bytes memory reason) = target.call(call);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    receive() external payable {
        if (_call.length != 0) (succeeded,) = msg.sender.call(_call);
    }
}

/// @notice Refuses the chain's currency.
contract Refuser {
    function run(address target, bytes calldata call) external returns (bool success) {
        (success,) = target.call(call);
    }
}
