// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Case} from "../../sol/types/Case.sol";
import {Claim} from "../../sol/types/Claim.sol";
import {Consent, SCOPE_APPROVED} from "../../sol/types/Consent.sol";
import {Diagnosis} from "../../sol/types/Diagnosis.sol";
import {Fixture, ProofCase} from "./Fixture.sol";
import {Coins, G2Log, Simulator, Trapdoor} from "./Simulator.sol";
import {vm} from "./Vm.sol";

/// @notice A registered model, a diagnosis, and proofs of it for the log that was just deployed.
abstract contract LogFixture is Fixture {
    address internal constant SUBMITTER = address(0x5b317);
    uint256 internal constant COINS_G2 = 2;
    uint256 internal constant PATIENT_KEY = 0x9a71e47;
    /// @dev Numbers of consents that no diagnosis of the vectors needs.
    uint256 internal constant SPARE = 32;
    uint256 internal constant CONSENTS = 34;

    string internal _json;
    ProofCase internal _good;
    address internal _patient;
    bytes4 internal _version;
    bytes32[] internal _consentIds;
    Trapdoor internal _trapdoor;
    G2Log internal _g2;

    function setUp() public virtual override {
        super.setUp();
        _json = _file();
        _patient = vm.addr(PATIENT_KEY);
        _version = _verifier.VERSION();
        for (uint256 i; i < CONSENTS; ++i) {
            _consentIds.push(_grant(keccak256(abi.encode("consent", i))));
        }
        _use(CLASS_ONLY);
    }

    /// @dev Registers the key and the model of a case of the vectors, for the diagnoses that follow.
    function _use(uint256 index) internal {
        _good = _case(_json, index);
        _trapdoor = Simulator.trapdoorAt(_json, _good.path);
        _g2 = Simulator.g2At(_json, COINS_G2);
        _register(_good);
    }

    function _register(ProofCase memory c) internal {
        _store.register(c.key);
        _approve(_registry.register(c.claim.keyDigest, c.claim.weightCommitment, c.metadataDigest, ""));
    }

    function _approve(bytes32 modelId) internal {
        vm.prank(AUTHORITY);
        _registry.approve(modelId, keccak256("evidence"), "");
    }

    /// @dev To anyone, for every approved model and any record, for a day.
    function _consent(bytes32 salt) internal view returns (Consent memory consent) {
        consent.patient = _patient;
        consent.purpose = PURPOSE;
        consent.scopeKind = SCOPE_APPROVED;
        consent.validFrom = uint40(block.timestamp);
        consent.validUntil = uint40(block.timestamp + 1 days);
        consent.salt = salt;
    }

    function _grant(bytes32 salt) internal returns (bytes32) {
        return _grant(_consent(salt));
    }

    function _grant(Consent memory consent) internal returns (bytes32) {
        vm.prank(_patient);
        return _consents.grant(consent);
    }

    function _diagnosis() internal view returns (Diagnosis memory) {
        return _diagnosisOf(_good, _good.claim.records);
    }

    /// @dev The words of a case of the vectors, cut into `count` cases.
    function _diagnosisOf(ProofCase memory c, uint256 count) internal view returns (Diagnosis memory d) {
        d.modelId = c.claim.modelId;
        d.cases = new Case[](count);
        uint256 size = c.words.length / count;
        for (uint256 i; i < count; ++i) {
            uint256[] memory words = _slice(c.words, i * size, size);
            d.cases[i] = Case({consentId: _consentIds[i], nonce: bytes32(i + 1), policy: i % 2, words: words});
        }
    }

    /// @dev The page's rule once more.
    function _claim(Diagnosis memory d, address submitter) internal view returns (Claim memory claim) {
        bytes memory digests;
        for (uint256 i; i < d.cases.length; ++i) {
            digests = bytes.concat(digests, _contextOf(d.cases[i], submitter));
        }
        claim = _good.claim;
        bool single = d.cases.length == 1;
        claim.contextDigest =
            single ? bytes32(digests) : keccak256(bytes.concat(keccak256("zkdx/v1/contexts"), digests));
    }

    function _contextOf(Case memory one, address submitter) internal view returns (bytes32) {
        return _log.contextOf(submitter, one.consentId, one.nonce, one.policy);
    }

    function _nullifierOf(Diagnosis memory d, uint256 index) internal view returns (bytes32) {
        Case memory one = d.cases[index];
        return _log.nullifierOf(d.modelId, one.words[0], one.consentId, one.nonce);
    }

    function _wordsOf(Diagnosis memory d) internal pure returns (uint256[] memory) {
        bytes memory all;
        for (uint256 i; i < d.cases.length; ++i) {
            all = bytes.concat(all, abi.encodePacked(d.cases[i].words));
        }
        return abi.decode(bytes.concat(abi.encode(32, all.length / 32), all), (uint256[]));
    }

    function _slice(uint256[] memory words, uint256 from, uint256 size) internal pure returns (uint256[] memory part) {
        part = new uint256[](size);
        for (uint256 i; i < size; ++i) {
            part[i] = words[from + i];
        }
    }

    /// @dev A copy that can be changed: assigning a struct in memory only copies the reference.
    function _copy(Diagnosis memory d) internal pure returns (Diagnosis memory) {
        return abi.decode(abi.encode(d), (Diagnosis));
    }

    function _prove(Diagnosis memory d, address submitter) internal view returns (bytes memory) {
        return _proveWith(d, submitter, 5);
    }

    function _proveWith(Diagnosis memory d, address submitter, uint256 coin) internal view returns (bytes memory) {
        Coins memory coins = Coins({a: coin, firstRound: coin + 1, g2Index: COINS_G2});
        return bytes.concat(_version, Simulator.proveWith(_trapdoor, _g2, _claim(d, submitter), _wordsOf(d), coins));
    }

    /// @dev Another proof of the same, made from the proof alone.
    function _rerandomised(bytes memory proof) internal view returns (bytes memory) {
        return bytes.concat(_version, Simulator.rerandomise(_json, _bare(proof), COINS_G2));
    }

    /// @dev A proof without its version.
    function _bare(bytes memory proof) internal pure returns (bytes memory bare) {
        bare = new bytes(proof.length - 4);
        for (uint256 i; i < bare.length; ++i) {
            bare[i] = proof[i + 4];
        }
    }

    function _submit(Diagnosis memory d, bytes memory proof) internal returns (bytes32[] memory) {
        vm.prank(SUBMITTER);
        return _log.submit(d, proof);
    }
}
