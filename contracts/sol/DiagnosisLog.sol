// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IDiagnosisLog} from "./interfaces/IDiagnosisLog.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {Transcript} from "./libraries/Transcript.sol";
import {Claim} from "./types/Claim.sol";
import {Diagnosis} from "./types/Diagnosis.sol";

/// @title Proven diagnoses
/// @notice Records that a registered model, run on the record behind a commitment, gave an outcome. A proof is accepted
/// on the chain, in the contract and from the submitter that it was made for, and once.
contract DiagnosisLog is IDiagnosisLog {
    /// @notice The verifier of the proofs.
    IGroth16Verifier public immutable VERIFIER;
    /// @notice The models that may be used.
    IModelRegistry public immutable REGISTRY;

    uint256 private constant MAX_POLICY = 1;
    uint256 private constant MIN_WORDS = 2;

    mapping(bytes32 nullifier => bytes32 digest) private _recorded;

    /// @param verifier The verifier of the proofs.
    /// @param registry The models that may be used.
    constructor(IGroth16Verifier verifier, IModelRegistry registry) {
        VERIFIER = verifier;
        REGISTRY = registry;
    }

    /// @inheritdoc IDiagnosisLog
    function submit(Diagnosis calldata diagnosis, bytes calldata proof) external returns (bytes32 nullifier) {
        bytes32 context;
        (nullifier, context) = _check(msg.sender, diagnosis, proof);
        _recorded[nullifier] = _digestOf(diagnosis, context);
        emit DiagnosisRecorded(
            diagnosis.modelId,
            diagnosis.words[0],
            msg.sender,
            nullifier,
            diagnosis.consentId,
            diagnosis.nonce,
            diagnosis.policy,
            context,
            diagnosis.words[1:]
        );
    }

    /// @inheritdoc IDiagnosisLog
    function preflight(address submitter, Diagnosis calldata diagnosis, bytes calldata proof)
        external
        view
        returns (bytes32 nullifier)
    {
        (nullifier,) = _check(submitter, diagnosis, proof);
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
    function isRecorded(address submitter, Diagnosis calldata diagnosis) external view returns (bool) {
        if (diagnosis.words.length < MIN_WORDS) return false;
        bytes32 context = contextOf(submitter, diagnosis.consentId, diagnosis.nonce, diagnosis.policy);
        return _recorded[_nullifierOf(diagnosis)] == _digestOf(diagnosis, context);
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
        returns (bytes32 nullifier, bytes32 context)
    {
        if (diagnosis.policy > MAX_POLICY) revert InvalidPolicy(diagnosis.policy);
        if (diagnosis.words.length < MIN_WORDS) revert TooFewWords(diagnosis.words.length);
        nullifier = _nullifierOf(diagnosis);
        if (_recorded[nullifier] != 0) revert AlreadyRecorded(nullifier);

        Claim memory claim;
        (claim.keyDigest, claim.weightCommitment) = REGISTRY.modelInUse(diagnosis.modelId);
        claim.modelId = diagnosis.modelId;
        context = contextOf(submitter, diagnosis.consentId, diagnosis.nonce, diagnosis.policy);
        claim.contextDigest = context;
        VERIFIER.verify(claim, diagnosis.words, proof);
    }

    function _nullifierOf(Diagnosis calldata diagnosis) private pure returns (bytes32) {
        return Transcript.nullifier(diagnosis.modelId, diagnosis.words[0], diagnosis.consentId, diagnosis.nonce);
    }

    function _digestOf(Diagnosis calldata diagnosis, bytes32 context) private pure returns (bytes32) {
        return keccak256(abi.encode(diagnosis.modelId, context, diagnosis.words));
    }
}
