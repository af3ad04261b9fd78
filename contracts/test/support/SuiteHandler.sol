// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IInferenceMarket} from "../../sol/interfaces/IInferenceMarket.sol";
import {Consent} from "../../sol/types/Consent.sol";
import {Diagnosis} from "../../sol/types/Diagnosis.sol";
import {Request} from "../../sol/types/Request.sol";
import {MarketFixture} from "./MarketFixture.sol";
import {vm} from "./Vm.sol";

/// @notice Everybody who uses the suite, doing anything in any order, honest and not. Keeps books of its own and knows
/// from them alone what the contracts must accept; an acceptance or a refusal that the books do not foresee reverts.
contract SuiteHandler is MarketFixture {
    uint256 internal constant ACTORS = 4;
    uint256 private constant MOST_DIAGNOSES = 3;

    // What the books say.

    mapping(bytes32 consentId => Consent) private _granted;
    mapping(bytes32 consentId => bool) private _withdrawn;
    bytes32[] private _inUse;
    bool private _approved;
    bool private _revoked;
    Request[] private _requests;
    mapping(bytes32 requestId => IInferenceMarket.State) public expectedState;
    mapping(address token => uint256) public escrowed;
    uint256 public fulfilled;
    bytes32 public expectedHead;
    /// @dev What was accepted: submitter, diagnosis, proof.
    bytes[] private _accepted;
    bytes32[] public recordedNullifiers;
    uint256 private _fresh;

    function setUp() public override {
        super.setUp();
        _approved = true;
        for (uint256 i; i < 4; ++i) {
            _newConsent(i);
        }
    }

    // The market

    function ask(uint256 seed) external {
        Request memory r = _requestFor(seed % 2 == 0 ? address(0) : address(_token), 0);
        (r.price, r.fee) = (seed % 1000, (seed >> 16) % 1000);
        r.consentId = _inUse[(seed >> 32) % _inUse.length];
        r.deadline = block.timestamp + 1 + (seed >> 64) % 2 hours;
        r.salt = _next();
        bytes32 id = _ask(r);
        _requests.push(r);
        expectedState[id] = IInferenceMarket.State.Requested;
        escrowed[r.token] += r.price + r.fee;
    }

    function fulfil(uint256 which, uint256 who) external {
        if (_requests.length == 0) return;
        // Half the time the newest, which is most likely to be open.
        Request memory r = _requests[which % 2 == 0 ? _requests.length - 1 : which % _requests.length];
        (Diagnosis memory d, bytes memory proof) = _answer(r, actor(who));
        if (_tryFulfil(r, actor(who), d, proof)) _book(address(_market), d, proof);
    }

    /// @dev Another outcome than proven, another prover than named, or a proof for the log instead of the market.
    function forge(uint256 which, uint256 who, uint256 how) external {
        if (_requests.length == 0) return;
        Request memory r = _requests[which % _requests.length];
        (Diagnosis memory d, bytes memory proof) = _answer(r, actor(who));
        if (how % 3 == 0) d.cases[0].words[1] ^= 1;
        if (how % 3 == 2) proof = _prove(d, SUBMITTER);
        bool success = _call(
            address(_market),
            abi.encodeCall(_market.fulfil, (_list(r), actor(how % 3 == 1 ? who % ACTORS + 1 : who), d, proof))
        );
        vm.assertEq(success, false, "a forgery was accepted");
    }

    function refund(uint256 which) external {
        if (_requests.length == 0) return;
        Request memory r = _requests[which % _requests.length];
        bytes32 id = _market.requestIdOf(r);
        bool expected = expectedState[id] == IInferenceMarket.State.Requested && block.timestamp >= r.deadline;
        bool success = _call(address(_market), abi.encodeCall(_market.refund, (r)));
        vm.assertEq(success, expected, "refund");
        if (!success) return;
        expectedState[id] = IInferenceMarket.State.Refunded;
        escrowed[r.token] -= r.price + r.fee;
    }

    function withdraw(uint256 who, bool native) external {
        address token = native ? address(0) : address(_token);
        address account = actor(who);
        uint256 owed = _market.owed(account, token);
        vm.prank(account);
        bool success = _call(address(_market), abi.encodeCall(_market.withdrawTo, (token, account)));
        vm.assertEq(success, owed != 0, "withdrawal");
        vm.assertEq(_market.owed(account, token), 0, "once");
    }

    // The log

    function submit(uint256 which) external {
        Diagnosis memory d = _newDiagnosis(which);
        bytes memory proof = _prove(d, SUBMITTER);
        vm.prank(SUBMITTER);
        bool success = _call(address(_log), abi.encodeCall(_log.submit, (d, proof)));
        vm.assertEq(success, _covers(d.cases[0].consentId), "submission");
        if (success) _book(SUBMITTER, d, proof);
    }

    /// @dev All or nothing, also if one of them is spoilt.
    function submitBatch(uint256 which, uint256 spoilt) external {
        uint256 count = 1 + which % MOST_DIAGNOSES;
        (Diagnosis[] memory ds, bytes[] memory proofs) = (new Diagnosis[](count), new bytes[](count));
        bool expected = spoilt % 4 != 0;
        for (uint256 i; i < count; ++i) {
            ds[i] = _newDiagnosis(which >> (8 * (i + 1)));
            proofs[i] = _prove(ds[i], SUBMITTER);
            expected = expected && _covers(ds[i].cases[0].consentId);
        }
        if (spoilt % 4 == 0) ds[spoilt % count].cases[0].words[1] ^= 1;
        vm.prank(SUBMITTER);
        bool success = _call(address(_log), abi.encodeCall(_log.submitBatch, (ds, proofs)));
        vm.assertEq(success, expected, "batch");
        for (uint256 i; success && i < count; ++i) {
            _book(SUBMITTER, ds[i], proofs[i]);
        }
    }

    /// @dev What was accepted once is never accepted again, from whomever.
    function replay(uint256 which) external {
        if (_accepted.length == 0) return;
        (address submitter, Diagnosis memory d, bytes memory proof) =
            abi.decode(_accepted[which % _accepted.length], (address, Diagnosis, bytes));
        vm.prank(submitter);
        vm.assertEq(_call(address(_log), abi.encodeCall(_log.submit, (d, proof))), false, "a replay was accepted");
    }

    // Consents, models, time

    function newConsent(uint256 seed) external {
        _newConsent(seed);
    }

    function withdrawConsent(uint256 which) external {
        if (which % 4 == 0) _newConsent(which);
        bytes32 id = _inUse[which % _inUse.length];
        vm.prank(_patient);
        bool success = _call(address(_consents), abi.encodeCall(_consents.revoke, (_granted[id])));
        vm.assertEq(success, !_withdrawn[id], "revocation");
        _withdrawn[id] = true;
    }

    /// @dev Approves if it can, and seldom withdraws, or most calls would meet a model without approval.
    function toggleApproval(uint256 seed) external {
        if (_revoked || (_approved && seed % 4 != 0)) return;
        vm.prank(AUTHORITY);
        if (_approved) _registry.withdrawApproval(_good.claim.modelId, "");
        else _registry.approve(_good.claim.modelId, 0, "");
        _approved = !_approved;
    }

    /// @dev Revokes the model, or registers its weights with another card if it is revoked.
    function changeModel(uint256 seed) external {
        if (!_revoked) {
            if (seed % 8 != 0) return;
            _registry.revoke(_good.claim.modelId, "");
            _revoked = true;
            return;
        }
        _good.claim.modelId = _registry.register(_good.claim.keyDigest, _good.claim.weightCommitment, _next(), "");
        (_revoked, _approved) = (false, false);
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + time % 20 minutes);
    }

    // What the invariants ask for

    function suite() external view returns (address market, address log, address token) {
        return (address(_market), address(_log), address(_token));
    }

    function requests() external view returns (uint256) {
        return _requests.length;
    }

    function requestId(uint256 i) external view returns (bytes32) {
        return _market.requestIdOf(_requests[i]);
    }

    function nullifiers() external view returns (uint256) {
        return recordedNullifiers.length;
    }

    /// @dev The payer, the owner of every model, and two provers.
    function actor(uint256 who) public view returns (address) {
        who %= ACTORS;
        return who == 0 ? PAYER : who == 1 ? address(this) : address(uint160(0x940e40 + who));
    }

    receive() external payable {}

    // Books

    function _tryFulfil(Request memory r, address prover, Diagnosis memory d, bytes memory proof)
        private
        returns (bool success)
    {
        bytes32 id = _market.requestIdOf(r);
        bool expected = expectedState[id] == IInferenceMarket.State.Requested && block.timestamp < r.deadline
            && r.modelId == _good.claim.modelId && _covers(r.consentId);
        success = _call(address(_market), abi.encodeCall(_market.fulfil, (_list(r), prover, d, proof)));
        vm.assertEq(success, expected, "fulfilment");
        if (!success) return false;
        expectedState[id] = IInferenceMarket.State.Fulfilled;
        escrowed[r.token] -= r.price + r.fee;
        ++fulfilled;
    }

    /// @dev Whether a case of the model at hand under this consent must be accepted now.
    function _covers(bytes32 consentId) private view returns (bool) {
        Consent memory c = _granted[consentId];
        bool live = !_withdrawn[consentId] && c.validFrom <= block.timestamp && block.timestamp < c.validUntil;
        return live && _approved && !_revoked;
    }

    function _book(address submitter, Diagnosis memory d, bytes memory proof) private {
        bytes32 nullifier = _nullifierOf(d, 0);
        bytes32 digest = keccak256(abi.encode(d.modelId, _contextOf(d.cases[0], submitter), d.cases[0].words));
        bytes32 entry = keccak256(
            abi.encode(
                keccak256("zkdx/v1/entry"), recordedNullifiers.length, nullifier, digest, _version, block.timestamp
            )
        );
        expectedHead = keccak256(abi.encode(expectedHead, entry));
        recordedNullifiers.push(nullifier);
        _accepted.push(abi.encode(submitter, d, proof));
    }

    function _newDiagnosis(uint256 which) private returns (Diagnosis memory d) {
        d = _diagnosis();
        d.cases[0].consentId = _inUse[which % _inUse.length];
        d.cases[0].nonce = _next();
    }

    /// @dev Some begin later, some end soon.
    function _newConsent(uint256 seed) private {
        Consent memory c = _consent(_next());
        c.validFrom = uint40(block.timestamp + (seed % 3 == 0 ? 30 minutes : 0));
        c.validUntil = c.validFrom + 1 + uint40((seed >> 8) % 1 days);
        bytes32 id = _grant(c);
        _granted[id] = c;
        _inUse.push(id);
    }

    function _next() private returns (bytes32) {
        return keccak256(abi.encode("fresh", _fresh++));
    }

    function _call(address target, bytes memory data) private returns (bool success) {
        (success,) = target.call(data);
    }
}
