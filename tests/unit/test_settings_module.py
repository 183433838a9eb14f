"""Settings: flag > environment > TOML > default; errors; and URLs without their password.

Named so because tests/e2e has a test_settings.py.
"""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from ecomdata.errors import UsageError
from ecomdata.settings import Settings, child_environment, load_settings, redacted


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to be in, and none of this machine's variables."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ECOMDATA_{name.upper()}", raising=False)


def test_the_defaults(tmp_path: Path) -> None:
    assert load_settings().model_dump() == {
        "project": tmp_path.resolve(),
        "warehouse": "duckdb:///ecomdata.duckdb",
        "password": None,
        "reader_password": None,
        "superset_password": None,
        "max_rejected": Decimal("0.05"),
        "currency": "",
        "locale": "en",
        "threads": 2,
        "memory_limit": None,
        "temp_directory": None,
        "notify_url": None,
        "openlineage": None,
        "openlineage_key": None,
        "lock_timeout": 60.0,
    }
    assert load_settings().cache == tmp_path.resolve() / ".ecomdata"


def test_a_flag_comes_before_a_variable_before_the_file_before_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings().threads == 2
    (tmp_path / "ecomdata.toml").write_text("threads = 3\n")
    assert load_settings().threads == 3
    monkeypatch.setenv("ECOMDATA_THREADS", "4")
    assert load_settings().threads == 4
    assert load_settings(threads=5).threads == 5
    assert load_settings(threads=None).threads == 4


def test_each_setting_is_taken_from_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ecomdata.toml").write_text('currency = "EUR"\nmax_rejected = 0.25\n')
    monkeypatch.setenv("ECOMDATA_LOCK_TIMEOUT", "1.5")
    settings = load_settings(warehouse="postgres")
    assert (settings.currency, settings.max_rejected) == ("EUR", Decimal("0.25"))
    assert (settings.lock_timeout, settings.warehouse) == (1.5, "postgres")


def test_the_file_is_that_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, threads in (("one", 11), ("two", 12)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ecomdata.toml").write_text(f"threads = {threads}\n")
    monkeypatch.setenv("ECOMDATA_PROJECT", "one")
    assert load_settings().threads == 11
    assert load_settings(project=Path("two")).threads == 12


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"threads": 0}, "threads: input should be greater than or equal to 1"),
        ({"max_rejected": "1.01"}, "max_rejected: input should be less than or equal to 1"),
        ({"max_rejected": "-0.01"}, "max_rejected: input should be greater than or equal to 0"),
        ({"lock_timeout": -1}, "lock_timeout: input should be greater than or equal to 0"),
        ({"currency": "eur"}, "currency: string should match pattern '^([a-z]{3})?$'"),
        (
            {"memory_limit": "much"},
            "memory_limit: string should match pattern '^[0-9]+([.][0-9]+)? ?(%|[kmgt]i?b)$'",
        ),
        ({"colour": "red"}, "colour: extra inputs are not permitted"),
    ],
)
def test_a_value_that_cannot_be_is_named(flags: dict[str, object], problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_settings(**flags)
    assert str(caught.value) == (
        f"settings: {problem}. Look at the flags, the ECOMDATA_* variables and ecomdata.toml."
    )
    assert caught.value.exit_code == 2


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "ecomdata.toml").write_text("threads = = 2\n")
    with pytest.raises(UsageError, match="^ecomdata.toml is not valid TOML: .*line 1"):
        load_settings()


def test_a_project_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="^project folder nowhere does not exist: make it first$"):
        load_settings(project=Path("nowhere"))


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().threads = 7


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("duckdb:///shop.duckdb", "duckdb:///shop.duckdb"),
        ("postgres", "postgres"),
        ("postgresql://host/shop", "postgresql://host/shop"),
        ("postgresql://anna@host:5432/shop", "postgresql://anna@host:5432/shop"),
        ("postgresql://anna:secret@host/shop", "postgresql://anna:***@host/shop"),
        ("postgresql://anna:@host/shop", "postgresql://anna:***@host/shop"),
        ("postgresql://:secret@host/shop", "postgresql://:***@host/shop"),
        ("postgresql://anna:s%40e%2Fc@host/shop", "postgresql://anna:***@host/shop"),
        ("postgresql://anna:s@e@c@host/shop", "postgresql://anna:***@host/shop"),
        ("postgresql://anna:s/e/c@host/shop", "postgresql://anna:***@host/shop"),
        ("postgresql://anna:s:e:c@host/shop", "postgresql://anna:***@host/shop"),
        ("postgresql://anna:s e c@host/shop", "postgresql://anna:***@host/shop"),
        ("postgresql://anna:s#e%c@host/shop", "postgresql://anna:***@host/shop"),
        ("postgresql://anna:s?e@c@host/shop", "postgresql://anna:***@host/shop"),
        (
            "postgresql://host:5432/shop?application_name=a@b",
            "postgresql://host:5432/shop?application_name=a@b",
        ),
        (
            "postgresql://anna@host/shop?password=secret&sslmode=require",
            "postgresql://anna@host/shop?password=***&sslmode=require",
        ),
        (
            "postgresql:///shop?host=/run&user=anna&password=s@e:c",
            "postgresql:///shop?host=/run&user=anna&password=***",
        ),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert redacted(url) == shown


def test_a_child_process_gets_this_environment_and_the_variables_on_top(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("CHANGED", "1")
    environment = child_environment({"CHANGED": "2"})
    assert (environment["KEPT"], environment["CHANGED"]) == ("1", "2")


def test_a_password_may_stand_in_a_file_and_is_shown_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ecomdata_password").write_text("open sesame")
    monkeypatch.setattr("ecomdata.settings.SECRETS", tmp_path)
    settings = load_settings()
    assert settings.password is not None
    assert settings.password.get_secret_value() == "open sesame"
    assert "sesame" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    monkeypatch.setenv("ECOMDATA_PASSWORD", "the environment's")
    found = load_settings().password
    assert found is not None
    assert found.get_secret_value() == "the environment's"
