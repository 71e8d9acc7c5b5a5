// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Chance that follows from a seed.
struct Dice {
    uint256 state;
}

library Chance {
    uint256 private constant FACTOR = 0x5851f42d4c957f2d14057b7ef767814f5851f42d4c957f2d;

    function from(uint256 seed) internal pure returns (Dice memory) {
        return Dice(uint256(keccak256(abi.encode(seed))));
    }

    /// Evenly 0 to `sides` - 1.
    function roll(Dice memory dice, uint256 sides) internal pure returns (uint256) {
        unchecked {
            dice.state = dice.state * FACTOR + 0x14057b7ef767814f;
        }
        return (dice.state >> 128) % sides;
    }

    /// Once in `times`.
    function isOnce(Dice memory dice, uint256 times) internal pure returns (bool) {
        return roll(dice, times) == 0;
    }

    /// A seed for another's dice.
    function next(Dice memory dice) internal pure returns (uint256) {
        return roll(dice, type(uint128).max);
    }
}
