// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {G1Point} from "../../sol/types/G1Point.sol";
import {vm} from "./Vm.sol";

/// @title Reading the vector files
library Json {
    /// @dev Path of an array's entry, `.name[index]`.
    function entry(string memory array, uint256 index) internal pure returns (string memory) {
        return string.concat(".", array, "[", vm.toString(index), "]");
    }

    function has(string memory json, string memory path) internal view returns (bool) {
        return vm.keyExistsJson(json, path);
    }

    function text(string memory json, string memory path, string memory field) internal pure returns (string memory) {
        return vm.parseJsonString(json, string.concat(path, field));
    }

    function flag(string memory json, string memory path, string memory field) internal pure returns (bool) {
        return vm.parseJsonBool(json, string.concat(path, field));
    }

    function blob(string memory json, string memory path, string memory field) internal pure returns (bytes memory) {
        return vm.parseJsonBytes(json, string.concat(path, field));
    }

    function digest(string memory json, string memory path, string memory field) internal pure returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(path, field));
    }

    function digests(string memory json, string memory path, string memory field)
        internal
        pure
        returns (bytes32[] memory)
    {
        return vm.parseJsonBytes32Array(json, string.concat(path, field));
    }

    function number(string memory json, string memory path, string memory field) internal pure returns (uint256) {
        return vm.parseJsonUint(json, string.concat(path, field));
    }

    function account(string memory json, string memory path, string memory field) internal pure returns (address) {
        return vm.parseJsonAddress(json, string.concat(path, field));
    }

    function numbers(string memory json, string memory path, string memory field)
        internal
        pure
        returns (uint256[] memory)
    {
        return vm.parseJsonUintArray(json, string.concat(path, field));
    }

    function point(string memory json, string memory path, string memory field)
        internal
        pure
        returns (G1Point memory decoded)
    {
        (decoded.x, decoded.y) = abi.decode(blob(json, path, field), (uint256, uint256));
    }
}
