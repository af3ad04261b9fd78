// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice A case as the log appends it.
/// @param index Its number in the log, from 0.
/// @param nullifier What cannot be recorded again.
/// @param version The verifier's version, by which the proof was accepted.
/// @param contextDigest The context that the proof is bound to.
/// @param digest Keccak of `abi.encode(modelId, contextDigest, words)`.
struct Entry {
    uint256 index;
    bytes32 nullifier;
    bytes4 version;
    bytes32 contextDigest;
    bytes32 digest;
}
