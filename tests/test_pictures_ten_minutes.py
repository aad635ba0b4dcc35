"""The pictures of notebook 00 on toy input: shown once, with words for who can't see them, true to what they got."""

import numpy as np
import pandas as pd
import pytest

from helpers.pictures import ten_minutes


def lines(ax):
    return [line.get_ydata() for line in ax.lines]


def test_demand_is_drawn_as_it_is(shown):
    fig = ten_minutes.draw_demand(np.arange(48.0))
    np.testing.assert_array_equal(lines(fig.axes[0])[0], np.arange(48))
    assert [name for name, _ in shown] == ["00_demand"]
    assert len(shown[0][1]) > 40


def test_a_forecast_is_drawn_without_and_with_the_copy(shown):
    real, network, copied = np.arange(24.0), np.arange(24.0) + 1, np.arange(24.0) + 2
    alone, both = ten_minutes.draw_forecast(real, network), ten_minutes.draw_forecast(real, network, copied)
    np.testing.assert_array_equal(lines(alone.axes[0]), [real, network])
    np.testing.assert_array_equal(lines(both.axes[0]), [real, network, copied])
    assert [name for name, _ in shown] == ["00_tomorrow", "00_last_week"]
    assert shown[0][1] != shown[1][1]


def test_each_seed_is_a_dot_in_its_networks_row(shown):
    table = pd.DataFrame({"network": ["lstm", "gru", "gru"], "seed": [1, 1, 2], "error": [3.0, 1.0, 2.0]})
    ax = ten_minutes.draw_seeds(table, 0.5).axes[0]
    dots = [dots.get_offsets().tolist() for dots in ax.collections]
    assert dots == [[[1, 0], [2, 0]], [[3, 1]]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["GRU", "LSTM"]
    assert [name for name, _ in shown] == ["00_seeds"]


@pytest.mark.parametrize("source", ["published", "simulated"])
def test_prices_say_where_they_come_from(shown, source):
    price = np.arange(100.0)
    left, right = ten_minutes.draw_prices(price, price - 1, "INR", source).axes
    assert source in left.get_title(loc="left")
    np.testing.assert_array_equal(lines(left), [price, price - 1])
    np.testing.assert_array_equal(lines(right), [price[:20], price[:20] - 1])
    assert [name for name, _ in shown] == ["00_prices"]
