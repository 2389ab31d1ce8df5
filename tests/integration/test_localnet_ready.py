"""When a local network is ready: its answers must be checked in the next round, not an epoch later."""

import asyncio
from pathlib import Path

from chain.client.client import ChainClient
from chain.modules.sampling.types import QueryDutiesRequest, QueryDutiesResponse
from chain.modules.workers.types import Role
from localnet.layout import Localnet, NodePlace, WorkerPlace
from localnet.network import has_checkers
from localnet.processes import Process
from tests.support.builders import CHAIN_ID
from tests.support.network import CHECKERS, SERVERS, SPARE, Machine, Network, new_network
from tests.support.served_chain import Served

NO_PROCESS = Process("none", 0, 0.0, "", ())


def place(who: Machine, *, checks: bool) -> WorkerPlace:
    return WorkerPlace(who.name, "", "", who.operator.bech32, not checks, checks, NO_PROCESS)


def test_a_checker_counts_once_a_snapshot_has_its_enrolment(tmp_path: Path) -> None:
    with new_network(tmp_path) as net:
        served = Served(net.chain)
        try:
            asyncio.run(play(net, served))
        finally:
            served.close()


async def play(net: Network, served: Served) -> None:
    node = NodePlace("node0", "", served.comet_url, served.grpc, NO_PROCESS)
    known = (*(place(who, checks=False) for who in SERVERS), *(place(who, checks=True) for who in CHECKERS))
    grown = (*known, place(SPARE, checks=True))

    async with ChainClient(served.grpc) as client:

        async def is_ready(workers: tuple[WorkerPlace, ...]) -> bool:
            network = Localnet("", CHAIN_ID, "tiny", net.root.hex(), "", (node,), workers, None)
            return await has_checkers(client, network)

        assert await is_ready(known)
        net.register(SPARE)
        assert not await is_ready(grown)
        net.ready()
        # It is in the snapshot, as a worker that checks nothing yet.
        request, method = QueryDutiesRequest(SPARE.operator.bech32), "ostraka.sampling.v1.Query/Duties"
        assert (await client.query(method, request, QueryDutiesResponse)).in_snapshot
        assert not await is_ready(grown)
        net.enroll(SPARE, Role.CHECK)
        assert not await is_ready(grown)
        net.ready()
        assert await is_ready(grown)
