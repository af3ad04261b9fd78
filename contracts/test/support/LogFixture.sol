// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Claim} from "../../sol/types/Claim.sol";
import {Diagnosis} from "../../sol/types/Diagnosis.sol";
import {Fixture, ProofCase} from "./Fixture.sol";
import {Coins, Simulator} from "./Simulator.sol";
import {vm} from "./Vm.sol";

/// @notice A registered model, a diagnosis, and proofs of it for the log that was just deployed.
abstract contract LogFixture is Fixture {
    address internal constant SUBMITTER = address(0x5b317);
    uint256 internal constant COINS_G2 = 2;

    string internal _json;
    ProofCase internal _good;

    function setUp() public virtual override {
        super.setUp();
        _json = _file();
        _good = _case(_json, CLASS_ONLY);
        _register(_good);
    }

    function _register(ProofCase memory c) internal {
        _store.register(c.key);
        _registry.register(c.claim.keyDigest, c.claim.weightCommitment, c.metadataDigest, "");
    }

    function _diagnosis() internal view returns (Diagnosis memory) {
        return _diagnosisOf(_good);
    }

    function _diagnosisOf(ProofCase memory c) internal pure returns (Diagnosis memory) {
        return Diagnosis({
            modelId: c.claim.modelId,
            consentId: keccak256("consent"),
            nonce: bytes32(uint256(1)),
            policy: 0,
            words: c.words
        });
    }

    function _claim(Diagnosis memory d, address submitter) internal view returns (Claim memory claim) {
        claim = _good.claim;
        claim.contextDigest = _log.contextOf(submitter, d.consentId, d.nonce, d.policy);
    }

    function _prove(Diagnosis memory d, address submitter) internal view returns (bytes memory) {
        return _proveWith(d, submitter, 5);
    }

    function _proveWith(Diagnosis memory d, address submitter, uint256 coin) internal view returns (bytes memory) {
        return _proveCase(_good, _claim(d, submitter), d.words, coin);
    }

    function _proveCase(ProofCase memory c, Claim memory claim, uint256[] memory words, uint256 coin)
        internal
        view
        returns (bytes memory)
    {
        string memory json = _json;
        Coins memory coins = Coins({a: coin, firstRound: coin + 1, g2Index: COINS_G2});
        return Simulator.prove(json, Simulator.trapdoorAt(json, c.path), claim, words, coins);
    }

    function _submit(Diagnosis memory d, bytes memory proof) internal returns (bytes32) {
        vm.prank(SUBMITTER);
        return _log.submit(d, proof);
    }
}
