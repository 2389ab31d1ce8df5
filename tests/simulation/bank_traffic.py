"""Random messages of the bank, sensible and not."""

from hypothesis import strategies as st

from chain.client.signing import Key
from chain.crypto.keys import encode_address, module_address
from chain.modules.bank.types import MODULE_ACCOUNTS, Coin, Input, MsgMultiSend, MsgSend, Output
from tests.support.builders import Chain, machine

AMOUNTS = st.one_of(st.integers(1, 1000), st.integers(1, 1 << 64)).map(str)
BAD_AMOUNTS = st.sampled_from(["", "0", "-1", "01", "x"])
DENOMS = st.sampled_from(["uostr", "uostr", "uostr", "uother", "!"])
COINS = st.lists(st.builds(Coin, DENOMS, AMOUNTS | BAD_AMOUNTS), min_size=0, max_size=2).map(tuple)


def draw_bank(data: st.DataObject, chain: Chain) -> tuple[Key, list[object]]:
    """Draw one to three transfers of one sender."""
    key = data.draw(st.sampled_from(chain.accounts))
    people = [one.bech32 for one in chain.accounts] + [machine(f"new {index}").bech32 for index in range(5)]
    modules = [encode_address(module_address(name)) for name in MODULE_ACCOUNTS]
    recipients = st.sampled_from([*people, *people, *modules, "", "ostr1x"])
    send = st.builds(MsgSend, st.just(key.bech32), recipients, COINS)
    inputs = st.tuples(st.builds(Input, st.just(key.bech32), COINS))
    outputs = st.lists(st.builds(Output, recipients, COINS), max_size=3).map(tuple)
    several = st.builds(MsgMultiSend, inputs, outputs)
    return key, data.draw(st.lists(st.one_of(send, several), min_size=1, max_size=3))
