// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice Consecutive entries of a log on another chain.
/// @param sourceChainId The log's chain.
/// @param sourceLog The log.
/// @param firstIndex Number of the first entry.
/// @param count How many entries.
/// @param root Root of the Merkle tree over their leaves (OpenZeppelin's sorted pairs).
/// @param head Head of the log's chain after the last of them.
struct Batch {
    uint256 sourceChainId;
    address sourceLog;
    uint256 firstIndex;
    uint256 count;
    bytes32 root;
    bytes32 head;
}
