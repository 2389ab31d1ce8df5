"""Addresses as messages spell them."""

from chain.crypto.keys import decode_address
from chain.errors import Code, Rejected


def parse_address(text: str) -> bytes:
    """Return the 20 bytes of an `ostr1…` address. Raises: Rejected: INVALID_ADDRESS."""
    try:
        return decode_address(text)
    except ValueError:
        raise Rejected(Code.INVALID_ADDRESS, "write the address as ostr1…, in lower case") from None
