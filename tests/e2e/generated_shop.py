"""A generated shop, and a project after its first `ecomdata run`."""

import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from command_line import Answer, Project, lines

#: Folders as people name them.
PLACE = "Meine Läden & more"

#: Refused lines that a spreadsheet would run, and a product that nobody ever bought.
LATE_ORDERS = """order_id,line_number,product_id,quantity,total_price,order_date
=cmd|' /C calc'!A0,1,P00001,"=HYPERLINK(""http://evil"")",5.00,2025-03-04
@SUM(1),1,P00001,+1+1,5.00,2025-03-04
"""
LATE_PRODUCTS = """product_id,product_name,category,price,unit_cost
P99999,=1+1,Nobody's,9.99,1.00
"""


@dataclass(frozen=True)
class Shop:
    """A generated shop and two files that came later; `truth` knows nothing of those."""

    folder: Path

    @property
    def kpis(self) -> dict[str, Any]:
        """The true figures."""
        found: dict[str, Any] = json.loads((self.folder / "truth" / "kpis.json").read_text())
        return found

    @property
    def dirt(self) -> list[dict[str, Any]]:
        """The planted faults."""
        return [json.loads(line) for line in lines(self.folder / "truth" / "dirt.jsonl")]


@dataclass(frozen=True)
class Ran(Project):
    """A project after `ecomdata run`."""

    first: Answer = Answer(0, "", "")

    @property
    def shop(self) -> Shop:
        """What was loaded."""
        return Shop(self.folder / "shop")


def copied(project: Ran, to: Path) -> Ran:
    """A copy of a project on DuckDB."""
    shutil.copytree(project.folder, to / PLACE)
    return Ran(to / PLACE, first=project.first)


@cache
def asked(project: Project, *words: str) -> Any:
    """The document of a command that only reads, of data that stays as it is: asked once."""
    return project.json(*words)


def run_new_shop(project: Project) -> Answer:
    """Generate the shop and run it."""
    project("generate", "shop", "--orders", "400", "--dirt", "0.02")
    shop = project.folder / "shop"
    (shop / "late orders.csv").write_text(LATE_ORDERS, encoding="utf-8")
    (shop / "late products.csv").write_text(LATE_PRODUCTS, encoding="utf-8")
    return project("run", "shop")
