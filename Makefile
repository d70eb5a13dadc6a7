# Kumawatch: bare `make` explains itself. The logic is in tools/; this file only names it.
.POSIX:

PY = .venv/bin/python
BOOTSTRAP = @tools/bootstrap.sh

help: ## this list
	@echo "Kumawatch: one declared catalogue of services becomes a whole monitoring system."
	@echo
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'
	@echo
	@echo "First time: make demo. It takes a few minutes, needs no root, no Docker and no account, and stays in this directory."

demo: ## start the lab on this machine, apply site.yml to it twice, say what to open
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo

break: ## break a demo service: make break SERVICE=api
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo break "$(SERVICE)"

mend: ## mend it again: make mend SERVICE=api
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo mend "$(SERVICE)"

load: ## put a demo service under load: make load SERVICE=api CPU=97 (or MEMORY=96, DISK=95)
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo load "$(SERVICE)" --cpu "$(CPU)" --memory "$(MEMORY)" --disk "$(DISK)"

ease: ## ease it again: make ease SERVICE=api
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo ease "$(SERVICE)"

alarms: ## the alarms of the lab's account that are on
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo alarms

drill: ## send a test alert down every path of the lab, and see it arrive
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo drill

summary: ## post the daily status summary to the lab's chat space
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo summary

errors: ## post the daily report on the errors in the lab's logs
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo errors

report: ## write the report on the lab's monitoring (FAIL_UNDER=80 fails where less than 80 % is watched)
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo report --fail-under "$(FAIL_UNDER)"

status: ## what of the lab runs, and where
	$(BOOTSTRAP) run --lab
	@$(PY) -m tools.demo status

down: ## stop the lab, and Docker where we started it; make demo starts the lab again where it was
	$(BOOTSTRAP) run
	@$(PY) -m tools.demo down
	@$(PY) -m tools.containers stop

test: ## all tests: lint, sanity, unit, health, lab, integration, molecule (STEPS=unit,lint and SCENARIO=default pick some)
	$(BOOTSTRAP) test --lab --chromium --databases --docker
	@$(PY) -m tools.test --steps "$(STEPS)" --scenario "$(SCENARIO)"

unit: ## the unit tests, a minute or two (ARGS="-k name" goes to pytest)
	$(BOOTSTRAP) test
	@$(PY) -m tools.test --steps unit $(ARGS)

lint: ## every linter and type checker
	$(BOOTSTRAP) test
	@$(PY) -m tools.test --steps lint

sanity: ## ansible-test sanity
	$(BOOTSTRAP) test
	@$(PY) -m tools.test --steps sanity

integration: ## the tests against the real Uptime Kuma (ARGS="-k name" goes to pytest)
	$(BOOTSTRAP) test --lab --chromium
	@$(PY) -m tools.test --steps integration $(ARGS)

molecule: ## the roles on hosts with systemd, in Docker (SCENARIO=health_endpoint picks; ARGS=converge keeps the hosts)
	$(BOOTSTRAP) test --docker
	@$(PY) -m tools.molecule --scenario "$(SCENARIO)" $(ARGS)

bench: ## measure the modules beside a peer's loop (ARGS="kuma …", ARGS="cloudwatch …")
	$(BOOTSTRAP) test --lab
	@$(PY) -m tools.demo bench $(ARGS)

docs: ## build the documentation into docs/site
	$(BOOTSTRAP) test
	@$(PY) -m tools.docs

format: ## write Python the way that make lint wants it
	$(BOOTSTRAP) test
	@.venv/bin/ruff check --quiet --fix-only . && .venv/bin/ruff format .

generate: ## write again what is generated: the roles' READMEs, the JSON Schema, parts of module documentation
	$(BOOTSTRAP) test
	@$(PY) -m tools.role_docs
	@$(PY) -m tools.catalogue_schema
	@$(PY) -m tools.module_docs
	@$(PY) -m tools.iam_policies

clean: ## stop the lab and remove everything that make has made
	@if [ -x $(PY) ] && [ -d .lab ]; then $(PY) -m tools.demo down; fi
	@if [ -x $(PY) ]; then $(PY) -m tools.containers remove; fi
	rm -rf .venv .cache .lab docs/site .ansible .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/output
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

.PHONY: help demo break mend load ease alarms drill summary errors report status down test unit lint sanity integration molecule bench docs format generate clean
