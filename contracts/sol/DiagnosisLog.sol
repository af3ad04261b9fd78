// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {IDiagnosisLog} from "./interfaces/IDiagnosisLog.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IVerifierGateway} from "./interfaces/IVerifierGateway.sol";
import {Cases} from "./libraries/Cases.sol";
import {Transcript} from "./libraries/Transcript.sol";
import {Case} from "./types/Case.sol";
import {CaseList} from "./types/CaseList.sol";
import {Claim} from "./types/Claim.sol";
import {ConsentUse} from "./types/ConsentUse.sol";
import {Diagnosis} from "./types/Diagnosis.sol";
import {Entry} from "./types/Entry.sol";

/// @title Proven diagnoses
/// @notice Records that an approved model, run on the records behind commitments under live consents, gave their
/// outcomes. A proof is accepted on the chain, in the contract and from the submitter that it was made for, and each of
/// its cases once. Entries are numbered and chained by hash, so that nobody can leave one out of a copy.
/// There is no owner and no pause: whoever could stop the log could suppress diagnoses. An emergency has a remedy where
/// it arises: the gateway freezes a verifier, authorities revoke a model, a patient revokes a consent.
contract DiagnosisLog is IDiagnosisLog {
    /// @notice The verifiers of the proofs.
    IVerifierGateway public immutable GATEWAY;
    /// @inheritdoc IDiagnosisLog
    IModelRegistry public immutable REGISTRY;
    /// @notice The consents.
    IConsentRegistry public immutable CONSENTS;
    /// @notice What consents must be for.
    bytes32 public immutable PURPOSE;

    uint256 private constant MAX_POLICY = 1;
    /// @dev The record commitment and one outcome word.
    uint256 private constant MIN_WORDS = 2;

    /// @inheritdoc IDiagnosisLog
    uint256 public length;
    /// @inheritdoc IDiagnosisLog
    bytes32 public head;
    /// @inheritdoc IDiagnosisLog
    mapping(bytes32 nullifier => bytes32 digest) public recorded;

    /// @param gateway The verifiers of the proofs.
    /// @param registry The models that may be used.
    /// @param consents The consents.
    /// @param purpose What consents must be for.
    constructor(IVerifierGateway gateway, IModelRegistry registry, IConsentRegistry consents, bytes32 purpose) {
        GATEWAY = gateway;
        REGISTRY = registry;
        CONSENTS = consents;
        PURPOSE = purpose;
    }

    /// @inheritdoc IDiagnosisLog
    function submit(Diagnosis calldata diagnosis, bytes calldata proof) external returns (bytes32[] memory nullifiers) {
        (CaseList memory list, Claim memory claim) = _prepare(msg.sender, diagnosis);
        GATEWAY.verify(claim, list.words, proof);
        _append(diagnosis, list, bytes4(proof));
        return list.nullifiers;
    }

    /// @inheritdoc IDiagnosisLog
    function submitBatch(Diagnosis[] calldata diagnoses, bytes[] calldata proofs)
        external
        returns (bytes32[][] memory nullifiers)
    {
        uint256 count = diagnoses.length;
        if (proofs.length != count) revert UnevenBatch(count, proofs.length);
        nullifiers = new bytes32[][](count);
        uint256[][] memory words = new uint256[][](count);
        Claim[] memory claims = new Claim[](count);
        // Appended before the proofs are verified, so that a later diagnosis meets the nullifiers of the earlier ones.
        // A refused proof reverts all of it, and the gateway is only asked, so nobody else sees what is not yet proven.
        for (uint256 i; i < count; ++i) {
            CaseList memory list;
            (list, claims[i]) = _prepare(msg.sender, diagnoses[i]);
            _append(diagnoses[i], list, bytes4(proofs[i]));
            (words[i], nullifiers[i]) = (list.words, list.nullifiers);
        }
        GATEWAY.verifyBatch(claims, words, proofs);
    }

    /// @inheritdoc IDiagnosisLog
    function preflight(address submitter, Diagnosis calldata diagnosis, bytes calldata proof)
        external
        view
        returns (bytes32[] memory)
    {
        (CaseList memory list, Claim memory claim) = _prepare(submitter, diagnosis);
        GATEWAY.verify(claim, list.words, proof);
        return list.nullifiers;
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
    function isRecorded(address submitter, bytes32 modelId, Case calldata one) external view returns (bool) {
        if (one.words.length < MIN_WORDS) return false;
        bytes32 context = contextOf(submitter, one.consentId, one.nonce, one.policy);
        bytes32 nullifier = Transcript.nullifier(modelId, one.words[0], one.consentId, one.nonce);
        return recorded[nullifier] == _digestOf(modelId, context, one.words);
    }

    /// @inheritdoc IDiagnosisLog
    function contextOf(address submitter, bytes32 consentId, bytes32 nonce, uint256 policy)
        public
        view
        returns (bytes32)
    {
        return Transcript.contextDigest(block.chainid, address(this), submitter, consentId, nonce, policy);
    }

    /// @dev Everything that can be wrong with a submission but the proof, the cheap things first.
    function _prepare(address submitter, Diagnosis calldata diagnosis)
        private
        view
        returns (CaseList memory list, Claim memory claim)
    {
        list = _listOf(submitter, diagnosis.modelId, diagnosis.cases);
        (claim.keyDigest, claim.weightCommitment) = REGISTRY.approvedModel(diagnosis.modelId);
        claim.modelId = diagnosis.modelId;
        claim.contextDigest = Transcript.contextsDigest(list.contexts);
        claim.records = list.contexts.length;
        _requireConsents(submitter, claim, diagnosis.cases);
    }

    function _requireConsents(address submitter, Claim memory claim, Case[] calldata cases) private view {
        ConsentUse memory use = ConsentUse(submitter, PURPOSE, claim.modelId, claim.keyDigest, 0);
        for (uint256 i; i < cases.length; ++i) {
            use.record = cases[i].words[0];
            CONSENTS.requireLive(cases[i].consentId, use);
        }
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
        if (recorded[nullifier] != 0) revert AlreadyRecorded(nullifier);
        if (Cases.contains(nullifiers, index, nullifier)) revert RepeatedCase(nullifier);
    }

    /// @dev Records every case, and moves length and head on once. The gateway has seen the version, or will.
    function _append(Diagnosis calldata diagnosis, CaseList memory list, bytes4 version) private {
        bytes32 modelId = diagnosis.modelId;
        (uint256 index, bytes32 chain) = (length, head);
        for (uint256 i; i < list.nullifiers.length; ++i) {
            Case calldata one = diagnosis.cases[i];
            bytes32 digest = _digestOf(modelId, list.contexts[i], one.words);
            Entry memory entry = Entry(index + i, list.nullifiers[i], version, list.contexts[i], digest);
            recorded[entry.nullifier] = digest;
            chain = Transcript.chained(chain, Transcript.entryDigest(entry, block.timestamp));
            _emitRecorded(modelId, one, entry);
        }
        (length, head) = (index + list.nullifiers.length, chain);
    }

    function _emitRecorded(bytes32 modelId, Case calldata one, Entry memory entry) private {
        emit DiagnosisRecorded(
            modelId,
            one.words[0],
            one.consentId,
            entry.index,
            msg.sender,
            entry.nullifier,
            entry.version,
            one.nonce,
            one.policy,
            entry.contextDigest,
            one.words[1:]
        );
    }

    function _digestOf(bytes32 modelId, bytes32 context, uint256[] calldata words) private pure returns (bytes32) {
        return keccak256(abi.encode(modelId, context, words));
    }
}
