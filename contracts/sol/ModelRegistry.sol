// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Authorities} from "./Authorities.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IVerifyingKeyStore} from "./interfaces/IVerifyingKeyStore.sol";
import {Bn254} from "./libraries/Bn254.sol";
import {Transcript} from "./libraries/Transcript.sol";
import {G1Point} from "./types/G1Point.sol";
import {Model} from "./types/Model.sol";

/// @title Registered models
/// @notice Binds a model's committed weights to the verification key of its architecture and to its model card. Anyone
/// may register; what a model is worth is what the authorities say, whom the admin lists.
/// The identity does not name the registrant, so a registration seen before it is mined can be taken by another. The
/// cure is to register again: D_W is blinded afresh each time, which gives another identity.
contract ModelRegistry is Authorities {
    /// @notice Where the verification keys are.
    IVerifyingKeyStore public immutable KEY_STORE;

    mapping(bytes32 modelId => Model) private _models;
    mapping(bytes32 modelId => address) private _heirs;
    mapping(bytes32 modelId => bytes32) private _successors;

    /// @param keyStore Where the verification keys are.
    /// @param adminDelay Seconds between the two steps of a change of admin.
    /// @param admin Who lists authorities and strikes them off.
    /// @param approvalsRequired How many authorities must approve a model.
    constructor(IVerifyingKeyStore keyStore, uint48 adminDelay, address admin, uint256 approvalsRequired)
        Authorities(adminDelay, admin, approvalsRequired)
    {
        KEY_STORE = keyStore;
    }

    /// @inheritdoc IModelRegistry
    function register(
        bytes32 keyDigest,
        G1Point calldata weightCommitment,
        bytes32 metadataDigest,
        string calldata metadataUri
    ) external returns (bytes32 modelId) {
        if (!KEY_STORE.isRegistered(keyDigest)) revert IVerifyingKeyStore.UnknownKey(keyDigest);
        // Infinity, (0, 0), is not on the curve y² = x³ + 3 either.
        if (!Bn254.isOnCurve(weightCommitment.x, weightCommitment.y)) {
            revert InvalidWeightCommitment(weightCommitment.x, weightCommitment.y);
        }
        modelId = Transcript.modelId(keyDigest, weightCommitment, metadataDigest);
        Model storage model = _models[modelId];
        if (model.owner != address(0)) revert ModelAlreadyRegistered(modelId, model.owner);

        model.owner = msg.sender;
        model.registeredAt = uint48(block.timestamp);
        model.keyDigest = keyDigest;
        model.weightCommitment = weightCommitment;
        model.metadataDigest = metadataDigest;
        emit ModelRegistered(modelId, keyDigest, msg.sender, weightCommitment, metadataDigest, metadataUri);
    }

    /// @inheritdoc IModelRegistry
    function offer(bytes32 modelId, address heir) external {
        _requireOwner(modelId);
        _heirs[modelId] = heir;
        emit ModelOffered(modelId, msg.sender, heir);
    }

    /// @inheritdoc IModelRegistry
    function accept(bytes32 modelId) external {
        Model storage model = _existing(modelId);
        if (_heirs[modelId] != msg.sender) revert NotOfferedTo(modelId, msg.sender);
        delete _heirs[modelId];
        emit ModelTransferred(modelId, model.owner, msg.sender);
        model.owner = msg.sender;
    }

    /// @inheritdoc IModelRegistry
    function moveMetadata(bytes32 modelId, string calldata metadataUri) external {
        _requireOwner(modelId);
        emit MetadataMoved(modelId, metadataUri);
    }

    /// @inheritdoc IModelRegistry
    function setSuccessor(bytes32 modelId, bytes32 successorId) external {
        _requireOwner(modelId);
        if (successorId == modelId) revert OwnSuccessor(modelId);
        _existing(successorId);
        _successors[modelId] = successorId;
        emit SuccessorSet(modelId, successorId);
    }

    /// @inheritdoc IModelRegistry
    function revoke(bytes32 modelId, string calldata reason) external {
        Model storage model = _inUse(modelId);
        bool byOwner = model.owner == msg.sender;
        if (!byOwner && !isAuthority(msg.sender)) revert NeitherOwnerNorAuthority(modelId, msg.sender);
        model.revokedAt = uint48(block.timestamp);
        emit ModelRevoked(modelId, msg.sender, !byOwner, reason);
    }

    /// @inheritdoc IModelRegistry
    function approve(bytes32 modelId, bytes32 evidenceDigest, string calldata uri) external {
        _inUse(modelId);
        _approve(modelId, evidenceDigest, uri);
    }

    /// @inheritdoc IModelRegistry
    function modelIdOf(bytes32 keyDigest, G1Point calldata weightCommitment, bytes32 metadataDigest)
        external
        pure
        returns (bytes32)
    {
        return Transcript.modelId(keyDigest, weightCommitment, metadataDigest);
    }

    /// @inheritdoc IModelRegistry
    function modelOf(bytes32 modelId) external view returns (Model memory) {
        return _existing(modelId);
    }

    /// @inheritdoc IModelRegistry
    function ownerOf(bytes32 modelId) external view returns (address) {
        return _existing(modelId).owner;
    }

    /// @inheritdoc IModelRegistry
    function heirOf(bytes32 modelId) external view returns (address) {
        return _heirs[modelId];
    }

    /// @inheritdoc IModelRegistry
    function successorOf(bytes32 modelId) external view returns (bytes32) {
        return _successors[modelId];
    }

    /// @inheritdoc IModelRegistry
    function approvedModel(bytes32 modelId) external view returns (bytes32 keyDigest, G1Point memory weightCommitment) {
        (keyDigest, weightCommitment) = modelInUse(modelId);
        _requireApproved(modelId);
    }

    /// @inheritdoc IModelRegistry
    function modelInUse(bytes32 modelId) public view returns (bytes32 keyDigest, G1Point memory weightCommitment) {
        Model storage model = _inUse(modelId);
        return (model.keyDigest, model.weightCommitment);
    }

    function _requireOwner(bytes32 modelId) private view {
        if (_existing(modelId).owner != msg.sender) revert NotModelOwner(modelId, msg.sender);
    }

    function _inUse(bytes32 modelId) private view returns (Model storage model) {
        model = _existing(modelId);
        if (model.revokedAt != 0) revert RevokedModel(modelId);
    }

    function _existing(bytes32 modelId) private view returns (Model storage model) {
        model = _models[modelId];
        if (model.owner == address(0)) revert UnknownModel(modelId);
    }
}
