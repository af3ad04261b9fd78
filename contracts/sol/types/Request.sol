// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice What somebody pays for: one case, proven and recorded.
/// @param payer Who pays, and gets the money back after the deadline.
/// @param token What is paid with; zero for the chain's own currency.
/// @param price For the model's owner.
/// @param fee For the prover.
/// @param modelId The model.
/// @param recordCommitment Commitment to the record.
/// @param consentId The consent; its grantee is the market, or anyone.
/// @param maxPolicy 0 if no record entry may have been saturated, 1 if that is accepted.
/// @param deadline The first second at which the request cannot be fulfilled any more.
/// @param salt Makes equal requests two.
struct Request {
    address payer;
    address token;
    uint256 price;
    uint256 fee;
    bytes32 modelId;
    uint256 recordCommitment;
    bytes32 consentId;
    uint256 maxPolicy;
    uint256 deadline;
    bytes32 salt;
}
