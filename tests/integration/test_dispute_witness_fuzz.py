"""Challenges, demands, boxes and refutations with anything in any field: a named code, no state beyond the rules."""

from dataclasses import fields, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chain.crypto import boxes
from chain.errors import Code
from chain.modules.disputes.state import CLOCKS, DEADLINES, DEMAND_ENDS
from chain.modules.disputes.types import MsgRefuteWitness, WitnessPart
from chain.store.collections import U64
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.builders import seed
from tests.support.dispute_network import STRANGER, DisputeNetwork, dispute_network
from tests.support.game_moves import challenge
from tests.support.network import CHECKERS, SERVERS
from tests.support.tiny_model import TinyShape, write_tiny_model
from tests.support.witness_claims import KEY, SECRET, answer, demand

PEOPLE = (*SERVERS, *CHECKERS, STRANGER)
ROUNDS = 160


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def altered(random: Random, value: Any) -> Any:
    """Something else of the same type."""
    if isinstance(value, WitnessPart):
        return random.choice(tuple(WitnessPart))
    if isinstance(value, int):
        return random.choice((0, 1, 2, 3, 255, 1 << 32, (1 << 64) - 1))
    if isinstance(value, bytes):
        flipped = bytearray(value or b"\x00")
        flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
        return random.choice((b"", value[:-1], value + b"\x00", bytes(flipped), random.randbytes(32), bytes(9_000)))
    return value


def state(net: DisputeNetwork) -> list[tuple[bytes, bytes]]:
    """Every dispute, line and demand."""
    prefixes = (b"dispute/", b"play/", b"demand/", b"challenge/", b"owed/")
    return [pair for pair in net.store.iterate("disputes", b"", b"\xff") if pair[0].startswith(prefixes)]


def is_anything_due(net: DisputeNetwork) -> bool:
    """Say whether the next block changes something by itself."""
    end = U64.pack(net.chain.height + 2)
    queues = (DEMAND_ENDS.keys(net.store, end=end), DEADLINES.keys(net.store, end=end), CLOCKS.keys(net.store, end=end))
    return any(True for queue in queues for _ in queue)


@pytest.mark.parametrize("run", range(2))
def test_fuzzed_messages_have_a_named_code_and_change_nothing_beyond_the_rules(
    tmp_path: Path, model: ModelFiles, run: int
) -> None:
    random = Random(run)
    with dispute_network(tmp_path, model, None, witness_blocks=12) as net:
        job = net.drawn_job()
        if run:
            net.ok(net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0])))
        unit = net.units(job.job_id)[1]
        prompt = answer(net, WitnessPart.PROMPT)
        for _ in range(ROUNDS):
            who = random.choice(PEOPLE)
            message = random.choice(
                (
                    challenge(net, who, unit),
                    demand(job, who),
                    replace(prompt, sender=who.hot.bech32),
                    replace(answer(net, WitnessPart.OUTPUT), sender=who.hot.bech32),
                    MsgRefuteWitness(who.hot.bech32, 1, WitnessPart.PROMPT, SECRET, prompt.box),
                )
            )
            names = [one.name for one in fields(message) if one.name != "sender"]
            for name in random.sample(names, random.randint(1, 2)):
                message = replace(message, **{name: altered(random, getattr(message, name))})
            before, is_due = state(net), is_anything_due(net)
            code = Code(net.chain.send(who.hot, message, gas=5_000_000, fee=1_000).code)
            assert code != Code.INTERNAL, message
            if code != Code.OK and not is_due:
                assert state(net) == before, (code, message)
            net.chain.check_invariants()
        net.chain.run_until(net.chain.height + 200)
        net.chain.check_invariants()


def test_a_key_and_a_secret_of_any_bytes_are_judged_alike_everywhere() -> None:
    random = Random(3)
    for _ in range(200):
        raw = random.randbytes(32)
        if boxes.is_valid_key(raw):
            box = boxes.seal(raw, b"content")
            assert boxes.open_box(seed("nobody"), box) is None
        key = boxes.public_key(raw)
        assert boxes.is_valid_key(key)
        assert boxes.open_box(raw, boxes.seal(key, b"content")) == b"content"
    assert boxes.open_box(SECRET, b"") is None
    assert boxes.open_box(SECRET, bytes(48)) is None
    assert not boxes.is_valid_key(bytes(32))
    assert boxes.public_key(SECRET) == KEY
