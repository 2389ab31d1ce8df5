import numpy as np
import pytest

from inference.models.balance import balanced_gain
from inference.models.rounding import DAMPING, Feedback, Matrix, gram, input_bits, round_compensated
from inference.numerics.constants import GAIN_LIMIT


def correlated(rows: int, columns: int, seed: int = 1) -> Matrix:
    random = np.random.Generator(np.random.PCG64(seed))
    mixed = random.standard_normal((rows, columns)) @ random.standard_normal((columns, columns))
    return np.asarray(np.rint(mixed * 1000 * np.exp(random.standard_normal(columns))))


def real_weight(rows: int, columns: int) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], Matrix]:
    weight = np.random.Generator(np.random.PCG64(2)).standard_normal((rows, columns)).astype(np.float32)
    return weight, np.abs(weight).max(axis=1).astype(np.float64) / 127


def cost(weight: Matrix, rounded: Matrix, products: Matrix) -> float:
    error = weight - rounded
    return float(((error @ products) * error).sum())


def test_compensated_rounding_beats_rounding_to_nearest_on_correlated_inputs() -> None:
    products = gram(correlated(600, 192))
    weight, scale = real_weight(100, 192)
    found = round_compensated(weight, scale, Feedback(products))
    nearest = np.rint(weight / scale[:, None])
    assert cost(weight, found * scale[:, None], products) < 0.6 * cost(weight, nearest * scale[:, None], products)
    assert np.abs(found.astype(int)).max() <= 127


def test_uncorrelated_inputs_leave_rounding_to_nearest() -> None:
    weight, scale = real_weight(40, 128)
    found = round_compensated(weight, scale, Feedback(np.eye(128) * 1000.0))
    assert np.array_equal(found, np.rint(weight / scale[:, None]))


@pytest.mark.parametrize("products", [np.zeros((128, 128)), np.ones((128, 128)) * 2.0**40])
def test_degenerate_inputs_are_rounded_too(products: Matrix) -> None:
    weight, scale = real_weight(10, 128)
    found = round_compensated(weight, scale, Feedback(products))
    assert found.shape == (10, 128)
    assert np.abs(found.astype(int)).max() <= 127


def test_products_of_inputs_are_sums_of_integers_in_any_order() -> None:
    inputs = np.rint(np.random.Generator(np.random.PCG64(3)).standard_normal((500, 64)) * 2.0**40)
    order = np.random.Generator(np.random.PCG64(4)).permutation(500)
    assert np.array_equal(gram(inputs), gram(inputs[order]))
    assert 500 * 4 ** input_bits(500) <= 2**53


def test_the_order_of_rows_of_a_weight_changes_nothing() -> None:
    feedback = Feedback(gram(correlated(300, 128)))
    weight, scale = real_weight(70, 128)
    whole = round_compensated(weight, scale, feedback)
    assert np.array_equal(whole[::-1], round_compensated(weight[::-1], scale[::-1], feedback))
    assert np.array_equal(whole[5:6], round_compensated(weight[5:6], scale[5:6], feedback))


def test_factors_give_the_damped_matrix_back() -> None:
    products = gram(correlated(400, 192))
    feedback = Feedback(products)
    damped = products + np.eye(192) * DAMPING * np.diagonal(products).mean()
    ordered = damped[np.ix_(feedback.order, feedback.order)]
    unit = feedback.ratios.T + np.eye(192)  # H = (I + A)·D·(I + A)ᵀ
    inverse = np.linalg.inv(unit)
    diagonal = inverse @ ordered @ inverse.T
    spread = np.sqrt(np.diagonal(diagonal))
    assert np.abs(diagonal / spread[:, None] / spread[None, :] - np.eye(192)).max() < 1e-3


def test_a_gain_takes_over_what_makes_a_column_large() -> None:
    weight = np.random.Generator(np.random.PCG64(5)).standard_normal((200, 64))
    weight[:, 7] *= 50.0
    powers = np.ones(64)
    gain = balanced_gain(weight, powers, np.ones(64)).astype(np.float64)
    assert (gain.min() >= 1, gain.max(), gain.argmax()) == (True, GAIN_LIMIT - 1, 7)

    def expense(c: Matrix) -> float:
        return float(((np.abs(weight) / c).max(axis=1) ** 2).sum() * (c * c * powers).sum())

    assert expense(gain) < 0.5 * expense(np.ones(64))


def test_columns_without_weights_or_inputs_get_a_gain_too() -> None:
    gain = balanced_gain(np.zeros((4, 64)), np.zeros(64), np.zeros(64))
    assert (gain > 0).all()
