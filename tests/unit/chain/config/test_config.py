"""What a node's home says to the application."""

import stat
from pathlib import Path

import pytest

from chain.config import create_beacon_key, find_beacon_seed, gas_price


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("", (0, 1)),
        ("0uostr", (0, 1)),
        ("2uostr", (2, 1)),
        ("0.0001uostr", (1, 10_000)),
        ("1.50uostr", (150, 100)),
    ],
)
def test_prices_are_read_as_fractions(text: str, price: tuple[int, int]) -> None:
    assert gas_price(text) == price


@pytest.mark.parametrize("text", ["1", "uostr", "1uatom", "-1uostr", "1e-3uostr", "1.uostr", "0." + "1" * 19 + "uostr"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a gas price"):
        gas_price(text)


def test_a_beacon_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    assert find_beacon_seed(tmp_path) is None
    seed = create_beacon_key(tmp_path)
    assert find_beacon_seed(tmp_path) == seed
    (file,) = (tmp_path / "config").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        create_beacon_key(tmp_path)
    file.write_text("{}")
    with pytest.raises(ValueError, match="is not a beacon key"):
        find_beacon_seed(tmp_path)
