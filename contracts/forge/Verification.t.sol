// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Objective} from "../IMatching.sol";
import {Attack} from "./Attack.sol";
import {Case, IVerifiers} from "./Case.sol";
import {Cases} from "./Cases.sol";
import {Chance, Dice} from "./Dice.sol";
import {Mutations} from "./Mutations.sol";

/// @title FastVerification says of every chunk what Verification says
contract VerificationTest is Attack {
    using Chance for Dice;

    uint256 private constant SEEDS = 300;
    uint256 private constant MUTANTS = 3;

    IVerifiers private verifiers;

    function setUp() external {
        verifiers = IVerifiers(vm.deployCode("Verifiers.sol:Verifiers", ""));
    }

    function testFuzz_bothAgreeOnSoundSolutions(uint256 seed) external {
        claim(agree(Cases.make(Chance.from(seed))), "a case made to measure is sound");
    }

    /// Each change comes on top of those before it, so that rarer states are seen too.
    function testFuzz_bothAgreeOnSolutionsAlmostSound(uint256 seed) external {
        Dice memory dice = Chance.from(seed);
        Case memory c = Cases.make(dice);
        for (uint256 i = 0; i < MUTANTS; i++) {
            Mutations.mutate(c, dice);
            agree(c);
        }
    }

    function testFuzz_bothAgreeOnTradesAtRandom(uint256 seed) external {
        Dice memory dice = Chance.from(seed);
        Case memory c = Cases.make(dice);
        for (uint256 p = 0; p < c.parts.length; p++) {
            c.parts[p].trades = "";
            for (uint256 n = dice.roll(4); n > 0; n--) {
                bytes memory trade = abi.encodePacked(idOf(c, dice), idOf(c, dice));
                trade = bytes.concat(trade, bytes4(uint32(dice.roll(5))));
                if (c.rules.priced) trade = bytes.concat(trade, bytes4(uint32(dice.roll(400_000))));
                c.parts[p].trades = bytes.concat(c.parts[p].trades, trade);
            }
        }
        agree(c);
    }

    /// A test that knows only one verdict proves nothing.
    function test_changesMakeBothVerdicts() external {
        uint256 sound = 0;
        for (uint256 seed = 0; seed < SEEDS; seed++) {
            Dice memory dice = Chance.from(seed);
            Case memory c = Cases.make(dice);
            Mutations.mutate(c, dice);
            if (agree(c)) sound++;
        }
        claim(sound > SEEDS / 10, "some changes do no harm");
        claim(sound < (9 * SEEDS) / 10, "many changes do harm");
    }

    function idOf(Case memory c, Dice memory dice) private pure returns (uint32) {
        return dice.isOnce(20) ? 0 : c.ids[dice.roll(c.ids.length)];
    }

    function agree(Case memory c) private returns (bool) {
        verifiers.fill(c);
        (bool sound, Objective[] memory found, uint256[] memory kept) = verifiers.fast(c);
        try verifiers.plain(c) returns (Objective[] memory wanted) {
            claim(sound, "the fast one refuses what is sound");
            bool isSame = keccak256(abi.encode(found)) == keccak256(abi.encode(wanted));
            claim(isSame, "the same value of every part");
            for (uint256 i = 0; i < kept.length; i++) checkUse(c, i, kept[i]);
        } catch {
            claim(!sound, "the fast one takes what is not sound");
        }
        return sound;
    }

    function checkUse(Case memory c, uint256 place, uint256 keptWs) private view {
        (uint32 solutionId, uint48 energyWs) = verifiers.uses(c.ids[place]);
        if (solutionId != c.rules.solutionId || c.terms[place].moreIntervals == 0) return;
        bool isLooked = keptWs != 0 || energyWs != c.uses[place].energyWs;
        if (isLooked) same(keptWs, energyWs, "what the parts took so far");
    }
}
