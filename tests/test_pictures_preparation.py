"""The pictures of notebook 03 on toy input: what is drawn, with alternative text, and that the figure comes back."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from helpers.pictures import preparation

pytestmark = pytest.mark.usefixtures("shown")
TITLES = {"bankex": "Bankex (toy data)", "activities": "Activities (toy data)"}


def title(ax):
    return ax.get_title(loc="left") + ax.get_title()  # left in our style, else in the centre


def table(days=30, series=10, unit="INR"):
    made = pd.DataFrame(np.arange(1.0, days * series + 1).reshape(days, series)).add_prefix("series ")
    made.attrs["unit"] = unit
    return made


def heights(ax):
    return [list(line.get_ydata()) for line in ax.get_lines()]


def test_all_in_one():
    tables = {name: table() for name in TITLES}
    scaled = {name: each / each.max() for name, each in tables.items()}
    figure = preparation.draw_all_in_one(tables, scaled, TITLES)
    assert heights(figure.axes[0]) == tables["bankex"].to_numpy().T.tolist()
    assert heights(figure.axes[3]) == scaled["activities"].to_numpy().T.tolist()
    assert title(figure.axes[1]) == TITLES["activities"]
    assert figure.axes[0].get_ylabel() == "value (INR)"


def test_banks_and_activities():
    growth = table() / table().iloc[0]
    figure = preparation.draw_banks(growth, TITLES["bankex"])
    assert figure.get_suptitle() == "Bankex (toy data): in 30 days, prices grew 30.0-fold to 291.0-fold"
    assert heights(figure.axes[9])[0] == pytest.approx(np.log2(growth.iloc[:, 9]).to_list())
    figure = preparation.draw_activities(table(28), TITLES["activities"])
    assert figure.get_suptitle().startswith("Activities (toy data): four weeks")
    assert [title(ax) for ax in figure.axes] == [f"series {number}" for number in range(10)]


def test_returns():
    alike = {"returns": np.zeros(21), "size": np.full(21, 0.2), "activities": np.ones(21)}
    figure = preparation.draw_returns(np.linspace(-3, 3, 50), alike, np.arange(7.0), TITLES)
    left, middle, right = figure.axes
    assert title(left).startswith(TITLES["bankex"]) and len(left.patches) == 60
    assert heights(middle) == [list(each) for each in alike.values()]
    assert [bar.get_height() for bar in right.patches] == list(range(7))


def test_correlations():
    copies = np.eye(10)
    copies[0, 5] = copies[5, 0] = 1
    figure = preparation.draw_correlations({"bankex": np.eye(10), "activities": copies}, TITLES)
    assert "mean 0.00,\n0 pairs" in title(figure.axes[0])
    assert "1 pairs of perfect copies" in title(figure.axes[1])
    np.testing.assert_array_equal(figure.axes[1].get_images()[0].get_array(), copies)


def test_windows(shown):
    published = {"train": slice(0, 4), "test": slice(4, 6)}  # 9 days, 2 inputs, 2 targets, 3 test days
    sound = {"train": slice(0, 1), "validation": slice(2, 3), "test": slice(4, 6)}
    figure = preparation.draw_windows(9, 2, 2, published, sound, (4, 6))
    red = [
        [bar.get_width() for bar in ax.patches if to_hex(bar.get_facecolor()).upper() == preparation.RED]
        for ax in figure.axes
    ]
    assert [sum(widths) for widths in red] == [1, 0]  # one test day is a training target: window 3 forecasts 5 and 6
    assert len(figure.axes[0].get_lines()) == 1 and len(figure.axes[1].get_lines()) == 2
    assert title(figure.axes[0]).startswith("Published: 1 training windows")
    assert "stand out" in shown[-1][1]


def test_outside():
    test_part = pd.DataFrame({"a": [0.2, 0.4], "b": [0.5, 2.0]})
    figure = preparation.draw_outside(test_part, 0.25, TITLES["bankex"])
    (ax,) = figure.axes
    bars = [(bar.get_x(), bar.get_width()) for bar in ax.patches[-2:]]
    np.testing.assert_allclose(bars, [(0.2, 0.2), (0.5, 1.5)])
    assert "25% of test values lie outside" in title(ax)


def test_normalised():
    windows = {0: np.array([1.0, 2, 3]), 7: np.array([10.0, 20, 30])}
    normalised = {number: inputs - inputs[-1] for number, inputs in windows.items()}
    figure = preparation.draw_normalised(windows, normalised, np.array([1.0, 10]), "Toy (toy data)", "INR")
    assert heights(figure.axes[0]) == [[1, 2, 3], [10, 20, 30]]
    assert heights(figure.axes[1]) == [[-2, -1, 0], [-20, -10, 0]]
    assert title(figure.axes[0]) == "Toy (toy data):\nspread 1 to 10"


def test_random_walk():
    figure = preparation.draw_random_walk({"last_value": np.ones(4), "drift": np.full(4, 2.0)}, 600)
    (ax,) = figure.axes
    assert heights(ax) == [[1] * 4, [2] * 4, pytest.approx([1, 2**0.5, 3**0.5, 2])]
    assert title(ax) == "600 simulated random walks: lowest error: last value"


def test_season():
    rho = {"bankex": np.linspace(1, 0, 9), "activities": np.eye(9)[6]}
    figure = preparation.draw_season(rho, {"bankex": 1, "activities": 7}, TITLES)
    marked = [[to_hex(bar.get_facecolor()).upper() for bar in ax.patches] for ax in figure.axes]
    assert [colours.index(preparation.ORANGE) + 1 for colours in marked] == [1, 7]
    assert title(figure.axes[0]).endswith("period found: 1 (no season)")


def test_ladder(shown):
    errors = {("bankex", 1): [0.2, 0.1], ("bankex", 20): [0.3, 0.4]}
    errors |= {("activities", 1): [0.4, 0.03], ("activities", 20): [0.5, 0.04]}
    models = ("last_value", "nlinear_all")
    rungs = pd.Series({(*case, m): e for case, pair in errors.items() for m, e in zip(models, pair, strict=True)})
    figure = preparation.draw_ladder(rungs.rename_axis(["dataset", "horizon", "model"]), 0.029, "toy")
    assert sorted(map(title, figure.axes)) == [
        "Activities, 1 day: best 92.5% below last value",
        "Activities, 20 days: best 92.0% below last value",
        "Bankex, 1 day: best 50.0% below last value",
        "Bankex, 20 days: best 0.0% below last value",
    ]
    for ax in figure.axes:
        assert [text.get_text() for text in ax.texts] == [f"{x:.4f}" for x in ax.get_lines()[0].get_xdata()]
        assert (len(ax.get_lines()) == 2) == title(ax).startswith("Activities")  # the floor
    assert "toy data" in figure.get_suptitle() and "noise floor" in shown[-1][1]


def test_by_step():
    errors = {name: {"last_value": np.array([1.0, 2]), "nlinear": np.array([0.5, 1])} for name in TITLES}
    figure = preparation.draw_by_step(errors, 0.25, TITLES)
    assert heights(figure.axes[0]) == [[1, 2], [0.5, 1]]
    assert heights(figure.axes[1])[2] == [0.25, 0.25]
    assert "last value wrong by 1.000 to 2.000" in title(figure.axes[0])


def test_leaks():
    rows = [(name, 1, who, leak, gain) for who, most in (("few", 0.01), ("many", 0.5)) for name in TITLES
            for leak, gain in (("none", 0), ("scaling", most), ("overlap", most / 2), ("shuffle", -most))]  # fmt: skip
    leaks = pd.DataFrame(rows, columns=["dataset", "horizon", "forecaster", "leak", "pretended_gain"])
    figure = preparation.draw_leaks(leaks, TITLES)
    assert [title(ax) for ax in figure.axes] == ["few: up to 1% pretended", "many: up to 50% pretended"]
    assert [bar.get_height() for bar in figure.axes[1].patches] == [50, 50, 25, 25, -50, -50]
    assert figure.axes[0].get_xticklabels()[1].get_text() == "Activities\n(toy data)\n1 ahead"


def test_overlap():
    by_row = {"none": np.ones(5), "overlapping targets": np.array([0.5, 0.8, 1, 1, 1])}
    figure = preparation.draw_overlap(by_row, 2, (0.5, 0.0))
    (ax,) = figure.axes
    assert heights(ax) == [list(each) for each in by_row.values()]
    assert title(ax) == "Simulated walks: overlap pretends 50% at the border, 0% after 2 windows"


def test_simulated():
    tables, others = ({name: factor * table() for name in TITLES} for factor in (1, 2))
    figure = preparation.draw_simulated(tables, others, ["one", "other"])
    assert heights(figure.axes[0]) == [each["bankex"].iloc[:, 0].to_list() for each in (tables, others)]
    assert heights(figure.axes[1]) == [each["activities"].iloc[:28, 1].to_list() for each in (tables, others)]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "other"]
