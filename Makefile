# Everything is made inside the checkout: .venv and .cache. Needed: python3 (3.11 or newer) with venv, git, make.

PYTHON ?= python3
VENV ?= .venv

OLDEST_CORE := 2.16.19
OLDEST_PYTHON ?= python3.12
NEWEST_CORE := 2.21.5
NEWEST_PYTHON ?= python3.12
TOO_OLD_PYTHON ?= python3.10
CORES := $(OLDEST_CORE) 2.17.14 2.18.19 2.19.14 2.20.10 $(NEWEST_CORE)
WIRE_PYTHON ?= python3.12
FAULT_SECONDS ?= 600
LEAKS_CORES ?= $(OLDEST_CORE) $(NEWEST_CORE)
COSMIC_RAY := 8.7.0

BIN := $(abspath $(VENV))/bin
DEMO_BIN := $(CURDIR)/.cache/demo-venv/bin

# A locale that Ansible accepts everywhere, and the collections path for what doesn't read ansible.cfg.
export LC_ALL := C.UTF-8
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.cache/hypothesis
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Every run of ansible-playbook reads the same modules: they are compiled when they are first used, and kept.
unexport PYTHONDONTWRITEBYTECODE

# antsibull's tools leave logs in HOME.
OWN_HOME := HOME=$(CURDIR)/.cache/home

# $(call environment,FOLDER,PYTHON,REQUIREMENTS): a virtual environment with these requirements, and the collections path.
define environment
	@$(2) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(2) -m venv $(1)
	$(1)/bin/python tools/prepare.py & $(1)/bin/pip install --quiet --no-compile $(3) && wait $$!
	mkdir -p .cache/home
	touch $@
endef

# What the controller alone decides is not tried again with a real PowerShell, where each row takes half a minute.
DECIDED := --ignore=tests/integration/test_keyword_table.py

# $(call other_core,VERSION): the requirements of the tests with another ansible-core than requirements.txt names.
other_core = -r tests/requirements.txt $$(sed '/^\#/d; /^ansible-core/d' requirements.txt) ansible-core==$(1)

.DEFAULT_GOAL := help
.PHONY: help demo test checks stories lint unit coverage sanity sanity-cores integration integration-slow cuts faults leaks molecule molecule-all test-oldest test-newest test-too-old test-wire test-powershell test-powershell-slow test-browser test-interop docs bench mutation clean
stories lint unit coverage sanity integration integration-slow cuts faults molecule test-powershell test-powershell-slow test-browser test-interop bench: export PATH := $(BIN):$(PATH)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 30

demo: .cache/demo-venv/.done ## run the playbook twice on two simulated servers and prove the result; leaves a report behind
	PATH=$(DEMO_BIN):$$PATH python -m tests.lab.demo

test: $(VENV)/.done ## run lint, types, sanity, unit tests, the shorter integration tests and molecule; two jobs at a time
	+$(MAKE) --jobs=2 --output-sync=target stories checks
	@$(BIN)/python -m tests.lab.powershell.wine

checks: lint sanity molecule
stories: $(VENV)/.done
	pytest -n2 --dist=loadgroup -m "not slow" tests/unit tests/integration

lint: $(VENV)/.done ## check format, style, types, Ansible's own style, changelog, documentation, import into Galaxy, licences and spelling
	ruff format --check .
	ruff check .
	mypy
	ansible-lint --offline
	$(OWN_HOME) antsibull-changelog lint
	$(OWN_HOME) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .
	$(OWN_HOME) python tools/importer.py
	reuse lint --quiet || reuse lint
	shellcheck .ci/run
	codespell

unit: $(VENV)/.done ## run the unit tests
	pytest -n2 tests/unit

coverage: $(VENV)/.done ## show which branches the shorter unit tests reach
	pytest -n2 --cov --cov-report=term -m "not slow" tests/unit

sanity: $(VENV)/.done ## run ansible-test sanity in a copy of the checkout
	python tools/sanity.py

sanity-cores: $(CORES:%=sanity-%) ## run it on what is published, with every supported ansible-core (WIRE_PYTHON: 3.12)

sanity-%: .cache/wire/%/.done
	PATH=$(CURDIR)/.cache/wire/$*/bin:$(BIN):$$PATH .cache/wire/$*/bin/python tools/sanity.py --published

integration: $(VENV)/.done ## run the unmodified ansible-playbook against simulated servers
	pytest -n2 --dist=loadgroup -m "not slow" tests/integration

integration-slow: $(VENV)/.done ## run the slow tests: cuts at many moments and at some messages, restarts, verify, the lab by hand
	pytest -n2 --dist=loadgroup -m slow tests/unit tests/integration

cuts: $(VENV)/.done ## cut each change of one server at each moment, and whole runs at each message, and try each odd value everywhere; takes half an hour
	HYPOTHESIS_PROFILE=thorough pytest -n2 tests/unit/plan/test_cuts.py tests/unit/plan/test_odd_values.py tests/integration/test_cut_runs.py

faults: $(VENV)/.done ## try random faults for a bounded time, one seed after another (FAULT_SECONDS=600)
	RRAS_FAULT_SECONDS=$(FAULT_SECONDS) pytest tests/unit/plan/test_faults.py

leaks: $(LEAKS_CORES:%=leaks-%) ## look for marked keys in everything that runs leave, with the oldest and the newest ansible-core (LEAKS_CORES, WIRE_PYTHON: 3.12); takes a quarter of an hour

leaks-%: .cache/wire/%/.done
	.cache/wire/$*/bin/ansible-playbook --version | grep -F '[core $*]'
	HYPOTHESIS_PROFILE=thorough .cache/wire/$*/bin/python -m pytest -n2 -o cache_dir=.cache/wire/$*/pytest tests/integration/test_leaks.py tests/integration/test_secrets.py

molecule: $(VENV)/.done ## run the molecule scenario pair
	molecule test --scenario-name pair

molecule-all: $(VENV)/.done ## run all molecule scenarios but windows_vms, which needs Windows servers of your own
	molecule test --all --exclude windows_vms

test-oldest: .cache/oldest-venv/.done ## run the core integration tests with the oldest ansible-core (OLDEST_PYTHON: 3.11, 3.12)
	PATH=$(CURDIR)/.cache/oldest-venv/bin:$$PATH pytest -m core tests/integration

test-newest: .cache/newest-venv/.done ## run the same tests with the newest ansible-core (NEWEST_PYTHON: 3.12 or newer)
	PATH=$(CURDIR)/.cache/newest-venv/bin:$$PATH pytest -m core tests/integration

test-too-old: $(VENV)/.done .cache/too-old-venv/.done ## check what every plugin says if the controller's Python is too old (TOO_OLD_PYTHON: 3.10)
	RRAS_TOO_OLD=$(CURDIR)/.cache/too-old-venv/bin/python $(BIN)/pytest tests/unit/test_too_old.py

test-wire: ## check what an eavesdropper reads, with every supported ansible-core (WIRE_PYTHON: 3.12); two at a time
	+$(MAKE) --jobs=2 --output-sync=target $(CORES:%=wire-%)

wire-%: .cache/wire/%/.done
	.cache/wire/$*/bin/ansible-playbook --version | grep -F '[core $*]'
	.cache/wire/$*/bin/python -m pytest -q -o cache_dir=.cache/wire/$*/pytest tests/integration/test_wire.py tests/unit/host/test_transport.py

test-powershell: $(VENV)/.done ## the tests of the script, and the core of the integration tests with a real PowerShell behind each server
	RRAS_ENGINE=powershell pytest -n2 --dist=loadgroup -m "core and not slow" $(DECIDED) tests/integration tests/powershell

test-powershell-slow: $(VENV)/.done ## the rest with a real PowerShell, but for the cuts of many pairs; takes half an hour
	RRAS_ENGINE=powershell pytest -n2 --dist=loadgroup -m "slow or not core" tests/integration tests/powershell

test-browser: $(VENV)/.done ## open the report of a verification in a headless Chromium (Debian: apt-get install chromium)
	pytest tests/browser

test-interop: $(VENV)/.done ## negotiate with strongSwan by what simulated servers have in their stores (root, Linux, network namespaces)
	pytest -n0 tests/interop

docs: export PATH := $(CURDIR)/.cache/docs-venv/bin:$(PATH)
docs: .cache/docs-venv/.done ## build the documentation as a site (.cache/site/html); a warning is an error
	$(OWN_HOME) .cache/docs-venv/bin/python tools/website.py

bench: $(VENV)/.done ## measure what the plugins cost, in seconds and in executions on the host
	python -m tests.bench

mutation: .cache/mutation-venv/.done ## plant faults in codec and planner to see whether the unit tests notice (takes long)
	.cache/mutation-venv/bin/python tools/mutation.py $(MUTATION)

clean: ## remove everything that make created
	rm -rf .venv .cache .ansible tests/output

$(VENV)/.done: requirements-dev.txt requirements.txt tests/requirements.txt tools/prepare.py
	$(call environment,$(VENV),$(PYTHON),-r requirements-dev.txt)

.cache/demo-venv/.done: requirements.txt tools/prepare.py
	$(call environment,.cache/demo-venv,$(PYTHON),-r requirements.txt)

.cache/oldest-venv/.done: requirements.txt tests/requirements.txt tools/prepare.py
	$(call environment,.cache/oldest-venv,$(OLDEST_PYTHON),$(call other_core,$(OLDEST_CORE)))

.cache/newest-venv/.done: requirements.txt tests/requirements.txt tools/prepare.py
	$(call environment,.cache/newest-venv,$(NEWEST_PYTHON),$(call other_core,$(NEWEST_CORE)))

.cache/docs-venv/.done: docs/site/requirements.txt tools/prepare.py
	$(call environment,.cache/docs-venv,$(PYTHON),-r docs/site/requirements.txt)

# Without the check for a newer Python, and with nothing that needs one.
.cache/too-old-venv/.done: tools/prepare.py
	$(TOO_OLD_PYTHON) -m venv .cache/too-old-venv
	.cache/too-old-venv/bin/pip install --quiet --no-compile ansible-core==$(OLDEST_CORE)
	touch $@

# One environment has what all of them need; the others have their own ansible-core, and find the rest there.
.cache/wire/common/.done: requirements.txt tests/requirements.txt tools/prepare.py
	$(call environment,.cache/wire/common,$(WIRE_PYTHON),$(call other_core,$(NEWEST_CORE)))

.PRECIOUS: .cache/wire/%/.done
.cache/wire/%/.done: .cache/wire/common/.done
	.cache/wire/common/bin/python -m venv --without-pip .cache/wire/$*
	.cache/wire/common/bin/pip --python .cache/wire/$*/bin/python install --quiet --no-compile --no-deps ansible-core==$*
	cd .cache/wire/$*/lib/python*/site-packages && ls -d ../../../../common/lib/python*/site-packages > common.pth
	touch $@

.cache/mutation-venv/.done: requirements.txt tests/requirements.txt tools/prepare.py
	$(call environment,.cache/mutation-venv,$(PYTHON),-r requirements.txt -r tests/requirements.txt cosmic-ray==$(COSMIC_RAY))
