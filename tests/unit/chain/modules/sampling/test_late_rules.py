"""When a late draw is over, and that bonds, proofs and records outlast it."""

from hypothesis import given
from hypothesis import strategies as st

from chain.modules.rates.genesis import validate_windows
from chain.modules.rates.rules import Q, terms
from chain.modules.rates.types import Terms
from chain.modules.sampling import rules
from chain.modules.sampling.types import Params
from chain.parameters import LOCALNET, MAINNET, ParameterSet

BLOCKS = st.integers(1, 100_000)


@st.composite
def windows(draw: st.DrawFn) -> Params:
    round_blocks = draw(st.integers(1, 50))
    epoch_blocks = round_blocks * draw(st.integers(3, 200))
    return Params(round_blocks, epoch_blocks, *(draw(BLOCKS) for _ in range(5)))


def shortest_unbonding(params: Params, expiry: int) -> int:
    """The shortest unbonding time that genesis takes."""
    low, high = 1, 1 << 40
    while low < high:
        middle = (low + high) // 2
        try:
            validate_windows(
                unbonding=middle,
                expiry=expiry,
                round_blocks=params.round_blocks,
                epoch_blocks=params.epoch_blocks,
                proof_blocks=params.proof_blocks,
                commit_blocks=params.commit_blocks,
                reveal_blocks=params.reveal_blocks,
                open_blocks=params.open_blocks,
                dispute_blocks=params.dispute_blocks,
            )
        except ValueError:
            low = middle + 1
        else:
            high = middle
    return low


@given(windows(), BLOCKS, st.integers(0, 1_000))
def test_no_bond_behind_a_unit_leaves_before_its_late_draw_is_over(params: Params, expiry: int, epoch: int) -> None:
    first_close = rules.epoch_end(params, epoch - 1) + params.round_blocks
    # Eligible checkers may begin to unbond right after the snapshot, the asserter when it is paid.
    leaves = rules.epoch_end(params, epoch - 1) + 1 + shortest_unbonding(params, expiry)
    paid = rules.commit_end(params, first_close)
    end = rules.late_end(params, epoch)
    assert paid + shortest_unbonding(params, expiry) > leaves > end
    # What is then owed can still be claimed.
    assert leaves - end > expiry + params.reveal_blocks + params.open_blocks


@given(windows(), st.integers(0, 1_000))
def test_late_draws_follow_the_proofs_that_show_who_was_silent(params: Params, epoch: int) -> None:
    until, last = rules.late_until(params, epoch), rules.late_close(params, epoch)
    assert rules.proofs_until(params, epoch) + params.commit_blocks == until < last < rules.late_end(params, epoch)
    # The earliest one is in an epoch whose proofs nobody may open yet.
    first = rules.proofs_from(params, epoch) + 1
    drawn = rules.epoch_of(params, first)
    assert drawn > epoch
    assert first < rules.proofs_from(params, drawn)


@given(st.sampled_from([LOCALNET, MAINNET]), st.integers(1, 10_000_000), st.integers(0, 1 << 40), st.data())
def test_what_silence_must_be_paid_for_is_more_than_a_lie_gains(
    parameters: ParameterSet, work: int, value: int, data: st.DataObject
) -> None:
    fulfilled = data.draw(st.integers(parameters.rates.fulfilled, 1 << 16))
    made = terms(parameters.rates, work, value, fulfilled, 0)
    if isinstance(made, Terms):
        gain = made.fee + max(value, made.fee)
        # D S/2: whoever is silent about a false unit is found out by the late draw with probability 1/2.
        assert made.detection * made.bond >= 2 * Q * gain
