// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IDiagnosisLog} from "./interfaces/IDiagnosisLog.sol";
import {IInferenceMarket} from "./interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {Case} from "./types/Case.sol";
import {Diagnosis} from "./types/Diagnosis.sol";
import {Request} from "./types/Request.sol";

/// @title Diagnoses for money
/// @notice Holds the price for a model's owner and the fee for a prover until the log has recorded the diagnosis that was
/// asked for, or the deadline has passed. The market is the submitter of the proof, and the nonce of a case names its
/// prover: a copied proof pays the one who made it. What is due is credited and taken out by its owner, so nobody who
/// refuses money can stand in another's way.
contract InferenceMarket is IInferenceMarket, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice Where the diagnoses are recorded.
    IDiagnosisLog public immutable LOG;
    /// @notice The models and their owners; that of the log.
    IModelRegistry public immutable REGISTRY;

    /// @inheritdoc IInferenceMarket
    mapping(bytes32 requestId => State) public stateOf;
    /// @inheritdoc IInferenceMarket
    mapping(address account => mapping(address token => uint256)) public owed;

    /// @dev In every request's identity. Where the chain was deployed on, also after a split: escrow must not be lost.
    uint256 private immutable _CHAIN_ID;

    /// @param log Where the diagnoses are recorded.
    constructor(IDiagnosisLog log) {
        LOG = log;
        REGISTRY = log.REGISTRY();
        _CHAIN_ID = block.chainid;
    }

    /// @inheritdoc IInferenceMarket
    function ask(Request calldata request) external payable nonReentrant returns (bytes32 requestId) {
        if (msg.sender != request.payer) revert NotThePayer(request.payer, msg.sender);
        if (block.timestamp >= request.deadline) revert DeadlinePassed(request.deadline);
        requestId = requestIdOf(request);
        if (stateOf[requestId] != State.None) revert RequestTaken(requestId);
        stateOf[requestId] = State.Requested;
        emit DiagnosisRequested(requestId, request.modelId, request.payer, request);
        _collect(request.token, request.price + request.fee);
    }

    /// @inheritdoc IInferenceMarket
    function fulfil(Request[] calldata requests, address prover, Diagnosis calldata diagnosis, bytes calldata proof)
        external
        nonReentrant
    {
        uint256 count = requests.length;
        if (diagnosis.cases.length != count) revert RequestCount(diagnosis.cases.length, count);
        for (uint256 i; i < count; ++i) {
            if (requests[i].modelId != diagnosis.modelId) revert OtherModel(requests[i].modelId, diagnosis.modelId);
            _close(requests[i], prover, diagnosis.cases[i]);
        }
        bytes32[] memory nullifiers = LOG.submit(diagnosis, proof);
        address modelOwner = REGISTRY.ownerOf(diagnosis.modelId);
        for (uint256 i; i < count; ++i) {
            owed[modelOwner][requests[i].token] += requests[i].price;
            owed[prover][requests[i].token] += requests[i].fee;
            emit RequestFulfilled(requestIdOf(requests[i]), prover, modelOwner, nullifiers[i]);
        }
    }

    /// @inheritdoc IInferenceMarket
    function refund(Request calldata request) external nonReentrant {
        if (block.timestamp < request.deadline) revert DeadlineNotPassed(request.deadline);
        bytes32 requestId = _leave(request, State.Refunded);
        owed[request.payer][request.token] += request.price + request.fee;
        emit RequestRefunded(requestId, request.payer);
    }

    /// @inheritdoc IInferenceMarket
    function withdraw(address token) external {
        withdrawTo(token, msg.sender);
    }

    /// @inheritdoc IInferenceMarket
    function nonceOf(bytes32 requestId, address prover) public pure returns (bytes32) {
        return keccak256(abi.encode(requestId, prover));
    }

    /// @inheritdoc IInferenceMarket
    function withdrawTo(address token, address to) public nonReentrant {
        uint256 amount = owed[msg.sender][token];
        if (amount == 0) revert NothingOwed(msg.sender, token);
        owed[msg.sender][token] = 0;
        emit Withdrawn(msg.sender, token, to, amount);
        if (token == address(0)) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IInferenceMarket
    function requestIdOf(Request calldata request) public view returns (bytes32) {
        return keccak256(abi.encode(_CHAIN_ID, address(this), request));
    }

    /// @dev Exactly the amount must arrive, or others' money would pay for what a token kept.
    function _collect(address token, uint256 amount) private {
        uint256 value = token == address(0) ? amount : 0;
        if (msg.value != value) revert PaymentMismatch(value, msg.value);
        if (token == address(0)) return;
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert PaymentMismatch(amount, received);
    }

    /// @dev Ends a request with the case that fulfils it.
    function _close(Request calldata request, address prover, Case calldata one) private {
        if (block.timestamp >= request.deadline) revert DeadlinePassed(request.deadline);
        bytes32 nonce = nonceOf(_leave(request, State.Fulfilled), prover);
        if (one.nonce != nonce) revert OtherNonce(nonce, one.nonce);
        if (one.consentId != request.consentId) revert OtherConsent(request.consentId, one.consentId);
        if (one.policy > request.maxPolicy) revert PolicyRefused(request.maxPolicy, one.policy);
        uint256 record = one.words.length == 0 ? 0 : one.words[0];
        if (record != request.recordCommitment) revert OtherRecord(request.recordCommitment, record);
    }

    function _leave(Request calldata request, State state) private returns (bytes32 requestId) {
        requestId = requestIdOf(request);
        if (stateOf[requestId] != State.Requested) revert NotRequested(requestId, stateOf[requestId]);
        stateOf[requestId] = state;
    }
}
