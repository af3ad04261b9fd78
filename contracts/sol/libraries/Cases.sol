// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {CaseList} from "../types/CaseList.sol";

/// @title Lists of cases
/// @notice Memory in which a submission's cases are laid out, in one pass over them.
library Cases {
    /// @notice Makes room for cases.
    /// @param count How many.
    /// @param size Words of each.
    /// @return list Room for them.
    function allocate(uint256 count, uint256 size) internal pure returns (CaseList memory list) {
        list.nullifiers = new bytes32[](count);
        list.contexts = new bytes32[](count);
        list.words = new uint256[](count * size);
    }

    /// @notice Whether one of the first `count` nullifiers is this one. The caller keeps `count` within the list.
    /// @param nullifiers The nullifiers.
    /// @param count How many of them to look at.
    /// @param nullifier Which to look for.
    /// @return found True if it is among them.
    function contains(bytes32[] memory nullifiers, uint256 count, bytes32 nullifier)
        internal
        pure
        returns (bool found)
    {
        // Of every two cases: without bounds checks, or these comparisons would cost more than the cases' words.
        assembly ("memory-safe") {
            let slot := add(nullifiers, 0x20)
            let end := add(slot, shl(5, count))
            for {} lt(slot, end) { slot := add(slot, 0x20) } {
                found := or(found, eq(mload(slot), nullifier))
            }
        }
    }

    /// @notice Copies the words of the case at `index`. The caller has compared their number with the list's.
    /// @param all The words of all cases, each with as many as `words`.
    /// @param index Which case.
    /// @param words Its words.
    function copyWords(uint256[] memory all, uint256 index, uint256[] calldata words) internal pure {
        assembly ("memory-safe") {
            let size := shl(5, words.length)
            calldatacopy(add(add(all, 0x20), mul(index, size)), words.offset, size)
        }
    }
}
