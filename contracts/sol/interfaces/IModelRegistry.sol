// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {G1Point} from "../types/G1Point.sol";
import {Model} from "../types/Model.sol";

/// @title Registered models
interface IModelRegistry {
    /// @notice A model was registered.
    /// @param modelId Its identity.
    /// @param keyDigest Keccak of its verification key.
    /// @param owner Who registered it.
    /// @param weightCommitment D_W.
    /// @param metadataDigest Digest of the model card.
    /// @param metadataUri Where the model card can be read; whoever reads it compares the digest.
    event ModelRegistered(
        bytes32 indexed modelId,
        bytes32 indexed keyDigest,
        address indexed owner,
        G1Point weightCommitment,
        bytes32 metadataDigest,
        string metadataUri
    );

    /// @notice A model was retired: no further diagnosis is recorded for it.
    /// @param modelId Its identity.
    /// @param owner Who retired it.
    event ModelRetired(bytes32 indexed modelId, address indexed owner);

    /// @notice No model with this identity is registered.
    error UnknownModel(bytes32 modelId);
    /// @notice The model is registered already.
    error ModelAlreadyRegistered(bytes32 modelId, address owner);
    /// @notice The model was retired by its owner.
    error RetiredModel(bytes32 modelId);
    /// @notice Only the model's owner may do this.
    error NotModelOwner(bytes32 modelId, address caller);
    /// @notice D_W is at infinity, off the curve or not reduced.
    error InvalidWeightCommitment(uint256 x, uint256 y);

    /// @notice Registers a model; the caller becomes its owner.
    /// @param keyDigest Keccak of a verification key that is in the key store.
    /// @param weightCommitment D_W.
    /// @param metadataDigest Digest of the model card.
    /// @param metadataUri Where the model card can be read; may be empty.
    /// @return modelId The model's identity.
    function register(
        bytes32 keyDigest,
        G1Point calldata weightCommitment,
        bytes32 metadataDigest,
        string calldata metadataUri
    ) external returns (bytes32 modelId);

    /// @notice Retires a model for good. Diagnoses recorded before stay.
    /// @param modelId Its identity.
    function retire(bytes32 modelId) external;

    /// @notice Identity that a model has or would have.
    /// @param keyDigest Keccak of its verification key.
    /// @param weightCommitment D_W.
    /// @param metadataDigest Digest of the model card.
    /// @return The model's identity.
    function modelIdOf(bytes32 keyDigest, G1Point calldata weightCommitment, bytes32 metadataDigest)
        external
        pure
        returns (bytes32);

    /// @notice A registered model; reverts with UnknownModel.
    /// @param modelId Its identity.
    /// @return The model, retired or not.
    function modelOf(bytes32 modelId) external view returns (Model memory);

    /// @notice What a verifier needs of a model in use; reverts with UnknownModel or RetiredModel.
    /// @param modelId Its identity.
    /// @return keyDigest Keccak of its verification key.
    /// @return weightCommitment D_W.
    function modelInUse(bytes32 modelId) external view returns (bytes32 keyDigest, G1Point memory weightCommitment);
}
