"""`ostrakad query`: every query of every module, transactions, blocks, and stored values with verified proofs."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from chain.cli.failures import EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_UNPROVEN, Failure, explained
from chain.cli.fields import build, first_line, kebab, parameters
from chain.cli.options import ask, home_option, node_option, output_option, reading, rpc_address, rpc_option
from chain.cli.output import show
from chain.client.envelope import BASE_ACCOUNT_URL
from chain.client.history import verify_history
from chain.client.node import HistoryRequest, ProveHistoryRequest
from chain.client.registry import Call, calls
from chain.crypto.hashing import sha256
from chain.crypto.ics23 import InvalidProof, verify_state
from chain.modules.accounts.types import AnyValue, BaseAccount
from chain.modules.disputes.types import ClosedDispute
from chain.modules.jobs.types import ArchivedRecord, ClosedJob, RecordKind
from chain.modules.sampling.types import ConcludedCheck, ConcludedEpoch, Penalty, Round
from chain.node.comet_rpc import CometRpc, RpcError
from chain.node.light import HeaderRejected, genesis_validators, verify_signed_header
from chain.store.codec import DecodeError, decode

HEADER_ATTEMPTS = 100
"""How often the next header is asked for, every 0.1 s: it carries the app hash of the last block's state."""

ARCHIVED: dict[str, type[Any]] = {
    "job": ClosedJob,
    "check": ConcludedCheck,
    "round": Round,
    "epoch": ConcludedEpoch,
    "dispute": ClosedDispute,
    "penalty": Penalty,
}
"""Kinds of closed records and what they hold."""

height_option = click.option(
    "--height", type=click.IntRange(0), default=0, help="Ask at an earlier height; 0 is the last."
)
prove_option = click.option(
    "--prove", is_flag=True, help="Verify the value against a header that the validators signed."
)
genesis_option = click.option(
    "--genesis",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The genesis file whose validators are trusted.  [default: that of --home]",
)


@click.group()
def query() -> None:
    """Read the chain.

    \b
    ostrakad query bank balance ostr1… uostr
    ostrakad query jobs job 7
    ostrakad query sampling explain 7 0 1        JOB ATTEMPT STAGE
    ostrakad query store bank 00ff… --prove      a stored value, verified
    ostrakad query tx 5F2A…                      what became of a transaction

    Every module's group lists its queries: ostrakad query MODULE --help
    """


def _command(call: Call) -> click.Command:
    def run(**values: Any) -> None:
        home, node, height = values.pop("home"), values.pop("node"), values.pop("height_")
        values.pop("output")
        request = build(call.request, values)
        answer = ask(home, node, lambda client: client.query(call.method, request, call.response, height=height))
        show(_unpacked(answer))

    method = call.method.rpartition("/")[2]
    height = click.Option(
        ["--at-height", "height_"], type=click.IntRange(0), default=0, help="Ask at an earlier height."
    )
    return click.Command(
        kebab(method),
        callback=run,
        params=[*parameters(call.request), height, *_params_of(reading)],
        help=f"{first_line(call.request)}\n\nAnswer: {first_line(call.response)}\n\ngRPC: {call.method}",
        short_help=first_line(call.request),
    )


def _params_of(decorator: Callable[[Any], Any]) -> list[click.Parameter]:
    def empty() -> None:
        """Carry the options."""

    decorator(empty)
    found: list[click.Parameter] = list(reversed(getattr(empty, "__click_params__", [])))
    return found


def _unpacked(answer: Any) -> Any:
    """Show what an `Any` holds, where its type is known here."""
    value = getattr(answer, "account", None)
    if isinstance(value, AnyValue) and value.type_url == BASE_ACCOUNT_URL:
        return decode(BaseAccount, value.value)
    return answer


def _add_modules() -> None:
    groups: dict[str, click.Group] = {}
    for call in calls().values():
        module = call.method.split(".")[1]
        if module not in groups:
            groups[module] = click.Group(module, help=f"Read the {module} module.")
            query.add_command(groups[module])
        groups[module].add_command(_command(call))


_add_modules()


@query.command()
@click.argument("hash")
@output_option
@home_option
@rpc_option
def tx(hash: str, output: str, home: Path, rpc: str | None) -> None:
    """Show a committed transaction by its HASH (64 hexadecimal digits)."""
    try:
        name = bytes.fromhex(hash)
    except ValueError:
        name = b""
    if len(name) != 32:
        raise Failure(f"{hash} is no hash of a transaction: 64 hexadecimal digits", "`ostrakad tx …` prints it")
    with explained(), CometRpc(rpc_address(home, rpc)) as comet:
        try:
            found = comet.tx(name)
        except RpcError as error:
            if "not found" not in str(error):
                raise
            advice = "a transaction is found once it is committed; this node may also keep no index"
            raise Failure(f"no transaction {hash} is committed", advice, EXIT_NOT_FOUND) from None
    show({"height": found.height, "index": found.index, "hash": found.hash.hex(), "result": found.result})


@query.command()
@click.argument("height", type=click.IntRange(0), default=0)
@output_option
@home_option
@rpc_option
def block(height: int, output: str, home: Path, rpc: str | None) -> None:
    """Show a block and its results; without HEIGHT the last one."""
    with explained(), CometRpc(rpc_address(home, rpc)) as comet:
        found = comet.block(height or None)
        results = comet.block_results(found.header.height)
    show(
        {
            "height": found.header.height,
            "hash": found.hash.hex(),
            "time": found.header.time.ToJsonString(),
            "proposer": found.header.proposer_address,
            "app_hash": found.header.app_hash.hex(),
            "txs": [
                {"bytes": len(data), "code": result.code, "gas_used": result.gas_used, "log": result.log}
                for data, result in zip(found.txs, results.tx_results, strict=True)
            ],
            "events": list(results.events),
        }
    )


@query.command()
@click.argument("module")
@click.argument("key")
@prove_option
@genesis_option
@height_option
@output_option
@node_option
@home_option
@rpc_option
def store(
    module: str,
    key: str,
    prove: bool,
    genesis: Path | None,
    height: int,
    output: str,
    node: str | None,
    home: Path,
    rpc: str | None,
) -> None:
    """Show the bytes stored under KEY (hexadecimal) in the tree of MODULE.

    With --prove the answer of the node is not believed: the ICS-23 proof must lead to the app hash in the header of
    the next height, and more than two thirds of the genesis validators' power must have signed that header.
    """
    try:
        raw = bytes.fromhex(key)
    except ValueError:
        raise Failure(f"{key} is not hexadecimal") from None
    answer = ask(home, node, lambda client: client.prove(module, raw, height))
    shown: dict[str, Any] = {"module": module, "key": key, "height": answer.height, "value": answer.value.hex()}
    if not answer.value:
        shown["value"] = "(absent)"
    if prove:
        ops = [(op.kind, op.key, op.data) for op in answer.ops]
        header = _trusted_header(home, genesis, rpc, answer.height + 1)
        with _proving():
            verify_state(header.app_hash, module, raw, answer.value or None, ops)
        shown |= header.shown()
    elif not answer.value:
        raise Failure(f"{module} has nothing under {key}", "", EXIT_NOT_FOUND)
    show(shown)


@query.command()
@click.argument("kind", type=click.Choice(list(ARCHIVED)))
@click.argument("numbers", type=click.IntRange(0, 2**64 - 1), nargs=-1, required=True)
@prove_option
@genesis_option
@height_option
@rpc_option
@reading
def history(
    kind: str,
    numbers: tuple[int, ...],
    prove: bool,
    genesis: Path | None,
    height: int,
    rpc: str | None,
    home: Path,
    node: str | None,
    output: str,
) -> None:
    """Show a closed record from the node's archive, also after state has forgotten it.

    With --prove the answer of the node is not believed: the record must lead to the root of its round, that to a peak
    of the mountain range, the peaks to the app hash in the header of the next height, and more than two thirds of the
    genesis validators' power must have signed that header. --height chooses the height of the peaks.

    \b
    ostrakad query history job 7 --prove
    ostrakad query history check 7 0 1        JOB ATTEMPT STAGE
    ostrakad query history epoch 12
    """
    record_id = b"".join(number.to_bytes(8, "big") for number in numbers)
    if not prove:
        answer = ask(home, node, lambda client: client.history(HistoryRequest(kind, record_id)))
        (found,) = answer.records
        show({"kind": kind, "number": found.leaf_index, **_archived(kind, found.data)})
        return
    proven = ask(home, node, lambda client: client.prove_history(ProveHistoryRequest(kind, record_id, height)))
    header = _trusted_header(home, genesis, rpc, proven.height + 1)
    with _proving():
        verify_history(header.app_hash, RecordKind[kind.upper()], record_id, proven)
    place = {"round": proven.round_index, "index_in_round": proven.index_in_round}
    show({"kind": kind, **place, **_archived(kind, proven.record.data), **header.shown()})


def _archived(kind: str, data: bytes) -> dict[str, Any]:
    """Return hash and content of an archived record. Raises: Failure."""
    try:
        record = decode(ARCHIVED[kind], decode(ArchivedRecord, data).value)
    except DecodeError as error:
        raise Failure(f"the archive's record does not decode: {error}", "compare versions", EXIT_REFUSED) from error
    return {"leaf": sha256(data).hex(), "record": record}


@dataclass(frozen=True, slots=True)
class _Header:
    """A header that trusted validators signed."""

    height: int
    hash: bytes
    app_hash: bytes

    def shown(self) -> dict[str, Any]:
        return {
            "proof": "verified",
            "app_hash": self.app_hash.hex(),
            "header": self.hash.hex(),
            "header_height": self.height,
        }


@contextmanager
def _proving() -> Iterator[None]:
    """Turn a proof that does not hold into the command's failure."""
    try:
        yield
    except InvalidProof as error:
        raise Failure(f"the proof does not hold: {error}", "ask another node", EXIT_UNPROVEN) from error


def _trusted_header(home: Path, genesis: Path | None, rpc: str | None, height: int) -> _Header:
    trusted = genesis or home / "config" / "genesis.json"
    return asyncio.run(_verified_header(trusted, rpc_address(home, rpc), height))


async def _verified_header(genesis: Path, rpc: str, height: int) -> _Header:
    """Return a header whose commit verifies against the genesis validators. Raises: Failure."""
    try:
        document = json.loads(genesis.read_text("utf-8"))
        validators, chain_id = genesis_validators(document), document["chain_id"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise Failure(f"{genesis}: {error}", "--genesis FILE names the genesis you trust") from error
    with explained(), CometRpc(rpc) as comet:
        for _ in range(HEADER_ATTEMPTS):
            if comet.status().latest_height >= height:
                break
            await asyncio.sleep(0.1)
        signed = comet.commit(height)
    try:
        return _Header(height, verify_signed_header(signed, validators, chain_id), signed.header.app_hash)
    except HeaderRejected as error:
        raise Failure(f"header {height}: {error}", "ask another node", EXIT_UNPROVEN) from error
