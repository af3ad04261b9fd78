// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {vm} from "./Vm.sol";

/// @notice A wallet that accepts the hashes it has been told to, and may change its mind.
contract FickleWallet is IERC1271 {
    mapping(bytes32 hash => bool) public accepted;

    function setAccepted(bytes32 hash, bool value) external {
        accepted[hash] = value;
    }

    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        return accepted[hash] ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice A wallet that answers with a single true byte, which is not the magic value.
contract TrueWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bool) {
        return true;
    }
}

/// @title Signatures of test keys
library Signatures {
    function by(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, s, v);
    }
}
