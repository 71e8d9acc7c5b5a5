// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMatching, Objective} from "../IMatching.sol";
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
    bytes4 private constant ERROR = 0x08c379a0; // Error(string)

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

    function agree(Case memory c) private returns (bool sound) {
        verifiers.fill(c);
        Objective[] memory found;
        try verifiers.fast(c) returns (Objective[] memory values) {
            (sound, found) = (true, values);
        } catch (bytes memory reason) {
            bool isTaken = bytes4(reason) == IMatching.VerifiersDisagree.selector;
            claim(!isTaken, "the fast one refuses what is sound");
            bool isTold = reason.length < 4 || bytes4(reason) != ERROR;
            claim(isTold, "told of how many intervals the offers are");
        }
        uint48[] memory kept = usesOf(c);
        verifiers.fill(c);
        try verifiers.plain(c) returns (Objective[] memory wanted) {
            claim(sound, "the fast one refuses what is sound");
            bool isSame = keccak256(abi.encode(found)) == keccak256(abi.encode(wanted));
            claim(isSame, "the same value of every part");
            if (c.rules.inParts) checkUses(c, kept);
        } catch {
            claim(!sound, "the fast one takes what is not sound");
        }
    }

    /// What the solution took so far.
    function usesOf(Case memory c) private view returns (uint48[] memory taken) {
        taken = new uint48[](c.ids.length);
        for (uint256 i = 0; i < taken.length; i++) {
            (uint32 solutionId, uint48 energyWs) = verifiers.uses(c.ids[i]);
            if (solutionId == c.rules.solutionId) taken[i] = energyWs;
        }
    }

    function checkUses(Case memory c, uint48[] memory kept) private view {
        uint48[] memory wanted = usesOf(c);
        for (uint256 i = 0; i < kept.length; i++) {
            if (c.terms[i].moreIntervals == 0) continue;
            same(kept[i], wanted[i], "what the parts took so far");
        }
    }
}
