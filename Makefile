# Dancu. `make help` lists everything.
PYTHON ?= $(shell sh scripts/interpreter.sh)
PEOPLE ?= 100000
PORT ?= 8700
DATA ?= data
BROWSER ?= yes
SIMULATORS ?= yes
NAME ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.run
DEV := $(VENV)/.dev

.DEFAULT_GOAL := help
.PHONY: help demo test test-deep bench bench-deep check serve clean-data clean wheel doctor browser postgres15 others wrk compiled lock

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  variables of demo: PEOPLE=$(PEOPLE) PORT=$(PORT) DATA=$(DATA) BROWSER=yes|none SIMULATORS=yes|no"

demo: $(STAMP) compiled ## a whole province on this machine: http://localhost:8700 (PEOPLE, PORT, DATA, BROWSER, SIMULATORS)
	@$(BIN)/dancu demo --people $(PEOPLE) --port $(PORT) --data $(DATA) $(if $(filter none,$(BROWSER)),--no-browser,) $(if $(filter no,$(SIMULATORS)),--no-simulators,)

test: $(DEV) compiled browser postgres15 others ## all tests: database, HTTP, browser (under 15 minutes on 2 cores)
	@$(BIN)/ruff check src tests benchmarks
	@$(BIN)/lint-imports
	@$(BIN)/mypy
# Each of pytest's processes would make the same compiled files of pytest's plugins again, where writing them is forbidden.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile -m "not deep"

check: $(DEV) ## style, types and import contracts only
	@$(BIN)/ruff check src tests benchmarks
	@$(BIN)/lint-imports
	@$(BIN)/mypy

test-deep: $(DEV) browser postgres15 others ## the long runs: fifty kills, fuzzing, millions of rows
	@$(BIN)/python -m pytest -m deep --timeout 7200

bench: $(DEV) wrk ## figures against a baseline of the same run (NAME=x runs one)
	@$(BIN)/python -m benchmarks $(NAME)

bench-deep: $(DEV) wrk ## the same at 1 and 10 million
	@$(BIN)/python -m benchmarks --deep $(NAME)

serve: $(STAMP) ## run on existing data
	@$(BIN)/dancu serve --port $(PORT) --data $(DATA)

doctor: $(STAMP) ## check everything and say how to mend it
	@$(BIN)/dancu doctor --data $(DATA)

clean-data: ## forget the demonstration's data
	@$(if $(wildcard $(BIN)/dancu),$(BIN)/dancu demo --forget --data $(DATA),rm -rf $(DATA))

clean: clean-data ## forget data and environment
	@rm -rf $(VENV) dist build

wheel: $(DEV) ## build dist/dancu-*.whl, and dist/dancu_client-*.whl for partners
	@$(BIN)/python -m build --wheel --no-isolation
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist client

lock: ## resolve requirements*.in into the lock files (needs uv)
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url requirements.in -o requirements.lock
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url requirements-dev.in -o requirements-dev.lock

# Commands start twice as fast from compiled files; some environments forbid Python to write them by itself.
compiled: $(STAMP)
	@$(BIN)/python -m compileall -q src

# Debian splits venv from Python; say so instead of failing with a traceback.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Dancu cần Python 3.11 trở lên / needs Python 3.11 or newer (PYTHON=python3.11 make …)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Thiếu mô-đun venv của Python. Trên Debian/Ubuntu hãy gõ:"; \
	  echo "  sudo apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Đang cài đặt môi trường … / installing"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@printf '%s\n' "$(CURDIR)/src" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/dancu.pth"
	@printf '#!%s\nfrom dancu.__main__ import main\nmain()\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/dancu && chmod +x $(BIN)/dancu
	@$(BIN)/python -m compileall -q src
	@touch $@

$(DEV): $(STAMP) requirements-dev.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# The look-up benchmark's client.
wrk:
	@command -v wrk >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq wrk >/dev/null; \
	  else echo "Cần wrk để đo: sudo apt-get install wrk"; exit 1; fi; }

# Migrations are tested on the oldest PostgreSQL supported too; where it is missing and we may, Debian's is installed
# (binaries only, no cluster of its own). Elsewhere those tests are skipped and say why.
postgres15:
	@if [ ! -x /usr/lib/postgresql/15/bin/initdb ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq; mkdir -p /etc/postgresql-common/createcluster.d && \
	  echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/dancu.conf; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15 >/dev/null 2>&1 || \
	    echo "PostgreSQL 15 không có sẵn; bỏ qua các kiểm thử trên bản đó."; fi

# What other people's programs make of ours: Go reads the exported log, HAProxy stands before the program, and the portal's snippets run
# in Python with Flask, Java and PHP. What is missing is installed where we may; elsewhere those tests are skipped and say why.
OTHERS := haproxy golang-go golang-golang-x-mod-dev python3-flask python3-authlib python3-requests php-cli php-curl libjackson2-databind-java
others:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  jdk=$$(command -v javac >/dev/null || echo default-jdk-headless); missing=; \
	  for name in $(OTHERS); do dpkg -s $$name >/dev/null 2>&1 || missing="$$missing $$name"; done; \
	  [ -z "$$jdk$$missing" ] || { apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$jdk $$missing >/dev/null 2>&1 || \
	      echo "Không cài được$$missing $$jdk; bỏ qua các kiểm thử cần đến."; }; fi

# The browser tests drive Debian's chromium; elsewhere any chromium on the PATH serves (CHROMIUM=/path).
browser:
	@command -v chromium >/dev/null || command -v "$$CHROMIUM" >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-core >/dev/null; \
	  else echo "Cần chromium để chạy kiểm thử: sudo apt-get install chromium"; exit 1; fi; }
