// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Json} from "./Json.sol";
import {vm} from "./Vm.sol";

/// @notice Reads vectors/keys.json. A contract of its own, because each call starts with empty memory: two hundred
/// readings of the file in one call would run out of it.
contract KeyVectors {
    using Json for string;

    function good() public view returns (bytes memory) {
        return _file().blob("", ".key");
    }

    function architecture() external view returns (bytes32) {
        return _file().digest("", ".architecture_digest");
    }

    function count(string calldata group) external view returns (uint256 length) {
        string memory json = _file();
        while (json.has(Json.entry(group, length))) ++length;
    }

    /// @dev The good key with an entry's `bytes` at its `offset`, cut or filled with zeros to its `length`.
    function changed(string calldata group, uint256 index)
        external
        view
        returns (string memory name, string memory reason, bytes memory key)
    {
        string memory json = _file();
        string memory path = Json.entry(group, index);
        bytes memory whole = good();
        bytes memory patch = json.blob(path, ".bytes");
        uint256 offset = json.number(path, ".offset");
        key = new bytes(json.number(path, ".length"));
        for (uint256 i; i < key.length; ++i) {
            bool inside = i >= offset && i < offset + patch.length;
            if (inside) key[i] = patch[i - offset];
            else if (i < whole.length) key[i] = whole[i];
        }
        return (json.text(path, ".name"), json.text(path, ".error"), key);
    }

    function _file() private view returns (string memory) {
        return vm.readFile("vectors/keys.json");
    }
}
