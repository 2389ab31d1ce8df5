"""What the lint of consensus code finds."""

from pathlib import Path

import pytest

from tools.lint_determinism import findings


@pytest.mark.parametrize(
    ("source", "reasons"),
    [
        ("half = 0.5", ["a float"]),
        ("share = total / 3", ["true division; use // or a rounding rule"]),
        ("path = folder / 'name'", []),
        ("for one in {1, 2}: pass", ["iteration over a set; sort it"]),
        ("key = hash(name)", ["hash()"]),
        ("held.amount = 5", ["held.amount is assigned; make another with dataclasses.replace"]),
        ("found[0].amount += 5", ["found[0].amount is assigned; make another with dataclasses.replace"]),
        ("del held.amount", ["held.amount is assigned; make another with dataclasses.replace"]),
        ("setattr(held, 'amount', 5)", ["setattr()"]),
        ("object.__setattr__(held, 'amount', 5)", ["__setattr__; make another with dataclasses.replace"]),
        ("ctx.gas = meter", []),
        ("self.count = 1", []),
    ],
)
def test_what_could_differ_between_two_nodes_is_found(tmp_path: Path, source: str, reasons: list[str]) -> None:
    path = tmp_path / "module.py"
    path.write_text(source)
    assert [reason for _, reason in findings(path)] == reasons
