# `make compare` and `make test` work from a bare clone: each builds .venv on first use.
PYTHON ?= python3
EPOCHS ?= 50
PROCESSES ?= 8
BIN := .venv/bin

.PHONY: compare report test slow proof lint parity bench clean

compare: .venv
	$(BIN)/lockstep compare rnn --epochs $(EPOCHS) --out out/rnn

# Every experiment on both frameworks, briefly where the book trains long, in one page. A
# difference (exit code 1) is a result to be shown; anything worse stops.
SHORT := "weight_decay" "dropout" "initialization" "rnn --epochs 20" "gru --epochs 5" "lstm --epochs 5"
report: .venv
	@differs=0; \
	for style in scratch concise; do for experiment in $(SHORT) "bptt"; do \
	  if [ "$$experiment $$style" = "bptt concise" ]; then continue; fi; \
	  code=0; $(BIN)/lockstep compare $$experiment --style $$style || code=$$?; \
	  if [ $$code -gt 1 ]; then exit $$code; fi; \
	  if [ $$code -eq 1 ]; then differs=1; fi; \
	done; done; \
	$(BIN)/lockstep report out --out out/report.html && exit $$differs

# A file at a time: some start a program once for all of their tests.
test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q benchmarks --benchmark-disable

slow: .venv
	$(BIN)/python -m pytest -n 2 -m slow tests

# Everything that is claimed of the parity tests, written to results/: some three hours.
proof: .venv
	$(BIN)/python -m tests.parity.report --out results/parity.md
	$(BIN)/python -m tests.parity.mutants --seeds 1000 --out results/mutants.md
	$(BIN)/python -m tests.divergence --out results/divergence.md
	$(BIN)/python -m tests.traces --out results/traces.md

lint: .venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

parity: .venv
	$(BIN)/python -m pytest -n 2 tests/parity

# The trainings beside the book's own code, half an hour; with more launches of the processes,
# `make bench PROCESSES=20`, it knows more. `lockstep bench --list` names all cases.
bench: .venv
	$(BIN)/lockstep bench --targets --processes $(PROCESSES) --seconds 15 --markdown results/bench.md

# The stamp is the last file written, so an interrupted install starts again.
.venv: .venv/installed
.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Python 3.10 to 3.13 is needed, $(PYTHON) is another: make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@# The book's helpers, which tests and benchmarks call; they would bring all of Jupyter.
	$(BIN)/python -m pip install --quiet --no-deps d2l==0.17.6 d2lzh==1.0.0
	@# Python 3.13 cannot meet mxnet's cap on NumPy; backends/mxnet_import.py makes NumPy 2 do.
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then \
	  $(BIN)/python -m pip install --quiet --no-deps mxnet==1.9.1; \
	fi
	touch $@

clean:
	rm -rf .venv out build *.egg-info
