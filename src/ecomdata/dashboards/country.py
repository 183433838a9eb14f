"""A role of Superset for one country: it reads the tables that have countries, and its rows there.

Superset filters the rows of a table by a clause for the table and role. Tables that are added up
over all countries cannot be filtered any more, so the role may not read them.
"""

from typing import Any, Final

from ecomdata.dashboards.assets import documents
from ecomdata.dashboards.superset import Superset
from ecomdata.errors import SupersetError

#: The role whose rights, short of any table, one needs to open a dashboard.
_LIKE: Final = "Gamma"


def grant_country(superset: Superset, country: str) -> str:
    """Make the role of a country, or bring it to what it should be; return its name."""
    ids = _tables(superset)
    role = f"EcomData {country}"
    roles = {each["name"]: each["id"] for each in superset.listed("/api/v1/security/roles/")}
    if role not in roles:
        roles[role] = superset.send("POST", "/api/v1/security/roles/", {"name": role})["id"]
    rights = superset.get(f"/api/v1/security/roles/{roles[_LIKE]}/permissions/")["result"]
    readable = [
        each["id"]
        for each in superset.listed("/api/v1/security/permissions-resources/")
        if each["permission"]["name"] == "datasource_access"
        and any(each["view_menu"]["name"].endswith(f"(id:{number})") for number in ids.values())
    ]
    superset.send(
        "POST",
        f"/api/v1/security/roles/{roles[role]}/permissions",
        {"permission_view_menu_ids": sorted({*(each["id"] for each in rights), *readable})},
    )
    literal = country.replace("'", "''")
    rule: dict[str, Any] = {
        "name": role,
        "filter_type": "Regular",
        "tables": sorted(ids.values()),
        "roles": [roles[role]],
        "group_key": "country",
        "clause": f"country = '{literal}'",
        "description": "Made by ecomdata dashboards grant-country",
    }
    rules = {each["name"]: each["id"] for each in superset.listed("/api/v1/rowlevelsecurity/")}
    if role in rules:
        superset.send("PUT", f"/api/v1/rowlevelsecurity/{rules[role]}", rule)
    else:
        superset.send("POST", "/api/v1/rowlevelsecurity/", rule)
    return role


def _tables(superset: Superset) -> dict[str, int]:
    """Return the ids of the tables that have countries.

    Raises:
        SupersetError: they are not there.
    """
    named = {
        each["uuid"]: each["table_name"]
        for _, each in documents()
        if any(column["column_name"] == "country" for column in each.get("columns", ()))
    }
    found = {
        named[each["uuid"]]: each["id"]
        for each in superset.listed("/api/v1/dataset/")
        if each.get("uuid") in named
    }
    if len(found) < len(named):
        raise SupersetError(f"{superset.url} has no dashboards yet: ecomdata dashboards push")
    return found
