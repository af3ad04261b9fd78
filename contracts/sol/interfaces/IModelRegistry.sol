// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {G1Point} from "../types/G1Point.sol";
import {Model} from "../types/Model.sol";

/// @title Registered models, and what authorities say of them
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
    /// @notice The owner offers the model to another, who has not accepted yet; zero takes an offer back.
    event ModelOffered(bytes32 indexed modelId, address indexed owner, address indexed heir);
    /// @notice A model has another owner.
    event ModelTransferred(bytes32 indexed modelId, address indexed from, address indexed to);
    /// @notice The model card can be read elsewhere; its digest is what it was.
    event MetadataMoved(bytes32 indexed modelId, string metadataUri);
    /// @notice The owner names the model that should be used instead.
    event SuccessorSet(bytes32 indexed modelId, bytes32 indexed successorId);
    /// @notice A model was revoked: no further diagnosis is recorded for it.
    /// @param modelId Its identity.
    /// @param by Who revoked it.
    /// @param byAuthority True if as an authority, false if as its owner.
    /// @param reason Why.
    event ModelRevoked(bytes32 indexed modelId, address indexed by, bool byAuthority, string reason);
    /// @notice An authority approved a model.
    /// @param modelId The model.
    /// @param authority Who approves.
    /// @param evidenceDigest Digest of what the approval rests on.
    /// @param uri Where that can be read.
    event ModelApproved(bytes32 indexed modelId, address indexed authority, bytes32 evidenceDigest, string uri);
    /// @notice An authority does not approve a model any more.
    event ApprovalWithdrawn(bytes32 indexed modelId, address indexed authority, string reason);
    /// @notice An authority may approve and revoke models from now on.
    event AuthorityListed(address indexed authority, string name);
    /// @notice An authority's word and its approvals do not count any more.
    event AuthorityStruckOff(address indexed authority, string reason);

    /// @notice No model with this identity is registered.
    error UnknownModel(bytes32 modelId);
    /// @notice The model is registered already.
    error ModelAlreadyRegistered(bytes32 modelId, address owner);
    /// @notice The model was revoked.
    error RevokedModel(bytes32 modelId);
    /// @notice Fewer authorities approve the model than must.
    error NotApproved(bytes32 modelId, uint256 required, uint256 got);
    /// @notice Only the model's owner may do this.
    error NotModelOwner(bytes32 modelId, address caller);
    /// @notice The model was not offered to the caller.
    error NotOfferedTo(bytes32 modelId, address caller);
    /// @notice Only the model's owner or a listed authority may do this.
    error NeitherOwnerNorAuthority(bytes32 modelId, address caller);
    /// @notice A model is not its own successor.
    error OwnSuccessor(bytes32 modelId);
    /// @notice D_W is at infinity, off the curve or not reduced.
    error InvalidWeightCommitment(uint256 x, uint256 y);
    /// @notice This account is no listed authority.
    error UnknownAuthority(address account);
    /// @notice The authority is listed already.
    error AuthorityTaken(address authority);
    /// @notice No more than this many authorities can ever be listed.
    error TooManyAuthorities(uint256 most);
    /// @notice An authority has a name.
    error NamelessAuthority();
    /// @notice The authority approves the model already.
    error ApprovedAlready(bytes32 modelId, address authority);
    /// @notice The authority does not approve the model.
    error NotApprovedBy(bytes32 modelId, address authority);
    /// @notice The number of approvals that a model needs is not between 1 and the number of authorities there can be.
    error InvalidThreshold(uint256 got);

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

    /// @notice Offers a model to another owner. For the owner.
    /// @param modelId Its identity.
    /// @param heir Who may accept; zero for nobody.
    function offer(bytes32 modelId, address heir) external;

    /// @notice Takes over a model that was offered to the caller.
    /// @param modelId Its identity.
    function accept(bytes32 modelId) external;

    /// @notice Says where the model card can be read now. For the owner.
    /// @param modelId Its identity.
    /// @param metadataUri Where.
    function moveMetadata(bytes32 modelId, string calldata metadataUri) external;

    /// @notice Names the model that should be used instead, also of a revoked one. For the owner.
    /// @param modelId Its identity.
    /// @param successorId A registered model.
    function setSuccessor(bytes32 modelId, bytes32 successorId) external;

    /// @notice Revokes a model for good. Diagnoses recorded before stay. For the owner and for every listed authority.
    /// @param modelId Its identity.
    /// @param reason Why.
    function revoke(bytes32 modelId, string calldata reason) external;

    /// @notice Approves a model. For a listed authority.
    /// @param modelId Its identity.
    /// @param evidenceDigest Digest of what the approval rests on.
    /// @param uri Where that can be read; may be empty.
    function approve(bytes32 modelId, bytes32 evidenceDigest, string calldata uri) external;

    /// @notice Withdraws the caller's approval. For a listed authority.
    /// @param modelId The model.
    /// @param reason Why.
    function withdrawApproval(bytes32 modelId, string calldata reason) external;

    /// @notice Lists an authority. For the admin.
    /// @param authority Its account.
    /// @param name Its name.
    function listAuthority(address authority, string calldata name) external;

    /// @notice Strikes an authority off; none of its approvals counts from now on, also if it is listed again. For the
    /// admin.
    /// @param authority Its account.
    /// @param reason Why.
    function strikeOffAuthority(address authority, string calldata reason) external;

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
    /// @return The model, revoked or not.
    function modelOf(bytes32 modelId) external view returns (Model memory);

    /// @notice The owner of a registered model; reverts with UnknownModel.
    /// @param modelId Its identity.
    /// @return The owner.
    function ownerOf(bytes32 modelId) external view returns (address);

    /// @notice To whom a model is offered.
    /// @param modelId Its identity.
    /// @return Who may accept it, or zero.
    function heirOf(bytes32 modelId) external view returns (address);

    /// @notice The model that should be used instead.
    /// @param modelId Its identity.
    /// @return Its successor, or zero.
    function successorOf(bytes32 modelId) external view returns (bytes32);

    /// @notice How many listed authorities approve a model.
    /// @param modelId Its identity.
    /// @return The number.
    function approvalsOf(bytes32 modelId) external view returns (uint256);

    /// @notice Whether an account is a listed authority.
    /// @param account The account.
    /// @return True if it is.
    function isAuthority(address account) external view returns (bool);

    /// @notice Whether a listed authority approves a model.
    /// @param modelId Its identity.
    /// @param authority The authority.
    /// @return True if it is listed and does.
    function isApprovedBy(bytes32 modelId, address authority) external view returns (bool);

    /// @notice What a verifier needs of a model in use; reverts with UnknownModel or RevokedModel.
    /// @param modelId Its identity.
    /// @return keyDigest Keccak of its verification key.
    /// @return weightCommitment D_W.
    function modelInUse(bytes32 modelId) external view returns (bytes32 keyDigest, G1Point memory weightCommitment);

    /// @notice The same of a model that enough authorities approve; reverts with NotApproved too.
    /// @param modelId Its identity.
    /// @return keyDigest Keccak of its verification key.
    /// @return weightCommitment D_W.
    function approvedModel(bytes32 modelId) external view returns (bytes32 keyDigest, G1Point memory weightCommitment);
}
