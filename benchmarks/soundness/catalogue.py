"""The strategies on trial, each against honesty of the same people."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from chain.client.signing import Key
from chain.modules.disputes.types import MsgChallenge
from chain.modules.jobs.types import UnitStatus
from tests.support.network import Machine

from .contents import LAST, Lie
from .people import ACCOMPLICE, CHECKERS, HONEST, STRANGER, SUSPECT
from .setting import UNIT_PRICE, Setting
from .strategies import Act, Ask, Check, CheckSeen, DueSeen, Run, RunSeen, Scope, Strategy, WorldSeen

FRIENDS = CHECKERS[:2]
"""A third of the checkers' bonds: the r that the parameters declare."""
NICHE = (STRANGER, SUSPECT, *CHECKERS[:3])
"""Who serves and checks a model of its own: its checkers hold 3 of 11 bonds."""

DEALERS: tuple[Machine | Key, ...] = (HONEST, SUSPECT, *FRIENDS, ACCOMPLICE)
"""Both stages, a third of the checkers, and who asks."""


def forge(lie: Lie, *, if_known: bool = True) -> Callable[[RunSeen], Run]:
    """Return a worker's way of making results up: always, or only while it is known and drawn at the floor.

    Whoever is caught loses its reputation, and works honestly until it is known again.
    """

    def run(seen: RunSeen) -> Run:
        return Run(Act.DO, lie if seen.is_last and (seen.is_known or not if_known) else Lie.NONE)

    return run


def forge_niche(seen: RunSeen) -> Run:
    """Make up what is asked of the own model, and work honestly on the others'."""
    return Run(Act.DO, Lie.TOKENS if seen.is_niche and seen.is_last and seen.is_known else Lie.NONE)


def never(_: DueSeen) -> Act:
    """Do nothing."""
    return Act.NEVER


def never_open_lies(seen: DueSeen) -> Act:
    """Keep the seals of made-up units shut."""
    return Act.DO if seen.lie == Lie.NONE else Act.NEVER


def at_the_last_moment(seen: DueSeen) -> Act:
    """Wait until the window's last block."""
    return Act.WAIT if seen.blocks_left > 0 else Act.DO


def check_late(seen: CheckSeen) -> Check:
    """Commit in the window's last block."""
    return (Check.WAIT if seen.blocks_left > 0 else Check.COMPUTE) if seen.is_drawn else Check.NONE


def be_silent_about_friends(seen: CheckSeen) -> Check:
    """Do not check what a friend made up."""
    if seen.is_friend and seen.lie != Lie.NONE:
        return Check.NONE
    return Check.COMPUTE if seen.is_drawn else Check.NONE


def confirm_friends(seen: CheckSeen) -> Check:
    """Confirm whatever a friend has asserted, without computing."""
    if not seen.is_drawn:
        return Check.NONE
    return Check.COPY if seen.is_friend else Check.COMPUTE


def confirm_lies(seen: CheckSeen) -> Check:
    """Confirm what a friend has made up; compute everything else."""
    if not seen.is_drawn:
        return Check.NONE
    return Check.COPY if seen.lie not in (None, Lie.NONE) else Check.COMPUTE


def confirm_leaks(seen: CheckSeen) -> Check:
    """Confirm what a leaked seal says, without computing."""
    if not seen.is_drawn:
        return Check.NONE
    return Check.COPY if seen.is_leaked else Check.COMPUTE


def confirm_own_jobs(seen: CheckSeen) -> Check:
    """Confirm what the own requester asked for without computing it again; check the others' jobs."""
    if not seen.is_drawn:
        return Check.NONE
    return Check.COPY if seen.is_own_job else Check.COMPUTE


def challenge_friends(seen: CheckSeen) -> Check:
    """Refute what a friend made up, drawn or not, for the bounty."""
    return Check.COMPUTE if seen.is_drawn or (seen.is_friend and seen.lie != Lie.NONE) else Check.NONE


def always(chosen: Check, *, if_drawn: bool = True) -> Callable[[CheckSeen], Check]:
    """Return a checker that does one thing, whenever it is drawn or always."""

    def check(seen: CheckSeen) -> Check:
        return chosen if seen.is_drawn or not if_drawn else Check.NONE

    return check


def forge_late(seen: RunSeen) -> Run:
    """Make things up, and hand them in with the round's close."""
    if seen.is_last and seen.close_in and seen.height + 4 < seen.expiry_height:
        return Run(Act.WAIT)
    return Run(Act.DO, Lie.TOKENS if seen.is_last and seen.is_known else Lie.NONE)


def repeat_for_friends(seen: RunSeen) -> Run:
    """Hand in for an accomplice's jobs what was computed once; they all ask the same."""
    return Run(Act.DO, is_computed=not seen.is_friend)


def stream_a_lie(seen: RunSeen) -> Run:
    """Stream a false answer, and commit to the true one."""
    return Run(Act.DO, streamed=Lie.TOKENS if seen.is_last else None)


def forge_unchecked(seen: RunSeen) -> Run:
    """Make customers' answers up while nobody outside the party has bond left to check them."""
    is_safe = seen.is_last and not seen.is_friend and not seen.free_checkers
    return Run(Act.DO, Lie.TOKENS if is_safe else Lie.NONE, is_computed=not seen.is_friend)


def keep_bond_free(seen: CheckSeen) -> Check:
    """Leave the own requester's jobs to the others, and say nothing about what a friend made up."""
    if not seen.is_drawn or seen.is_own_job or seen.lie not in (None, Lie.NONE):
        return Check.NONE
    return Check.COMPUTE


def challenge_honest_units(seen: WorldSeen) -> Sequence[tuple[Key, object]]:
    """Challenge the youngest unit that may be challenged, once, and never move again."""
    name = STRANGER.operator.bech32
    return [
        (STRANGER.operator, MsgChallenge(name, unit.job_id, unit.attempt, unit.stage, bytes(32), bytes(32)))
        for unit in seen.units
        if seen.is_closing and unit.stage == LAST and unit.status == UnitStatus.CHECKING and not unit.body_root
    ][-1:]


def bribed(count: int) -> Strategy:
    """A forger that pays `count` of the checkers for confirming; they are one party, so the price cancels out."""
    share, declared = Fraction(count, len(CHECKERS)), Setting().coalition
    return Strategy(
        f"bribed {count} of {len(CHECKERS)}",
        f"the worker makes up an answer worth V; {count} checkers are for sale and confirm it",
        (SUSPECT, *CHECKERS[:count]),
        scope=Scope.OUTSIDE if share > declared else Scope.INSIDE,
        reason=f"a share {share} of the checkers' bonds, r is {declared}" if share > declared else "",
        run=forge(Lie.TOKENS),
        check=confirm_friends,
        move=never,
    )


BRIBED = tuple(bribed(count) for count in range(len(CHECKERS) + 1))
STRATEGIES: tuple[Strategy, ...] = (
    Strategy("forger", "makes up an answer worth V and says nothing in a dispute", (SUSPECT,),
             run=forge(Lie.TOKENS), move=never),
    Strategy("forger that plays", "the same with one wrong step, defended to the last move", (SUSPECT,),
             run=forge(Lie.TOKENS)),
    Strategy("lazy worker", "right tokens from somewhere, the trace made up; opens its seal", (SUSPECT,),
             run=forge(Lie.BODY), move=never),
    Strategy("unopened lie", "the same, and never opens its seal", (SUSPECT,),
             run=forge(Lie.BODY), open=never_open_lies, move=never,
             setting={"value": 0, "check_price": Fraction(2)}),
    Strategy("colluders, silent", "a forger; a share r of the checkers does not check it", (SUSPECT, *FRIENDS),
             run=forge(Lie.TOKENS), check=be_silent_about_friends, move=never),
    Strategy("colluders, confirming", "a forger; a share r of the checkers confirms it", (SUSPECT, *FRIENDS),
             run=forge(Lie.TOKENS), check=confirm_friends, move=never),
    Strategy("self-challenger", "a forger refuted by its own checkers, for the bounty", (SUSPECT, *FRIENDS),
             run=forge(Lie.TOKENS), check=challenge_friends, move=never),
    Strategy("re-roller", "hands its forgery in with the close; its validator withholds bad draws", (SUSPECT, *FRIENDS),
             run=forge_late, check=be_silent_about_friends, move=never, is_grinding=True),
    Strategy("grinder of draws", "honest work; its validator withholds draws with few duties of its checkers", FRIENDS,
             Scope.HONEST, "a block that was withheld looks like one that was late; the accepted bit of a proposer",
             is_grinding=True),
    Strategy("grinder of plans", "honest work; its validator withholds draws of the rivals' plan", (SUSPECT,),
             Scope.HONEST, "a block that was withheld looks like one that was late; the accepted bit of a proposer",
             is_grinding=True, num_plans=2),
    Strategy("lazy checker", "commits to the public out_root over a body that it guesses", CHECKERS[:1],
             check=always(Check.GUESS), move=never),
    Strategy("shirker", "does not check", CHECKERS[:1], check=always(Check.NONE)),
    Strategy("silent committer", "commits to nothing real and never reveals", CHECKERS[:1],
             check=always(Check.GUESS), reveal=never),
    Strategy("volunteer", "checks everything, drawn or not", CHECKERS[:1], check=always(Check.COMPUTE, if_drawn=False)),
    Strategy("lying checker", "refutes honest units, to stop their pay or win a bounty", CHECKERS[:1],
             check=always(Check.LIE)),
    Strategy("unproven checker", "never opens its epoch's proof", CHECKERS[:1], prove=never),
    Strategy("trusting checkers", "a worker gives its seals away, one in four baited; two checkers confirm them",
             FRIENDS, check=confirm_leaks, is_leaking=True),
    Strategy("seal leaker", "a worker gives its seals away; who receives one shows it", (SUSPECT,),
             is_leaking=True, is_showing=True),
    Strategy("own checkers", "no lie: checkers repeat what their owner's honest worker has computed",
             (SUSPECT, *FRIENDS), Scope.HONEST,
             "owners are not on the chain, and what is confirmed is true; the rate counts such checkers as silent, "
             "within r", check=confirm_friends),
    Strategy("niche flooder", "registers a model that only its own people serve and check; its plan is never live",
             NICHE, run=forge_niche, check=confirm_lies, has_niche=True, setting={"theta": Fraction(3, 10)}),
    Strategy("niche flooder, no theta", "makes up answers of a model that only its own people serve and check", NICHE,
             Scope.OUTSIDE, "theta is 0: all of E_u is in one hand, a share of 1; r is 1/3",
             run=forge_niche, check=confirm_lies, has_niche=True),
    Strategy("streamer", "streams a false answer worth V, commits to the true one; the customer shows the frames",
             (SUSPECT,), run=stream_a_lie),
    Strategy("sybil newcomer", "a forger without reputation, as good as new before each lie", (SUSPECT,),
             run=forge(Lie.TOKENS, if_known=False), move=never,
             setting={"reputation_full": 0, "check_price": Fraction(1, 10)}),
    Strategy("bond exhauster", "own dear jobs bind the checkers' bonds; then its two checkers alone are eligible",
             DEALERS, run=forge_unchecked, check=keep_bond_free, asks=(Ask(2, 100 * UNIT_PRICE, count=10),),
             setting={"coalition": Fraction(1, 2), "value": 100 * UNIT_PRICE, "bond": 9_000 * UNIT_PRICE,
                      "check_price": Fraction(1, 10)}),
    Strategy("griefing outsider", "challenges an honest unit in every round and loses its deposit", (STRANGER,),
             extra=challenge_honest_units),
    Strategy("delayer", "commits, reveals and opens in the last block of each window", (SUSPECT, *FRIENDS),
             check=check_late, reveal=at_the_last_moment, open=at_the_last_moment,
             setting={"capital": Fraction(1, 10_000)}),
    Strategy("self-dealer", "asks itself for one more job in each round, repeats the answer, confirms it", DEALERS,
             run=repeat_for_friends, check=confirm_own_jobs, asks=(Ask(2),)),
    Strategy("self-dealer, short", "the same with a limit of 64 tokens, of which two are run", DEALERS,
             run=repeat_for_friends, check=confirm_own_jobs, asks=(Ask(64),),
             setting={"check_price": Fraction(1, 10), "value": 0, "target": Fraction(1, 20),
                      "reputation_full": 0}),
    Strategy("forger, V undeclared", "a forger of answers that are worth 20 R to it, declared as nothing", (SUSPECT,),
             Scope.OUTSIDE, "what is at stake was not declared, so S and the rate are those of V = 0",
             run=forge(Lie.TOKENS), move=never, setting={"value": 0, "undeclared": 20 * UNIT_PRICE}),
    *BRIBED,
)  # fmt: skip
