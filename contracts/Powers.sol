// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Grant, IAssets, Side} from "./IAssets.sol";

/// Power granted, 64 bits an interval, four to a word.
struct PowerBook {
    mapping(uint32 feeder => mapping(Side => mapping(uint32 word => uint256))) words;
}

/// @title Power granted for ever, by feeder, interval and side
library Powers {
    /// W.
    function grantedW(
        PowerBook storage book,
        uint32 feeder,
        uint32 interval,
        Side side
    ) internal view returns (uint64) {
        return uint64(book.words[feeder][side][interval >> 2] >> ((interval & 3) * 64));
    }

    /// Adds a grant's power in every interval of its range.
    /// @dev reverts where it would be more than the cap
    function count(PowerBook storage book, Grant memory g, uint64 capPowerW) internal {
        mapping(uint32 => uint256) storage words = book.words[g.feeder][g.side];
        uint256 word;
        for (uint256 t = g.firstInterval; t <= g.lastInterval; t++) {
            if (t == g.firstInterval || t & 3 == 0) word = words[uint32(t >> 2)];
            uint256 shift = (t & 3) * 64;
            uint256 granted = uint256(uint64(word >> shift)) + g.maxPowerW;
            if (granted > capPowerW) {
                revert IAssets.PowerCapExceeded(g.feeder, uint32(t), g.side, granted);
            }
            word += uint256(g.maxPowerW) << shift; // within 64 bits, as the cap is
            if (t == g.lastInterval || t & 3 == 3) words[uint32(t >> 2)] = word;
        }
    }
}
