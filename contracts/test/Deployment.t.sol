// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Anchor} from "../sol/Anchor.sol";
import {ConsentRegistry} from "../sol/ConsentRegistry.sol";
import {DiagnosisLog} from "../sol/DiagnosisLog.sol";
import {Groth16Verifier} from "../sol/Groth16Verifier.sol";
import {InferenceMarket} from "../sol/InferenceMarket.sol";
import {ModelRegistry} from "../sol/ModelRegistry.sol";
import {VerifierGateway} from "../sol/VerifierGateway.sol";
import {VerifyingKeyStore} from "../sol/VerifyingKeyStore.sol";
import {vm} from "./support/Vm.sol";

/// @notice The whole suite through the deterministic deployer, which is the creator that contracts see.
contract DeploymentTest {
    address private constant DEPLOYER = 0x4e59b44847b379578588920cA78FbF26c0B4956C;
    /// @dev Calldata is a salt and creation code; CREATE2, and the address or nothing.
    bytes private constant DEPLOYER_CODE =
        hex"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";
    bytes32 private constant SALT = bytes32(0);
    address private constant ADMIN = address(0xad317);
    address private constant GUARDIAN = address(0x6a4d);
    bytes32 private constant PURPOSE = keccak256("zkdx/purpose/diagnosis");

    function setUp() public {
        vm.etch(DEPLOYER, DEPLOYER_CODE);
    }

    function test_addresses_follow_from_code_and_arguments_alone() public {
        address[] memory expected = _predicted();
        vm.prank(address(0xa11ce));
        _deployAll(expected);
        for (uint256 i; i < expected.length; ++i) {
            vm.assertEq(expected[i].code.length == 0, false, "deployed where predicted");
        }
    }

    /// @dev Nobody who deploys gets a role.
    function test_roles_are_those_of_the_arguments() public {
        address[] memory all = _predicted();
        _deployAll(all);
        VerifierGateway gateway = VerifierGateway(all[2]);
        vm.assertEq(gateway.defaultAdmin(), ADMIN, "gateway");
        vm.assertEq(address(gateway.verifierOf(Groth16Verifier(all[1]).VERSION())), all[1], "first verifier");
        vm.assertEq(gateway.hasRole(gateway.GUARDIAN_ROLE(), GUARDIAN), true, "guardian");
        vm.assertEq(ModelRegistry(all[3]).defaultAdmin(), ADMIN, "registry");
        vm.assertEq(Anchor(all[7]).defaultAdmin(), ADMIN, "anchor");
        DiagnosisLog log = DiagnosisLog(all[5]);
        vm.assertEq(address(log.GATEWAY()), all[2], "log's gateway");
        vm.assertEq(address(log.REGISTRY()), all[3], "log's registry");
        vm.assertEq(address(log.CONSENTS()), all[4], "log's consents");
        vm.assertEq(log.PURPOSE(), PURPOSE, "log's purpose");
        vm.assertEq(address(InferenceMarket(all[6]).REGISTRY()), all[3], "market's registry");
    }

    function _predicted() private pure returns (address[] memory all) {
        bytes[] memory codes = _codes();
        all = new address[](codes.length);
        for (uint256 i; i < codes.length; ++i) {
            all[i] = _addressOf(codes[i]);
        }
    }

    function _deployAll(address[] memory expected) private {
        bytes[] memory codes = _codes();
        for (uint256 i; i < codes.length; ++i) {
            (bool success, bytes memory answer) = DEPLOYER.call(bytes.concat(SALT, codes[i]));
            vm.assertEq(success, true, "deployed");
            vm.assertEq(answer, abi.encodePacked(expected[i]), "address");
        }
    }

    /// @dev In the order of deployment, each with the addresses of those before it.
    function _codes() private pure returns (bytes[] memory codes) {
        codes = new bytes[](8);
        codes[0] = type(VerifyingKeyStore).creationCode;
        address store = _addressOf(codes[0]);
        codes[1] = bytes.concat(type(Groth16Verifier).creationCode, abi.encode(store));
        codes[2] =
            bytes.concat(type(VerifierGateway).creationCode, abi.encode(1 days, ADMIN, GUARDIAN, _addressOf(codes[1])));
        codes[3] = bytes.concat(type(ModelRegistry).creationCode, abi.encode(store, 1 days, ADMIN, 1));
        codes[4] = type(ConsentRegistry).creationCode;
        codes[5] = bytes.concat(
            type(DiagnosisLog).creationCode,
            abi.encode(_addressOf(codes[2]), _addressOf(codes[3]), _addressOf(codes[4]), PURPOSE)
        );
        codes[6] = bytes.concat(type(InferenceMarket).creationCode, abi.encode(_addressOf(codes[5])));
        address[] memory members = new address[](1);
        members[0] = ADMIN;
        codes[7] = bytes.concat(type(Anchor).creationCode, abi.encode(1 days, ADMIN, members, 1));
    }

    function _addressOf(bytes memory code) private pure returns (address) {
        bytes32 digest = keccak256(abi.encodePacked(bytes1(0xff), DEPLOYER, SALT, keccak256(code)));
        return address(uint160(uint256(digest)));
    }
}
