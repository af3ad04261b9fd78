// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IVerifyingKeyStore} from "./interfaces/IVerifyingKeyStore.sol";
import {Bn254} from "./libraries/Bn254.sol";
import {Transcript} from "./libraries/Transcript.sol";
import {G1Point} from "./types/G1Point.sol";
import {Model} from "./types/Model.sol";

/// @title Registered models
/// @notice Binds a model's committed weights to the verification key of its architecture and to its model card.
/// The identity does not name the registrant, so a registration seen before it is mined can be taken by another. The
/// cure is to register again: D_W is blinded afresh each time, which gives another identity.
contract ModelRegistry is IModelRegistry {
    /// @notice Where the verification keys are.
    IVerifyingKeyStore public immutable KEY_STORE;

    mapping(bytes32 modelId => Model) private _models;

    /// @param keyStore Where the verification keys are.
    constructor(IVerifyingKeyStore keyStore) {
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
    function retire(bytes32 modelId) external {
        Model storage model = _existing(modelId);
        if (model.owner != msg.sender) revert NotModelOwner(modelId, msg.sender);
        if (model.retiredAt != 0) revert RetiredModel(modelId);
        model.retiredAt = uint48(block.timestamp);
        emit ModelRetired(modelId, msg.sender);
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
    function modelInUse(bytes32 modelId) external view returns (bytes32 keyDigest, G1Point memory weightCommitment) {
        Model storage model = _existing(modelId);
        if (model.retiredAt != 0) revert RetiredModel(modelId);
        return (model.keyDigest, model.weightCommitment);
    }

    function _existing(bytes32 modelId) private view returns (Model storage model) {
        model = _models[modelId];
        if (model.owner == address(0)) revert UnknownModel(modelId);
    }
}
