// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Claim} from "../types/Claim.sol";

/// @title One verifier for every architecture
interface IGroth16Verifier {
    /// @notice The proof is not 320 bytes long.
    error ProofLength(uint256 got);
    /// @notice The number of statement words is not what the key says.
    error WordCount(uint256 expected, uint256 got);
    /// @notice The words are said to be about another number of records than the key is for.
    error RecordCount(uint256 expected, uint256 got);
    /// @notice A statement word is not below the scalar field's order.
    error WordNotReduced(uint256 index, uint256 word);
    /// @notice A coordinate of the proof is not below the base field's order.
    error CoordinateNotReduced(uint256 coordinate);
    /// @notice All points are valid, but the equation does not hold: the proof does not show this statement.
    error ProofRejected();

    /// @notice There is nothing to verify.
    error EmptyBatch();
    /// @notice Not as many claims, lists of words and proofs.
    error BatchShape(uint256 claims, uint256 words, uint256 proofs);

    /// @notice Which verifier this is: the first 4 bytes of the hash of its domain tag. Another proof system, another
    /// transcript or a corrected contract has another tag.
    /// @return The version.
    function VERSION() external view returns (bytes4);

    /// @notice Returns if the proof shows the statement, and reverts with a named error otherwise.
    /// @param claim Key, model, weights, context and number of records that the proof is bound to.
    /// @param words The statement words, case after case, each below the scalar field's order.
    /// @param proof `A ‖ B ‖ C ‖ D_1`, 320 bytes.
    function verify(Claim calldata claim, uint256[] calldata words, bytes calldata proof) external view;

    /// @notice Returns if every proof shows its statement, and reverts otherwise; ProofRejected does not say which failed.
    /// @dev Proofs of one key that follow each other share five pairs of the six.
    /// @param claims What each proof is bound to.
    /// @param words The statement words of each.
    /// @param proofs The proofs, 320 bytes each.
    function verifyBatch(Claim[] calldata claims, uint256[][] calldata words, bytes[] calldata proofs) external view;
}
