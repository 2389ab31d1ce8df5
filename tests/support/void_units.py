"""Units that cannot be computed because of what they were given: ids outside the vocabulary, rows that are none.

Their asserters go on as if it had been something else. Whoever challenges them differs in an operator that reads what
was given, so that the game comes to it.
"""

from dataclasses import replace

from chain.modules.disputes.game.shape import Item, ItemKind
from inference.disputes.faults import Fault, MadeUnit
from tests.support.dispute_network import LAST, PROMPT, STRANGER, DisputeNetwork
from tests.support.network import TOKENS

SQUARES = 1
"""The second operator of a row: it reads the input first, and nothing of the row is right without it."""
LARGEST_SHIFT = 25
"""Of a block of a canonical row."""


def foreign_prompt(net: DisputeNetwork) -> None:
    """Let the prompt end with an id that the vocabulary does not have."""
    units = _prepared(net, 0, len(PROMPT) - 1)
    for unit in units:
        unit.inputs = replace(unit.inputs, prompt=(*PROMPT[:-1], net.header.vocab_size))


def foreign_token(net: DisputeNetwork) -> None:
    """Let the last stage answer with an id that the vocabulary does not have, and stage 0 be fed it."""
    units, at = _prepared(net, 0, LAST), TOKENS - 2
    for unit in units:
        ids = list(unit.inputs.tokens)
        ids[at] = net.header.vocab_size
        unit.inputs = replace(unit.inputs, tokens=tuple(ids))
        if unit.shape.is_last:
            unit._tokens[at] = net.header.vocab_size


def malformed_row(net: DisputeNetwork) -> None:
    """Let stage 0 send a last row that is not canonical, and stage 1 assert on it."""
    units = _prepared(net, 1, LAST)
    boundary = net.job3.asserted[1].shape.start - 1
    row = net.job3.asserted[0].rows[boundary][LAST]
    for unit in units:
        if boundary in unit.rows:
            unit._made[boundary][LAST] = bytes([LARGEST_SHIFT + 1]) + row[1:]


def _prepared(net: DisputeNetwork, stage: int, position: int) -> list[MadeUnit]:
    """Give the stranger a view of a stage that differs in an early operator at a position; return everybody's units,
    with what they have to say about that row computed already."""
    honest, item = net.job3.asserted[stage], Item(ItemKind.ROW, net.job3.asserted[stage].shape.start, 0, position)
    given = tuple(honest.rows[item.layer - 1]) if item.layer else ()
    other = MadeUnit(net.job3.model, honest.shape, honest.inputs, Fault(item, SQUARES, 0), given)
    other.make(is_free=False)
    net.views[STRANGER.name] = [*net.job3.checked[:stage], other, *net.job3.checked[stage + 1 :]]
    for unit in (honest, net.job3.checked[stage], other):
        unit.program(item)
    return list({id(unit): unit for unit in (*net.job3.asserted, *net.job3.checked, other)}.values())
