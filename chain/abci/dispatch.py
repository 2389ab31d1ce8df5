"""The sixteen methods of ABCI 2.0, each from a request's payload to the frame that answers it."""

from collections.abc import Callable
from typing import Any, Protocol

from google.protobuf.message import DecodeError, Message

from chain.abci import convert, results
from chain.abci.frames import MalformedFrame, frame
from chain.application import Application, CheckKind
from chain.wire.tendermint.abci import types_pb2 as wire

SUPPORTED_ABCI = ("", "2.0.0")
"""Versions of the interface that are answered; tools leave it empty. CometBFT's own version decides nothing."""

_REPLIES = {field.name: number for number, field in wire.Response.DESCRIPTOR.fields_by_number.items()}
_ACCEPTED = wire.ResponseVerifyVoteExtension(status=wire.ResponseVerifyVoteExtension.ACCEPT)
_NO_OFFER = wire.ResponseOfferSnapshot(result=wire.ResponseOfferSnapshot.ABORT)
_NO_CHUNK = wire.ResponseApplySnapshotChunk(result=wire.ResponseApplySnapshotChunk.ABORT)


class Reply(Protocol):
    """What answers a request: a message of `Response`, or what writes the same bytes."""

    def SerializeToString(self) -> bytes:  # noqa: N802 (protobuf's own name)
        """Return the message's bytes."""
        ...


class ApplicationFailed(Exception):
    """A method of the application raised: its state can no longer be trusted and the process must end."""


def exception_frame(text: str) -> bytes:
    """Encode a ResponseException; CometBFT logs it and stops."""
    return frame(_REPLIES["exception"], wire.ResponseException(error=text).SerializeToString())


def _parser(field: Any) -> Callable[[memoryview], Message]:
    """Return what decodes the message of a field of `Request`."""
    parse: Callable[[memoryview], Message] = getattr(wire, field.message_type.name).FromString
    return parse


class Dispatcher:
    """Answers requests in the order they come, each to completion."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.height = 0
        """The last height CometBFT spoke of, for the log."""
        methods: dict[str, Callable[[Any], Reply]] = {
            "echo": lambda request: wire.ResponseEcho(message=request.message),
            "flush": lambda _request: wire.ResponseFlush(),
            "info": self._info,
            "init_chain": self._init_chain,
            "query": self._query,
            "check_tx": self._check_tx,
            "commit": self._commit,
            "list_snapshots": lambda _request: wire.ResponseListSnapshots(),
            "offer_snapshot": lambda _request: _NO_OFFER,
            "load_snapshot_chunk": lambda _request: wire.ResponseLoadSnapshotChunk(),
            "apply_snapshot_chunk": lambda _request: _NO_CHUNK,
            "prepare_proposal": self._prepare_proposal,
            "process_proposal": self._process_proposal,
            "extend_vote": lambda _request: wire.ResponseExtendVote(),
            "verify_vote_extension": lambda _request: _ACCEPTED,
            "finalize_block": self._finalize_block,
        }
        self._table = {
            number: (field.name, _parser(field), methods[field.name], _REPLIES[field.name])
            for number, field in wire.Request.DESCRIPTOR.fields_by_number.items()
        }

    def answer(self, field: int, payload: memoryview) -> bytes:
        """Return the frame that answers field `field` of `Request`.

        Raises:
            MalformedFrame: no such method, or its message does not decode.
            ApplicationFailed: from whatever the application raised.
        """
        entry = self._table.get(field)
        if entry is None:
            raise MalformedFrame(f"request {field} is not served")
        name, parse, method, reply = entry
        try:
            request = parse(payload)
        except DecodeError as error:
            raise MalformedFrame(f"{name} does not decode: {error}") from error
        try:
            return frame(reply, method(request).SerializeToString())
        except Exception as error:
            raise ApplicationFailed(f"{name} at height {self.height}: {error!r}") from error

    def _info(self, request: wire.RequestInfo) -> wire.ResponseInfo:
        if request.abci_version not in SUPPORTED_ABCI:
            raise convert.UnsupportedRequest(f"ABCI {request.abci_version}; 2.0.0 is served")
        info = self._application.info()
        self.height = info.last_block_height
        return convert.info_response(info)

    def _init_chain(self, request: wire.RequestInitChain) -> wire.ResponseInitChain:
        return convert.init_chain_response(self._application.init_chain(convert.init_chain(request)))

    def _query(self, request: wire.RequestQuery) -> wire.ResponseQuery:
        return convert.query_response(self._application.query(convert.query(request)))

    def _check_tx(self, request: wire.RequestCheckTx) -> wire.ResponseCheckTx:
        kind = CheckKind.RECHECK if request.type == wire.RECHECK else CheckKind.NEW
        return convert.check_tx_response(self._application.check_tx(request.tx, kind))

    def _prepare_proposal(self, request: wire.RequestPrepareProposal) -> wire.ResponsePrepareProposal:
        self.height = request.height
        txs = self._application.prepare_proposal(convert.proposal_to_make(request), request.max_tx_bytes)
        return wire.ResponsePrepareProposal(txs=txs)

    def _process_proposal(self, request: wire.RequestProcessProposal) -> wire.ResponseProcessProposal:
        self.height = request.height
        accepted = self._application.process_proposal(convert.proposal_to_judge(request))
        verdict = wire.ResponseProcessProposal.ACCEPT if accepted else wire.ResponseProcessProposal.REJECT
        return wire.ResponseProcessProposal(status=verdict)

    def _finalize_block(self, request: wire.RequestFinalizeBlock) -> results.FinalizeBlockReply:
        self.height = request.height
        result = self._application.finalize_block(convert.decided_block(request))
        if len(result.tx_results) != len(request.txs):
            raise RuntimeError(f"{len(result.tx_results)} results for {len(request.txs)} transactions")
        return results.FinalizeBlockReply(result)

    def _commit(self, _request: wire.RequestCommit) -> wire.ResponseCommit:
        return wire.ResponseCommit(retain_height=self._application.commit())
