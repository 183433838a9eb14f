"""An unknown layout is connected, loaded, and adds up to what its files do."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from servers import NewPipeline
from shops import load, shop

from ecomdata.errors import DataError, InputError
from ecomdata.ingest.connecting.connect import connect
from ecomdata.pipeline import Pipeline

pytest_plugins = ["engine_fixtures"]

RETAIL = Path(__file__).parents[3] / "shared" / "data" / "uci_online_retail"

GERMAN = {
    "auftraege": """
        Bestellnummer;Bestelldatum;Kundennummer;Status
        B1;31.01.2024;K1;versendet
        B2;01.02.2024;K2;versendet
        """,
    "positionen": """
        Bestellnummer;Pos;Artikelnummer;Menge;Einzelpreis;Gesamtpreis
        B1;1;A1;2;1.000,50;2.001,00
        B1;2;A2;1;2,00;2,00
        B2;1;A1;3;1.000,50;3.001,50
        """,
    "kunden": """
        Kundennummer;Name;E-Mail;Land
        K1;Müller;m@example.org;DE
        K2;Maier;n@example.org;AT
        """,
    "artikel": """
        Artikelnummer;Bezeichnung;Warengruppe;Listenpreis
        A1;Herd;Küche;1.000,50
        A2;Löffel;Küche;2,00
        """,
}
#: 2,001.00 + 2.00 + 3,001.50
GERMAN_TOTAL = Decimal("5004.50")


@pytest.fixture
def pipeline(new_pipeline: NewPipeline, tmp_path: Path) -> Pipeline:
    return new_pipeline("duckdb", tmp_path / "project")


def raw_total(pipeline: Pipeline) -> Decimal:
    return sum(
        (Decimal(text) for (text,) in pipeline.query("select total_price from raw.orders").rows),
        Decimal(0),
    )


def test_a_german_shop_over_four_files_comes_out_to_the_cent(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = shop(tmp_path / "laden", **GERMAN)
    written = connect(folder, {}).written
    assert written == folder / "connector"
    result = load(pipeline, folder)
    assert result.rows == {"customers": 2, "products": 2, "orders": 3}
    assert {file.connector.name for file in result.files} == {"laden/connector"}
    pipeline.build(["+stg_orders"], False)
    found = pipeline.query(
        "select order_id, customer_id, total_price, cast(ordered_at as date)::text"
        " from staging.stg_orders order by order_id, line_number"
    ).rows
    assert found == (
        ("B1", "K1", Decimal("2001.00"), "2024-01-31"),
        ("B1", "K1", Decimal("2.00"), "2024-01-31"),
        ("B2", "K2", Decimal("3001.50"), "2024-02-01"),
    )
    assert sum(row[2] for row in found) == GERMAN_TOTAL


def test_an_english_file_of_lines_brings_its_customers_and_products_along(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = shop(
        tmp_path / "shop",
        sales="""
        Invoice No,Purchase Date,Client ID,Client Name,Country,SKU,Item Name,Qty,Price,Line Total
        I1,01/31/2024,7,Ann,France,S1,Cup,2,4.50,9.00
        I1,01/31/2024,7,Ann,France,S2,Pan,1,20.25,20.25
        I2,02/01/2024,8,Bo,Spain,S1,Cup,4,4.50,18.00
        """,
    )
    connect(folder, {})
    result = load(pipeline, folder)
    assert result.rows == {"customers": 2, "products": 2, "orders": 3}
    assert result.files[0].conventions.date_order == "mdy"
    assert raw_total(pipeline) == Decimal("47.25")  # 9.00 + 20.25 + 18.00


def test_days_that_could_be_months_are_asked_for_once_and_the_answer_is_kept(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = shop(
        tmp_path / "shop",
        export="""
        Order ref,Order Date,Ship Date,Product,Units,Amount
        R1,03/04/2024,05/04/2024,P1,2,10.10
        R2,04/04/2024,06/04/2024,P2,1,0.90
        """,
    )
    asked = connect(folder, {})
    assert [question.column for question in asked.proposal.questions] == ["date_order"]
    assert not (folder / "connector").exists()
    connect(folder, {}, date_order="dmy")
    result = load(pipeline, folder)
    assert result.files[0].conventions.date_order == "dmy"
    assert pipeline.query("select min(order_date) from raw.orders").scalar == "03/04/2024"
    assert raw_total(pipeline) == Decimal("11.00")


def test_a_total_that_no_file_has_is_computed_from_the_price_list(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = shop(
        tmp_path / "shop",
        verkauf="""
        Bestell-Nr;Artikel-Nr;Anzahl;Datum
        1;X1;3;31.01.2024
        1;X2;1;31.01.2024
        2;X1;2;01.02.2024
        """,
        preisliste="""
        Artikel-Nr;Name;Preis
        X1;Ding;19,99
        X2;Dong;1.100,00
        """,
    )
    connect(folder, {})
    load(pipeline, folder)
    assert raw_total(pipeline) == Decimal("1199.95")  # 5 x 19.99 + 1,100.00


def test_lines_that_came_back_become_returns_on_their_own_day(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = shop(
        tmp_path / "laden",
        journal="""
        Beleg-Nr;Datum;Vorgang;Kunde;Artikel;Menge;Betrag
        1;15.01.2024;Verkauf;A;S1;2;1.010,00
        2;16.01.2024;Verkauf;B;S2;1;5,00
        3;17.01.2024;Gutschrift;A;S1;1;505,00
        """,
    )
    [question] = connect(folder, {}).proposal.questions
    assert question.column == "returns.kind"
    connect(folder, {"returns.kind": "Vorgang"})
    result = load(pipeline, folder)
    assert result.rows == {"orders": 2, "returns": 1}
    assert result.files[0].rows_loaded == 3
    assert [row[0] for row in pipeline.query("select total_price from raw.orders").rows] == [
        "1.010,00",
        "5,00",
    ]
    [returned] = pipeline.query(
        "select order_id, customer_id, quantity, refund_amount, return_date from raw.returns"
    ).rows
    assert returned == ("3", "A", "1", "505,00", "17.01.2024")


@pytest.mark.shared_data
@pytest.mark.skipif(not RETAIL.is_dir(), reason=f"the public data set is not at {RETAIL}")
def test_headers_that_say_nothing_are_made_up_for_by_the_values(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    net = Decimal(0)
    for path in sorted(RETAIL.glob("2010-12-0*.csv")):
        header, *lines = path.read_text(encoding="utf-8-sig").splitlines()
        for record in csv.DictReader([header, *lines]):
            net += round(int(record["Quantity"]) * Decimal(record["UnitPrice"]), 2)
        nonsense = "Ж,ק,x1,x 1,X-1,,blub,"
        (folder / path.name).write_text("\n".join([nonsense, *lines, ""]), encoding="utf-8")
    found = connect(folder, {}).proposal
    assert {name: choice.header for name, choice in found.choices["orders"].items()} == {
        "order_id": "Ж",
        "product_id": "ק",
        "quantity": "x 1",
        "order_date": "X-1",
        "unit_price": "column 6",
        "total_price": "column 6",
        "customer_id": "blub",
    }
    load(pipeline, folder)
    refunds = pipeline.query("select refund_amount from raw.returns").rows
    assert raw_total(pipeline) - sum(Decimal(text) for (text,) in refunds) == net


@pytest.mark.parametrize(
    "sql",
    [
        "select content as order_id, _file, _line from read_text('{secret}'), lines",
        "select column0 as order_id, _file, _line from read_csv('{secret}', header = false), lines",
        "select 'x' as order_id, _file, _line from lines, '{secret}'",
        "select 'x' as order_id, f.file as _file, 1 as _line from glob('{folder}/*') f",
        "copy (select 1) to '{folder}/stolen.csv'",
        "select 1) as t; copy (select 1) to '{folder}/stolen.csv'; select * from (select 1",
        "attach '{folder}/other.duckdb'",
        "set enable_external_access = true",
        "install httpfs",
    ],
)
def test_a_strangers_connector_reaches_no_other_file(
    sql: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = shop(tmp_path / "shop", **GERMAN)
    secret = tmp_path / "secret.csv"
    secret.write_text("password")
    connect(folder, {})
    statement = sql.format(secret=secret, folder=tmp_path)
    # The comment makes it the SQL of the lines.
    (folder / "connector" / "orders.sql").write_text(f"{statement}\n/*\nfrom lines\n*/\n")
    with pytest.raises(DataError) as refused:
        load(pipeline, folder)
    assert "password" not in str(refused.value)
    assert not (tmp_path / "stolen.csv").exists()
    assert not (tmp_path / "other.duckdb").exists()
    assert pipeline.query("select count(*) from raw.orders").scalar == 0


def test_a_connector_that_is_none_is_named_with_what_to_do(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = shop(tmp_path / "shop", **GERMAN)
    connect(folder, {})
    (folder / "connector" / "connector.toml").write_text("title = ")
    with pytest.raises(InputError, match=r"connector\.toml: is no connector .*--force"):
        load(pipeline, folder)
