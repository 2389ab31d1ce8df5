"""The comparison of a recomputed unit with what its asserter committed to."""

from dataclasses import dataclass

from chain.crypto import hashing
from chain.crypto.merkle import DIGEST
from inference.proofs.commit import ChainRoots
from inference.proofs.trace import UnitTrace


@dataclass(frozen=True, slots=True)
class Opening:
    """What an asserter's result and its opened seal say; all roots in their on-chain form."""

    asserter: bytes
    """20-byte operator address."""
    unit: bytes
    seal: bytes
    salt: bytes
    roots: ChainRoots


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an own recomputation compares with an opening."""

    is_opening_valid: bool
    """The salt and roots are the ones that were sealed."""
    is_input_equal: bool
    """Both worked from the same input; if not, the fault may be another stage's."""
    is_body_equal: bool
    is_out_equal: bool

    @property
    def is_equal(self) -> bool:
        """The unit is confirmed."""
        return self.is_opening_valid and self.is_input_equal and self.is_body_equal and self.is_out_equal

    @property
    def is_false(self) -> bool:
        """From the same input the asserter arrived at something else: the unit is wrong."""
        return self.is_opening_valid and self.is_input_equal and not (self.is_body_equal and self.is_out_equal)


def judge(own: ChainRoots, opening: Opening) -> Verdict:
    """Compare an own recomputation with an asserter's opening."""
    asserted = opening.roots
    trace = hashing.trace_root(opening.unit, asserted.in_root, asserted.body_root, asserted.out_root)
    return Verdict(
        is_opening_valid=hashing.seal(opening.asserter, opening.unit, opening.salt, trace) == opening.seal,
        is_input_equal=own.in_root == asserted.in_root,
        is_body_equal=own.body_root == asserted.body_root,
        is_out_equal=own.out_root == asserted.out_root,
    )


def find_difference(own: UnitTrace, other: UnitTrace) -> tuple[int, int] | None:
    """Return (layer, position) of the first row in canonical order that two traces of a unit disagree on, or None."""
    for layer in sorted(own.digests):
        mine, theirs = own.digests[layer], other.digests.get(layer, b"")
        if mine == theirs:
            continue
        for at in range(0, len(mine), DIGEST):
            if mine[at : at + DIGEST] != theirs[at : at + DIGEST]:
                return layer, at // DIGEST
        return layer, len(mine) // DIGEST
    return None
