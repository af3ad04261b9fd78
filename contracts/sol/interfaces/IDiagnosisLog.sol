// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Case} from "../types/Case.sol";
import {Diagnosis} from "../types/Diagnosis.sol";
import {IModelRegistry} from "./IModelRegistry.sol";

/// @title Proven diagnoses
interface IDiagnosisLog {
    /// @notice A case was proven and recorded.
    /// @param modelId The model.
    /// @param recordCommitment Commitment to the patient's record.
    /// @param consentId The consent that covers it.
    /// @param index Its number in this log, from 0, without a gap.
    /// @param submitter Who submitted it.
    /// @param nullifier What cannot be recorded again.
    /// @param version The verifier's version, by which the proof was accepted: what to look for if one turns out bad.
    /// @param nonce The submitter's nonce.
    /// @param policy 0, or 1 if record entries were saturated on demand.
    /// @param contextDigest The context of this case that the proof is bound to.
    /// @param outcome The outcome words.
    event DiagnosisRecorded(
        bytes32 indexed modelId,
        uint256 indexed recordCommitment,
        bytes32 indexed consentId,
        uint256 index,
        address submitter,
        bytes32 nullifier,
        bytes4 version,
        bytes32 nonce,
        uint256 policy,
        bytes32 contextDigest,
        uint256[] outcome
    );

    /// @notice A diagnosis of this model, record, consent and nonce is recorded already.
    error AlreadyRecorded(bytes32 nullifier);
    /// @notice The policy is neither 0 nor 1.
    error InvalidPolicy(uint256 policy);
    /// @notice There is nothing to record.
    error NoCases();
    /// @notice A case has at least the record commitment and one outcome word.
    error TooFewWords(uint256 got);
    /// @notice A case has more or fewer words than the first.
    error UnevenCases(uint256 expected, uint256 got);
    /// @notice Two cases are of the same record, consent and nonce.
    error RepeatedCase(bytes32 nullifier);
    /// @notice Not as many proofs as diagnoses.
    error UnevenBatch(uint256 diagnoses, uint256 proofs);

    /// @notice Verifies and records every case, or reverts with a named error and records none.
    /// @dev The proof must be bound to this chain, this contract and the caller, the model approved, and each consent
    /// live and for the caller.
    /// @param diagnosis What is stated.
    /// @param proof The verifier's version (4 bytes), then `A ‖ B ‖ C ‖ D_1` (320 bytes).
    /// @return nullifiers For each case what cannot be recorded again.
    function submit(Diagnosis calldata diagnosis, bytes calldata proof) external returns (bytes32[] memory nullifiers);

    /// @notice Verifies all proofs in one pairing and records every case of every diagnosis, or reverts and records none.
    /// @dev Cheapest when proofs of one key, and of one model, follow each other.
    /// @param diagnoses What is stated.
    /// @param proofs A proof of each; all of one version.
    /// @return nullifiers For each case of each diagnosis what cannot be recorded again.
    function submitBatch(Diagnosis[] calldata diagnoses, bytes[] calldata proofs)
        external
        returns (bytes32[][] memory nullifiers);

    /// @notice Does all that `submit` would do except recording, for a call that costs nothing.
    /// @param submitter Who will submit.
    /// @param diagnosis What is stated.
    /// @param proof The verifier's version, then the proof.
    /// @return nullifiers For each case what could not be recorded again.
    function preflight(address submitter, Diagnosis calldata diagnosis, bytes calldata proof)
        external
        view
        returns (bytes32[] memory nullifiers);

    /// @notice The models that may be used.
    /// @return The registry.
    function REGISTRY() external view returns (IModelRegistry);

    /// @notice How many cases are recorded: the index of the next.
    /// @return The number.
    function length() external view returns (uint256);

    /// @notice The head of the chain over all entries: zero at first, then `keccak256(abi.encode(head, entryDigest))`.
    /// @dev `entryDigest = keccak256(abi.encode(TAG_ENTRY, index, nullifier, recorded(nullifier), version, block.timestamp))`.
    /// @return The head.
    function head() external view returns (bytes32);

    /// @notice The context digest of a case, which a proof must be bound to.
    /// @param submitter Who will submit.
    /// @param consentId The patient's consent.
    /// @param nonce The submitter's nonce.
    /// @param policy 0 or 1.
    /// @return The context digest.
    function contextOf(address submitter, bytes32 consentId, bytes32 nonce, uint256 policy)
        external
        view
        returns (bytes32);

    /// @notice The nullifier of a case.
    /// @param modelId The model.
    /// @param recordCommitment Commitment to the patient's record.
    /// @param consentId The patient's consent.
    /// @param nonce The submitter's nonce.
    /// @return The nullifier.
    function nullifierOf(bytes32 modelId, uint256 recordCommitment, bytes32 consentId, bytes32 nonce)
        external
        pure
        returns (bytes32);

    /// @notice What is stored under a nullifier: keccak of `abi.encode(modelId, contextDigest, words)` of
    /// that case, or zero.
    /// @param nullifier The nullifier.
    /// @return The digest of what was recorded.
    function recorded(bytes32 nullifier) external view returns (bytes32);

    /// @notice Whether exactly this case was recorded here by this submitter, alone or among others.
    /// @param submitter Who submitted it.
    /// @param modelId The model.
    /// @param one What was stated.
    /// @return True if it was.
    function isRecorded(address submitter, bytes32 modelId, Case calldata one) external view returns (bool);
}
