"""The commands. Heavy modules are imported by the command that needs them: start-up counts."""

import dataclasses
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ecomdata.cli import show
from ecomdata.cli.dashboards import dashboards_app
from ecomdata.cli.generating import generate
from ecomdata.cli.insights import insights, insights_document, show_insights
from ecomdata.cli.metrics import metrics
from ecomdata.cli.operating import backup, forget, restore, retain, watch
from ecomdata.cli.options import Options, accept_before_command, command
from ecomdata.cli.period import From, To, day
from ecomdata.cli.scheduling import flow_app, schedule
from ecomdata.cli.scoring import score_app
from ecomdata.cli.server import warehouse_app
from ecomdata.cli.serving import serve
from ecomdata.cli.text import shown
from ecomdata.errors import UsageError

if TYPE_CHECKING:
    from ecomdata.ingest import LoadPlan
    from ecomdata.ingest.reading.dialect import Given
    from ecomdata.settings import Settings

app = typer.Typer(
    help="A shop's CSV exports in; a clean warehouse, KPIs that agree to the cent, one report out.",
    epilog="Exit codes: 0 done, 1 data failed a check, 2 usage, 3 warehouse unreachable, "
    "130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help starts in half the time of Rich's
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(dashboards_app, name="dashboards")
app.add_typer(flow_app, name="flow")
app.add_typer(score_app, name="score")
app.add_typer(warehouse_app, name="warehouse")

Select = Annotated[
    list[str] | None, typer.Option(metavar="MODEL", help="dbt's node selection; may be repeated.")
]
FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="Rebuild what is incremental.")]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Where it goes (default: the project folder).")
]
Source = Annotated[
    str | None, typer.Option(metavar="NAME", help="Platform; default: recognised by the headers.")
]
MaxRejected = Annotated[
    float | None,
    typer.Option(metavar="RATE", help="Share of records that may be refused (default 0.05)."),
]
Replace = Annotated[
    bool,
    typer.Option("--replace", help="Files stand in for the earlier ones of their names, whole."),
]
Order = Annotated[
    Literal["dmy", "mdy"] | None, typer.Option(help="For files whose days could be months.")
]

Encoding = Annotated[
    str | None, typer.Option(metavar="NAME", help="Encoding of the text, as utf-8 or cp1252.")
]
Delimiter = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="Between fields; tab is said so.")
]
Quote = Annotated[str | None, typer.Option(metavar="CHARACTER", help="Around fields.")]
Escape = Annotated[
    str | None,
    typer.Option(
        metavar="CHARACTER", help="Before a quote within a quoted field; none: nothing is."
    ),
]


accept_before_command(app)


@command(app)
def run(
    options: Options,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Exports; none: a demo shop is made.")
    ] = None,
    source: Source = None,
    max_rejected: MaxRejected = None,
    date_order: Order = None,
    replace: Replace = False,
    full_refresh: FullRefresh = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the report goes (default: the project folder)."),
    ] = None,
    no_insights: Annotated[
        bool, typer.Option("--no-insights", help="Do not look for what changed and why.")
    ] = False,
) -> None:
    """Load DIR, build and test the models, find insights, print the KPIs, write the report.

    Ends with 1 where something serious is wrong with a load that is new (docs/alarms.md).

    Example: ecomdata run exports/ --warehouse postgres
    """
    pipeline = options.pipeline(max_rejected=max_rejected)
    folder = directory or _demo_shop(options, pipeline.settings.project / "shop")
    out = report or pipeline.settings.project / "report.html"
    plan = _plan(pipeline.settings, source, date_order, replace=replace)
    result = pipeline.run([folder], plan, out, full_refresh, with_insights=not no_insights)
    if options.json:
        options.terminal.document(
            {
                "load": show.load_document(result.load),
                "build": show.build_document(result.build),
                "report": str(result.report),
                "alarms": show.alarms_document(result.alarms),
                "insights": result.insights and insights_document(result.insights),
                "kpis": result.headline["kpis"],
                "quality": result.headline["quality"],
            }
        )
        show.end_of(options.terminal, result.alarms)
        return
    show.load(options.terminal, result.load, per_file=False)
    show.build(options.terminal, result.build)
    show.headline(options.terminal, result.headline)
    show.quality(options.terminal, result.headline["quality"])
    if result.insights is not None:
        show_insights(options.terminal, result.insights)
    show.alarms(options.terminal, result.alarms)
    options.terminal.say(f"report: {result.report}")
    show.end_of(options.terminal, result.alarms)


command(app)(generate)


@command(app)
def load(
    options: Options,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="DIR|FILE...", help="What to load.")
    ] = None,
    source: Source = None,
    max_rejected: MaxRejected = None,
    date_order: Order = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and judge, change nothing.")
    ] = False,
    replace: Replace = False,
    undo: Annotated[
        int | None, typer.Option(metavar="LOAD_ID", help="Take a whole load back instead.")
    ] = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quote: Quote = None,
    escape: Escape = None,
    header_line: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The line, from 1, of the header.")
    ] = None,
) -> None:
    """Bring files into the raw tables: all or none, and the same bytes change nothing.

    Example: ecomdata load exports/2025-11-24 --dry-run
    """
    if undo is not None:
        if paths or dry_run or replace or source or date_order or max_rejected is not None:
            raise UsageError("--undo takes a whole load back: name no files and no other option")
        undone = options.pipeline().undo(undo)
        if options.json:
            options.terminal.document(asdict(undone))
        else:
            show.undone(options.terminal, undone)
        return
    if not paths:
        raise UsageError("nothing to load: name folders or files, or --undo LOAD_ID")
    pipeline = options.pipeline(max_rejected=max_rejected)
    plan = _plan(pipeline.settings, source, date_order, dry_run, replace)
    written = _written(encoding, delimiter, quote, escape, header_line)
    result = pipeline.load(paths, dataclasses.replace(plan, given=written))
    if options.json:
        options.terminal.document(show.load_document(result))
    else:
        show.load(options.terminal, result, per_file=True, dry_run=dry_run)


@command(app)
def connect(
    options: Options,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Exports of any layout.")],
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=HEADER",
            help="Says where a column of the contract stands (orders.total_price=Betrag); "
            "may be repeated; HEADER none: nowhere.",
        ),
    ] = None,
    date_order: Order = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier connector.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Propose, write nothing.")] = False,
) -> None:
    """Propose a connector for files of an unknown layout, and write it beside them to review.

    What the files leave open is asked at a terminal, and else named with the option that says it.

    Example: ecomdata connect exports --map orders.total_price=Betrag
    """
    from ecomdata.cli import connecting

    connecting.connect(
        options.terminal, directory, connecting.answers(given or []), date_order, dry_run, force
    )


@command(app)
def read(
    options: Options,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of delimited text.")],
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quote: Quote = None,
    escape: Escape = None,
    header_line: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="The line, from 1, of the header; 0: it has none."),
    ] = None,
) -> None:
    """Show what is in a file: how it is written, its records, and what is none.

    Every record stands here with its own fields, also where load would refuse it for their number.

    Example: ecomdata read exports/orders.csv --json
    """
    from ecomdata.ingest.reading.contents import read_as

    contents = read_as(file, _written(encoding, delimiter, quote, escape, header_line))
    if options.json:
        options.terminal.document(show.contents_document(contents))
    else:
        show.contents(options.terminal, file, contents)


@command(app)
def sources(options: Options) -> None:
    """Show the platforms whose exports are known, their files and what they cannot tell."""
    from ecomdata.ingest.connector import connectors

    if options.json:
        options.terminal.document(show.sources_document(connectors()))
    else:
        show.sources(options.terminal, connectors())


@command(app)
def build(
    options: Options,
    select: Select = None,
    max_rejected: MaxRejected = None,
    full_refresh: FullRefresh = False,
) -> None:
    """Build and test the models over what is loaded, and judge the loads that are new.

    Ends with 1 where something serious is wrong with one of them (docs/alarms.md).

    Example: ecomdata build --select final_sales_report
    """
    pipeline = options.pipeline(max_rejected=max_rejected)
    result, alarms = pipeline.build_and_judge(select or [], full_refresh)
    if options.json:
        told = alarms and {"alarms": show.alarms_document(alarms)}
        options.terminal.document(show.build_document(result) | (told or {}))
    else:
        show.build(options.terminal, result, each=bool(options.verbose))
    if alarms is not None:
        show.alarms(options.terminal, alarms)
        show.end_of(options.terminal, alarms)


@command(app)
def test(options: Options, select: Select = None) -> None:
    """Run the tests of the models over what is built."""
    result = options.pipeline().test(select or [])
    if options.json:
        options.terminal.document(show.build_document(result))
    else:
        show.build(options.terminal, result, each=bool(options.verbose))


@command(app)
def docs(
    options: Options,
    out: Out = None,
    serve: Annotated[bool, typer.Option("--serve", help="Open it in the browser.")] = False,
) -> None:
    """Make the dbt docs site, with the lineage of every model, as one HTML file."""
    pipeline = options.pipeline()
    page = out or pipeline.settings.project / "docs.html"
    pipeline.docs(page)
    if serve:
        typer.launch(page.resolve().as_uri())
    options.terminal.answer({"docs": str(page)}, f"docs: {page}")


@command(app)
def report(
    options: Options,
    out: Out = None,
    start: From = None,
    end: To = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Leave out what could be about a person.")
    ] = False,
) -> None:
    """Write the report: one HTML file that asks nothing of any server.

    Example: ecomdata report --from 2025-01-01 --to 2025-03-31 --out q1.html
    """
    pipeline = options.pipeline()
    page = out or pipeline.settings.project / "report.html"
    pipeline.write_report(page, day(start), day(end), redact)
    options.terminal.answer({"report": str(page)}, f"report: {page}")


command(app)(serve)


@command(app)
def export(
    options: Options,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")],
    form: Annotated[
        Literal["csv", "parquet", "xlsx"],
        typer.Option("--format", help="XLSX has number formats, widths and a frozen header."),
    ] = "csv",
    tables: Annotated[
        list[str] | None,
        typer.Option(metavar="TABLE", help="Only this one; may be repeated (default: all)."),
    ] = None,
) -> None:
    """Write the final tables as files, one each; text that is a formula to spreadsheets is defused.

    Example: ecomdata export tables --format xlsx --tables final_sales_report
    """
    files = options.pipeline().export(folder, form, tables or [])
    if options.json:
        options.terminal.document(
            {"folder": str(folder), "files": [asdict(each) for each in files]}
        )
    else:
        show.exported(options.terminal, folder, files)


@command(app)
def kpis(
    options: Options,
    by: Annotated[
        str | None, typer.Option(metavar="day|week|month|country|category|product", help="Grain.")
    ] = None,
    start: From = None,
    end: To = None,
) -> None:
    """Print the KPIs: the headline figures, or the sales figures by a dimension.

    Example: ecomdata kpis --by product --from 2025-01-01
    """
    result = options.pipeline().kpis(by, day(start), day(end))
    if result.table is not None:
        show.table(
            options.terminal,
            f"Sales by {by}",
            result.table,
            shortened=("product_name",),
            barred="net_sales",
        )
        show.absent(options.terminal, result.absent)
        return
    if options.json:
        options.terminal.document(result.headline)
    elif result.headline is not None:
        show.headline(options.terminal, result.headline)


command(app)(insights)
command(app)(metrics)


@command(app)
def query(
    options: Options,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One statement.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Run SQL over the warehouse; it can read everything and change nothing.

    Example: ecomdata query "select sum(amount) from intermediate.int_revenue_ledger" --json
    """
    if as_csv and options.json:
        raise UsageError("--csv and --json exclude each other: one answer, one form")
    table = options.pipeline().query(sql)
    if as_csv:
        show.print_csv(table)
    else:
        show.table(options.terminal, "", table)


@command(app)
def quarantine(
    options: Options,
    rule: Annotated[str | None, typer.Option(metavar="R", help="Only this rule.")] = None,
    file: Annotated[str | None, typer.Option(metavar="F", help="Only this file.")] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all of it as CSV.")
    ] = None,
) -> None:
    """Show what was refused and why, with file, line and text.

    Example: ecomdata quarantine --rule invalid_date --export refused.csv
    """
    table = options.pipeline().quarantine(rule, file)
    if export is not None:
        show.export_csv(table, export)
        records = len(table.rows)
        options.terminal.answer(
            {"export": str(export), "records": records}, f"{records:,} records: {export}"
        )
        return
    show.table(options.terminal, "Quarantine", table, shortened=("value", "raw_text"), limit=50)


@command(app)
def status(options: Options) -> None:
    """Show loads, row counts, freshness, the last runs, and what to look after."""
    state = options.pipeline().status()
    if options.json:
        options.terminal.document(asdict(state))
        return
    terminal = options.terminal
    terminal.say(
        f"layout {state.schema_version}; last load: {shown(state.last_load_at)}; last build: "
        f"{shown(state.last_build_at)}; last day with sales: {state.last_day or 'none'}"
    )
    for warning in state.warnings:
        terminal.say(f"warning: {warning}")
    terminal.table("Rows", ("table", "rows"), state.rows.items())
    for alarm in state.alarms:
        terminal.say(f"{alarm['severity']}: load {alarm['load_id']}: {alarm['statement']}")
    for title, rows in (("Loads", state.loads), ("Last runs", state.runs)):
        if rows:
            columns = [name for name in rows[0] if name != "message"]
            terminal.table(title, columns, [[row[name] for name in columns] for row in rows])


command(app)(schedule)
command(app)(watch)
command(app)(forget)
command(app)(retain)
command(app)(backup)
command(app)(restore)


@command(app)
def doctor(options: Options) -> None:
    """Check Python, engines, disk, permissions and versions; say what to do."""
    from ecomdata.doctor import examine

    checks = examine(options.settings())
    if options.json:
        options.terminal.document([asdict(check) for check in checks])
    else:
        show.checks(options.terminal, checks)
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(1)


def _demo_shop(options: Options, out: Path) -> Path:
    """Make the demo's shop: two years, a little dirt."""
    from ecomdata.generate import ShopPlan, generate_shop

    show.shop(options.terminal, generate_shop(ShopPlan(dirt=0.005), out, options.terminal.progress))
    return out


def _plan(
    settings: "Settings",
    source: str | None,
    date_order: Literal["dmy", "mdy"] | None,
    dry_run: bool = False,
    replace: bool = False,
) -> "LoadPlan":
    from ecomdata.ingest import LoadPlan

    return LoadPlan(settings.cache, settings.max_rejected, source, date_order, dry_run, replace)


def _written(
    encoding: str | None,
    delimiter: str | None,
    quote: str | None,
    escape: str | None,
    header_line: int | None,
) -> "Given":
    from ecomdata.ingest.reading.dialect import Given

    names = {"tab": "\t", "\\t": "\t", "space": " "}
    return Given(
        encoding,
        delimiter and names.get(delimiter, delimiter),
        quote,
        "" if escape == "none" else escape,
        header_line,
    )
