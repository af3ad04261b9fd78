// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Diagnosis} from "../types/Diagnosis.sol";
import {Request} from "../types/Request.sol";

/// @title Diagnoses for money
/// @notice A request is kept as its digest and a state; whoever acts on it shows it again, as its event published it.
interface IInferenceMarket {
    /// @notice Where a request is. Requested is left once, for one of the last two.
    enum State {
        None,
        Requested,
        Fulfilled,
        Refunded
    }

    /// @notice Somebody asks for a diagnosis, and has paid for it into the market.
    event DiagnosisRequested(
        bytes32 indexed requestId, bytes32 indexed modelId, address indexed payer, Request request
    );
    /// @notice A request was fulfilled: the diagnosis is in the log.
    /// @param requestId The request.
    /// @param prover Who gets the fee.
    /// @param modelOwner Who gets the price.
    /// @param nullifier Under which the case is recorded.
    event RequestFulfilled(
        bytes32 indexed requestId, address indexed prover, address indexed modelOwner, bytes32 nullifier
    );
    /// @notice Nobody fulfilled a request in time; its payer was credited.
    event RequestRefunded(bytes32 indexed requestId, address indexed payer);
    /// @notice Somebody took out what was credited to them.
    event Withdrawn(address indexed account, address indexed token, address to, uint256 amount);

    /// @notice The request's deadline has passed.
    error DeadlinePassed(uint256 deadline);
    /// @notice The request can still be fulfilled.
    error DeadlineNotPassed(uint256 deadline);
    /// @notice The request was made before; take another salt.
    error RequestTaken(bytes32 requestId);
    /// @notice The request is not open.
    error NotRequested(bytes32 requestId, State state);
    /// @notice Only the payer may make a request.
    error NotThePayer(address payer, address caller);
    /// @notice What arrived is not what was asked for: a token that takes a part, or the wrong value.
    error PaymentMismatch(uint256 expected, uint256 got);
    /// @notice Not as many requests as cases.
    error RequestCount(uint256 expected, uint256 got);
    /// @notice The diagnosis is by another model than the request's.
    error OtherModel(bytes32 expected, bytes32 got);
    /// @notice The case is about another record than the request's.
    error OtherRecord(uint256 expected, uint256 got);
    /// @notice The case is under another consent than the request's.
    error OtherConsent(bytes32 expected, bytes32 got);
    /// @notice The case's nonce is not that of the request and the prover.
    error OtherNonce(bytes32 expected, bytes32 got);
    /// @notice Record entries were saturated, and the payer does not accept that.
    error PolicyRefused(uint256 accepted, uint256 got);
    /// @notice There is nothing to withdraw.
    error NothingOwed(address account, address token);

    /// @notice Pays for a diagnosis. For the payer.
    /// @param request What is asked for.
    /// @return requestId Its identity.
    function ask(Request calldata request) external payable returns (bytes32 requestId);

    /// @notice Records a diagnosis and credits prover and model owner. Anyone may bring it.
    /// @dev The proof's submitter is the market; the nonce of case i is `nonceOf(requestId_i, prover)`.
    /// @param requests One for each case, in order; one for a proof about one record.
    /// @param prover Who made the proof.
    /// @param diagnosis What is stated.
    /// @param proof The verifier's version, then the proof.
    function fulfil(Request[] calldata requests, address prover, Diagnosis calldata diagnosis, bytes calldata proof)
        external;

    /// @notice Credits the payer of a request whose deadline has passed. Anyone may call it.
    /// @param request The request.
    function refund(Request calldata request) external;

    /// @notice Takes out what is credited to the caller.
    /// @param token Of which token; zero for the chain's own currency.
    function withdraw(address token) external;

    /// @notice Takes out what is credited to the caller, to another account.
    /// @param token Of which token.
    /// @param to Where it goes.
    function withdrawTo(address token, address to) external;

    /// @notice Identity of a request in this market on this chain.
    /// @param request The request.
    /// @return Its identity.
    function requestIdOf(Request calldata request) external view returns (bytes32);

    /// @notice The nonce that the case of a request must have, so that the proof pays its prover and nobody else.
    /// @param requestId The request.
    /// @param prover Who makes the proof.
    /// @return `keccak256(abi.encode(requestId, prover))`.
    function nonceOf(bytes32 requestId, address prover) external pure returns (bytes32);

    /// @notice Where a request is.
    /// @param requestId The request.
    /// @return Its state.
    function stateOf(bytes32 requestId) external view returns (State);

    /// @notice What an account may take out.
    /// @param account Whose.
    /// @param token Of which token.
    /// @return The amount.
    function owed(address account, address token) external view returns (uint256);
}
