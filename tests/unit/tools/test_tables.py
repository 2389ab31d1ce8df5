"""The shipped tables are the ones that the command computes."""

import shutil
from pathlib import Path

import pytest

from chain.modules.disputes.referee import tables as referee
from inference.numerics import tables as engine
from tools import tables


def test_shipped_tables_are_reproduced_and_a_changed_one_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tables.main() == 0
    copies = tuple(tmp_path / place.name / place.parent.name for place in tables.PLACES)
    for place, copy in zip(tables.PLACES, copies, strict=True):
        shutil.copytree(place, copy)
    monkeypatch.setattr(tables, "PLACES", copies)
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    damaged = copies[0] / "exp2.bin"
    damaged.write_bytes(b"\1" + damaged.read_bytes()[1:])
    (copies[1] / "sig.bin").unlink()
    assert tables.main() == 1
    assert "exp2.bin differs" in capsys.readouterr().err
    assert (copies[1] / "sig.bin").read_bytes() == (copies[0] / "sig.bin").read_bytes()


def test_engine_and_referee_know_the_same_tables() -> None:
    assert (referee.EXP2_HASH, referee.SIGMOID_HASH) == (engine.EXP2_HASH, engine.SIGMOID_HASH)
