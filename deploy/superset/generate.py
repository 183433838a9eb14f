"""Writes what Superset is given as YAML into assets/: `make docs`, or run it by hand.

Columns and their descriptions are those of the dbt models. What a metric divides or subtracts is
read from the semantic layer (`models/intermediate`), so that no formula stands here a second time:
only that a sum over a final table is the sum of its column. Ids are derived from names and stay.
"""

import json
import re
import shutil
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ecomdata.report import KPIS
from ecomdata.report.measures import project_macros

HERE = Path(__file__).parent
MODELS = HERE.parents[1] / "src/ecomdata/transform/project/models"
NAMESPACE = uuid.UUID("5f0c1a52-6e1e-5d0c-9a44-ec0d0a7a0001")
FORMATS = {"money": ",.2f", "number": ",.2f", "rate": ".1%", "count": ",.0f"}
MONEY = FORMATS["money"]
#: How numbers of a type are written in a table.
WRITTEN = {
    "BIGINT": ",d",
    "NUMERIC(18, 1)": ",.1f",
    "NUMERIC(18, 2)": MONEY,
    "NUMERIC(18, 6)": ".1%",
    "DOUBLE PRECISION": ".3f",
}
#: Where a column's name says too little.
LABELS = {
    "q_value": "Share by chance (q)",
    "low": "Low (90 %)",
    "high": "High (90 %)",
    "total_revenue": "Net sales",
    "total_orders": "Orders",
    "revenue_rank": "Rank",
    "net_sales_trend": "Last 28 days / 28 before",
}
MACROS = project_macros("postgres")
KNOWN = {kpi.name: kpi for kpi in KPIS}

Document = dict[str, Any]


def fixed_id(name: str) -> str:
    """Return the id that an asset of this name has for ever."""
    return str(uuid.uuid5(NAMESPACE, name))


@cache
def read(path: str) -> Document:
    """Return a YAML file of the dbt project."""
    found: Document = yaml.load((MODELS / path).read_text(encoding="utf-8"), yaml.CSafeLoader)
    return found


def label(name: str) -> str:
    """Return a column's name as people say it."""
    if name in LABELS:
        return LABELS[name]
    text = name.removeprefix("is_").replace("_", " ").replace("abc ", "ABC ").replace(" id", "")
    return text[0].upper() + text[1:]


# --- Metrics -------------------------------------------------------------------------------------


def semantic_metrics() -> dict[str, Document]:
    """Return the semantic layer's metrics by name."""
    [ledger] = read("intermediate/int_revenue_ledger.yml")["models"]
    metrics = [*ledger["metrics"], *read("intermediate/metrics.yml")["metrics"]]
    return {metric["name"]: metric for metric in metrics}


LAYER = semantic_metrics()


def expression(name: str, columns: dict[str, str]) -> str:
    """Return a metric's SQL over the rows of a final table, in which each entry counts once.

    Args:
        name: of the metric in the semantic layer.
        columns: the table's columns by the name of the metric that they hold for their row.
    """
    metric = LAYER[name]
    if metric["type"] == "ratio":
        above, below = (expression(metric[part], columns) for part in ("numerator", "denominator"))
        return str(MACROS.ratio(above, below, 6 if KNOWN[name].unit == "rate" else 2))
    if metric["type"] == "derived":
        parts = {part: expression(part, columns) for part in metric["input_metrics"]}
        return re.sub(r"\w+", lambda word: parts.get(word[0], word[0]), metric["expr"])
    if name in columns:
        return f"sum({columns[name]})"
    held = "*" if metric["expr"] == "entry_id" else metric["expr"]
    return f"{metric['agg']}({held})"  # of entries, and of what is known of each: here of rows


def kpis(names: str, columns: dict[str, str]) -> list[Document]:
    """Return KPIs as metrics of a table."""
    return [
        measure(name, expression(name, columns), KNOWN[name].unit, KNOWN[name].label,
                KNOWN[name].definition)
        for name in names.split()
    ]  # fmt: skip


def measure(name: str, sql: str, unit: str, title: str = "", text: str = "") -> Document:
    """Return a metric; `push` puts the shop's currency to what is money."""
    return {
        "metric_name": name,
        "verbose_name": title or label(name),
        "expression": " ".join(sql.split()),
        "d3format": FORMATS[unit],
        "description": text or None,
        "extra": {"unit": unit},
    }


def customer_measures() -> dict[str, str]:
    """Return the project's own counts of customers by name."""
    listed = " ".join(str(MACROS.customer_measures()).split())
    return {name: sql for sql, name in re.findall(r"(count\(.*?\)) as (\w+)", listed)}


def same(names: str) -> dict[str, str]:
    """Return columns that are called as the metric that they hold."""
    return {name: name for name in names.split()}


SALES = "net_sales gross_sales discounts returns cancellations orders new_orders returning_orders"
UNITS = "units units_sold units_returned"
# Rows are products and customers there: what is distinct in the ledger is no row's own.
OF_SALES = "average_order_value units_per_order"
OF_UNITS = "units average_selling_price return_rate gross_margin margin_rate"
ORDERED = "nullif(count(case when orders > 0 then 1 end), 0)"

METRICS = {
    "final_sales_report": kpis(f"{SALES} {OF_SALES} {OF_UNITS}", same(f"{SALES} {UNITS}")),
    "final_product_performance": [
        *kpis(
            f"net_sales gross_sales discounts returns cancellations {OF_UNITS}",
            same(f"gross_sales discounts returns cancellations {UNITS}")
            | {"net_sales": "total_revenue"},
        ),
        measure("products", "count(*)", "count"),
    ],
    "final_customer_behavior": [
        measure("customers", ORDERED, "count", text=KNOWN["customers"].definition),
        measure(
            "repeat_purchase_rate",
            MACROS.ratio(customer_measures()["repeat_customers"], ORDERED, 6),
            "rate",
            text=KNOWN["repeat_purchase_rate"].definition,
        ),
        *kpis("net_sales units", same("net_sales units")),
        measure(
            "net_sales_per_customer",
            MACROS.ratio("sum(case when orders > 0 then net_sales end)", ORDERED, 2),
            "money",
            text="Net sales of customers, guests aside, divided by customers.",
        ),
        measure(
            "churned_customers",
            "count(case when is_churned then 1 end)",
            "count",
            "Churned customers",
            "Customers with two orders or more, silent for longer than the shop's threshold.",
        ),
    ],
    "final_customer_segments": [
        measure("customers", "sum(customers)", "count", "Customers now"),
        measure("customers_before", "sum(customers_before)", "count", "Customers 90 days before"),
        *kpis("net_sales", same("net_sales")),
    ],
    "final_cohort_retention": [
        measure("first_time_customers", "sum(cohort_size)", "count", "First-time customers"),
        measure(
            "retention_rate",
            MACROS.ratio("sum(active_customers)", "sum(cohort_size)", 6),
            "rate",
            "Customers still buying",
            "Customers of a month of first orders with an order in a later month, divided by all.",
        ),
    ],
    "final_sales_bridge": [measure("change", "sum(amount)", "money", "Change of net sales")],
    "final_product_affinity": [],
    "final_insights": [],
}
TIME = {
    "final_sales_report": "sales_date",
    "final_sales_bridge": "sales_month",
    "final_cohort_retention": "cohort_month",
    "final_customer_behavior": "first_order_date",
}


# --- Datasets ------------------------------------------------------------------------------------


def described(column: Document) -> str:
    """Return a column's description with the docs block that it stands for."""
    blocks = dict(
        re.findall(r"{% docs (\w+) %}\n(.*)\n{% enddocs %}", (MODELS / "figures.md").read_text())
    )
    return re.sub(r"{{ doc\('(\w+)'\) }}", lambda name: blocks[name[1]], column["description"])


@cache
def dataset(table: str) -> Document:
    """Return a final table as Superset knows it."""
    declared = read(f"final/{table}.yml")
    [model] = declared["models"] if "models" in declared else declared["sources"][0]["tables"]
    columns = [
        {
            "column_name": column["name"],
            "verbose_name": label(column["name"]),
            "type": column["data_type"].upper(),
            "is_dttm": column["data_type"] == "date",
            "groupby": True,
            "filterable": True,
            "description": described(column),
        }
        for column in model["columns"]
    ]
    return {
        "table_name": table,
        "schema": "final",
        "description": " ".join(model["description"].split()),
        "main_dttm_col": TIME.get(table),
        "columns": columns,
        "metrics": METRICS[table],
        "uuid": fixed_id(f"dataset {table}"),
        "database_uuid": DATABASE["uuid"],
        "version": "1.0.0",
    }


DATABASE: Document = {
    "database_name": "EcomData warehouse (read only)",
    # The address is the warehouse's own: `ecomdata dashboards push` writes it.
    "sqlalchemy_uri": "postgresql+psycopg2://ecomdata_reader@warehouse/ecomdata",
    "expose_in_sqllab": True,
    "allow_run_async": False,
    "allow_ctas": False,
    "allow_cvas": False,
    "allow_dml": False,
    "allow_csv_upload": False,
    "extra": {"allows_virtual_table_explore": True, "metadata_params": {}, "engine_params": {}},
    "uuid": fixed_id("database"),
    "version": "1.0.0",
}


# --- Charts --------------------------------------------------------------------------------------


def only(column: str, operator: str, value: Any = None) -> Document:
    """Return a filter of a chart."""
    found = {"expressionType": "SIMPLE", "clause": "WHERE", "subject": column, "operator": operator}
    if value is not None:
        found["comparator"] = value
    return found | {"filterOptionName": f"{column} {operator}"}


def chart(
    name: str, kind: str, table: str, form: Document, query: Document, text: str = ""
) -> Document:
    """Return a chart with what its page asks for (`form`) and what its data endpoint does.

    `query` says what of that differs from no column, no metric, all rows.
    """
    form = {"viz_type": kind, "time_range": "No filter", "adhoc_filters": []} | form
    filters = [
        {"col": each["subject"], "op": each["operator"]}
        | ({"val": each["comparator"]} if "comparator" in each else {})
        for each in form["adhoc_filters"]
    ]
    asked = {"columns": [], "metrics": [], "orderby": [], "row_limit": 10_000} | query
    context = {
        "datasource": {"id": 0, "type": "table"},  # by the import
        "force": False,
        "queries": [asked | {"filters": filters, "extras": {"having": "", "where": ""}}],
        "form_data": form,
        "result_format": "json",
        "result_type": "full",
    }
    return {
        "slice_name": name,
        "description": text or None,
        "viz_type": kind,
        "params": form,
        "query_context": json.dumps(context, sort_keys=True),
        "uuid": fixed_id(f"chart {table} {name}"),
        "dataset_uuid": fixed_id(f"dataset {table}"),
        "version": "1.0.0",
    }


def tile(name: str, table: str, metric: str, note: str = "in the days chosen") -> Document:
    """Return one figure; the page of data checks those that are KPIs."""
    [found] = [each for each in METRICS[table] if each["metric_name"] == metric]
    form = {
        "metric": metric,
        "y_axis_format": found["d3format"],
        "header_font_size": 0.3,
        "subtitle": note,
        "subtitle_font_size": 0.15,
    }
    return chart(name, "big_number_total", table, form, {"metrics": [metric]}, found["description"])


def over_time(
    name: str, kind: str, table: str, metrics: list[str], by: str = "", text: str = "", **form: Any
) -> Document:
    """Return metrics by month."""
    day = TIME[table]
    axis = {
        "timeGrain": "P1M",
        "columnType": "BASE_AXIS",
        "sqlExpression": day,
        "label": day,
        "expressionType": "SQL",
    }
    groups: list[Any] = [_in_words(by)] if by else []
    form = {
        "x_axis": day,
        "time_grain_sqla": "P1M",
        "metrics": metrics,
        "groupby": groups,
        "y_axis_format": form.pop("digits", "~s"),
        "x_axis_time_format": "%b %Y",
        "tooltipTimeFormat": "%b %Y",
        "rich_tooltip": True,
        "show_legend": len(metrics) > 1 or bool(by),
        "legendOrientation": "top",
        "legendType": "scroll",
        "row_limit": 10_000,
        "truncate_metric": True,
    } | form
    return chart(name, kind, table, form, {"columns": [axis, *groups], "metrics": metrics}, text)


def _in_words(column: str) -> Document:
    """Return a column of names as people say them."""
    return {
        "expressionType": "SQL",
        "sqlExpression": f"replace({column}, '_', ' ')",
        "label": label(column),
    }


def ranked(
    name: str, table: str, column: str, metrics: list[str], most: int, text: str = "", **form: Any
) -> Document:
    """Return a bar for each value of a column, the largest first."""
    form = {
        "x_axis": column,
        "xAxisForceCategorical": True,
        "metrics": metrics,
        "groupby": [],
        "orientation": "horizontal",
        "x_axis_sort": metrics[0],
        "x_axis_sort_asc": True,
        "timeseries_limit_metric": metrics[0],
        "order_desc": True,
        "row_limit": most,
        "y_axis_format": "~s",
        "show_value": False,
        "show_legend": len(metrics) > 1,
        "legendOrientation": "top",
        "truncate_metric": True,
        "xAxisLabelInterval": 0,
    } | form
    query = {
        "columns": [column],
        "metrics": metrics,
        "orderby": [[metrics[0], False]],
        "row_limit": most,
    }
    return chart(name, "echarts_timeseries_bar", table, form, query, text)


def rows(
    name: str, table: str, columns: str, order: str, most: int, text: str = "", **form: Any
) -> Document:
    """Return a table of rows as they are; `order` names a column, with - the largest first."""
    listed = columns.split()
    form = {
        "query_mode": "raw",
        "all_columns": listed,
        "order_by_cols": [json.dumps([order.lstrip("-"), not order.startswith("-")])],
        "row_limit": most,
        "page_length": 10 if most > 10 else 0,
        "include_search": most > 20,
        "table_timestamp_format": "%Y-%m-%d",
        "show_cell_bars": False,
        "column_config": {
            each: {"d3NumberFormat": digits} | ({"currencyFormat": None} if digits == MONEY else {})
            for each, digits in _digits(table, listed).items()
        },
    } | form
    query = {
        "columns": listed,
        "orderby": [[order.lstrip("-"), not order.startswith("-")]],
        "row_limit": most,
    }
    return chart(name, "table", table, form, query, text)


def _digits(table: str, columns: list[str]) -> dict[str, str]:
    """Return how the columns of numbers are written."""
    types = {each["column_name"]: each["type"] for each in dataset(table)["columns"]}
    found = {name: WRITTEN[types[name]] for name in columns if types[name] in WRITTEN}
    return found | ({"lift": ".2f"} if "lift" in found else {})


def totals(
    name: str, table: str, column: str, metrics: list[str], text: str = "", **form: Any
) -> Document:
    """Return a table of metrics by a column, the largest first."""
    form = {
        "query_mode": "aggregate",
        "groupby": [column],
        "metrics": metrics,
        "timeseries_limit_metric": metrics[0],
        "order_desc": True,
        "row_limit": 1000,
        "page_length": 10,
        "show_cell_bars": False,
    } | form
    query = {"columns": [column], "metrics": metrics, "orderby": [[metrics[0], False]]}
    return chart(name, "table", table, form, query, text)


def heat_map(
    name: str, table: str, x: str, y: str, metric: str, text: str, **form: Any
) -> Document:
    """Return a metric by two columns."""
    form = {
        "x_axis": x,
        "xAxisForceCategorical": True,
        "time_grain_sqla": "P1M",
        "groupby": y,
        "metric": metric,
        "sort_x_axis": "alpha_asc",
        "sort_y_axis": "alpha_desc",
        "normalize_across": "heatmap",
        "linear_color_scheme": "superset_seq_1",
        "legend_type": "continuous",
        "show_legend": True,
        "show_values": True,
        "show_percentage": False,
        "value_bounds": [None, None],
        "y_axis_format": ".0%",
        "x_axis_time_format": "%b %Y",
        "time_format": "%b %Y",
        "row_limit": 10_000,
        "xscale_interval": -1,
        "yscale_interval": -1,
        "left_margin": "auto",
        "bottom_margin": "auto",
    } | form
    return chart(name, "heatmap_v2", table, form, {"columns": [x, y], "metrics": [metric]}, text)


#: For a check of the dashboards: where no row is no fault. Always, or without what this KPI needs.
EMPTY = "ecomdata_may_be_empty"
LINE, BAR = "echarts_timeseries_line", "echarts_timeseries_bar"
DAYS, PRODUCTS, CUSTOMERS = (
    "final_sales_report", "final_product_performance", "final_customer_behavior",
)  # fmt: skip


# --- Dashboards ----------------------------------------------------------------------------------

#: Superset's grid shrinks its twelve columns on a telephone until nothing can be read: there it
#: keeps a width and is moved sideways.
NARROW = "@media (max-width: 700px) { .grid-container { min-width: 960px; } }"

Row = list[tuple[Document, int, int]]


def choice(name: str, table: str, column: str) -> Document:
    """Return a filter of a dashboard by the values of a column."""
    return {
        "id": f"NATIVE_FILTER-{column}",
        "name": name,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "targets": [{"datasetUuid": fixed_id(f"dataset {table}"), "column": {"name": column}}],
        "controlValues": {
            "multiSelect": True,
            "enableEmptyFilter": False,
            "inverseSelection": False,
            "searchAllOptions": False,
            "defaultToFirstItem": False,
        },
    }


def days() -> Document:
    """Return a filter of a dashboard by days."""
    return {
        "id": "NATIVE_FILTER-days",
        "name": "Days",
        "type": "NATIVE_FILTER",
        "filterType": "filter_time",
        "targets": [{}],
        "controlValues": {"enableEmptyFilter": False},
    }


def dashboard(title: str, text: str, filters: list[Document], layout: list[Row]) -> Document:
    """Return a dashboard: rows of charts with their widths, of 12, and heights."""
    position: Document = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": title}},
    }
    placed: list[Document] = []
    for number, row in enumerate(layout, 1):
        row_id = f"ROW-{number}"
        position["GRID_ID"]["children"].append(row_id)
        position[row_id] = {
            "id": row_id,
            "type": "ROW",
            "children": [],
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for place, (each, width, height) in enumerate(row, 1):
            placed.append(each)
            chart_id = f"CHART-{number}-{place}"
            position[row_id]["children"].append(chart_id)
            position[chart_id] = {
                "id": chart_id,
                "type": "CHART",
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", row_id],
                "meta": {
                    "width": width,
                    "height": height,
                    "chartId": len(placed),
                    "uuid": each["uuid"],
                    "sliceName": each["slice_name"],
                },
            }
    scoped = [
        each
        | {
            "defaultDataMask": {"extraFormData": {}, "filterState": {}},
            "cascadeParentIds": [],
            "scope": {"rootPath": ["ROOT_ID"], "excluded": _untouched(each, placed)},
        }
        for each in filters
    ]
    return {
        "dashboard_title": title,
        "description": text,
        "css": NARROW,
        "slug": f"ecomdata-{title.lower()}",
        "uuid": fixed_id(f"dashboard {title}"),
        "position": position,
        "metadata": {
            "color_scheme": "supersetColors",
            "cross_filters_enabled": False,
            "native_filter_configuration": scoped,
            "filter_bar_orientation": "HORIZONTAL",
            "refresh_frequency": 0,
        },
        "published": True,
        "version": "1.0.0",
    }


def _untouched(chosen: Document, placed: list[Document]) -> list[int]:
    """Return the charts whose table has not the column that a filter is about."""
    [target] = chosen["targets"]
    tables = {fixed_id(f"dataset {table}"): table for table in METRICS}
    found = []
    for number, each in enumerate(placed, 1):
        table = tables[each["dataset_uuid"]]
        names = [column["column_name"] for column in dataset(table)["columns"]]
        if target["column"]["name"] not in names if target else table != DAYS:
            found.append(number)
    return found


SALES_PAGE: list[Row] = [
    [
        (tile("Net sales", DAYS, "net_sales"), 2, 20),
        (tile("Orders", DAYS, "orders"), 2, 20),
        (tile("Average order value", DAYS, "average_order_value"), 2, 20),
        (tile("Units", DAYS, "units"), 2, 20),
        (tile("Returns", DAYS, "returns"), 2, 20),
        (tile("Gross margin", DAYS, "gross_margin"), 2, 20),
    ],
    [
        (over_time("Net sales by month", BAR, DAYS, ["net_sales"]), 8, 46),
        (ranked("Net sales by country, the first ten", DAYS, "country", ["net_sales"], 10), 4, 46),
    ],
    [
        (
            over_time(
                "New and returning orders by month", BAR, DAYS,
                ["new_orders", "returning_orders"], stack="Stack",
            ), 6, 42,
        ),
        (
            over_time(
                "Average order value by month", LINE, DAYS, ["average_order_value"],
                digits=",.2f", markerEnabled=True,
            ), 6, 42,
        ),
    ],
    [
        (
            over_time(
                "Why net sales changed from month to month", BAR, "final_sales_bridge", ["change"],
                "component", "Price, volume, mix and the rest add up to the change to the cent. "
                "All countries; whole months.", stack="Stack",
                adhoc_filters=[
                    only("compared_with", "==", "month_before"), only("is_complete", "IS TRUE"),
                ],
            ), 12, 50,
        ),
    ],
    [
        (
            totals(
                "Countries", DAYS, "country",
                ["net_sales", "orders", "average_order_value", "units", "new_orders",
                 "returning_orders", "return_rate", "gross_margin"],
            ), 12, 64,
        ),
    ],
    [
        (
            rows(
                "Insights: what changed, and what to look at next", "final_insights",
                "rank statement effect low high q_value next_look", "rank", 50,
                "Of the last whole period that was asked about, all countries; effects with "
                "their 90 % intervals, in the shop's currency. No row: nothing stands out.",
                **{EMPTY: "always"},
            ), 12, 60,
        ),
    ],
]  # fmt: skip

PRODUCTS_PAGE: list[Row] = [
    [
        (tile("Net sales, all products", PRODUCTS, "net_sales", "all days"), 3, 20),
        (tile("Units net", PRODUCTS, "units", "sold, less returned"), 2, 20),
        (tile("Products", PRODUCTS, "products", "sold or not"), 2, 20),
        (tile("Return rate", PRODUCTS, "return_rate", "of units sold"), 2, 20),
        (tile("Margin rate", PRODUCTS, "margin_rate", "of net sales"), 3, 20),
    ],
    [
        (
            ranked("Net sales by product, the first ten", PRODUCTS, "product_name", ["net_sales"],
                   10), 7, 50,
        ),
        (ranked("Net sales by category", PRODUCTS, "category", ["net_sales"], 20), 5, 50),
    ],
    [
        (
            totals(
                "ABC classes", PRODUCTS, "abc_class",
                ["net_sales", "products", "units", "return_rate", "margin_rate"],
                "A: the products that make the first 80 % of net sales; B: to 95 %; C: the rest.",
                page_length=0,
            ), 6, 40,
        ),
        (
            rows(
                "No longer sold", PRODUCTS,
                "product_name category days_since_last_sale total_revenue", "-total_revenue", 100,
                "Products without a sale for long. No row: there is none.",
                adhoc_filters=[only("is_dead_stock", "IS TRUE")], page_length=0,
                include_search=False, **{EMPTY: "always"},
            ), 6, 40,
        ),
    ],
    [
        (
            rows(
                "Products, most net sales first", PRODUCTS,
                "revenue_rank product_name category abc_class total_revenue total_orders units "
                "average_selling_price return_rate margin_rate net_sales_trend "
                "days_since_last_sale",
                "revenue_rank", 1000,
            ), 12, 80,
        ),
    ],
    [
        (
            rows(
                "Bought together", "final_product_affinity",
                "first_product_name second_product_name orders_with_both "
                "confidence_first_to_second confidence_second_to_first lift",
                "-lift", 100,
                "Pairs that at least five orders have; lift above 1: more often than by chance. "
                "No row: no pair has five.", **{EMPTY: "always"},
            ), 12, 64,
        ),
    ],
]  # fmt: skip

OF_CUSTOMERS = {EMPTY: "customers"}
CUSTOMERS_PAGE: list[Row] = [
    [
        (tile("Customers", CUSTOMERS, "customers", "with an order"), 3, 20),
        (
            tile("Repeat purchase rate", CUSTOMERS, "repeat_purchase_rate",
                 "with two orders or more"), 3, 20,
        ),
        (
            tile("Net sales per customer", CUSTOMERS, "net_sales_per_customer",
                 "guests aside, all days"), 3, 20,
        ),
        (
            tile("Churned customers", CUSTOMERS, "churned_customers",
                 "came back once, now silent"), 3, 20,
        ),
    ],
    [
        (
            ranked(
                "Segments, now and 90 days before", "final_customer_segments", "segment",
                ["customers", "customers_before"], 20, **OF_CUSTOMERS,
            ), 6, 56,
        ),
        (
            ranked(
                "Net sales by segment", "final_customer_segments", "segment", ["net_sales"], 20,
                **OF_CUSTOMERS,
            ), 6, 56,
        ),
    ],
    [
        (
            heat_map(
                "Customers of a month of first orders who buy again, by months since",
                "final_cohort_retention", "months_since_first_order", "cohort_month",
                "retention_rate",
                "Whole months only. Month 0 is that of the first order, which all have.",
                adhoc_filters=[
                    only("is_complete", "IS TRUE"), only("months_since_first_order", ">", 0),
                    only("months_since_first_order", "<=", 12),
                ], **OF_CUSTOMERS,
            ), 12, 80,
        ),
    ],
    [
        (
            over_time(
                "First-time customers by month", BAR, "final_cohort_retention",
                ["first_time_customers"],
                adhoc_filters=[only("months_since_first_order", "==", 0)], **OF_CUSTOMERS,
            ), 7, 44,
        ),
        (
            ranked("Customers by country, the first ten", CUSTOMERS, "country", ["customers"], 10,
                   adhoc_filters=[only("orders", ">", 0)]), 5, 44,
        ),
    ],
    [
        (
            rows(
                "Customers, most net sales first", CUSTOMERS,
                "customer_id country segment orders net_sales average_order_value "
                "first_order_date last_order_date days_since_last_order is_churned",
                "-net_sales", 1000, "Ids only: no name and no e-mail address is in final.",
                adhoc_filters=[only("orders", ">", 0)], **OF_CUSTOMERS,
            ), 12, 70,
        ),
    ],
]  # fmt: skip

PAGES = (
    (
        "Sales",
        "Net sales and what moves them. Returns count on the day that they were processed.",
        [days(), choice("Country", DAYS, "country")],
        SALES_PAGE,
    ),
    (
        "Products",
        "Every product, sold or not, over all days.",
        [choice("Category", PRODUCTS, "category"), choice("ABC class", PRODUCTS, "abc_class")],
        PRODUCTS_PAGE,
    ),
    (
        "Customers",
        "Who buys, who comes back, who no longer does; over all days.",
        [choice("Country", CUSTOMERS, "country"), choice("Segment", CUSTOMERS, "segment")],
        CUSTOMERS_PAGE,
    ),
)


def assets() -> dict[str, Document]:
    """Return every file of assets/ by its path."""
    found = {"databases/warehouse.yaml": DATABASE}
    found |= {f"datasets/warehouse/{table}.yaml": dataset(table) for table in METRICS}
    for title, text, filters, layout in PAGES:
        for row in layout:
            for each, _, _ in row:
                name = re.sub(r"\W+", "_", each["slice_name"].lower())
                found[f"charts/{title.lower()}_{name}.yaml"] = each
        found[f"dashboards/{title.lower()}.yaml"] = dashboard(title, text, filters, layout)
    return found


def written(document: Document) -> str:
    """Return a document as its file has it."""
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text


if __name__ == "__main__":
    shutil.rmtree(HERE / "assets", ignore_errors=True)
    for path, document in assets().items():
        file = HERE / "assets" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(written(document), encoding="utf-8")
