# Everything a developer or CI runs; `make` lists the goals. Needs Python 3.11 or newer, make and git.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PEERS  := .venv-aws/.ready .venv-aws-mfa/.ready
JOBS   ?= $(if $(T),0,auto)

# Debian's packages of the programs that tests marked needs(…) start. Node is installed only where it is missing:
# Debian's npm conflicts with a Node from elsewhere.
PROGRAMS := bash dash dbus e2fsprogs fish gnome-keyring groff-base mandoc mount oathtool openssl tcsh tmux util-linux zsh

# The programs that make conformance runs where they are installed: make system PROGRAMS='$(READERS)' installs them,
# with node and npm.
READERS := awscli golang-github-aws-aws-sdk-go-v2-dev golang-go rclone s3cmd
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help system dev demo test test-pythons lint format cover-test cover fuzz bench conformance readers reliability docs readme site messages screenshots check build clean

help:  ## list the goals
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# aws and aws-mfa have environments of their own, so that they do not decide which boto3 is tested.
.venv-aws/.ready: Makefile
	$(PYTHON) -m venv .venv-aws
	.venv-aws/bin/python -m pip install --quiet 'awscli>=1.44,<2'
	@touch $@

.venv-aws-mfa/.ready: Makefile
	$(PYTHON) -m venv .venv-aws-mfa
	.venv-aws-mfa/bin/python -m pip install --quiet 'aws-mfa>=0.0.12,<1'
	@touch $@

# So do the libraries that `make conformance` runs.
.venv-readers/.ready: Makefile
	$(PYTHON) -m venv .venv-readers
	.venv-readers/bin/python -m pip install --quiet 'boto3>=1.44,<2' 'opendal>=0.46,<0.50' 'pyarrow>=22,<30'
	@touch $@

# The site needs mkdocs, which no test needs. With --quiet, mkdocs accepts broken links also in strict mode.
.venv-site/.ready: Makefile
	$(PYTHON) -m venv .venv-site
	.venv-site/bin/python -m pip install --quiet 'mkdocs-material>=9.8,<10'
	@touch $@

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev --editable .
	@touch $@

dev: $(READY) $(PEERS)  ## make .venv (encee and the tools), .venv-aws (the real aws) and .venv-aws-mfa

demo: dev  ## show encee and the real aws against a stand-in for AWS: setup, refresh, and what the files hold
	$(BIN)/python -m scripts.demo

test: dev  ## the fast tests; T=FILE runs every test of that file, T=FILE::TEST one test
	$(PYTEST) $(COVERAGE) $(if $(T),$(T),-m 'not slow')

test-pythons: dev  ## the fast tests on each other supported Python that this machine has
	$(PYTHON) -m scripts.pythons -n $(JOBS)

lint: dev  ## ruff, mypy, import-linter, and scripts/style.py: words and functions of more than 50 lines
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m scripts.style

format: dev  ## format the code with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

COVERAGE_PART := --cov --cov-report= --cov-fail-under=0

cover-test: dev  ## make test, with coverage, which make cover reports
	rm -f .coverage .coverage.*
	$(MAKE) test COVERAGE='$(COVERAGE_PART)'

# TESTED=1: .ci/run has already run make demo and make cover-test, where programs were missing; run only the rest.
cover: $(if $(TESTED),dev,cover-test)  ## make test and the slow tests, with branch coverage
	$(PYTEST) $(COVERAGE_PART) --cov-append -m '$(if $(TESTED),slow or needs,slow)'
	$(BIN)/coverage report

PROPERTIES := tests/awsfile/test_document_properties.py tests/profiles/test_key_edits_properties.py \
	tests/profiles/importers/test_base.py tests/aws/policies/test_properties.py \
	tests/aws/policies/test_agreement.py tests/aws/policies/test_iam_simulate.py

fuzz: dev  ## the properties of the edit, the importers, lint and the evaluators, on 50,000 generated files
	ENCEE_FUZZ_EXAMPLES=50000 $(PYTEST) --timeout 0 $(PROPERTIES)

bench: dev  ## measure encee beside aws and aws-mfa, into docs/benchmarks.md
	$(BIN)/python -m scripts.bench

conformance: dev .venv-readers/.ready  ## let real AWS tools and SDKs read what encee writes, into docs/conformance.md
	$(BIN)/python -m scripts.conformance

readers: dev .venv-readers/.ready  ## the same with the readers from PyPI only, and without the page
	$(BIN)/python -m scripts.conformance --pypi

reliability: dev  ## load, faults and unusual environments, into docs/reliability.md; SIZE="--seconds 10" is shorter
	$(BIN)/python -m scripts.reliability $(SIZE)

docs: dev  ## write docs/commands.md and docs/encee.1 from the help texts
	$(BIN)/python -m scripts.command_reference
	$(BIN)/python -m scripts.man_page

readme: dev  ## check docs/commands.md and docs/encee.1 against the program
	$(BIN)/python -m scripts.command_reference --check
	$(BIN)/python -m scripts.man_page --check

site: .venv-site/.ready  ## build the site of docs/ into site/; a broken link is an error
	NO_MKDOCS_2_WARNING=1 .venv-site/bin/mkdocs build --strict

screenshots: dev  ## draw the pictures docs/*.svg from real runs against the stand-in
	$(BIN)/python -m scripts.screenshots

build: dev  ## make a wheel and an sdist in dist/, and try each in an empty environment
	rm -rf dist
	$(BIN)/python -m build --quiet
	$(BIN)/python -m scripts.installed

system:  ## install the programs that some tests need (Debian, as root); CI calls it
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PROGRAMS)
	command -v npm >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm

check: lint readme site cover $(if $(TESTED),,demo) readers test-pythons build  ## everything that CI runs; cover includes make test

clean:  ## remove what the other goals made
	rm -rf $(VENV) .venv-* build dist site .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
