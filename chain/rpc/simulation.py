"""Simulations, a few at a time: they run on threads of their own, beside the execution of blocks."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from chain.rpc.busy import Busy
from chain.rpc.limits import MAX_SIMULATIONS, MAX_WAITING_SIMULATIONS

T = TypeVar("T")


class Simulator:
    """A bounded queue before a few threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_SIMULATIONS, "simulate")
        self._num_pending = 0

    async def run(self, function: Callable[[bytes], T], tx: bytes) -> T:
        """Return `function(tx)`, in turn. Raises: Busy; what `function` raises."""
        if self._num_pending >= MAX_SIMULATIONS + MAX_WAITING_SIMULATIONS:
            raise Busy("too many simulations wait; try again")
        self._num_pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, tx)
        finally:
            self._num_pending -= 1

    def close(self) -> None:
        """Take no more; those begun end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
