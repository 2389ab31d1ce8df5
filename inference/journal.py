"""What a worker must not forget: written before anything is sent, so that a restart repeats and never contradicts.

SQLite with synchronous=FULL holds salts, roots, receipts and signed transactions. Rows are plain files beside it:
appended as they arrive, which a killed process survives, and flushed to the disk when the unit ends. A machine that
loses its power may lose the tail of a file; the rows are then sent again, and the receipts in the database pin them.
"""

import os
import secrets
import shutil
import sqlite3
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    unit BLOB PRIMARY KEY, job_id INTEGER NOT NULL, attempt INTEGER NOT NULL, stage INTEGER NOT NULL,
    blind BLOB NOT NULL, prompt BLOB NOT NULL,
    tokens INTEGER NOT NULL DEFAULT 0, in_root BLOB, body_root BLOB, out_root BLOB, receipt BLOB);
CREATE TABLE IF NOT EXISTS salts (
    unit BLOB NOT NULL, role TEXT NOT NULL, salt BLOB NOT NULL, PRIMARY KEY (unit, role));
CREATE TABLE IF NOT EXISTS receipts (
    unit BLOB NOT NULL, count INTEGER NOT NULL, is_final INTEGER NOT NULL, root BLOB NOT NULL,
    signature BLOB NOT NULL, countersignature BLOB NOT NULL, PRIMARY KEY (unit, count, is_final));
CREATE TABLE IF NOT EXISTS checks (
    unit BLOB PRIMARY KEY, job_id INTEGER NOT NULL, attempt INTEGER NOT NULL, stage INTEGER NOT NULL,
    body_root BLOB NOT NULL, out_root BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS cancels (
    unit BLOB PRIMARY KEY, tokens INTEGER NOT NULL, signature BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS baits (
    unit BLOB PRIMARY KEY, job_id INTEGER NOT NULL, attempt INTEGER NOT NULL, stage INTEGER NOT NULL,
    body_root BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS demands (
    unit BLOB PRIMARY KEY, job_id INTEGER NOT NULL, attempt INTEGER NOT NULL, stage INTEGER NOT NULL,
    secret BLOB NOT NULL, blind BLOB NOT NULL DEFAULT x'', ids BLOB NOT NULL DEFAULT x'');
CREATE TABLE IF NOT EXISTS settled (
    unit BLOB PRIMARY KEY, job_id INTEGER NOT NULL, attempt INTEGER NOT NULL, stage INTEGER NOT NULL,
    until INTEGER NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS transactions (number INTEGER PRIMARY KEY AUTOINCREMENT, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
ASSERTER, CHECKER = "asserter", "checker"
"""Roles a salt is drawn for."""
CHECKED_FILE = "checked"
"""File of a unit with the input that its check was given."""
ROW_FILES = ("in", "out")
"""Files of a unit that can be computed again from its job's ids."""
SETTLED_BYTES = 4 << 30
"""Rows of settled units that are kept; beyond it those of the oldest go, and only ids, roots and salts stay."""
KEPT_TRANSACTIONS = 256
"""Signed transactions kept; older ones are past their timeout height."""


class Contradiction(Exception):
    """Something was about to be signed that differs from what was signed before."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A unit this worker runs or ran."""

    unit: bytes
    job_id: int
    attempt: int
    stage: int
    blind: bytes
    prompt_ids: tuple[int, ...]
    tokens: int = 0
    """T; 0 while the unit runs."""
    in_root: bytes = b""
    body_root: bytes = b""
    out_root: bytes = b""
    """On-chain forms of the roots, once the unit has ended."""
    receipt: bytes = b""
    """Canonical bytes of the upstream's final `Receipt`; empty for stage 0."""

    @property
    def is_ended(self) -> bool:
        """Say whether the unit's roots are fixed."""
        return self.tokens > 0


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """A unit this worker recomputed."""

    unit: bytes
    job_id: int
    attempt: int
    stage: int
    body_root: bytes
    out_root: bytes


class Journal:
    """The journal of one worker; every method may be called from any thread and returns only when it is durable."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._rows = home / "rows"
        self._rows.mkdir(exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(home / "journal.db", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    def _all(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()

    def begin_run(self, record: RunRecord) -> None:
        """Note that a unit has begun. Raises: Contradiction if it began with another blind or prompt."""
        self._all(
            "INSERT OR IGNORE INTO runs (unit, job_id, attempt, stage, blind, prompt) VALUES (?, ?, ?, ?, ?, ?)",
            record.unit, record.job_id, record.attempt, record.stage, record.blind, pack_ids(record.prompt_ids),
        )  # fmt: skip
        known = self.run(record.unit)
        if (known.blind, known.prompt_ids) != (record.blind, record.prompt_ids):
            raise Contradiction(f"job {record.job_id} began with another prompt")

    def end_run(self, unit: bytes, tokens: int, roots: tuple[bytes, bytes, bytes], receipt: bytes) -> RunRecord:
        """Fix T, the roots (in, body, out) and the upstream's final receipt. Raises: Contradiction."""
        self._all(
            "UPDATE runs SET tokens = ?, in_root = ?, body_root = ?, out_root = ?, receipt = ?"
            " WHERE unit = ? AND tokens = 0",
            tokens, *roots, receipt, unit,
        )  # fmt: skip
        record = self.run(unit)
        if (record.tokens, record.in_root, record.body_root, record.out_root) != (tokens, *roots):
            raise Contradiction(f"job {record.job_id} ended differently before")
        return record

    def run(self, unit: bytes) -> RunRecord:
        """Return what is known of a unit. Raises: KeyError."""
        record = self.find_run(unit)
        if record is None:
            raise KeyError(unit.hex())
        return record

    def find_run(self, unit: bytes) -> RunRecord | None:
        """Return what is known of a unit this worker ran, or None."""
        rows = self._all(f"SELECT {_RUN_COLUMNS} FROM runs WHERE unit = ?", unit)  # noqa: S608 -- a constant
        return _run_record(rows[0]) if rows else None

    def runs(self) -> tuple[RunRecord, ...]:
        """Return all units this worker keeps but the settled ones, oldest job first."""
        rows = self._all(
            f"SELECT {_RUN_COLUMNS} FROM runs WHERE unit NOT IN (SELECT unit FROM settled)"  # noqa: S608
            " ORDER BY job_id, attempt, stage"
        )
        return tuple(_run_record(row) for row in rows)

    def settle_run(self, run: RunRecord, until: int, *, most: int = SETTLED_BYTES) -> None:
        """Set a unit of a settled job aside: until a height it may be drawn again, and then it must open and play.

        Of all units set aside rows of `most` bytes are kept, those of the oldest jobs go first.
        """
        folder = self._rows / run.unit.hex()
        size = sum((folder / name).stat().st_size for name in ROW_FILES if (folder / name).exists())
        self._all(
            "INSERT OR REPLACE INTO settled VALUES (?, ?, ?, ?, ?, ?)",
            run.unit, run.job_id, run.attempt, run.stage, until, size,
        )  # fmt: skip
        total: int = self._all("SELECT coalesce(sum(bytes), 0) FROM settled")[0][0]
        while total > most:
            unit, freed = self._all("SELECT unit, bytes FROM settled WHERE bytes > 0 ORDER BY job_id LIMIT 1")[0]
            for name in ROW_FILES:
                (self._rows / unit.hex() / name).unlink(missing_ok=True)
            self._all("UPDATE settled SET bytes = 0 WHERE unit = ?", unit)
            total -= freed

    def settled_before(self, height: int, limit: int) -> tuple[tuple[int, int, int], ...]:
        """Return (job, attempt, stage) of units set aside until less than a height, oldest first, at most `limit`."""
        return tuple(
            self._all(
                "SELECT job_id, attempt, stage FROM settled WHERE until < ? ORDER BY until LIMIT ?", height, limit
            )
        )

    def salt(self, unit: bytes, role: str) -> bytes:
        """Return the salt of (unit, role), drawn the first time and never again."""
        self._all(
            "INSERT OR IGNORE INTO salts (unit, role, salt) VALUES (?, ?, ?)", unit, role, secrets.token_bytes(32)
        )
        salt: bytes = self._all("SELECT salt FROM salts WHERE unit = ? AND role = ?", unit, role)[0][0]
        return salt

    def record_receipt(
        self, unit: bytes, count: int, is_final: bool, root: bytes, signature: bytes, countersignature: bytes = b""
    ) -> None:
        """Note a receipt of `unit`'s signer, given or taken. Raises: Contradiction if its count had another root."""
        for known in self._all("SELECT root FROM receipts WHERE unit = ? AND count = ?", unit, count):
            if known[0] != root:
                raise Contradiction(f"another root was signed at count {count}")
        self._all(
            "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (unit, count, is_final) DO UPDATE"
            " SET countersignature = excluded.countersignature WHERE countersignature = x''",
            unit, count, int(is_final), root, signature, countersignature,
        )  # fmt: skip

    def receipts(self, unit: bytes) -> tuple[tuple[int, bool, bytes, bytes, bytes], ...]:
        """Return (count, is final, root, signature, counter-signature) of a signer's receipts, ascending."""
        rows = self._all(
            "SELECT count, is_final, root, signature, countersignature FROM receipts WHERE unit = ?"
            " ORDER BY count, is_final",
            unit,
        )
        return tuple((row[0], bool(row[1]), row[2], row[3], row[4]) for row in rows)

    def record_cancel(self, unit: bytes, tokens: int, signature: bytes) -> None:
        """Note the requester's wish that an answer end at `tokens`; the first one stands."""
        self._all("INSERT OR IGNORE INTO cancels VALUES (?, ?, ?)", unit, tokens, signature)

    def find_cancel(self, unit: bytes) -> tuple[int, bytes]:
        """Return at how many tokens the requester wished an answer to end, and its signature; 0 if it did not."""
        rows = self._all("SELECT tokens, signature FROM cancels WHERE unit = ?", unit)
        return (rows[0][0], rows[0][1]) if rows else (0, b"")

    def record_check(self, record: CheckRecord) -> CheckRecord:
        """Note the outcome of a check; the first one stands."""
        self._all(
            "INSERT OR IGNORE INTO checks VALUES (?, ?, ?, ?, ?, ?)",
            record.unit, record.job_id, record.attempt, record.stage, record.body_root, record.out_root,
        )  # fmt: skip
        found = self.find_check(record.unit)
        assert found is not None
        return found

    def keep_input(self, unit: bytes, blind: bytes, ids: Sequence[int], rows: bytes) -> None:
        """Keep the input from which a check was recomputed: a dispute asks for it again."""
        folder = self._rows / unit.hex()
        folder.mkdir(exist_ok=True)
        partial = folder / f"{CHECKED_FILE}.partial"
        with partial.open("wb") as file:
            file.write(blind + struct.pack("<I", len(ids)) + pack_ids(ids) + rows)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / CHECKED_FILE)

    def find_input(self, unit: bytes) -> tuple[bytes, tuple[int, ...], bytes] | None:
        """Return blind, ids (prompt, then output) and rows from which a check was recomputed, or None."""
        data = self.find_rows(unit, CHECKED_FILE)
        if not data:
            return None
        end = 36 + 4 * struct.unpack_from("<I", data, 32)[0]
        return data[:32], unpack_ids(data[36:end]), data[end:]

    def find_check(self, unit: bytes) -> CheckRecord | None:
        """Return the outcome of a check, or None."""
        rows = self._all("SELECT * FROM checks WHERE unit = ?", unit)
        return CheckRecord(*rows[0]) if rows else None

    def checks(self) -> tuple[CheckRecord, ...]:
        """Return all checks kept."""
        return tuple(CheckRecord(*row) for row in self._all("SELECT * FROM checks ORDER BY job_id, attempt, stage"))

    def keep_bait(self, run: RunRecord) -> None:
        """Keep what opens a baited seal beyond its job: it may count as a canary later."""
        self._all(
            "INSERT OR IGNORE INTO baits VALUES (?, ?, ?, ?, ?)",
            run.unit, run.job_id, run.attempt, run.stage, run.body_root,
        )  # fmt: skip

    def baits(self) -> tuple[tuple[bytes, int, int, int, bytes], ...]:
        """Return (unit, job, attempt, stage, body_root) of baited seals whose jobs are over, oldest first."""
        return tuple(self._all("SELECT * FROM baits ORDER BY job_id, attempt, stage"))

    def drop_bait(self, unit: bytes) -> None:
        """Forget a baited seal that is open, or will never be asked for."""
        self._all("DELETE FROM baits WHERE unit = ?", unit)

    def demand_secret(self, unit: bytes, job_id: int, attempt: int, stage: int) -> bytes:
        """Return the one-time secret to whose key a job's ids are demanded, drawn the first time."""
        self._all(
            "INSERT OR IGNORE INTO demands (unit, job_id, attempt, stage, secret) VALUES (?, ?, ?, ?, ?)",
            unit, job_id, attempt, stage, secrets.token_bytes(32),
        )  # fmt: skip
        return self.find_secret(job_id, attempt)

    def find_secret(self, job_id: int, attempt: int) -> bytes:
        """Return the secret of a demand; empty if there is none."""
        rows = self._all(
            "SELECT secret FROM demands WHERE job_id = ? AND attempt = ? ORDER BY stage LIMIT 1", job_id, attempt
        )
        secret: bytes = rows[0][0] if rows else b""
        return secret

    def keep_witness(self, job_id: int, attempt: int, blind: bytes, ids: Sequence[int]) -> None:
        """Keep the blind and ids (prompt, then output) that came on demand."""
        self._all(
            "UPDATE demands SET blind = ?, ids = ? WHERE job_id = ? AND attempt = ?",
            blind, pack_ids(ids), job_id, attempt,
        )  # fmt: skip

    def find_witness(self, job_id: int, attempt: int) -> tuple[bytes, tuple[int, ...]] | None:
        """Return blind and ids that came on demand, or None."""
        rows = self._all(
            "SELECT blind, ids FROM demands WHERE job_id = ? AND attempt = ? AND blind != x''", job_id, attempt
        )
        return (rows[0][0], unpack_ids(rows[0][1])) if rows else None

    def demands(self) -> tuple[tuple[bytes, int, int, int, bool], ...]:
        """Return (unit, job, attempt, stage, whether the ids have come) of all demands kept."""
        rows = self._all(
            "SELECT unit, job_id, attempt, stage, blind != x'' FROM demands ORDER BY job_id, attempt, stage"
        )
        return tuple((row[0], row[1], row[2], row[3], bool(row[4])) for row in rows)

    def record_transaction(self, signed: bytes) -> None:
        """Keep the bytes of a transaction that is about to be sent."""
        self._all("INSERT INTO transactions (bytes) VALUES (?)", signed)
        self._all(
            "DELETE FROM transactions WHERE number <= (SELECT max(number) FROM transactions) - ?", KEPT_TRANSACTIONS
        )

    def drop_unit(self, unit: bytes) -> None:
        """Forget a unit whose job is over. Its salts stay: a second one must never be drawn."""
        self._all("DELETE FROM runs WHERE unit = ?", unit)
        self._all("DELETE FROM settled WHERE unit = ?", unit)
        self._all("DELETE FROM checks WHERE unit = ?", unit)
        self._all("DELETE FROM demands WHERE unit = ?", unit)
        self._all("DELETE FROM receipts WHERE unit = ?", unit)
        self._all("DELETE FROM cancels WHERE unit = ?", unit)
        shutil.rmtree(self._rows / unit.hex(), ignore_errors=True)

    def row_file(self, unit: bytes, name: str, item_bytes: int) -> "RowFile":
        """Open one of a unit's row files, dropping an item that a crash cut short."""
        folder = self._rows / unit.hex()
        folder.mkdir(exist_ok=True)
        return RowFile(folder / name, item_bytes)

    def find_rows(self, unit: bytes, name: str) -> bytes:
        """Return what a unit's row file holds; empty if there is none."""
        try:
            return (self._rows / unit.hex() / name).read_bytes()
        except FileNotFoundError:
            return b""


class RowFile:
    """Items of one size, one behind another."""

    def __init__(self, path: Path, item_bytes: int) -> None:
        self._item_bytes = item_bytes
        self._closing = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.count = os.fstat(self._file).st_size // item_bytes
        """Whole items in the file."""
        os.ftruncate(self._file, self.count * item_bytes)
        os.lseek(self._file, 0, os.SEEK_END)

    def append(self, data: bytes) -> None:
        """Add whole items. They survive the process from here on."""
        assert len(data) % self._item_bytes == 0
        written = 0
        while written < len(data):
            written += os.write(self._file, data[written:])
        self.count += len(data) // self._item_bytes

    def read(self, start: int, end: int) -> bytes:
        """Return items [start, end)."""
        return os.pread(self._file, (end - start) * self._item_bytes, start * self._item_bytes)

    def sync(self) -> None:
        """Flush to the disk; another thread may close meanwhile."""
        with self._closing:
            if self._file >= 0:
                os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        with self._closing:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1


_RUN_COLUMNS = "unit, job_id, attempt, stage, blind, prompt, tokens, in_root, body_root, out_root, receipt"


def _run_record(row: tuple[Any, ...]) -> RunRecord:
    unit, job_id, attempt, stage, blind, prompt, tokens, *rest = row
    in_root, body_root, out_root, receipt = (value or b"" for value in rest)
    ids = unpack_ids(prompt)
    return RunRecord(unit, job_id, attempt, stage, blind, ids, tokens, in_root, body_root, out_root, receipt)


def pack_ids(ids: Sequence[int]) -> bytes:
    """Return token ids as four little-endian bytes each."""
    return struct.pack(f"<{len(ids)}I", *ids)


def unpack_ids(data: bytes) -> tuple[int, ...]:
    """Return the token ids that `pack_ids` wrote."""
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])
