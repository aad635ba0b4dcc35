"""What keeps the series: ``run`` and publish it, its address on Colab (``colab``), README's answer (``readme``);
and ``reader``, which makes a table of a reader's own file."""
