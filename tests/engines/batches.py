"""What loads mean: which lines count after a history of files, in nothing but Python.

It shares no code with the product. Files are (kind, header-less lines); an order's date and
customer are a function of its id, so that two files can differ only in what an order has.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from oracle import Customer, Line, Product, Return, Shop

HEADERS = {
    "orders": "order_id,customer_id,product_id,quantity,total_price,order_date",
    "returns": "order_id,product_id,quantity,refund_amount,return_date,return_id",
    "customers": "customer_id,country",
    "products": "product_id,price,unit_cost",
}

FIRST_DAY = date(2024, 1, 10)


def day_of(order_id: str) -> date:
    return FIRST_DAY + timedelta(days=int(order_id[1:]))


def buyer_of(order_id: str) -> str:
    """Every third order is a guest's; one customer is in no file."""
    return ("C1", "", "C2", "C1", "C9", "")[int(order_id[1:]) % 6]


@dataclass(frozen=True)
class Export:
    """One file's content: rows of fields, and what further columns its header has."""

    kind: str
    rows: tuple[tuple[str, ...], ...]
    further: str = ""

    @property
    def content(self) -> str:
        return "".join(
            f"{line}\n" for line in (HEADERS[self.kind] + self.further, *map(",".join, self.rows))
        )


@dataclass(frozen=True)
class Loaded:
    """A file in the book of loads."""

    load_id: int
    name: str
    export: Export
    statement: int
    replaced_by: int | None = None


@dataclass
class Book:
    """The loads as they stand."""

    files: list[Loaded] = field(default_factory=list)

    def load(self, files: dict[str, Export], replace_whole: bool) -> None:
        """Take in the files that are new, in order of name."""
        last = {file.name: file.export for file in self.files}
        load_id = max((file.load_id for file in self.files), default=0) + 1
        new: dict[str, Export] = {}
        for name in sorted(files):
            unchanged = last.get(name) == files[name]
            copied = name not in last and files[name] in last.values()
            if not (unchanged or copied) and files[name] not in new.values():
                new[name] = files[name]
        statement = max((file.statement for file in self.files), default=0)
        latest: dict[str, Loaded] = {}
        for name, export in new.items():
            before = latest.get(export.kind)
            if before and goes_on(before.export, export):
                number = before.statement
            else:
                statement += 1
                number = statement
            latest[export.kind] = Loaded(load_id, name, export, number)
            self.files.append(latest[export.kind])
        if replace_whole:
            for name, export in files.items():
                namesakes = [file for file in self.files if file.name == name]
                if namesakes and namesakes[-1].export == export:
                    self._replace(name, namesakes[-1].load_id)

    def _replace(self, name: str, load_id: int) -> None:
        self.files = [
            replace(file, replaced_by=load_id)
            if file.name == name and file.load_id < load_id and file.replaced_by is None
            else file
            for file in self.files
        ]

    def undo(self, load_id: int) -> None:
        """Forget a load; what its files replaced is replaced by what replaced them."""
        heirs = {file.name: file.replaced_by for file in self.files if file.load_id == load_id}
        self.files = [
            replace(file, replaced_by=heirs[file.name]) if file.replaced_by == load_id else file
            for file in self.files
            if file.load_id != load_id
        ]

    @property
    def load_ids(self) -> list[int]:
        return sorted({file.load_id for file in self.files})

    def standing(self, kind: str) -> list[Loaded]:
        """The files of a kind that are not replaced, as they came."""
        return [file for file in self.files if file.export.kind == kind and not file.replaced_by]

    def judged(self, kind: str) -> list[tuple[Loaded, tuple[str, ...], str]]:
        """Every row of a kind with its file and what becomes of it."""
        stated = {
            key_of(kind, row): file.statement
            for file in self.standing(kind)
            for row in file.export.rows
        }
        last = {
            key_of(kind, row): (file.name, file.load_id, line)
            for file in self.standing(kind)
            for line, row in enumerate(file.export.rows)
        }
        dated = self._dated() if kind == "returns" else set()
        seen: set[tuple[int, tuple[str, ...]]] = set()
        judged = []
        for file in self.files:
            if file.export.kind != kind:
                continue
            for line, row in enumerate(file.export.rows):
                key = key_of(kind, row)
                if file.replaced_by or file.statement < stated[key]:
                    fate = "superseded"
                elif kind in ("customers", "products"):
                    at = (file.name, file.load_id, line)
                    fate = "staged" if at == last[key] else "superseded"
                elif "x" in row or (kind == "returns" and not row[4] and row[0] not in dated):
                    fate = "quarantined"
                elif (file.statement, row) in seen:
                    fate = "quarantined"
                else:
                    seen.add((file.statement, row))
                    fate = "staged"
                judged.append((file, row, fate))
        return judged

    def _dated(self) -> set[str]:
        """The orders of which a line counts."""
        return {row[0] for _, row, fate in self.judged("orders") if fate == "staged"}

    def quality(self) -> list[tuple[int, str, str, int, int, int]]:
        """By file: load, file, entity, rows staged, quarantined, superseded."""
        found = []
        for kind in HEADERS:
            fates = Counter((file.load_id, file.name, fate) for file, _, fate in self.judged(kind))
            for load_id, name in dict.fromkeys(key[:2] for key in fates):
                staged, quarantined, superseded = (
                    fates[load_id, name, f] for f in ("staged", "quarantined", "superseded")
                )
                found.append((load_id, name, kind, staged, quarantined, superseded))
        return sorted(found)

    def versions(self, kind: str) -> list[tuple[str, int, tuple[str, ...], int, int | None]]:
        """What was said of a product or customer: key, number, fields, from which load to which."""
        stated: dict[str, dict[int, tuple[str, ...]]] = {}
        for file in sorted(self.standing(kind), key=lambda f: (f.load_id, f.statement, f.name)):
            for key, *fields in file.export.rows:
                stated.setdefault(key, {})[file.load_id] = tuple(fields)
        found = []
        for key, by_load in stated.items():
            loads = list(by_load)
            changes = [
                load_id
                for before, load_id in zip([None, *loads], loads, strict=False)
                if before is None or by_load[before] != by_load[load_id]
            ]
            for number, (start, end) in enumerate(
                zip(changes, [*changes[1:], None], strict=True), start=1
            ):
                found.append((key, number, by_load[start], start, end))
        return sorted(found)

    def shop(self) -> Shop:
        """All that counts, typed."""
        rows = {
            kind: [row for _, row, fate in self.judged(kind) if fate == "staged"]
            for kind in HEADERS
        }
        return Shop(
            tuple(
                Customer(customer_id, country or None) for customer_id, country in rows["customers"]
            ),
            tuple(
                Product(product_id, None, None, Decimal(price), Decimal(cost))
                for product_id, price, cost in rows["products"]
            ),
            tuple(
                Line(
                    order_id,
                    buyer or None,
                    product_id,
                    int(quantity),
                    Decimal(paid),
                    datetime.fromisoformat(day),
                )
                for order_id, buyer, product_id, quantity, paid, day in rows["orders"]
            ),
            tuple(
                Return(
                    order_id,
                    (buyer_of(order_id) or None) if order_id in self._dated() else None,
                    product_id,
                    int(quantity),
                    Decimal(refund),
                    date.fromisoformat(day) if day else day_of(order_id),
                )
                for order_id, product_id, quantity, refund, day, _ in rows["returns"]
            ),
            frozenset({"discounts", "cancellations"}),  # orders have no such columns
        )


def key_of(kind: str, row: tuple[str, ...]) -> tuple[str, ...]:
    """What a row is about: an order, a return of one, a customer, a product."""
    return (row[0], row[5]) if kind == "returns" else row[:1]


def goes_on(before: Export, after: Export) -> bool:
    """Whether the file before was cut within the order (or return) with which this one begins."""
    if before.kind not in ("orders", "returns") or not (before.rows and after.rows):
        return False
    key = key_of(after.kind, after.rows[0])
    if key_of(before.kind, before.rows[-1]) != key:
        return False
    place = 2 if before.kind == "orders" else 1

    def products(export: Export) -> Counter[str]:
        return Counter(row[place] for row in export.rows if key_of(export.kind, row) == key)

    return not products(before) <= products(after)
