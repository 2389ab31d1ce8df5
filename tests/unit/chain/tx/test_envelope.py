"""Reading envelopes: one accepted spelling, and a named code for everything else."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import envelope
from chain.app import MODULES
from chain.client.signing import Key, build_tx
from chain.envelope import MAX_TX_BYTES, decode_tx
from chain.envelope_usual import read_usual
from chain.errors import Code, Rejected
from chain.modules.accounts.types import KeyKind
from chain.modules.bank.types import MsgMultiSend, MsgSend
from chain.wire.cosmos.tx.v1beta1 import tx_pb2
from tests.support.builders import coins, machine, wallet

ROUTES = {message.type_url: message for module in MODULES for message in module.messages}
ALICE, BOB = wallet("alice"), wallet("bob")
SEND = MsgSend(ALICE.bech32, BOB.bech32, coins(5))


def transfer(**options: object) -> bytes:
    settings: dict[str, object] = {"chain_id": "c", "account_number": 3, "sequence": 9, "gas": 1000, "fee": 7}
    return build_tx(ALICE, [SEND], **{**settings, **options})  # type: ignore[arg-type]


def refusal(data: bytes) -> Code:
    with pytest.raises(Rejected) as caught:
        decode_tx(ROUTES, data)
    return caught.value.code


def changed(edit: object, where: str = "raw") -> bytes:
    """A transfer whose envelope was edited through protobuf."""
    raw = tx_pb2.TxRaw.FromString(transfer())
    body, auth = tx_pb2.TxBody.FromString(raw.body_bytes), tx_pb2.AuthInfo.FromString(raw.auth_info_bytes)
    edit({"raw": raw, "body": body, "auth": auth}[where])  # type: ignore[operator]
    if where == "body":
        raw.body_bytes = body.SerializeToString()
    if where == "auth":
        raw.auth_info_bytes = auth.SerializeToString()
    return raw.SerializeToString()


def test_a_transfer_is_read_whole() -> None:
    tx = decode_tx(ROUTES, transfer(memo="hello", timeout_height=12))
    (signer,) = tx.signers
    assert [message for _, message in tx.messages] == [SEND]
    assert (tx.memo, tx.timeout_height, tx.fee, tx.gas_limit) == ("hello", 12, 7, 1000)
    assert (signer.address, signer.key, signer.key_kind) == (ALICE.address, ALICE.public_key, KeyKind.SECP256K1)
    assert (signer.sequence, signer.is_direct) == (9, True)


def test_sign_bytes_are_those_of_the_published_sign_doc() -> None:
    tx = decode_tx(ROUTES, transfer())
    raw = tx_pb2.TxRaw.FromString(transfer())
    for number in (0, 3, 300):
        published = tx_pb2.SignDoc(
            body_bytes=raw.body_bytes, auth_info_bytes=raw.auth_info_bytes, chain_id="net-1", account_number=number
        )
        assert tx.sign_bytes("net-1", number) == published.SerializeToString()


def test_machines_sign_with_ed25519() -> None:
    key = machine("m")
    message = MsgSend(key.bech32, BOB.bech32, coins(1))
    tx = decode_tx(ROUTES, build_tx(key, [message], chain_id="c", account_number=0, sequence=0, gas=1, fee=0))
    assert (tx.signers[0].key_kind, tx.signers[0].address) == (KeyKind.ED25519, key.address)


@given(st.integers(0, 400), st.integers(1, 255))
def test_no_changed_byte_gives_the_same_transaction(position: int, flip: int) -> None:
    data = bytearray(transfer())
    data[position % len(data)] ^= flip
    with contextlib.suppress(Rejected):
        assert decode_tx(ROUTES, bytes(data)) != decode_tx(ROUTES, transfer())


@given(st.binary(max_size=300))
def test_hostile_bytes_are_rejected_and_never_raise_anything_else(data: bytes) -> None:
    with pytest.raises(Rejected):
        decode_tx(ROUTES, data)


@pytest.mark.parametrize("cut", [1, 10, 100, 200])
def test_a_truncated_transaction_is_tx_decode(cut: int) -> None:
    assert refusal(transfer()[:-cut]) == Code.TX_DECODE


def test_oversize_is_refused_before_anything_is_read() -> None:
    assert refusal(b"\x0a" * (MAX_TX_BYTES + 1)) == Code.TX_TOO_LARGE


def test_a_beacon_transaction_is_refused_by_name() -> None:
    assert refusal(b"\x00" + bytes(88)) == Code.BEACON_TRANSACTION


@pytest.mark.parametrize("where", ["raw", "body", "auth"])
def test_an_unknown_field_is_refused_at_every_level(where: str) -> None:
    unknown = b"\xa2\x06\x01x"  # field 100
    raw = tx_pb2.TxRaw.FromString(transfer())
    if where == "body":
        raw.body_bytes += unknown
    if where == "auth":
        raw.auth_info_bytes += unknown
    assert refusal(raw.SerializeToString() + (unknown if where == "raw" else b"")) == Code.TX_DECODE


def test_an_unknown_field_inside_signer_info_is_refused() -> None:
    def edit(auth: tx_pb2.AuthInfo) -> None:
        info = auth.signer_infos[0].SerializeToString() + b"\xa2\x06\x01x"
        auth.signer_infos[0].ParseFromString(info)

    assert refusal(changed(edit, "auth")) == Code.TX_DECODE


def test_an_unknown_field_inside_a_message_is_refused() -> None:
    def edit(body: tx_pb2.TxBody) -> None:
        body.messages[0].value += b"\x22\x01x"

    assert refusal(changed(edit, "body")) == Code.TX_DECODE


def test_fields_out_of_order_are_refused() -> None:
    raw = tx_pb2.TxRaw.FromString(transfer())
    body = tx_pb2.TxRaw(body_bytes=raw.body_bytes).SerializeToString()
    rest = tx_pb2.TxRaw(auth_info_bytes=raw.auth_info_bytes, signatures=raw.signatures).SerializeToString()
    assert body + rest == transfer()
    assert refusal(rest + body) == Code.TX_DECODE


def test_written_defaults_are_refused() -> None:
    raw = tx_pb2.TxRaw.FromString(transfer())
    raw.body_bytes += b"\x18\x00"  # timeout_height = 0
    assert refusal(raw.SerializeToString()) == Code.TX_DECODE


def test_a_field_that_the_chain_does_not_take_is_refused() -> None:
    raw = tx_pb2.TxRaw.FromString(transfer())
    raw.body_bytes += b"\x20\x01"  # cosmos-sdk 0.53: unordered
    assert refusal(raw.SerializeToString()) == Code.TX_DECODE


@pytest.mark.parametrize(
    ("where", "edit", "code"),
    [
        ("raw", lambda raw: raw.ClearField("signatures"), Code.NO_SIGNATURES),
        ("raw", lambda raw: raw.signatures.append(b"x"), Code.UNAUTHORIZED),
        ("body", lambda body: body.ClearField("messages"), Code.INVALID_REQUEST),
        ("body", lambda body: body.messages.extend([body.messages[0]] * 32), Code.TOO_MANY_MESSAGES),
        ("body", lambda body: setattr(body.messages[0], "type_url", "/cosmos.gov.v1.MsgVote"), Code.UNKNOWN_REQUEST),
        ("body", lambda body: body.extension_options.add(type_url="/x"), Code.UNKNOWN_REQUEST),
        ("body", lambda body: body.non_critical_extension_options.add(type_url="/x"), Code.UNKNOWN_REQUEST),
        ("auth", lambda auth: auth.signer_infos.add(), Code.UNAUTHORIZED),
        ("auth", lambda auth: auth.signer_infos[0].ClearField("mode_info"), Code.UNAUTHORIZED),
        ("auth", lambda auth: setattr(auth.signer_infos[0].public_key, "type_url", "/x.Key"), Code.INVALID_PUBKEY),
        ("auth", lambda auth: setattr(auth.signer_infos[0].public_key, "value", b""), Code.INVALID_PUBKEY),
        ("auth", lambda auth: setattr(auth.fee, "gas_limit", 1 << 63), Code.INVALID_REQUEST),
        ("auth", lambda auth: setattr(auth.fee, "payer", BOB.bech32), Code.UNAUTHORIZED),
        ("auth", lambda auth: setattr(auth.fee, "granter", BOB.bech32), Code.UNAUTHORIZED),
        ("auth", lambda auth: setattr(auth.fee.amount[0], "denom", "uatom"), Code.INVALID_COINS),
        ("auth", lambda auth: setattr(auth.fee.amount[0], "amount", "-7"), Code.INVALID_COINS),
        ("auth", lambda auth: setattr(auth.fee.amount[0], "amount", "07"), Code.INVALID_COINS),
        ("auth", lambda auth: setattr(auth.fee.amount[0], "amount", str(1 << 64)), Code.INVALID_COINS),
        ("auth", lambda auth: auth.fee.amount.add(denom="uostr", amount="1"), Code.INVALID_COINS),
    ],
)
def test_what_breaks_a_rule_of_the_envelope_has_its_code(where: str, edit: object, code: Code) -> None:
    assert refusal(changed(edit, where)) == code


def test_a_key_of_somebody_else_is_refused() -> None:
    def edit(auth: tx_pb2.AuthInfo) -> None:
        auth.signer_infos[0].public_key.value = b"\x0a\x21" + BOB.public_key

    assert refusal(changed(edit, "auth")) == Code.INVALID_PUBKEY


def test_a_malformed_signer_is_an_invalid_address() -> None:
    message = MsgSend("ostr1nonsense", BOB.bech32, coins(1))
    data = build_tx(ALICE, [message], chain_id="c", account_number=0, sequence=0, gas=1, fee=0)
    assert refusal(data) == Code.INVALID_ADDRESS


def test_a_multi_send_without_inputs_has_no_signer() -> None:
    data = build_tx(ALICE, [MsgMultiSend((), ())], chain_id="c", account_number=0, sequence=0, gas=1, fee=0)
    assert refusal(data) == Code.INVALID_ADDRESS


def test_more_signers_than_are_read_is_refused() -> None:
    messages = [MsgSend(wallet(f"w{i}").bech32, BOB.bech32, coins(1)) for i in range(8)]
    data = build_tx(ALICE, messages, chain_id="c", account_number=0, sequence=0, gas=1, fee=0)
    assert refusal(data) == Code.TOO_MANY_SIGNATURES


@pytest.mark.parametrize("key", [ALICE, machine("carol")], ids=["secp256k1", "ed25519"])
@given(
    sequence=st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1)),
    fee=st.integers(0, 2**63 - 1),
    gas=st.integers(0, 2**63 - 1),
    memo=st.text(max_size=130),
    timeout_height=st.integers(0, 2**64 - 1),
    edits=st.lists(st.tuples(st.integers(0, 600), st.sampled_from([-1, 0, 1]), st.integers(0, 255)), max_size=2),
)
def test_the_usual_form_is_read_as_protobuf_reads_it(
    key: Key, sequence: int, fee: int, gas: int, memo: str, timeout_height: int, edits: list[tuple[int, int, int]]
) -> None:
    data = bytearray(
        build_tx(
            key,
            [MsgSend(key.bech32, BOB.bech32, coins(5))],
            chain_id="c",
            account_number=3,
            sequence=sequence,
            gas=gas,
            fee=fee,
            memo=memo,
            timeout_height=timeout_height,
        )
    )
    for place, change, value in edits:
        at = place % len(data)
        if change < 0:
            del data[at]
        elif change:
            data.insert(at, value)
        else:
            data[at] = value
    usual = verdict(bytes(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(envelope, "read_usual", lambda _: None)
        assert verdict(bytes(data)) == usual
    if not edits and (fee or gas):
        assert read_usual(bytes(data)) is not None


@pytest.mark.parametrize("key", [ALICE, machine("carol")], ids=["secp256k1", "ed25519"])
def test_every_change_of_one_byte_is_judged_alike(key: Key) -> None:
    options = {"chain_id": "c", "account_number": 3, "sequence": 200, "gas": 1000, "fee": 7, "timeout_height": 300}
    data = build_tx(key, [MsgSend(key.bech32, BOB.bech32, coins(5))], memo="m", **options)  # type: ignore[arg-type]
    for at, byte in enumerate(data):
        for value in {0, 1, byte ^ 1, byte ^ 0x80, byte + 1 & 0xFF, byte - 1 & 0xFF} - {byte}:
            other = data[:at] + bytes((value,)) + data[at + 1 :]
            usual = verdict(other)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(envelope, "read_usual", lambda _: None)
                assert verdict(other) == usual, (at, value)


def verdict(data: bytes) -> object:
    try:
        return decode_tx(ROUTES, data)
    except Rejected as error:
        return error.code, error.detail
