"""The worked example of docs/protocol.md is what the code does."""

from pathlib import Path

from chain.modules.disputes.game.shape import Item, ItemKind, UnitShape
from chain.modules.disputes.types import Choice, Proof, Reveal, Verdict
from chain.modules.jobs.types import SamplerSpec
from chain.store.codec import encode
from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_game import Played, Workshop, ground, play
from tests.support.tiny_model import TinyShape, write_tiny_model

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
PROMPT = tuple((7 * at + 3) % 250 for at in range(66))


def test_the_worked_example_of_the_document(tmp_path: Path) -> None:
    manifest = convert(write_tiny_model(tmp_path / "source", TinyShape(layers=2)), tmp_path / "models")
    model = ModelFiles(tmp_path / "models" / manifest.model_root.hex())
    shop = Workshop(model, UnitShape(model.header, 0, 2, len(PROMPT), 3, SamplerSpec()), PROMPT)
    item = Item(ItemKind.ROW, 1, 0, 67)
    op = next(at for at, op in enumerate(shop.shape.ops(item)) if op.name == "Z_2")
    liar = shop.faulty(Fault(item, op, 1, 3))
    played = play(liar, shop.checked(liar), ground(liar))
    assert played.verdict == Verdict.REFUTED
    assert "\n".join(_table(played)) in DOCUMENT.read_text("utf-8")


def _table(played: Played) -> list[str]:
    lines = ["| # | side | move | bytes |", "|---|---|---|---|"]
    for number, move in enumerate(played.moves, 1):
        side = "worker" if isinstance(move, Reveal) else "checker"
        lines.append(f"| {number} | {side} | {_told(move)} | {len(encode(move)):,} |")
    return [*lines, f"| | | together | {played.bytes:,} |"]


def _told(move: Reveal | Choice | Proof) -> str:
    if isinstance(move, Reveal):
        lists = [f"{len(move.digests) // 32} digests"]
        lists += [f"{len(move.lazy) // 32} K and V roots"] if move.lazy else []
        return f"reveals {move.round.name}: {', '.join(lists)}"
    if isinstance(move, Choice):
        return f"chooses {move.index} of {move.round.name}"
    leaves = sum(len(opening.bodies) for opening in move.openings)
    return f"proves: {len(move.openings)} openings with {leaves} leaves"
