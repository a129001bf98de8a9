# The doors of a checkout. Works with GNU make 3.81 and any Python from 3.11 on; .ci/setup finds one and makes .venv.
#   make run      set up what is missing, then the site on http://localhost:$(PORT)
#   make test     every test; names what needs root before it starts
#   make check    format, lint, types, import contracts, catalogues, licences, tests
#   make bench    the measurements of bench/      make shots   pictures of the pages
#   make lock     resolve setup.cfg anew into .ci/lock (needs uv)     make catalogues   collect texts to translate

PORT ?= 8000
DATA ?= ./var
UV ?= uv
IN = .venv/bin
PYTEST = PYTHONPATH=.ci $(IN)/python -m pytest -p not_run
LOCK = $(UV) pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-config \
	--custom-compile-command "make lock" --quiet

.PHONY: run test check bench shots lock catalogues
.NOTPARALLEL:

run:
	@sh .ci/setup run
	@exec env PORT="$(PORT)" CASELIB_DATA="$(DATA)" $(IN)/caselib serve --setup

test:
	@sh .ci/setup test
	@$(IN)/python .ci/licences.py
	@$(PYTEST) -n 2 --dist worksteal

check:
	@sh .ci/setup test
	$(IN)/ruff format --check .
	$(IN)/ruff check .
	$(IN)/mypy
	$(IN)/lint-imports
	$(IN)/python .ci/catalogues.py check
	@$(MAKE) test

bench:
	@sh .ci/setup test
	@$(IN)/python -m bench

shots:
	@sh .ci/setup test
	@PYTHONPATH=.ci $(IN)/python tests/browser/shots.py

catalogues:
	@sh .ci/setup test
	@$(IN)/python .ci/catalogues.py update

# The index that resolves is the one uv is configured for; its address never enters the files.
lock:
	echo 'setuptools>=80' | $(LOCK) setup.cfg - -o .ci/lock/run.txt
	echo 'setuptools>=80' | $(LOCK) setup.cfg - --extra test -c .ci/lock/run.txt -o .ci/lock/test.txt
	echo 'pip' | $(LOCK) - -o .ci/lock/pip.txt
