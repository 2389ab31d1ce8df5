"""Bring a network up, wait until it answers, add workers, take it down."""

import asyncio
import secrets
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import tomli_w

from chain.client.client import ChainClient
from chain.client.failures import ClientError
from chain.client.sender import Sender
from chain.client.signing import Key
from chain.crypto.keys import decode_address
from chain.modules.plans.types import QueryPlansRequest, QueryPlansResponse
from chain.modules.sampling.types import (
    QueryDutiesRequest,
    QueryDutiesResponse,
    QuerySnapshotRequest,
    QuerySnapshotResponse,
)
from chain.node.cometbft import obtain_cometbft
from chain.node.home import Ports, create_testnet
from chain.parameters import LOCALNET, ParameterSet
from inference.config import WorkerConfig, write_config
from inference.gateway.bearer import add_key
from inference.keys import create_keys, load_keys, read_secret, write_secret
from localnet.genesis import GenesisAccounts, app_state
from localnet.layout import (
    CHAIN_ID,
    FILE_NAME,
    FIRST_WORKER_PORT,
    GATEWAY_PORT,
    DamagedLayout,
    GatewayPlace,
    Localnet,
    NodePlace,
    WorkerPlace,
    find_localnet,
)
from localnet.model import CanonicalModel, smollm2
from localnet.ports import NoFreePorts, free_block
from localnet.processes import Process, python, start, stop

Report = Callable[[str], None]
"""Told what happens, a line each."""
READY_SECONDS = 120.0
"""How long a network may take to answer before that is called a failure."""
OSTR = 1_000_000
MARKER = ".ostraka-localnet"
"""A folder with this file was made by `up` and may be replaced by it; no other one is."""


class LocalnetError(RuntimeError):
    """The network could not be brought up or found; the text says why and what to look at."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What network to start."""

    home: Path
    num_validators: int = 1
    num_serving: int = 3
    num_spare: int = 1
    """Workers that check, and serve once another is lost."""
    num_checking: int = 3
    chain_id: str = CHAIN_ID
    model: CanonicalModel | None = None
    """None: SmolLM2-135M-Instruct."""
    with_gateway: bool = True
    faults: dict[int, str] = field(default_factory=dict)
    """Testing aid: which worker misbehaves, and how."""
    parameters: ParameterSet = LOCALNET


def silent(_: str) -> None:
    """Report to nobody."""


def up(spec: Spec, report: Report = silent) -> Localnet:
    """Start a network and return once it serves. Raises: LocalnetError."""
    try:
        running = find_localnet(spec.home)
    except DamagedLayout as error:
        raise LocalnetError(str(error)) from None
    if running is not None and any(process.is_running for process in running.processes):
        raise LocalnetError(f"a network is running in {spec.home}: `ostraka localnet down` ends it")
    if spec.home.exists():
        if any(spec.home.iterdir()) and not any((spec.home / name).exists() for name in (MARKER, FILE_NAME)):
            raise LocalnetError(f"{spec.home} holds something else; name an empty or a new folder with --home")
        shutil.rmtree(spec.home)
    spec.home.mkdir(parents=True, mode=0o700)
    (spec.home / MARKER).touch()
    report("CometBFT")
    obtain_cometbft(report)
    report("the model (fetched and converted once)")
    model = spec.model or smollm2()
    report("keys and genesis")
    try:
        network = _prepare(spec, model)
    except NoFreePorts as error:
        raise LocalnetError(str(error)) from None
    network.save()
    try:
        report("the chain's first block")
        network = _start_nodes(network)
        asyncio.run(wait_for_height(network, 1))
        report("workers: load, verify, self-test, register, enrol")
        network = _start_workers(network)
        if network.gateway is not None:
            network = replace(network, gateway=start_gateway(network, network.gateway))
            network.save()
        report("an epoch's snapshot and a plan")
        asyncio.run(wait_until_ready(network))
    except BaseException:
        down(network)
        raise
    return network


def down(network: Localnet) -> None:
    """End every process of a network; its folder stays."""
    order = network.processes
    stop(order[: len(order) - len(network.nodes)])
    stop([node.process for node in network.nodes])


def _prepare(spec: Spec, model: CanonicalModel) -> Localnet:
    """Make all keys, homes and configurations; start nothing."""
    home = spec.home
    (home / "keys").mkdir(mode=0o700)
    for name in ("faucet", "user", "gateway"):
        write_secret(home / "keys" / f"{name}.key", secrets.token_bytes(32))
    count = spec.num_serving + spec.num_spare + spec.num_checking
    homes = [home / f"worker{index}" for index in range(count)]
    for worker_home in homes:
        create_keys(worker_home)
    _number_as_planned(homes[: spec.num_serving])
    accounts = GenesisAccounts(
        faucet=_key(home, "faucet").bech32,
        user=_key(home, "user").bech32,
        gateway=_key(home, "gateway").bech32,
        operators=tuple(load_keys(worker_home).operator.bech32 for worker_home in homes),
    )
    nodes = create_testnet(
        home,
        spec.chain_id,
        spec.num_validators,
        lambda made: app_state(spec.chain_id, made, accounts, model, spec.parameters),
        ports=[_node_ports() for _ in range(spec.num_validators)],
    )
    idle = Process("", 0, 0.0, "", ())
    first = free_block(FIRST_WORKER_PORT, count)
    workers = []
    for index, worker_home in enumerate(homes):
        place = WorkerPlace(
            name=worker_home.name,
            home=str(worker_home),
            endpoint=f"127.0.0.1:{first + index}",
            operator=load_keys(worker_home).operator.bech32,
            serves=index < spec.num_serving + spec.num_spare,
            checks=index >= spec.num_serving,
            process=idle,
        )
        workers.append(place)
        _configure_worker(
            place, nodes[index % len(nodes)].grpc_target, spec.chain_id, model, spec.faults.get(index, "")
        )
    network = Localnet(
        home=str(home),
        chain_id=spec.chain_id,
        model=model.name,
        model_root=model.root.hex(),
        models=str(model.models),
        nodes=tuple(NodePlace(node.moniker, str(node.path), node.rpc_url, node.grpc_target, idle) for node in nodes),
        workers=tuple(workers),
        gateway=None,
    )
    return replace(network, gateway=_configure_gateway(network, idle)) if spec.with_gateway else network


def _number_as_planned(homes: Sequence[Path]) -> None:
    """Rename the homes of workers that serve: a plan takes equal workers in the order of their addresses."""
    ordered = sorted(homes, key=lambda home: load_keys(home).operator.address)
    waiting = [home.rename(home.with_name(f"{home.name}.new")) for home in ordered]
    for home, named in zip(waiting, homes, strict=True):
        home.rename(named)


def _node_ports() -> Ports:
    p2p = free_block(Ports().p2p, 2, step=10)
    return Ports(p2p, p2p + 1, free_block(Ports().grpc, step=1))


def _key(home: Path, name: str) -> Key:
    return Key.secp256k1(read_secret(home / "keys" / f"{name}.key"))


def account(network: Localnet, name: str) -> Key:
    """Return a genesis account's key: faucet, user or gateway."""
    return _key(network.path, name)


def _configure_worker(place: WorkerPlace, node: str, chain_id: str, model: CanonicalModel, fault: str) -> None:
    write_config(
        WorkerConfig(
            home=Path(place.home),
            node=node,
            chain_id=chain_id,
            models=model.models,
            model=model.name,
            listen=place.endpoint,
            serve=place.serves,
            check=place.checks,
            fault=fault,
        )
    )


def _configure_gateway(network: Localnet, idle: Process) -> GatewayPlace:
    home = network.path / "gateway"
    home.mkdir(mode=0o700)
    port = free_block(GATEWAY_PORT, step=10)
    shutil.copy(network.key_path("gateway"), home / "account.key")
    config = {
        "node": network.grpc,
        "chain_id": network.chain_id,
        "models": network.models,
        "listen": f"127.0.0.1:{port}",
    }
    (home / "gateway.toml").write_text(tomli_w.dumps(config))
    return GatewayPlace(str(home), f"http://127.0.0.1:{port}/v1", add_key(home / "keys.json", "localnet"), idle)


def start_node(node: NodePlace) -> NodePlace:
    """Start (or restart) one validator."""
    command = python("-m", "chain.cli.main", "start", "--home", node.home)
    return replace(node, process=start(node.name, command, Path(node.home) / "logs" / "ostrakad.log"))


def start_worker(worker: WorkerPlace) -> WorkerPlace:
    """Start (or restart) one worker."""
    command = python("-m", "inference", worker.home)
    return replace(worker, process=start(worker.name, command, Path(worker.home) / "worker.out"))


def start_gateway(network: Localnet, gateway: GatewayPlace) -> GatewayPlace:
    """Start (or restart) the gateway."""
    command = python("-m", "inference.gateway", "--home", gateway.home)
    return replace(gateway, process=start("gateway", command, network.path / "gateway" / "gateway.log"))


def _start_nodes(network: Localnet) -> Localnet:
    network = replace(network, nodes=tuple(start_node(node) for node in network.nodes))
    network.save()
    return network


def _start_workers(network: Localnet) -> Localnet:
    network = replace(network, workers=tuple(start_worker(worker) for worker in network.workers))
    network.save()
    return network


def _check_alive(processes: Sequence[Process]) -> None:
    for process in processes:
        if not process.is_running:
            raise LocalnetError(f"{process.name} ended; the end of {process.log}:\n{process.tail()}")


async def wait_for_height(network: Localnet, height: int, seconds: float = READY_SECONDS) -> None:
    """Wait until the first node has committed a height. Raises: LocalnetError."""
    async with ChainClient(network.grpc) as client:
        await _until(lambda: _has_height(client, height), [node.process for node in network.nodes], seconds, "block")


async def _has_height(client: ChainClient, height: int) -> bool:
    return (await client.status()).height >= height


async def wait_until_ready(network: Localnet, seconds: float = READY_SECONDS) -> None:
    """Wait for a live plan, an epoch snapshot with the checkers, and the gateway. Raises: LocalnetError."""
    async with ChainClient(network.grpc) as client:
        running = [process for process in network.processes if process.pid]
        await _until(lambda: _has_plan(client, network), running, seconds, "live plan")
        await _until(lambda: has_checkers(client, network), running, seconds, "epoch snapshot with all checkers")
        if network.gateway is not None:
            await _until(lambda: _gateway_answers(network), running, seconds, "gateway")


async def _has_plan(client: ChainClient, network: Localnet) -> bool:
    request = QueryPlansRequest(bytes.fromhex(network.model_root))
    return bool((await client.query("ostraka.plans.v1.Query/Plans", request, QueryPlansResponse)).plans)


async def has_checkers(client: ChainClient, network: Localnet) -> bool:
    """Say whether the epoch's snapshot lists all checkers as such: a worker is in it before it has enrolled."""
    wanted = {decode_address(worker.operator) for worker in network.workers if worker.checks}
    request = QueryDutiesRequest(network.workers[0].operator)
    now = await client.query("ostraka.sampling.v1.Query/Duties", request, QueryDutiesResponse)
    method = "ostraka.sampling.v1.Query/Snapshot"
    taken = (await client.query(method, QuerySnapshotRequest(now.epoch), QuerySnapshotResponse)).snapshot
    root = bytes.fromhex(network.model_root)
    return wanted <= {entry.operator for entry in taken.entries if root in entry.models}


async def _gateway_answers(network: Localnet) -> bool:
    assert network.gateway is not None
    async with httpx.AsyncClient() as http:
        try:
            answer = await http.get(network.gateway.url.removesuffix("/v1") + "/health")
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.json()["status"] == "ok"


async def _until(
    is_done: Callable[[], Awaitable[bool]], processes: Sequence[Process], seconds: float, what: str
) -> None:
    try:
        async with asyncio.timeout(seconds):
            while True:
                _check_alive(processes)
                try:
                    if await is_done():
                        return
                except ClientError:
                    pass
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise LocalnetError(f"no {what} within {seconds:.0f} s; `ostraka localnet logs` shows why") from None


async def fund(network: Localnet, address: str, amount: int) -> None:
    """Pay from the faucet. Raises: LocalnetError."""
    from chain.modules.bank.types import Coin, MsgSend

    faucet = account(network, "faucet")
    async with ChainClient(network.grpc) as client:
        sender = Sender(client, faucet, network.chain_id)
        done = await sender.send([MsgSend(faucet.bech32, address, (Coin("uostr", str(amount)),))])
    if done.code:
        raise LocalnetError(f"the faucet could not pay {amount} uostr to {address}: {done.log}")


def add_worker(network: Localnet, *, serve: bool, check: bool, fault: str = "") -> tuple[Localnet, WorkerPlace]:
    """Make, fund and start one more worker of a running network. Raises: LocalnetError."""
    _check_alive([node.process for node in network.nodes])
    index = len(network.workers)
    home = network.path / f"worker{index}"
    create_keys(home)
    last = max((int(worker.endpoint.rpartition(":")[2]) for worker in network.workers), default=FIRST_WORKER_PORT - 1)
    place = WorkerPlace(
        name=home.name,
        home=str(home),
        endpoint=f"127.0.0.1:{free_block(last + 1, step=1)}",
        operator=load_keys(home).operator.bech32,
        serves=serve,
        checks=check,
        process=Process("", 0, 0.0, "", ()),
    )
    model = CanonicalModel(network.model, Path(network.models) / network.model_root)
    _configure_worker(place, network.grpc, network.chain_id, model, fault)
    asyncio.run(fund(network, place.operator, 200 * OSTR))
    place = start_worker(place)
    network = network.with_worker(place)
    network.save()
    return network, place
