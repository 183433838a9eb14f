import csv
import io
import tomllib
from dataclasses import replace

import duckdb
import pytest

from ecomdata.errors import InputError, UsageError
from ecomdata.ingest.connecting.evidence import Column, Table, labels
from ecomdata.ingest.connecting.mapping import connector_files
from ecomdata.ingest.connecting.proposal import Proposal
from ecomdata.ingest.connecting.propose import propose
from ecomdata.ingest.connecting.words import folded, likeness
from ecomdata.ingest.connector import macros


def table(name: str, text: str, delimiter: str = ",") -> Table:
    header, *rows = csv.reader(text.strip().splitlines(), delimiter=delimiter)
    columns = zip(header, zip(*rows, strict=True), strict=True)
    return Table(name, tuple(header), tuple(Column(each, values) for each, values in columns))


def mapped(proposal: Proposal, entity: str) -> dict[str, str]:
    return {column: choice.header for column, choice in proposal.choices[entity].items()}


LINES = table(
    "positionen.csv",
    """
Bestellnummer;Artikel-Nr.;Menge;Einzelpreis;Gesamtpreis
B1;A1;2;1,50;3,00
B1;A2;1;2,00;2,00
B2;A1;3;1,50;4,50
""",
    ";",
)
HEADS = table(
    "auftraege.csv",
    "Bestellnummer;Bestelldatum;Kundennummer\nB1;31.01.2024;K1\nB2;01.02.2024;K2",
    ";",
)
CUSTOMERS = table("kunden.csv", "Kundennummer;Name;E-Mail\nK1;Ann;a@b.de\nK2;Bo;b@b.de", ";")


def test_german_files_that_refer_to_each_other_are_mapped_with_reasons() -> None:
    found = propose([LINES, HEADS, CUSTOMERS])
    assert found.questions == []
    assert {role: each.name for role, each in found.tables.items()} == {
        "lines": "positionen.csv",
        "heads": "auftraege.csv",
        "customers": "kunden.csv",
    }
    assert mapped(found, "orders") == {
        "order_id": "Bestellnummer",
        "product_id": "Artikel-Nr.",
        "quantity": "Menge",
        "unit_price": "Einzelpreis",
        "total_price": "Gesamtpreis",
        "order_date": "Bestelldatum",
        "customer_id": "Kundennummer",
    }
    assert mapped(found, "customers") == {
        "customer_id": "Kundennummer",
        "name": "Name",
        "email": "E-Mail",
    }
    assert found.choices["orders"]["total_price"].reason == (
        "Menge x Einzelpreis = Gesamtpreis to the cent"
    )


def test_the_same_samples_give_the_same_connector_and_it_stands_on_the_reasons() -> None:
    first, second = (connector_files(propose([LINES, HEADS, CUSTOMERS])) for _ in range(2))
    assert first == second
    assert sorted(first) == ["connector.toml", "customers.sql", "orders.sql"]
    assert "# -> orders.total_price (0.99): Menge x Einzelpreis" in first["connector.toml"]


ONE = """
order,sku,qty,{columns}
1,P1,2,{values}
2,P2,1,{values}
"""


def one(columns: str, values: str) -> Table:
    return table("export.csv", ONE.format(columns=columns, values=values))


def test_a_second_column_that_could_be_the_date_is_asked_for() -> None:
    two = one("created at,order time,total", "2024-01-30,2024-01-31,5.00")
    [question] = propose([two]).questions
    assert question.column == "orders.order_date"
    assert question.option == (
        "--map orders.order_date=created at or --map orders.order_date=order time"
    )
    answered = propose([two], {"orders.order_date": "order time"})
    assert answered.questions == []
    assert answered.choices["orders"]["order_date"].header == "order time"


def test_headers_that_sql_reserves_or_that_break_lines_make_a_connector_all_the_same() -> None:
    text = 'order,"sku\n[x]",qty,date,total\n1,P1,2,2024-01-31,5.00\n2,P2,1,2024-01-31,5.00'
    header, *rows = csv.reader(io.StringIO(text))
    columns = tuple(Column(n, v) for n, v in zip(header, zip(*rows, strict=True), strict=True))
    answer = {"orders.product_id": "sku\n[x]"}
    found = propose([Table("export.csv", tuple(header), columns)], answer)
    files = connector_files(found)
    declared = tomllib.loads(files["connector.toml"])["files"]["lines"]
    assert declared["columns"]["c_order"] == ["order"]
    assert declared["columns"]["sku_x"] == ["sku_x"]
    assert "lines.c_order as order_id" in files["orders.sql"]


def test_days_that_could_be_months_are_asked_for() -> None:
    either = one("date,total", "03/04/2024,5.00")
    [question] = propose([either]).questions
    assert (question.column, question.option) == (
        "date_order",
        "--date-order dmy or --date-order mdy",
    )
    assert propose([either], date_order="mdy").questions == []


def test_a_bare_price_is_asked_for_and_both_answers_are_taken() -> None:
    bare = one("date,price", "2024-01-31,5.00")
    [question] = propose([bare]).questions
    assert question.column == "orders.total_price"
    assert "--map orders.unit_price=price" in question.text
    unit = propose([bare], {"orders.unit_price": "price"})
    assert unit.questions == []
    assert unit.choices["orders"]["total_price"].way == "computed"
    line = propose([bare], {"orders.total_price": "price"})
    assert line.questions == []
    assert line.choices["orders"]["total_price"].way == "column"


def test_a_discount_beside_a_computed_total_is_asked_for() -> None:
    less = one("date,unit price,discount", "2024-01-31,5.00,1.50")
    [question] = propose([less]).questions
    assert question.column == "orders.discount_amount"
    taken = propose([less], {"orders.discount_amount": "discount"})
    assert taken.questions == []
    assert "coalesce" in connector_files(taken)["orders.sql"]
    assert "discount_amount" in mapped(taken, "orders")
    assert "discount_amount" not in mapped(
        propose([less], {"orders.discount_amount": "none"}), "orders"
    )


def test_a_column_that_no_header_names_is_asked_for_with_those_that_could_be_it() -> None:
    odd = one("date,kx", "2024-01-31,5.00")
    [question] = propose([odd]).questions
    assert (question.column, question.candidates) == ("orders.total_price", ("kx",))


def test_files_without_order_lines_are_an_error_that_says_what_is_missing() -> None:
    with pytest.raises(InputError, match="no orders found: no file has an order's number"):
        propose([CUSTOMERS])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"orders.price": "total"}, "no column of the contract"),
        ({"orders.total_price": "sum"}, "no file has a column 'sum'"),
    ],
)
def test_an_answer_that_names_nothing_is_a_mistake(answer: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        propose([one("date,total", "2024-01-31,5.00")], answer)


def test_keys_of_another_file_speak_for_a_column_and_their_absence_against_it() -> None:
    fitting = propose([LINES, HEADS, CUSTOMERS]).choices["orders"]["customer_id"]
    foreign = table("kunden.csv", "Kundennummer;Name\nX1;Ann\nX2;Bo", ";")
    strange = propose([LINES, HEADS, foreign]).choices["orders"]["customer_id"]
    assert fitting.confidence > strange.confidence
    assert fitting.reason == "its header says so, and its values are the other file's keys"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bestell-Nr.", "bestell_nr"),
        ("BestellNummer", "bestell_nr"),
        ("Order No", "order_nr"),
        ("Währung", "waehrung"),
        ("Quantité", "quantite"),
    ],
)
def test_headers_are_folded_to_the_words_they_are(header: str, expected: str) -> None:
    assert folded(header) == expected


def test_a_mistyped_header_is_like_its_word_and_another_is_not() -> None:
    assert likeness("Quantitty", "orders", "quantity") == 0.6
    assert likeness("Lager", "orders", "quantity") == 0


def test_whole_files_of_one_header_need_no_name_of_their_own() -> None:
    renamed = replace(LINES, name="x.csv")
    assert mapped(propose([renamed, HEADS]), "orders")["order_date"] == "Bestelldatum"


def test_headers_that_are_alike_are_told_apart_by_their_place_and_asked_for() -> None:
    header = ("order", "sku", "qty", "Date", "date", "Preis €", "Preis $", "")
    rows = [
        ("1", "P1", "2", "2024-01-30", "2024-01-31", "1.50", "3.00", "a"),
        ("2", "P2", "1", "2024-01-30", "2024-01-31", "2.00", "2.00", "b"),
    ]
    columns = (Column(n, v) for n, v in zip(labels(header), zip(*rows, strict=True), strict=True))
    twice = Table("export.csv", header, tuple(columns))
    [question] = propose([twice]).questions
    assert question.candidates == ("Date", "date (column 5)")
    found = propose([twice], {"orders.order_date": "date (column 5)"})
    assert mapped(found, "orders")["unit_price"] == "Preis €"
    assert mapped(found, "orders")["total_price"] == "Preis $"
    declared = tomllib.loads(connector_files(found)["connector.toml"])["files"]["lines"]
    assert declared["columns"] == {
        "c_order": ["order"],
        "sku": ["sku"],
        "qty": ["qty"],
        "date_5": ["date#2"],
        "preis": ["preis"],
        "preis_7": ["preis#2"],
    }


@pytest.mark.parametrize(
    "header",
    [
        "注文番号,商品コード,商品名,数量,単価,金額,注文日,会員番号",
        "订单号,商品编号,商品名称,数量,单价,总金额,订单日期,客户编号",
        "Номер заказа,Артикул,Наименование,Кол-во,Цена,Сумма,Дата заказа,Код клиента",
        "Αριθμός παραγγελίας,Κωδικός προϊόντος,Περιγραφή,Ποσότητα,Τιμή,Σύνολο,Ημερομηνία,"
        "Κωδικός πελάτη",
        "رقم الطلب,رمز المنتج,اسم المنتج,الكمية,السعر,الإجمالي,تاريخ الطلب,رقم العميل",
    ],
)
def test_headers_of_other_scripts_are_words_too(header: str) -> None:
    rows = "A1,P1,Cup,2,1.50,3.00,2024-01-30,C1\nA1,P2,Pot,1,2.00,2.00,2024-01-30,C1"
    found = propose([table("export.csv", f"{header}\n{rows}")])
    names = header.split(",")
    assert found.questions == []
    assert mapped(found, "orders") == dict(
        zip(
            ("order_id", "product_id", "quantity", "unit_price", "total_price", "order_date"),
            (names[0], names[1], *names[3:7]),
            strict=True,
        )
    ) | {"customer_id": names[7]}
    declared = tomllib.loads(connector_files(found)["connector.toml"])["files"]["lines"]
    assert declared["columns"]["column_1"] == [names[0].lower().replace(" ", "_")]


def test_lines_below_zero_become_returns_with_units_only_where_those_are_below_zero() -> None:
    signed = table(
        "export.csv",
        "order,sku,qty,date,total\n1,P1,2,2024-01-30,5.00\n2,P1,-2,2024-01-31,-5.00\n"
        "3,P1,1,2024-01-31,-0.50",
    )
    found = propose([signed])
    assert found.questions == []
    assert found.returned is not None
    assert found.returned.reason == "it is below zero on 2 of the lines seen"
    files = connector_files(found)
    assert tomllib.loads(files["connector.toml"])["files"]["lines"]["records"] == [
        "orders",
        "returns",
    ]
    spool = duckdb.connect()
    spool.execute("create schema mapped; create table mapped.comma_files (name varchar)")
    spool.execute(macros())
    spool.execute(
        "create table lines as select unnest(['1', '2', '3', '4']) as c_order, 'P1' as sku,"
        " unnest(['2', '-2', '1', 'x']) as qty, '2024-01-31' as date,"
        " unnest(['5.00', '-5.00', '-0.50', '1.00']) as total, 'f' as _file, 1 as _line"
    )
    orders = spool.execute(f"select order_id, total_price from ({files['orders.sql']})")
    assert orders.fetchall() == [("1", "5.00"), ("4", "1.00")]
    returns = spool.execute(
        "select order_id, return_id, quantity, refund_amount, return_date"
        f" from ({files['returns.sql']})"
    )
    assert returns.fetchall() == [
        ("2", "2", "2", "5.00", "2024-01-31"),
        ("3", "3", None, "0.50", "2024-01-31"),
    ]


KINDS = table(
    "export.csv",
    "order,sku,qty,date,total,Art,Status\n1,P1,2,2024-01-30,5.00,Verkauf,ok\n"
    "2,P1,1,2024-01-31,2.50,Rückgabe,ok\n3,P1,1,2024-01-31,2.50,Verkauf,Storniert",
)


def test_a_column_of_kinds_is_asked_whether_it_tells_returns_and_both_answers_are_taken() -> None:
    [question] = propose([KINDS]).questions
    assert (question.column, question.candidates) == ("returns.kind", ("Art",))
    assert question.text.startswith("Art is Rückgabe on 1 lines: is each of them goods that came")
    sold = propose([KINDS], {"returns.kind": "none"})
    assert (sold.questions, sold.returned) == ([], None)
    back = propose([KINDS], {"returns.kind": "Art"})
    assert back.questions == []
    files = connector_files(back)
    assert (
        "where not (coalesce(lower(trim(lines.art)) in ('rückgabe'), false))"
        in (files["orders.sql"])
    )
    assert "replace(lines.qty, '-', '') as quantity" in files["returns.sql"]
    with pytest.raises(UsageError, match="none of its values is a word for a return: P1"):
        propose([KINDS], {"returns.kind": "sku"})


def test_a_state_that_means_cancelled_in_another_language_says_so_to_the_models() -> None:
    files = connector_files(propose([KINDS], {"returns.kind": "none"}))
    assert (
        "case when lower(trim(lines.status)) in ('storniert') then 'cancelled'"
        " else lines.status end as status" in files["orders.sql"]
    )
