// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IDiagnosisLog} from "./interfaces/IDiagnosisLog.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {Cases} from "./libraries/Cases.sol";
import {Transcript} from "./libraries/Transcript.sol";
import {Case} from "./types/Case.sol";
import {CaseList} from "./types/CaseList.sol";
import {Claim} from "./types/Claim.sol";
import {Diagnosis} from "./types/Diagnosis.sol";

/// @title Proven diagnoses
/// @notice Records that a registered model, run on the records behind commitments, gave their outcomes. A proof is
/// accepted on the chain, in the contract and from the submitter that it was made for, and each of its cases once.
contract DiagnosisLog is IDiagnosisLog {
    /// @notice The verifier of the proofs.
    IGroth16Verifier public immutable VERIFIER;
    /// @notice The models that may be used.
    IModelRegistry public immutable REGISTRY;

    uint256 private constant MAX_POLICY = 1;
    /// @dev The record commitment and one outcome word.
    uint256 private constant MIN_WORDS = 2;

    mapping(bytes32 nullifier => bytes32 digest) private _recorded;

    /// @param verifier The verifier of the proofs.
    /// @param registry The models that may be used.
    constructor(IGroth16Verifier verifier, IModelRegistry registry) {
        VERIFIER = verifier;
        REGISTRY = registry;
    }

    /// @inheritdoc IDiagnosisLog
    function submit(Diagnosis calldata diagnosis, bytes calldata proof) external returns (bytes32[] memory nullifiers) {
        CaseList memory list = _check(msg.sender, diagnosis, proof);
        nullifiers = list.nullifiers;
        for (uint256 i; i < nullifiers.length; ++i) {
            _record(diagnosis.modelId, diagnosis.cases[i], nullifiers[i], list.contexts[i]);
        }
    }

    /// @inheritdoc IDiagnosisLog
    function preflight(address submitter, Diagnosis calldata diagnosis, bytes calldata proof)
        external
        view
        returns (bytes32[] memory)
    {
        return _check(submitter, diagnosis, proof).nullifiers;
    }

    /// @inheritdoc IDiagnosisLog
    function nullifierOf(bytes32 modelId, uint256 recordCommitment, bytes32 consentId, bytes32 nonce)
        external
        pure
        returns (bytes32)
    {
        return Transcript.nullifier(modelId, recordCommitment, consentId, nonce);
    }

    /// @inheritdoc IDiagnosisLog
    function recorded(bytes32 nullifier) external view returns (bytes32) {
        return _recorded[nullifier];
    }

    /// @inheritdoc IDiagnosisLog
    function isRecorded(address submitter, bytes32 modelId, Case calldata one) external view returns (bool) {
        if (one.words.length < MIN_WORDS) return false;
        bytes32 context = contextOf(submitter, one.consentId, one.nonce, one.policy);
        bytes32 nullifier = Transcript.nullifier(modelId, one.words[0], one.consentId, one.nonce);
        return _recorded[nullifier] == _digestOf(modelId, context, one.words);
    }

    /// @inheritdoc IDiagnosisLog
    function contextOf(address submitter, bytes32 consentId, bytes32 nonce, uint256 policy)
        public
        view
        returns (bytes32)
    {
        return Transcript.contextDigest(block.chainid, address(this), submitter, consentId, nonce, policy);
    }

    /// @dev Everything that can be wrong with a submission, the cheap things first.
    function _check(address submitter, Diagnosis calldata diagnosis, bytes calldata proof)
        private
        view
        returns (CaseList memory list)
    {
        list = _listOf(submitter, diagnosis.modelId, diagnosis.cases);
        Claim memory claim;
        (claim.keyDigest, claim.weightCommitment) = REGISTRY.modelInUse(diagnosis.modelId);
        claim.modelId = diagnosis.modelId;
        claim.contextDigest = Transcript.contextsDigest(list.contexts);
        claim.records = list.contexts.length;
        VERIFIER.verify(claim, list.words, proof);
    }

    /// @dev Goes once over the cases: reading them from calldata is what costs.
    function _listOf(address submitter, bytes32 modelId, Case[] calldata cases)
        private
        view
        returns (CaseList memory list)
    {
        uint256 count = cases.length;
        if (count == 0) revert NoCases();
        uint256 size = cases[0].words.length;
        list = Cases.allocate(count, size);
        for (uint256 i; i < count; ++i) {
            Case calldata one = cases[i];
            uint256[] calldata words = one.words;
            _checkShape(one.policy, size, words.length);
            list.nullifiers[i] = _freshNullifier(list.nullifiers, i, modelId, words[0], one.consentId, one.nonce);
            list.contexts[i] = contextOf(submitter, one.consentId, one.nonce, one.policy);
            Cases.copyWords(list.words, i, words);
        }
    }

    function _checkShape(uint256 policy, uint256 expected, uint256 got) private pure {
        if (policy > MAX_POLICY) revert InvalidPolicy(policy);
        if (got < MIN_WORDS) revert TooFewWords(got);
        if (got != expected) revert UnevenCases(expected, got);
    }

    /// @dev A nullifier that is neither recorded nor that of an earlier case.
    function _freshNullifier(
        bytes32[] memory nullifiers,
        uint256 index,
        bytes32 modelId,
        uint256 recordCommitment,
        bytes32 consentId,
        bytes32 nonce
    ) private view returns (bytes32 nullifier) {
        nullifier = Transcript.nullifier(modelId, recordCommitment, consentId, nonce);
        if (_recorded[nullifier] != 0) revert AlreadyRecorded(nullifier);
        if (Cases.contains(nullifiers, index, nullifier)) revert RepeatedCase(nullifier);
    }

    function _record(bytes32 modelId, Case calldata one, bytes32 nullifier, bytes32 context) private {
        uint256[] calldata words = one.words;
        _recorded[nullifier] = _digestOf(modelId, context, words);
        emit DiagnosisRecorded(
            modelId, words[0], msg.sender, nullifier, one.consentId, one.nonce, one.policy, context, words[1:]
        );
    }

    function _digestOf(bytes32 modelId, bytes32 context, uint256[] calldata words) private pure returns (bytes32) {
        return keccak256(abi.encode(modelId, context, words));
    }
}
