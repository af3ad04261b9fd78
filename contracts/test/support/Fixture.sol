// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ConsentRegistry} from "../../sol/ConsentRegistry.sol";
import {DiagnosisLog} from "../../sol/DiagnosisLog.sol";
import {Groth16Verifier} from "../../sol/Groth16Verifier.sol";
import {VerifierGateway} from "../../sol/VerifierGateway.sol";
import {ModelRegistry} from "../../sol/ModelRegistry.sol";
import {VerifyingKeyStore} from "../../sol/VerifyingKeyStore.sol";
import {Claim} from "../../sol/types/Claim.sol";
import {Json} from "./Json.sol";
import {vm} from "./Vm.sol";

/// @notice One case of vectors/proofs.json.
struct ProofCase {
    string path;
    bytes key;
    Claim claim;
    bytes32 metadataDigest;
    uint256[] words;
    bytes proof;
}

/// @notice The contracts as they are deployed, and the cases of vectors/proofs.json.
abstract contract Fixture {
    using Json for string;

    /// @dev Index of the case with 2 statement words and 2 challenges: a class and nothing else.
    uint256 internal constant CLASS_ONLY = 1;
    /// @dev Index of the case with 64 statement words and 8 challenges.
    uint256 internal constant LARGEST = 5;
    /// @dev Index of the case of one record with 4 statement words, and of one of two records with as many.
    uint256 internal constant FOUR_WORDS = 7;
    uint256 internal constant TWO_RECORDS = 8;
    /// @dev Indices of the cases of 5, 8 and 32 records, with 3, 2 and 2 words each.
    uint256 internal constant FIVE_RECORDS = 9;
    uint256 internal constant EIGHT_RECORDS = 10;
    uint256 internal constant MOST_RECORDS = 11;
    uint256 internal constant CASES = 12;

    address internal constant ADMIN = address(0xad317);
    address internal constant GUARDIAN = address(0x6a4d);
    address internal constant AUTHORITY = address(0xf0d0);
    bytes32 internal constant PURPOSE = keccak256("zkdx/purpose/diagnosis");

    VerifyingKeyStore internal _store;
    Groth16Verifier internal _verifier;
    VerifierGateway internal _gateway;
    ModelRegistry internal _registry;
    ConsentRegistry internal _consents;
    DiagnosisLog internal _log;

    function setUp() public virtual {
        _store = new VerifyingKeyStore();
        _verifier = new Groth16Verifier(_store);
        _gateway = new VerifierGateway(1 days, ADMIN, GUARDIAN, _verifier);
        _registry = new ModelRegistry(_store, 1 days, ADMIN, 1);
        vm.prank(ADMIN);
        _registry.listAuthority(AUTHORITY, "Authority");
        _consents = new ConsentRegistry();
        _log = new DiagnosisLog(_gateway, _registry, _consents, PURPOSE);
    }

    function _file() internal view returns (string memory) {
        return vm.readFile("vectors/proofs.json");
    }

    function _case(string memory json, uint256 index) internal pure returns (ProofCase memory c) {
        c.path = Json.entry("cases", index);
        c.key = json.blob(c.path, ".key");
        c.claim = Claim({
            keyDigest: json.digest(c.path, ".vk_digest"),
            modelId: json.digest(c.path, ".model_id"),
            weightCommitment: json.point(c.path, ".weight_commitment"),
            contextDigest: json.digest(c.path, ".context_digest"),
            records: json.number(c.path, ".records_count")
        });
        c.metadataDigest = json.digest(c.path, ".metadata_digest");
        c.words = json.numbers(c.path, ".words");
        c.proof = json.blob(c.path, ".proof");
    }

    /// @dev The 32 bytes of `data` at `offset`.
    function _wordOf(bytes memory data, uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), offset))
        }
    }

    /// @dev A copy of `data` with another 32 bytes at `offset`.
    function _withWord(bytes memory data, uint256 offset, uint256 word) internal pure returns (bytes memory copy) {
        copy = bytes.concat(data);
        assembly ("memory-safe") {
            mstore(add(add(copy, 0x20), offset), word)
        }
    }
}
