"""Who may check a unit, as a pure rule."""

from chain.modules.sampling.rules import Candidate, Eligible, eligible
from chain.parameters import LOCALNET

PEOPLE = [Candidate(index, bytes([index] * 20), 100, 100) for index in range(4)]


def chosen(candidates: list[Candidate], enrolled: int, bond: int = 10) -> Eligible | None:
    return eligible(LOCALNET.rates, candidates, bond, frozenset({PEOPLE[3].operator}), 4, 400, enrolled)


def test_whoever_has_s_free_and_no_part_in_the_job_may_check() -> None:
    assert chosen(PEOPLE, 300) == Eligible(bytes([0b0111]), 300, 3)


def test_a_unit_waits_while_a_third_of_its_checkers_has_no_bond_free() -> None:
    """Else whoever keeps the others' bonds busy would be left to check its own lie."""
    busy = [Candidate(2, PEOPLE[2].operator, 100, 9)]
    assert chosen([*PEOPLE[:2], *busy], 300) == Eligible(bytes([0b0011]), 200, 2)
    assert chosen([*PEOPLE[:2], *busy], 301) is None
