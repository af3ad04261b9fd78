// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice What is known of the cases of a submission, in their order.
/// @param nullifiers The nullifier of each case.
/// @param contexts The context digest of each case.
/// @param words The words of all cases, one case after the other.
struct CaseList {
    bytes32[] nullifiers;
    bytes32[] contexts;
    uint256[] words;
}
