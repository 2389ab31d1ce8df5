"""The node's own CometBFT, asked from the server's loop: a few threads, each with one kept connection."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from chain.application import Timestamp
from chain.node.comet_rpc import CometRpc
from chain.recent import CommittedBlock, committed_block
from chain.rpc.busy import Busy
from chain.rpc.limits import COMET_SECONDS, MAX_COMET_CALLS, MAX_WAITING_COMET_CALLS

T = TypeVar("T")

IDLE_SECONDS = 5.0
"""A connection idle for longer is made anew: CometBFT closes them after ten."""


class Comet:
    """CometBFT's JSON-RPC without blocking the loop."""

    def __init__(self, url: str) -> None:
        CometRpc(url).close()  # refuses a malformed address at start, not at the first call
        self._url = url
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(MAX_COMET_CALLS, "comet")
        self._num_pending = 0

    async def call(self, function: Callable[[CometRpc], T]) -> T:
        """Run `function` on a connection. Raises: Busy; what `CometRpc` raises."""
        if self._num_pending >= MAX_COMET_CALLS + MAX_WAITING_COMET_CALLS:
            raise Busy("too many requests wait for CometBFT; try again")
        self._num_pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, function)
        finally:
            self._num_pending -= 1

    async def executed(self, height: int) -> CommittedBlock:
        """Return a block and what executing it gave, as CometBFT has stored them. Raises: RpcError if it has not."""
        return await self.call(lambda rpc: _executed(rpc, height))

    def close(self) -> None:
        """Take no more requests; those begun end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, function: Callable[[CometRpc], T]) -> T:
        local = self._local
        now = time.monotonic()
        if not hasattr(local, "rpc"):
            local.rpc = CometRpc(self._url, COMET_SECONDS)
        elif now - local.used > IDLE_SECONDS:
            local.rpc.close()
        try:
            return function(local.rpc)
        finally:
            local.used = time.monotonic()


def _executed(rpc: CometRpc, height: int) -> CommittedBlock:
    block, results = rpc.block(height), rpc.block_results(height)
    time_stamp = Timestamp(block.header.time.seconds, block.header.time.nanos)
    return committed_block(height, time_stamp, block.hash, block.txs, results.tx_results, results.events)
