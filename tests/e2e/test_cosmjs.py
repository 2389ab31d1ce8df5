"""An unmodified wallet library against a real node: it reads a balance, sends coins and finds the transaction."""

import json
from pathlib import Path

import pytest

from chain.client.signing import Key
from chain.crypto.keys import secret_from_mnemonic
from chain.node.home import CometSettings
from tests.support.javascript import run_script
from tests.support.validators import BALANCE, CHAIN_ID, account, create_validators, running

MNEMONIC = "abandon " * 11 + "about"
SENT = 12_345
FAILED_FEE = 200


@pytest.mark.e2e
@pytest.mark.node
def test_cosmjs_reads_a_balance_sends_tokens_and_finds_the_transaction(tmp_path: Path) -> None:
    wallet = Key.secp256k1(secret_from_mnemonic(MNEMONIC))
    recipient = account("nobody yet").bech32
    fast = CometSettings(timeout_commit_ms=100)
    homes = create_validators(tmp_path, 1, {wallet.bech32: BALANCE}, comet=fast)
    with running(homes):
        seen = json.loads(run_script("cosmjs.mjs", MNEMONIC, homes[0].rpc_url, recipient))
    assert (seen["client"], seen["chainId"], seen["address"]) == ("Comet38Client", CHAIN_ID, wallet.bech32)
    full = {"denom": "uostr", "amount": str(BALANCE)}
    assert (seen["before"], seen["all"], seen["nobody"]) == (full, [full], None)
    assert (seen["supply"], seen["supplyOf"]) == ([full], full)
    assert seen["metadata"] == {"base": "uostr", "symbol": "OSTR"}
    assert seen["sent"]["code"] == 0
    assert seen["response"] == ["/cosmos.bank.v1beta1.MsgSendResponse"]
    assert seen["found"]["height"] == seen["sent"]["height"]
    assert {"tx", "message", "coin_spent", "coin_received", "transfer"} <= set(seen["found"]["events"])
    assert seen["searched"] == [seen["sent"]["hash"]]
    assert seen["service"] == {"hash": seen["sent"]["hash"], "memo": "from CosmJS"}
    assert seen["failed"]["code"] == 5
    assert seen["received"] == {"denom": "uostr", "amount": str(SENT)}
    fee = BALANCE - SENT - FAILED_FEE - int(seen["after"]["amount"])
    assert 0 < fee < 200
    assert (seen["account"]["accountNumber"], seen["account"]["sequence"]) == ("0", 2)
