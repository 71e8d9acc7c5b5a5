// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// What these tests use of forge's own calls.
interface Vm {
    function warp(uint256 timestamp) external;
    function roll(uint256 blockNumber) external;
    function prank(address caller) external;
    function deployCode(
        string calldata artifact,
        bytes calldata constructorArgs
    ) external returns (address);
}

/// @title What an attack on the contracts starts from
abstract contract Attack {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error Broken(string what);
    error Refused(string what, bytes4 why);
    error Differs(string what, uint256 found, uint256 wanted);

    function claim(bool holds, string memory what) internal pure {
        if (!holds) revert Broken(what);
    }

    function same(uint256 found, uint256 wanted, string memory what) internal pure {
        if (found != wanted) revert Differs(what, found, wanted);
    }
}
