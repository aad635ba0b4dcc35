"""Texts of matplotlib's figures that overlap or are cut off, found while the figure is drawn.

Also IPython's startup file in the browser test: ``GRU_VS_LSTM_TEXTS`` names a file that gets a line for each fault.
"""

import functools
import os
from itertools import combinations
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text

TOUCH = 1.5  # pixels by which two boxes may overlap: a text's box is a little larger than its ink


def faults(boxes, width, height):
    """What is wrong with texts in boxes {text object: (words, x0, y0, x1, y1)} of a figure of this size, in pixels."""
    found = []
    for words, x0, y0, x1, y1 in boxes.values():
        if min(x0, y0) < -TOUCH or x1 > width + TOUCH or y1 > height + TOUCH:
            found.append(f"{words!r} is cut off")
    for (words, *one), (other_words, *other) in combinations(boxes.values(), 2):
        across = min(one[2], other[2]) - max(one[0], other[0])
        along = min(one[3], other[3]) - max(one[1], other[1])
        if across > TOUCH and along > TOUCH:
            found.append(f"{words!r} overlaps {other_words!r}")
    return found


def drawn_texts(fig, save):
    """Call ``save``; return the boxes of all texts that were drawn on ``fig`` meanwhile, and the figure's size."""
    boxes, size, draw = {}, [0, 0], Text.draw

    @functools.wraps(draw)
    def watching(text, renderer, *arguments, **options):
        upright = text.get_rotation() % 90 == 0  # the box of a slanted text says little about its ink
        if text.get_visible() and text.get_text().strip() and upright and text.get_figure(root=True) is fig:
            boxes[id(text)] = (text.get_text(), *Text.get_window_extent(text, renderer).extents)
            size[:] = fig.bbox.size
        return draw(text, renderer, *arguments, **options)

    Text.draw = watching
    try:
        save()
    finally:
        Text.draw = draw
    return boxes, size


def watch_all_figures(report):
    """From now on every saved figure adds its faults to the file ``report``."""
    savefig = Figure.savefig

    @functools.wraps(savefig)
    def watching(fig, *arguments, **options):
        boxes, size = drawn_texts(fig, lambda: savefig(fig, *arguments, **options))
        title = next(
            (axes.get_title(loc) for axes in fig.axes for loc in ("left", "center") if axes.get_title(loc)), ""
        )
        with Path(report).open("a", encoding="utf-8") as lines:
            lines.writelines(f"{title!r}: {fault}\n" for fault in faults(boxes, *size))

    Figure.savefig = watching


if os.environ.get("GRU_VS_LSTM_TEXTS"):
    watch_all_figures(os.environ["GRU_VS_LSTM_TEXTS"])
