// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {VerifyingKeyStore} from "../sol/VerifyingKeyStore.sol";
import {IVerifyingKeyStore} from "../sol/interfaces/IVerifyingKeyStore.sol";
import {KeyRules} from "../sol/libraries/KeyRules.sol";
import {Json} from "./support/Json.sol";
import {KeyVectors} from "./support/KeyVectors.sol";
import {vm} from "./support/Vm.sol";

contract VerifyingKeyStoreTest {
    using Json for string;

    VerifyingKeyStore private _store;
    KeyVectors private _vectors;
    bytes private _key;

    function setUp() public {
        _store = new VerifyingKeyStore();
        _vectors = new KeyVectors();
        _key = _vectors.good();
    }

    function test_stores_a_key_under_its_digest() public {
        bytes32 digest = keccak256(_key);
        vm.assertEq(_store.isRegistered(digest), false, "not yet");
        address pointer = _store.pointerOf(digest);

        vm.expectEmit(true, true, true, true, address(_store));
        emit IVerifyingKeyStore.KeyRegistered(digest, _vectors.architecture(), pointer);
        vm.assertEq(_store.register(_key), digest, "digest");

        vm.assertEq(_store.isRegistered(digest), true, "registered");
        vm.assertEq(_store.keyOf(digest), _key, "key");
        vm.assertEq(pointer.code, bytes.concat(hex"00", _key), "a zero byte, then the key");
        (bool success, bytes memory result) = pointer.call(hex"01020304");
        vm.assertEq(success && result.length == 0, true, "the key's code stops at once");
    }

    function test_registering_again_changes_nothing() public {
        bytes32 digest = _store.register(_key);
        vm.prank(address(0xbeef));
        vm.assertEq(_store.register(_key), digest, "same digest");
        vm.assertEq(_store.keyOf(digest), _key, "same key");
    }

    function test_unknown_key() public {
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyStore.UnknownKey.selector, bytes32(uint256(1))));
        _store.keyOf(bytes32(uint256(1)));
    }

    function test_stores_every_shape_of_the_vectors() public {
        string memory json = vm.readFile("vectors/proofs.json");
        for (uint256 i; json.has(Json.entry("cases", i)); ++i) {
            string memory path = Json.entry("cases", i);
            bytes memory key = json.blob(path, ".key");
            bytes32 digest = _store.register(key);
            vm.assertEq(digest, json.digest(path, ".vk_digest"), path);
            vm.assertEq(_store.keyOf(digest), key, path);
        }
    }

    function test_accepts_what_the_page_allows() public {
        uint256 count = _vectors.count("accepted");
        vm.assertEq(count, 10, "number of allowed keys");
        for (uint256 i; i < count; ++i) {
            (string memory name,, bytes memory key) = _vectors.changed("accepted", i);
            vm.assertEq(_store.register(key), keccak256(key), name);
        }
    }

    function test_refuses_every_spoilt_key() public {
        uint256 count = _vectors.count("refused");
        vm.assertEq(count, 211, "number of spoilt keys");
        for (uint256 i; i < count; ++i) {
            (string memory name, string memory reason, bytes memory key) = _vectors.changed("refused", i);
            (bool success, bytes memory result) = address(_store).call(abi.encodeCall(_store.register, (key)));
            vm.assertEq(success, false, name);
            vm.assertEq(bytes32(bytes4(result)), bytes32(_selectorOf(reason)), name);
            vm.assertEq(_store.isRegistered(keccak256(key)), false, name);
        }
    }

    /// @dev Whatever byte is changed, the key is refused or stored under another digest.
    function testFuzz_one_changed_byte(uint256 position, uint8 change) public {
        bytes memory key = _key;
        vm.assume(change != 0);
        position %= key.length;
        key[position] ^= bytes1(change);
        (bool success,) = address(_store).call(abi.encodeCall(_store.register, (key)));
        vm.assertEq(_store.isRegistered(keccak256(key)), success, "stored if and only if accepted");
        vm.assertEq(_store.isRegistered(keccak256(_key)), false, "not under the old digest");
        // Only the architecture digest, 32 to 64, is free.
        bool free = position >= 32 && position < 64;
        vm.assertEq(success, free, "no other byte is free");
    }

    function test_too_little_gas_stores_nothing() public {
        bytes memory call = abi.encodeCall(_store.register, (_key));
        for (uint256 gasLimit = 50000; gasLimit < 450000; gasLimit += 50000) {
            (bool success,) = address(_store).call{gas: gasLimit}(call);
            vm.assertEq(success, false, "reverted");
            vm.assertEq(_store.isRegistered(keccak256(_key)), false, "not stored");
        }
        vm.assertEq(_store.register(_key), keccak256(_key), "with enough gas");
    }

    function _selectorOf(string memory name) private pure returns (bytes4) {
        bytes32 n = keccak256(bytes(name));
        if (n == keccak256("KeyLength")) return KeyRules.KeyLength.selector;
        if (n == keccak256("KeyMagic")) return KeyRules.KeyMagic.selector;
        if (n == keccak256("KeyVersion")) return KeyRules.KeyVersion.selector;
        if (n == keccak256("KeySetup")) return KeyRules.KeySetup.selector;
        if (n == keccak256("KeySetupDigest")) return KeyRules.KeySetupDigest.selector;
        if (n == keccak256("KeyChallenges")) return KeyRules.KeyChallenges.selector;
        if (n == keccak256("KeyWords")) return KeyRules.KeyWords.selector;
        if (n == keccak256("KeyRecords")) return KeyRules.KeyRecords.selector;
        if (n == keccak256("KeyReserved")) return KeyRules.KeyReserved.selector;
        if (n == keccak256("KeyPointAtInfinity")) return KeyRules.KeyPointAtInfinity.selector;
        if (n == keccak256("KeyPointNotOnCurve")) return KeyRules.KeyPointNotOnCurve.selector;
        if (n == keccak256("KeyPointNotInG2")) return KeyRules.KeyPointNotInG2.selector;
        if (n == keccak256("KeyDivisorsRelated")) return KeyRules.KeyDivisorsRelated.selector;
        if (n == keccak256("KeySmallMultiple")) return KeyRules.KeySmallMultiple.selector;
        revert(name);
    }
}
