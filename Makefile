PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/ready
PROFILE ?= quick
OUTPUT ?= build
# what tools keep for themselves (font lists, histories, settings) lies in the environment too, not in the home folder
export MPLCONFIGDIR = $(abspath $(VENV))/settings/matplotlib
export IPYTHONDIR = $(abspath $(VENV))/settings/ipython
export KERAS_HOME = $(abspath $(VENV))/settings/keras

.PHONY: run test test-environments lab full bench address colab pages lock
run: $(READY)   ## execute the notebooks at `quick`, in order
	$(BIN)/python -m tools.run $(PROFILE) --output $(OUTPUT)

test: $(READY)  ## the test suite, five minutes on two cores; three workers, as each waits now and then
	$(BIN)/python -m pytest -n 3 --dist worksteal

.PHONY: test-browser
test-browser: $(READY) ## the pages, and every notebook in JupyterLab, in Chromium
	$(BIN)/python -m pytest -n 2 -m browser

.PHONY: test-outputs
test-outputs: $(READY) ## the committed outputs once more, without training, from the tables in figures/
	$(BIN)/python -m pytest -n 2 -m outputs

.PHONY: test-thorough
test-thorough: $(READY) ## what is slow and rare: twenty kills, a lost worker, memory, every notebook at `smoke` on the published data
	$(BIN)/python -m pytest -n 3 --dist worksteal -m thorough

.PHONY: test-gpu
test-gpu: $(READY) ## on a machine with a GPU: networks equal to the CPU's, throughput, all notebooks at `smoke`
	$(BIN)/python tests/gpu.py

.PHONY: stress
stress: $(READY) ## what takes too long for the suite: real networks killed, memory, whole runs side by side
	$(BIN)/python -m pytest -n 0 -m long

.PHONY: verdict
verdict: $(READY) ## the forecast and the verdict for a file of your own: make verdict CSV=sales.csv HORIZON=14
	@$(BIN)/python -m tools.own_series "$(CSV)" --horizon "$(HORIZON)"

lab: $(READY)   ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir=notebooks

full: $(READY)  ## the published numbers: hours; resumes where it stood
	$(BIN)/python -m tools.run full --publish

bench: $(READY) ## training speed against plain Keras, and time to quality: half an hour
	$(BIN)/python tests/benchmarks/training_speed.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/time_to_quality.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/planted_winners.py 10
	$(BIN)/python tests/benchmarks/own_promises.py
	$(BIN)/python tests/benchmarks/costs.py

test-environments: $(READY) ## the suite's parts in other environments: oldest packages, Colab, conda's Python; half an hour
	$(BIN)/python tests/environments/run.py

pages: $(READY) ## the web pages from the committed notebooks, executing nothing, into build/site
	$(BIN)/python -m tools.site

address colab: $(READY) ## write this repository's address, Colab's badges and the pages' address in; REPO= takes them out
	$(BIN)/python -m tools.colab --address "$(REPO)"

lock:           ## renew requirements.txt from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-header --upgrade -o requirements.txt

$(READY): requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is " + sys.version.split()[0] + ": try make PYTHON=python3.12")'
	@echo "Setting up $(VENV) once: one to three minutes, most of them for TensorFlow."
	if command -v uv >/dev/null; then \
		uv venv --quiet --seed --clear --python "$$(command -v $(PYTHON))" $(VENV) && \
		uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.txt; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-deps -r requirements.txt; \
	fi
	touch $(READY)
