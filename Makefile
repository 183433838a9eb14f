# Everything runs from here; CI calls the same targets. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
WAREHOUSE ?= duckdb:///ecomdata.duckdb
ENGINE ?= duckdb
ROWS ?= 1000000
PAIRS ?= 5
ORDERS ?= 1000000
LARGE ?=
SEEDS ?= 20
NULLS ?= 50
LINES ?= 1000000 5000000
DBT_PROJECT := src/ecomdata/transform/project
PIP_INSTALL := -m pip --disable-pip-version-check install --quiet
PIP := .venv/bin/python $(PIP_INSTALL)

.PHONY: help setup demo test lint docs bench bench-build bench-generate bench-sizing bench-insights score-insights bench-depth bench-customers score-alarms fault-table up down test-containers test-prefect test-airflow superset test-superset test-spark spark-cluster clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

# A stamp per lock: an environment is made once and again when its lock changes.
.venv/.run: requirements/run.lock requirements/build.lock pyproject.toml
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements/run.lock -r requirements/build.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch .venv/.run

.venv/.dev: .venv/.run requirements/dev.lock
	$(PIP) --require-hashes -r requirements/dev.lock
	touch .venv/.dev

setup: .venv/.dev ## Make the environment of a developer from the lock files

demo: .venv/.run ## Generate a shop, load it, build, print KPIs, write demo/report.html [WAREHOUSE=postgres]
	mkdir -p demo
	.venv/bin/python -m ecomdata run --project demo --warehouse '$(WAREHOUSE)'

up: ## Start PostgreSQL, load ./data (a demo shop if it is empty), serve the report on port 8080
	deploy/docker/make-secrets
	mkdir -p data
	docker compose up --build --detach
	docker compose up --detach --no-deps --wait report
	@echo "report: http://127.0.0.1:$${ECOMDATA_REPORT_PORT:-8080}"

down: ## Stop the containers; what is loaded stays in their volumes
	docker compose --profile schedule --profile dashboards down

# Servers, signals and full disks are real here: in CI what failed beside other tests runs once more,
# alone, and fails if it fails again. The first failure stays in the output: mend what is unstable.
PYTEST := .venv/bin/python -m pytest --dist loadgroup
test: .venv/.dev ## Run all tests: unit, both engines, end to end
	tests/e2e/get-chromium
	tests/e2e/get-axe
	$(PYTEST) -n 2 --durations 20 \
		|| { test "$$?$(CI)" = 1true && $(PYTEST) -n 1 --last-failed --last-failed-no-failures none; }

# The linter of Dockerfiles has an environment of its own.
.venv-containers/.lint: requirements/containers.lock
	test -x .venv-containers/bin/python || $(PYTHON) -m venv .venv-containers
	.venv-containers/bin/python $(PIP_INSTALL) --require-hashes -r requirements/containers.lock
	touch .venv-containers/.lint

test-containers: .venv/.dev .venv-containers/.lint ## Build the image, run compose.yaml on new and kept volumes; skips where no engine answers
	.venv-containers/bin/hadolint Dockerfile deploy/superset/Dockerfile
	.venv/bin/python -m pytest -p no:cacheprovider tests/containers

# Schedulers have environments of their own, with the package and pytest in them. As constraints
# the lock also holds for what is asked for with extras, of which older pips take the newest.
.venv-%/.tests: requirements/%.lock requirements/build.lock requirements/pytest.lock pyproject.toml
	test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python $(PIP_INSTALL) --require-hashes -r requirements/$*.lock -c requirements/$*.lock
	.venv-$*/bin/python $(PIP_INSTALL) --require-hashes -r requirements/build.lock
	.venv-$*/bin/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	.venv-$*/bin/python $(PIP_INSTALL) --require-hashes -r requirements/pytest.lock
	touch .venv-$*/.tests

test-prefect: .venv-prefect/.tests ## Run the flow and the schedule in Prefect's own environment
	.venv-prefect/bin/python -m pytest -p no:cacheprovider -W default --confcutdir tests/flows tests/flows

test-airflow: .venv-airflow/.tests ## Run the DAG on PostgreSQL in Airflow's own environment
	.venv-airflow/bin/python -m pytest -p no:cacheprovider -W default --confcutdir tests/dags tests/dags

# Superset has an environment of its own.
.venv-superset/.run: requirements/superset.lock
	test -x .venv-superset/bin/python || $(PYTHON) -m venv .venv-superset
	.venv-superset/bin/python $(PIP_INSTALL) --require-hashes -r requirements/superset.lock
	touch .venv-superset/.run

superset: .venv/.run .venv-superset/.run ## Start Superset over the demo on http://127.0.0.1:8088 and deploy the dashboards
	deploy/superset/local

test-superset: .venv/.dev .venv-superset/.run ## Deploy to a real Superset, check it, look at it in a browser
	tests/e2e/get-chromium
	SUPERSET_BIN='$(CURDIR)/.venv-superset/bin' .venv/bin/python -m pytest -p no:cacheprovider tests/superset

.venv-spark/.run: requirements/spark.lock requirements/build.lock pyproject.toml
	test -x .venv-spark/bin/python || $(PYTHON) -m venv .venv-spark
	.venv-spark/bin/python $(PIP_INSTALL) --require-hashes -r requirements/spark.lock
	.venv-spark/bin/python $(PIP_INSTALL) --require-hashes -r requirements/build.lock
	.venv-spark/bin/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	touch .venv-spark/.run

test-spark: .venv-spark/.run ## Build on Spark and on a cluster of its own, in Spark's own environment; skips without Java 17
	tests/spark/get-java
	PYTHONPATH=tests/engines .venv-spark/bin/python -m pytest -p no:cacheprovider -W default --confcutdir tests/spark tests/spark

spark-cluster: .venv-spark/.run ## Start a Spark master and two workers on loopback, until Ctrl-C
	.venv-spark/bin/python deploy/spark/cluster.py .venv-spark/cluster

lint: .venv/.dev ## Check style, types, SQL and the rules of import
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/sqlfluff lint --disable-progress-bar \
		$(DBT_PROJECT)/models $(DBT_PROJECT)/tests
	ECOMDATA_DBT_TARGET=duckdb ECOMDATA_DBT_PATH=:memory: .venv/bin/dbt --quiet parse \
		--project-dir $(DBT_PROJECT) --profiles-dir $(DBT_PROJECT) \
		--target-path '$(CURDIR)/.venv/dbt' --log-path '$(CURDIR)/.venv/dbt'
	PYTHONPATH=tests .venv/bin/dbt-score lint --manifest .venv/dbt/manifest.json

docs: .venv/.dev ## Write docs/cli.md, the KPIs page and Superset's assets anew from the code [SUPERSET=URL PASSWORD_FILE=FILE]
	.venv/bin/python deploy/superset/generate.py
	.venv/bin/python docs/generate.py $(if $(SUPERSET),$(SUPERSET) $(PASSWORD_FILE))

# What the product is measured against has an environment of its own.
.venv-bench/.bench: requirements/bench.lock
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python $(PIP_INSTALL) --require-hashes -r requirements/bench.lock
	touch .venv-bench/.bench

bench: .venv/.run .venv-bench/.bench ## Measure loading against psql, dlt, pandas and others, write docs/benchmarks.md [ROWS=1000000 PAIRS=5]
	.venv/bin/python benchmarks/load.py --rows $(ROWS) --pairs $(PAIRS)

bench-generate: .venv/.run .venv-bench/.bench ## Measure generating against Faker, mimesis, jafgen, write docs/benchmarks-generate.md [ORDERS=1000000 PAIRS=5 LARGE=lines]
	.venv/bin/python benchmarks/generate.py --orders $(ORDERS) --pairs $(PAIRS) $(if $(LARGE),--large $(LARGE))

bench-build: .venv/.run ## Measure building against the SQL by hand, and a day's build, write docs/benchmarks-build.md [ENGINE=duckdb ROWS=1000000 PAIRS=5]
	.venv/bin/python benchmarks/build.py --engine $(ENGINE) --rows $(ROWS) --pairs $(PAIRS)

bench-sizing: .venv-spark/.run ## Measure a line's cost on every engine and hold their tables together, write docs/sizing.md [LINES='1000000 5000000' ENGINES=... SKEW=1 AGAIN=1]
	tests/spark/get-java
	.venv-spark/bin/python benchmarks/sizing.py --lines $(LINES) $(if $(ENGINES),--engines $(ENGINES)) $(if $(SKEW),--skew) $(if $(AGAIN),--again)

score-insights: .venv/.run ## Score the insights on shops with planted events and with none, write docs/insights.md [SEEDS=20 NULLS=50]
	.venv/bin/python benchmarks/insights/score.py --seeds $(SEEDS) --nulls $(NULLS)
	.venv/bin/python benchmarks/insights/page.py

bench-insights: .venv/.run ## Set the contribution search beside Adtributor and RiskLoc, write docs/insights.md
	.venv/bin/python benchmarks/insights/localise.py
	.venv/bin/python benchmarks/insights/page.py

bench-depth: .venv/.run ## Measure the contribution search on 1 and 10 million lines, write docs/insights.md
	.venv/bin/python benchmarks/insights/depth.py
	.venv/bin/python benchmarks/insights/page.py

bench-customers: .venv/.run ## Measure the models of customers, write docs/insights.md [CDNOW=FILE LIFETIMES=PYTHON]
	.venv/bin/python benchmarks/insights/customers.py $(if $(CDNOW),--cdnow $(CDNOW)) $(if $(LIFETIMES),--lifetimes $(LIFETIMES))
	.venv/bin/python benchmarks/insights/page.py

score-alarms: NULLS = 8
score-alarms: SEEDS = 6
score-alarms: .venv/.run ## Measure the data alarms on shops with nothing wrong and with faults, write docs/alarms.md [NULLS=8 SEEDS=6 ONLY=planted]
	.venv/bin/python benchmarks/insights/alarms.py --nulls $(NULLS) --seeds $(SEEDS) $(if $(ONLY),--only '$(ONLY)')
	.venv/bin/python benchmarks/insights/page.py

fault-table: .venv/.run ## Run the product into faults (as root, of a cgroup v1 machine), write the table of docs/operations.md [ONLY=killed]
	.venv/bin/python benchmarks/faults.py $(if $(ONLY),--only '$(ONLY)')

clean: ## Remove what can be made again
	rm -rf .venv .venv-bench .venv-containers .venv-prefect .venv-airflow .venv-superset .venv-spark demo dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
