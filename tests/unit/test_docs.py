"""The docs say what the product does: every name in one is a name in the other."""

import re
import runpy
from pathlib import Path

import yaml

from ecomdata.ingest.connector import connectors
from ecomdata.ingest.reading.reader import RULES
from ecomdata.report import KPIS

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "src/ecomdata/transform/project"


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_docs_cli_is_what_help_prints() -> None:
    generate = runpy.run_path(str(ROOT / "docs/generate.py"))
    assert _read("docs/cli.md") == generate["cli_reference"]()


def test_every_kpi_is_documented_with_its_definition() -> None:
    rows = [f"| {kpi.label} | `{kpi.name}` | {kpi.definition} |" for kpi in KPIS]
    text = _read("docs/kpis.md")
    assert [row for row in rows if row not in text] == []


def test_every_final_column_is_documented_in_the_models_and_in_a_page() -> None:
    for path in sorted((PROJECT / "models/final").glob("*.yml")):
        declared = yaml.safe_load(path.read_text(encoding="utf-8"))
        [table] = declared["models"] if "models" in declared else declared["sources"][0]["tables"]
        name = table["name"]
        pages = {"final_insights": "docs/insights.md", "final_data_alarms": "docs/alarms.md"}
        text = _read(pages.get(name, "docs/kpis.md"))
        assert re.search(rf"`(final[.])?{name}`", text)
        for column in table["columns"]:
            assert column["description"], f"{name}.{column['name']}"
            assert f"`{column['name']}`" in text, f"{name}.{column['name']}"


def test_what_may_not_be_in_the_data_is_documented_with_its_reason() -> None:
    models = yaml.safe_load((PROJECT / "models/meta/capabilities.yml").read_text(encoding="utf-8"))
    reasons = {
        row["capability"]: row["reason"]
        for test in models["unit_tests"]
        for row in test["expect"]["rows"]
        if row["reason"]
    }
    assert {kpi.needs for kpi in KPIS} - {""} < set(reasons)
    text = _read("docs/kpis.md")
    rows = [f"| `{name}` | {reason} |" for name, reason in reasons.items()]
    assert [row for row in rows if row not in text] == []


def test_the_docs_of_a_figures_columns_begin_with_its_definition() -> None:
    text = (PROJECT / "models/figures.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"{% docs (\w+) %}\n(.*)\n{% enddocs %}", text))
    of_customers = {"repeat_purchase_rate", "returning_customer_rate"}  # no model's column
    for kpi in KPIS:
        assert kpi.name in of_customers or blocks[kpi.name].startswith(kpi.definition), kpi.name


def test_the_kpis_page_of_the_dbt_docs_is_docs_kpis() -> None:
    generate = runpy.run_path(str(ROOT / "docs/generate.py"))
    assert generate["KPIS_PAGE"].read_text(encoding="utf-8") == generate["kpis_page"]()


def test_every_rule_of_quarantine_is_documented() -> None:
    bases = (PROJECT / "models/staging/base").glob("*.sql")
    lists = (path.read_text().split("set rules")[1].split("%}")[0] for path in bases)
    staging = {rule for text in lists for rule in re.findall(r"\[\s*'([a-z_]+)'", text)}
    assert {"missing_id", "foreign_currency"} <= staging
    text = _read("docs/connectors.md")
    missing = [rule for rule in {*staging, *RULES, "duplicate_line"} if f"| `{rule}` |" not in text]
    assert missing == []


def test_every_connector_is_documented() -> None:
    text = _read("docs/connectors.md")
    assert [c.name for c in connectors() if f"(`{c.name}`)" not in text] == []


def test_every_exit_code_is_documented() -> None:
    assert "0 done, 1 data failed a check, 2 usage, 3 warehouse unreachable" in _read("docs/cli.md")
