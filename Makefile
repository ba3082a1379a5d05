# `make run` on a fresh machine: makes .venv, installs, starts the dashboard. The second time it starts in seconds.
PYTHON ?= python3
PIP = .venv/bin/python -m pip --disable-pip-version-check

.PHONY: run test check proofs screenshots clean

run: .venv/ready
	.venv/bin/streamlit run streamlit_app.py

# The suite but for the long proofs. Its browser tests need Chromium (Debian: apt-get install chromium), and skip without.
test: .venv/ready-dev
	.venv/bin/python -m pytest -m "not long" $(ARGS)

# Style and types.
check: .venv/ready-dev
	.venv/bin/ruff check .
	.venv/bin/pyright

# What takes minutes: fifty kill -9 of a training process, the claims of lessons and scenes, the benchmarks in tiny form.
proofs: .venv/ready-dev
	.venv/bin/python -m pytest -m long $(ARGS)

# The pictures in README.md, from a real dashboard in a real browser.
screenshots: .venv/ready-dev
	.venv/bin/python docs/screenshots.py

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }  # half a .venv would be taken for a whole one

.venv/ready: .venv/bin/python requirements.txt constraints.txt
	$(PIP) install -r requirements.txt -c constraints.txt
	touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt requirements-onnx.txt requirements-video.txt
	$(PIP) install -r requirements-dev.txt -c constraints.txt
	touch $@

clean:
	rm -rf .venv .pytest_cache .ruff_cache
