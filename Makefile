# `make run` shows the product, `make test` is what continuous integration runs. Both start from a bare checkout with
# nothing but Python 3.11 or newer and pip.
PYTHON ?= python3
ARGS ?=

RUN_ENV := .venv-run
ENV := .venv
# PyGObject comes as source: it can only be installed where the Debian packages that it is built with are there.
ARAVIS := $(shell pkg-config --exists gobject-introspection-1.0 cairo 2>/dev/null && echo ,aravis)
EXTRAS := train,drivers,pylon,genicam,iio,gpio,plant,interchange,reports,postgresql,fleet,dev$(ARAVIS)
# Processes for the tests marked `computes`, which a busy processor does no harm; 0: in this one, as a debugger wants
# it. The others have clocks, devices and servers to watch, and run alone. With ARGS all is one call.
PROCESSES ?= 2
DEPENDENCIES := pyproject.toml constraints.txt
PIP_INSTALL := -m pip install --disable-pip-version-check --no-input --quiet --constraint constraints.txt

# Many processes import the same modules: what the first of them compiles is kept.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.PHONY: help run test test-kernel format clean

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile

run: $(RUN_ENV)/.installed  ## The twin line for 60 s; options go on with ARGS="…"
	$(RUN_ENV)/bin/neosort run --config hardware/configs/twin.toml --for 60 $(ARGS)

test: $(ENV)/.installed  ## Formatter, linter, types, import contracts, tests
	$(ENV)/bin/ruff format --check .
	$(ENV)/bin/ruff check .
	$(ENV)/bin/mypy
	$(ENV)/bin/lint-imports
ifeq ($(strip $(ARGS)),)
	$(ENV)/bin/pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder -m computes tests
	$(ENV)/bin/pytest -m "not computes and not kernel" tests
else
	$(ENV)/bin/pytest $(ARGS)
endif

test-kernel: $(ENV)/.installed  ## Drivers of the kernel's own devices, in a small machine in QEMU; see hardware/linux.md
	$(ENV)/bin/python tests/kernel/guest.py $(ARGS)

format: $(ENV)/.installed  ## Formats and repairs what a machine can repair
	$(ENV)/bin/ruff format .
	$(ENV)/bin/ruff check --fix .

clean:  ## Takes both environments and every cache away
	rm -rf $(RUN_ENV) $(ENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A stamp is newer than what it was made from, or the environment is brought up to date: installing twice does no harm.
$(RUN_ENV)/.installed: $(DEPENDENCIES)
	$(call environment,$(RUN_ENV))
	$(RUN_ENV)/bin/python $(PIP_INSTALL) --editable .
	@touch $@

# Not compiled beforehand: of some 14,000 modules the tests import a part.
$(ENV)/.installed: $(DEPENDENCIES)
	$(call environment,$(ENV))
	$(ENV)/bin/python $(PIP_INSTALL) --no-compile --editable '.[$(EXTRAS)]'
	@touch $@

define environment
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "neosort needs Python 3.11 or newer; this is " \
	+ sys.version.split()[0] + " (choose another with make PYTHON=python3.12)")'
@test -x $(1)/bin/pip || $(PYTHON) -m venv $(1)
@echo "installing into $(1) (the first time takes a minute or more)"
endef
