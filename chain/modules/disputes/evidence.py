"""Pure rules of evidence: when a signed receipt contradicts what its signer has committed to.

A receipt says: the first `count` rows (or tokens) that I sent, or received, have this root. A commitment says the same
of all of them. The two contradict each other if

    the receipt is final and counts otherwise,
    it counts as many and has another root,
    it counts fewer and the opening of the last one shows another root over so many,
    it counts more tokens than the answer has, although nobody cancelled.

A receipt that is not final may count more rows than the job came to have: a stage feeds what it is given until it
learns that the answer has ended.

An answer ends with its first stop id, at its limit, or where the requester signed that it should. One opened token
shows that it does not.
"""

from dataclasses import dataclass

from chain.crypto.hashing import blind_hash, blinded, receipt_bytes
from chain.crypto.keys import verify_ed25519
from chain.crypto.merkle import DIGEST, Kind, leaf, prefix_roots, verify_range
from chain.errors import Code, Rejected
from chain.modules.disputes.types import Prefix
from chain.modules.jobs.rules import positions
from chain.modules.jobs.types import Job, Params, Receipt, Unit

LATE_PART = 4
"""Receipts stand in for results in the last of so many parts of a job's time: before, a worker may send its own."""
TOKEN_LEAF = 24
"""Bytes of a token's leaf: salt, index, id."""
MAX_SIBLINGS = 8 * 15
"""Of one item among 2^32: more never belong to an opening."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """A list that a stage has bound itself to."""

    kind: Kind
    """HSEC: rows, whose root the job's blind hides. TOKS: tokens, whose leaves are salted."""
    count: int
    root: bytes
    """In its on-chain form; empty where another stage answers for it."""
    may_exceed: bool
    """Honest receipts that are not final may count more."""


def output_of(job: Job, unit: Unit) -> Commitment:
    """Return what a unit says it has sent: rows, at the last stage the answer."""
    if unit.stage == job.num_stages - 1:
        return Commitment(Kind.TOKS, unit.tokens, unit.out_root, unit.is_cancelled)
    return Commitment(Kind.HSEC, positions(job.prompt_tokens, unit.tokens), unit.out_root, True)


def input_of(job: Job, unit: Unit) -> Commitment:
    """Return what a unit says it has received. For the answer that stage 0 was fed the last stage answers."""
    if unit.stage == 0:
        return Commitment(Kind.TOKS, unit.tokens, b"", True)
    return Commitment(Kind.HSEC, positions(job.prompt_tokens, unit.tokens), unit.in_root, True)


def require_signed(receipt: Receipt, unit: bytes, revision: int, key: bytes) -> None:
    """Check form, subject and signature of a receipt. Raises: Rejected: EVIDENCE_INVALID."""
    if receipt.unit != unit or receipt.revision != revision:
        raise Rejected(Code.EVIDENCE_INVALID, "the receipt is of another unit or revision")
    if len(receipt.root) != DIGEST or not 0 < receipt.count < 1 << 32:
        raise Rejected(Code.EVIDENCE_INVALID, "the receipt is malformed")
    signed = receipt_bytes(receipt.unit, receipt.revision, receipt.count, receipt.root, receipt.is_final)
    if not verify_ed25519(key, signed, receipt.signature):
        raise Rejected(Code.EVIDENCE_INVALID, "the receipt is not signed by that stage's hot key")


def require_contradiction(committed: Commitment, receipt: Receipt, prefix: Prefix | None, hidden_by: bytes) -> None:
    """Check that a signed receipt contradicts a commitment; `hidden_by` is the job's blind_hash.

    Raises: Rejected: NO_CONTRADICTION, EVIDENCE_INVALID.
    """
    if prefix is not None:
        _require_shorter(committed, receipt)
        if _prefix_root(committed, receipt.count, prefix, hidden_by) == receipt.root:
            raise Rejected(Code.NO_CONTRADICTION, "the committed list begins as the receipt says")
    elif receipt.count == committed.count:
        if not committed.root or receipt.root == committed.root:
            raise Rejected(Code.NO_CONTRADICTION, "the receipt says what was committed")
    elif not receipt.is_final and receipt.count > committed.count and committed.may_exceed:
        raise Rejected(Code.NO_CONTRADICTION, "a receipt that is not final may count what was dropped later")
    elif not receipt.is_final and receipt.count < committed.count:
        raise Rejected(Code.EVIDENCE_INVALID, "a receipt over less than everything needs the opening of its last item")


def _require_shorter(committed: Commitment, receipt: Receipt) -> None:
    if receipt.is_final or receipt.count >= committed.count or not committed.root:
        raise Rejected(Code.EVIDENCE_INVALID, "an opening belongs to a receipt over less than everything")


def _prefix_root(committed: Commitment, count: int, prefix: Prefix, hidden_by: bytes) -> bytes:
    """Return the on-chain root of the first `count` committed items. Raises: Rejected: EVIDENCE_INVALID."""
    is_hidden = committed.kind == Kind.HSEC
    siblings = _split(prefix.siblings)
    if len(prefix.blind) != (DIGEST if is_hidden else 0) or (is_hidden and blind_hash(prefix.blind) != hidden_by):
        raise Rejected(Code.EVIDENCE_INVALID, "blind: the job's for rows, none for tokens")
    roots = prefix_roots(committed.kind, committed.count, count, prefix.item, siblings)
    if roots is not None and is_hidden:
        roots = blinded(prefix.blind, roots[0]), blinded(prefix.blind, roots[1])
    if roots is None or roots[1] != committed.root:
        raise Rejected(Code.EVIDENCE_INVALID, "the opening does not lead to the committed root")
    return roots[0]


def _split(joined: bytes) -> list[bytes]:
    if len(joined) % DIGEST or len(joined) > DIGEST * MAX_SIBLINGS:
        raise Rejected(Code.EVIDENCE_INVALID, f"siblings: at most {MAX_SIBLINGS} of {DIGEST} bytes")
    return [joined[at : at + DIGEST] for at in range(0, len(joined), DIGEST)]


def require_token(unit: Unit, index: int, body: bytes, siblings: bytes) -> int:
    """Return token `index` of the answer that a last stage has committed to. Raises: Rejected: EVIDENCE_INVALID."""
    if len(body) != TOKEN_LEAF or body[16:20] != index.to_bytes(8, "little")[:4]:
        raise Rejected(Code.EVIDENCE_INVALID, f"leaf: {TOKEN_LEAF} bytes, with the index in it")
    path = _split(siblings)
    if not verify_range(Kind.TOKS, unit.tokens, index, (leaf(Kind.TOK, body),), path, unit.out_root):
        raise Rejected(Code.EVIDENCE_INVALID, "the leaf does not stand there in the answer")
    return int.from_bytes(body[20:], "little")


def is_wrong_end(job: Job, unit: Unit, index: int, token: int) -> bool:
    """Say whether token `index` shows that an answer goes on after its end, or ends before it."""
    if index < unit.tokens - 1:
        return token in job.stop_ids
    return unit.tokens < job.max_tokens and token not in job.stop_ids and not unit.is_cancelled


def shown_from(params: Params, job: Job) -> int:
    """Return the first height at which receipts stand in for a job's results."""
    return job.expiry_height - params.expiry_blocks // LATE_PART + 1
