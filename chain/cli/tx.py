"""`ostrakad tx`: sign and send any message of any module; done means committed."""

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import click

from chain.cli.failures import EXIT_REFUSED, Failure
from chain.cli.fields import build, first_line, kebab, parameters
from chain.cli.keys import backend_option, open_key, passphrase_option, resolve_address
from chain.cli.options import ask, reading
from chain.cli.output import note, show
from chain.client.client import ChainClient
from chain.client.registry import message_classes, response_class, type_url
from chain.client.sender import GAS_PRICE, Committed, Sender
from chain.client.signing import Key, build_simulation
from chain.errors import Code
from chain.modules.bank.types import DENOM, Coin, MsgSend
from chain.store.codec import decode

C = TypeVar("C", bound=Callable[..., Any])
OSTR = 1_000_000
"""uostr in one OSTR."""


def signing(command: C) -> C:
    """Add the options of a command that signs."""
    for option in (
        click.option("--from", "from_", required=True, metavar="KEY", help="Name of the key that signs and pays."),
        backend_option,
        passphrase_option,
        click.option("--chain-id", default="", help="The chain signed for.  [default: what the node says]"),
        click.option(
            "--gas-prices", default=f"{float(GAS_PRICE)}{DENOM}", show_default=True, help="Fee per unit of gas."
        ),
        click.option("--note", "memo", default="", help="A text that everybody can read."),
        click.option("--deadline", type=click.IntRange(1), default=None, help="Last height at which it counts."),
        click.option("--dry-run", is_flag=True, help="Simulate only."),
        click.option("--yes", "-y", is_flag=True, help="Do not ask."),
    ):
        command = option(command)
    return reading(command)


def parse_amount(text: str) -> int:
    """Return uostr of `12uostr`, `1.5ostr` or a bare number of uostr. Raises: Failure."""
    number, factor = text.strip().lower(), 1
    if number.endswith(DENOM):
        number = number.removesuffix(DENOM)
    elif number.endswith("ostr"):
        number, factor = number.removesuffix("ostr"), OSTR
    try:
        amount = Decimal(number) * factor
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0 or amount != int(amount) or amount >= 1 << 64:
        raise Failure(f"{text} is no amount", "10ostr, 2.5ostr or 1000uostr")
    return int(amount)


@click.group()
def tx() -> None:
    """Sign a message and see it committed.

    \b
    ostrakad tx bank send ostr1… 10ostr --from alice
    ostrakad tx workers bond --amount 5000000 --from operator
    ostrakad tx jobs request-job --json @job.json --from alice
    ostrakad tx raw signed.hex

    Every module's group lists its messages: ostrakad tx MODULE --help
    """


def send_message(message: Any, values: dict[str, Any]) -> None:
    """Sign with the options of `signing`, send, wait for the block, print what happened. Raises: Failure."""
    home, node = values["home"], values["node"]
    key = open_key(home, values["backend"], values["from_"], values["passphrase_file"])
    if values["dry_run"]:
        _simulate(key, message, home, node)
        return
    price = _price(values["gas_prices"])
    if not values["yes"]:
        note(f"{type_url(type(message))} from {key.bech32}")
        click.confirm("send?", abort=True, err=True)

    async def run(client: ChainClient) -> Committed:
        chain_id = values["chain_id"] or (await client.status()).chain_id
        sender = Sender(client, key, chain_id, price)
        return await sender.send([message], deadline=values["deadline"], memo=values["memo"])

    done = ask(home, node, run)
    if done.code != Code.OK:
        name = Code(done.code).name if done.code in set(Code) else str(done.code)
        where = f"committed at height {done.height} without effect" if done.height else "not sent"
        raise Failure(f"{name}: {done.log} ({where})", _advice(done.code), EXIT_REFUSED)
    response = decode(response_class(type(message)), done.responses[0])
    show({"height": done.height, "hash": done.hash.hex().upper(), "code": 0, "response": response})


def _simulate(key: Key, message: Any, home: Path, node: str | None) -> None:
    async def run(client: ChainClient) -> Any:
        account = await client.account(key.bech32)
        return await client.simulate(build_simulation(key, [message], sequence=account.sequence))

    outcome = ask(home, node, run)
    if outcome.code != Code.OK:
        raise Failure(f"it would fail: {outcome.log}", _advice(outcome.code), EXIT_REFUSED)
    show({"gas_used": outcome.gas_used, "code": outcome.code})


def _price(text: str) -> Fraction:
    try:
        price = Fraction(text.removesuffix(DENOM))
    except (ValueError, ZeroDivisionError):
        price = Fraction(-1)
    if not 0 <= price < 1 << 32:
        raise Failure(f"{text} is no price", f"0.0001{DENOM}")
    return price


def _advice(code: int) -> str:
    return {
        Code.INSUFFICIENT_FUNDS: "`ostrakad query bank balance ADDRESS uostr` shows what the account holds",
        Code.INSUFFICIENT_FEE: "a higher --gas-prices",
        Code.UNAUTHORIZED: "check --chain-id and --from",
        Code.UNKNOWN_ADDRESS: "pay something to the account first",
    }.get(Code(code) if code in set(Code) else Code.OK, "")


def _command(message: type[Any], signer: str) -> click.Command:
    fields = parameters(message, leave_out=(signer,), as_options=True)
    for field in fields:
        # --json may give them all, so that each by itself can be left out.
        field.required = False

    def run(**values: Any) -> None:
        document = values.pop("json_")
        sender = resolve_address(values["home"], values["backend"], values["from_"])
        if document is not None:
            made = document
        else:
            missing = [field for field in fields if values[str(field.name)] is None]
            if missing:
                raise click.MissingParameter(param=missing[0], ctx=click.get_current_context())
            made = {str(field.name): values[str(field.name)] for field in fields}
        send_message(build(message, {**made, signer: sender}), values)

    whole = click.Option(
        ["--json", "json_"], type=_Whole(message, signer), help="The whole message; instead of the options."
    )
    name = kebab(message.__name__.removeprefix("Msg"))
    return click.Command(
        name,
        callback=run,
        params=[*fields, whole, *_signing_params()],
        help=f"{first_line(message)}\n\nThe key named by --from is its {signer}. Message: {type_url(message)}",
        short_help=first_line(message),
    )


class _Whole(click.ParamType[dict[str, Any]]):
    """A message as JSON, without its signer."""

    name = "JSON|@FILE"

    def __init__(self, message: type[Any], signer: str) -> None:
        self._message, self._signer = message, signer

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """Return the message's fields."""
        from chain.json_form import from_json

        try:
            text = Path(value[1:]).read_text("utf-8") if value.startswith("@") else value
            document = json.loads(text)
            if not isinstance(document, dict):
                raise ValueError("not an object")
            made = from_json(self._message, {self._signer: "", **document}, self._message.__name__)
        except (OSError, ValueError) as error:
            self.fail(str(error), param, ctx)
        return {name: getattr(made, name) for name in self._message.__dataclass_fields__}


def _signing_params() -> list[click.Parameter]:
    def empty() -> None:
        """Carry the options."""

    signing(empty)
    found: list[click.Parameter] = list(reversed(empty.__click_params__))  # type: ignore[attr-defined]
    return found


def _signer_of(message: type[Any]) -> str | None:
    """Return the field that names the signer: by convention the first one, if it is an address."""
    first: str = next(iter(message.__dataclass_fields__))
    return first if first in ("operator", "sender", "requester", "from_address") else None


def _groups() -> dict[str, click.Group]:
    groups: dict[str, click.Group] = {}
    for message in message_classes():
        signer = _signer_of(message)
        module = type_url(message)[1:].split(".")[1]
        if signer is None or message is MsgSend:
            continue
        if module not in groups:
            groups[module] = click.Group(module, help=f"Messages of the {module} module.")
        groups[module].add_command(_command(message, signer))
    return groups


for _name, _group in _groups().items():
    tx.add_command(_group, _name)


@tx.group()
def bank() -> None:
    """Move money."""


@bank.command()
@click.argument("to")
@click.argument("amount")
@signing
def send(to: str, amount: str, **values: Any) -> None:
    """Send AMOUNT (10ostr, 1000uostr) to TO, an address or the name of a key.

    \b
    ostrakad tx bank send ostr1… 2.5ostr --from alice --yes
    """
    home, backend = values["home"], values["backend"]
    sender = resolve_address(home, backend, values["from_"])
    coins = (Coin(DENOM, str(parse_amount(amount))),)
    send_message(MsgSend(sender, resolve_address(home, backend, to), coins), values)


@tx.command()
@click.argument("file", type=click.File("rb"))
@reading
def raw(file: Any, home: Path, node: str | None, output: str) -> None:
    """Send the signed transaction in FILE (hexadecimal or raw bytes; `-` is stdin).

    Prints what the mempool says; `ostrakad query tx HASH` tells when it is committed.
    """
    data = file.read()
    with suppress(UnicodeDecodeError, ValueError):  # raw bytes then
        data = bytes.fromhex(data.decode("ascii").strip())
    answer = ask(home, node, lambda client: client.broadcast(data))
    if answer.code != Code.OK:
        raise Failure(f"refused: {answer.log}", _advice(answer.code), EXIT_REFUSED)
    show({"hash": answer.hash.hex().upper(), "code": answer.code, "is_known": answer.is_known})
