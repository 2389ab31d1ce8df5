"""Hop receipts."""

import dataclasses

import pytest

from chain.crypto.hashing import receipt_bytes
from chain.crypto.keys import ed25519_public_key, verify_ed25519
from chain.modules.jobs.types import Receipt
from inference.proofs import receipts

SENDER, RECEIVER = b"s" * 32, b"r" * 32
UNIT, ROOT = b"u" * 32, b"R" * 32
HOP = receipts.Hop(UNIT, 3, ed25519_public_key(SENDER))


def _receipt(count: int = 32, is_final: bool = False) -> Receipt:
    return receipts.sign_receipt(SENDER, UNIT, 3, count, ROOT, is_final)


def test_a_receipt_is_signed_over_its_published_bytes() -> None:
    receipt = _receipt(is_final=True)
    assert receipt == Receipt(UNIT, 3, 32, ROOT, True, receipt.signature)
    assert verify_ed25519(HOP.sender_key, receipt_bytes(UNIT, 3, 32, ROOT, True), receipt.signature)
    assert receipts.is_valid(receipt, HOP.sender_key)
    assert not receipts.is_valid(receipt, ed25519_public_key(RECEIVER))


def test_both_ends_sign_the_same_bytes() -> None:
    receipt = _receipt()
    counter = receipts.counter_sign(RECEIVER, receipt)
    assert receipts.is_signed_by(receipt, ed25519_public_key(RECEIVER), counter)
    assert not receipts.is_signed_by(receipt, HOP.sender_key, counter)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"unit": b"v" * 32}, "another unit"),
        ({"revision": 4}, "another unit or revision"),
        ({"count": 31}, "counts 31, 32 arrived"),
        ({"root": bytes(32)}, "root"),
        ({"is_final": True}, "not signed"),
        ({"signature": bytes(64)}, "not signed"),
        ({"signature": b""}, "not signed"),
    ],
)
def test_a_receipt_that_says_something_else_is_not_counter_signed(change: dict[str, object], fault: str) -> None:
    found = receipts.fault_of(dataclasses.replace(_receipt(), **change), HOP, 32, ROOT)  # type: ignore[arg-type]
    assert found is not None
    assert fault in found


def test_a_good_receipt_has_no_fault() -> None:
    assert receipts.fault_of(_receipt(), HOP, 32, ROOT) is None


def test_hostile_fields_are_refused_without_an_exception() -> None:
    for change in ({"unit": b""}, {"root": b"x"}, {"revision": 1 << 32}, {"count": 1 << 63}, {"count": -1}):
        assert not receipts.is_valid(dataclasses.replace(_receipt(), **change), HOP.sender_key)


def test_a_signed_contradiction_is_recognised() -> None:
    assert receipts.contradicts(_receipt(), HOP, bytes(32))
    assert not receipts.contradicts(_receipt(), HOP, ROOT)
    assert not receipts.contradicts(dataclasses.replace(_receipt(), signature=bytes(64)), HOP, bytes(32))


def test_a_receipt_is_due_every_interval() -> None:
    assert [count for count in range(100) if receipts.is_due(count, count - count % 40)] == [
        *range(32, 40),
        *range(72, 80),
    ]


def test_a_root_of_another_length_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        receipts.sign_receipt(SENDER, UNIT, 3, 32, b"")
