from decimal import Decimal, localcontext

import pytest

from inference.numerics import tables


def test_tables_hold_the_rounded_functions() -> None:
    exp2, sigmoid = tables.exp2_table(), tables.sigmoid_table()
    with localcontext(prec=40):
        for i in (0, 1, 2048, 4095):
            assert exp2[i] == int((Decimal(2) ** 30 * Decimal(2) ** (Decimal(-i) / 4096)).to_integral_value())
        for i in (1, 30000, 32768, 40000, 65534):
            value = Decimal(2) ** 28 / (1 + (Decimal(32768 - i) / 2048).exp())
            assert sigmoid[i] == int(value.to_integral_value())
    assert (sigmoid[0], sigmoid[65535]) == (0, 1 << 28)


def test_attention_weights_end_where_the_table_does() -> None:
    weights = tables.weight_table()
    assert (int(weights[0]), int(weights[-1])) == (1 << 15, 0)
    assert int(weights[16 * 4096]) == 1


def test_a_damaged_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "EXP2_HASH", bytes(32))
    tables.exp2_table.cache_clear()
    with pytest.raises(tables.TableCorrupt, match=r"exp2\.bin"):
        tables.exp2_table()
