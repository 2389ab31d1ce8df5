"""Pure rules of withheld input: what a box must hold, and until when it may be asked for.

A job's prompt ids with its blind, and its output ids, are its universal witness: every unit of it can be computed from
them. The first stage owes the prompt, the last one the output; each holds the blind.
"""

import struct

from chain.crypto import boxes
from chain.crypto.hashing import blind_hash, token_salt, u32
from chain.crypto.merkle import Kind, leaf, lr
from chain.modules.disputes.types import WitnessPart
from chain.modules.jobs.types import Job
from chain.modules.sampling.types import CheckPhase, UnitCheck

BLIND = 32
COMMITTING = (CheckPhase.COMMIT, CheckPhase.COMMIT_AGAIN)
PARTS = (WitnessPart.PROMPT, WitnessPart.OUTPUT)


def supplier_stage(part: WitnessPart, num_stages: int) -> int:
    """Return the stage that owes a part."""
    return 0 if part == WitnessPart.PROMPT else num_stages - 1


def num_ids(job: Job, part: WitnessPart) -> int:
    """Return how many ids a part has."""
    return job.prompt_tokens if part == WitnessPart.PROMPT else job.output_tokens


def content_of(blind: bytes, ids: tuple[int, ...]) -> bytes:
    """Return what is sealed."""
    return blind + struct.pack(f"<{len(ids)}I", *ids)


def box_size(count: int) -> int:
    """Return the size of a box with so many ids; a box of another size is not taken."""
    return boxes.OVERHEAD + BLIND + 4 * count


def read_content(content: bytes) -> tuple[bytes, tuple[int, ...]]:
    """Return blind and ids of an opened box of the right size."""
    ids = struct.unpack(f"<{(len(content) - BLIND) // 4}I", content[BLIND:])
    return content[:BLIND], ids


def is_right(job: Job, part: WitnessPart, content: bytes | None) -> bool:
    """Say whether an opened box holds what is owed: None is what could not be opened."""
    if content is None or len(content) != BLIND + 4 * num_ids(job, part):
        return False
    blind, ids = read_content(content)
    root = job.prompt_root if part == WitnessPart.PROMPT else job.tokens_root
    return blind_hash(blind) == job.blind_hash and ids_root(blind, part, ids) == root


def ids_root(blind: bytes, part: WitnessPart, ids: tuple[int, ...]) -> bytes:
    """Return prompt_root or tokens_root of ids."""
    is_output = part == WitnessPart.OUTPUT
    leaves = (leaf(Kind.TOK, token_salt(blind, is_output, at) + u32(at) + u32(token)) for at, token in enumerate(ids))
    return lr(Kind.TOKS, list(leaves))


def last_demand(check: UnitCheck, commit_blocks: int, witness_blocks: int) -> int | None:
    """Return the last height at which a unit's input may be demanded in its present window; None: at any.

    While checks are committed the answer must leave a quarter of the window: that is what the slowest check needs. So
    no commit window ends while its unit's input is owed, and none need be longer.
    """
    if check.phase in COMMITTING:
        return check.phase_end - witness_blocks - -(-commit_blocks // 4)
    if check.phase in (CheckPhase.REVEAL, CheckPhase.OPEN):
        return check.phase_end - witness_blocks
    return None if check.phase in (CheckPhase.DRAWING_AGAIN, CheckPhase.DISPUTED) else 0
