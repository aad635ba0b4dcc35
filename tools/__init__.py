"""The machinery: ``engine`` runs a grid on all cores, ``results`` keeps what it leaves, ``reader`` makes a table of a
reader's own file; ``run``, ``colab`` and ``readme`` execute and publish the series."""
