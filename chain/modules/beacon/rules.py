"""The first transaction of a block: `00 | u64be height | proof80`."""

PROOF_BYTES = 80
TRANSACTION_BYTES = 9 + PROOF_BYTES
"""No Cosmos transaction begins with a zero byte, so the two are never confused."""


def encode_transaction(height: int, proof: bytes) -> bytes:
    """Return the bytes of a beacon transaction."""
    return b"\x00" + height.to_bytes(8, "big") + proof


def find_proof(tx: bytes, height: int) -> bytes | None:
    """Return the proof of the beacon transaction of `height`, or None if the bytes are anything else."""
    if len(tx) != TRANSACTION_BYTES or tx[:9] != b"\x00" + height.to_bytes(8, "big"):
        return None
    return tx[9:]


def is_beacon_transaction(tx: bytes) -> bool:
    """Say whether the bytes have the form of a beacon transaction."""
    return len(tx) == TRANSACTION_BYTES and tx[:1] == b"\x00"
