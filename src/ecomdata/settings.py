"""Settings: flags > environment ECOMDATA_* > files in /run/secrets > ecomdata.toml > defaults.

The only module that reads the environment. Passwords live in the warehouse URL, in the setting
`password` or in libpq's own places and are never printed: use `redacted()` wherever a URL is shown.
"""

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ecomdata.errors import UsageError

CONFIG_FILE = "ecomdata.toml"
#: Where container engines put secrets, each in a file of its setting's name (ecomdata_password).
SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """What a run needs to know besides its arguments."""

    model_config = SettingsConfigDict(env_prefix="ECOMDATA_", extra="forbid", frozen=True)

    project: Path = Field(default=Path(), description="Folder of the project.")
    warehouse: str = Field(default="duckdb:///ecomdata.duckdb", description="Warehouse URL.")
    password: SecretStr | None = Field(
        default=None, description="Password for PostgreSQL where the URL has none."
    )
    reader_password: SecretStr | None = Field(
        default=None, description="Password of the role as which Superset reads the warehouse."
    )
    superset_password: SecretStr | None = Field(
        default=None, description="Password for Superset, to deploy its dashboards."
    )
    max_rejected: Decimal = Field(
        default=Decimal("0.05"), ge=0, le=1, description="Share of records that may be refused."
    )
    currency: str = Field(
        default="",
        pattern="^([A-Z]{3})?$",
        description="The shop's currency (ISO 4217); empty takes the one most lines have.",
    )
    locale: str = Field(
        default="en",
        pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="How the report writes numbers and days (BCP 47: de-DE, en-IN, ar-EG).",
    )
    threads: int = Field(default=2, ge=1, description="Models that dbt builds side by side.")
    memory_limit: str | None = Field(
        default=None,
        pattern=r"^[0-9]+([.][0-9]+)? ?(%|[KMGT]i?B)$",
        description="What DuckDB may keep in memory: 4GB, 512MiB, or a share of the machine's; "
        "default: 3GB, or 80% where that is less.",
    )
    temp_directory: Path | None = Field(
        default=None,
        description="Folder for what DuckDB keeps no room for in memory; default: by the file.",
    )
    notify_url: SecretStr | None = Field(
        default=None, description="Webhook that is told of scheduled runs that fail."
    )
    openlineage: str | None = Field(
        default=None,
        description="Where builds tell what they read and made: the URL of an OpenLineage API, or "
        "a file.",
    )
    openlineage_key: SecretStr | None = Field(default=None, description="Key for that API.")
    lock_timeout: float = Field(
        default=60, ge=0, description="Seconds to wait for another process to finish."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put secrets in files and the project's TOML file behind flags and environment."""
        project = Path(init_settings().get("project") or env_settings().get("project") or ".")
        toml = TomlConfigSettingsSource(settings_cls, project / CONFIG_FILE)
        secrets = [SecretsSettingsSource(settings_cls, SECRETS)] if SECRETS.is_dir() else []
        return init_settings, env_settings, *secrets, toml

    @property
    def cache(self) -> Path:
        """The project's own folder: dbt's targets, spools, and its own PostgreSQL's data."""
        return self.project / ".ecomdata"


def load_settings(**flags: Any) -> Settings:
    """Return the settings; a flag that is None was not given.

    Raises:
        UsageError: a setting has a value that it cannot have; says which and where from.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as exc:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in exc.errors()
        )
        raise UsageError(
            f"settings: {problems}. Look at the flags, the ECOMDATA_* variables and {CONFIG_FILE}."
        ) from exc
    except ValueError as exc:  # TOML that does not parse
        raise UsageError(f"{CONFIG_FILE} is not valid TOML: {exc}") from exc
    if not settings.project.is_dir():
        raise UsageError(f"project folder {settings.project} does not exist: make it first")
    return settings.model_copy(update={"project": settings.project.resolve()})


def redacted(url: str) -> str:
    """Return the URL without its password, for messages and logs."""
    # Up to the last @ before the query, which opens with ?name=: what should stand as %40, %3F or
    # %20 in a password often does not.
    without_userinfo = re.sub(r"(://[^:/@?\s]*):(?:[^?]|\?(?!\w+=))*@", r"\1:***@", url)
    return re.sub(r"(password=)[^&]*", r"\1***", without_userinfo)


def child_environment(variables: dict[str, str]) -> dict[str, str]:
    """Return this process's environment with these variables on top, for a child process."""
    return os.environ | variables


def is_set(name: str) -> bool:
    """Return whether this process's environment has a variable."""
    return name in os.environ


def set_default_environment(variables: dict[str, str]) -> None:
    """Set variables of this process that are not set, for libraries that read them."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)
