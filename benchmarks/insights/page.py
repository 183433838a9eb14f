"""Puts the measured tables into docs/insights.md, between their marks."""

import json
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/insights.md"
ALARMS = PAGE.with_name("alarms.md")

NAMES = {"ours": "EcomData", "adtributor": "Adtributor", "riskloc": "RiskLoc"}


def score_table(score: dict[str, Any]) -> str:
    """The score of planted and null shops in Markdown."""
    planted, null = score["planted"], score["null"]
    seeds = f"{score['first_seed']} to {score['first_seed'] + planted['shops'] - 1}"
    large, small = planted["by_effect"]["large"], planted["by_effect"]["small"]
    lines = [
        f"{planted['shops']} shops (seeds {seeds}, {score['orders']:,} orders in two years) with "
        f"{planted['events']} events, and {null['shops']} shops with none; "
        f"{planted['questions'] + null['questions']:,} months asked about.",
        "",
        "| figure | value |",
        "|---|---|",
        f"| recall, of large effects ({large['events']} events) | {_rate(large['recall'])} |",
        f"| recall, of the others ({small['events']} events) | {_rate(small['recall'])} |",
        f"| precision ({planted['findings']} findings) | {_rate(planted['precision'])} |",
        f"| false-discovery rate, shops with events | {_rate(planted['false_discovery_rate'])} |",
        f"| false-discovery rate, shops with none ({null['findings']} findings) "
        f"| {_rate(null['false_discovery_rate'])} |",
        "",
        "| kind of event | events | found | large ones | found |",
        "|---|---|---|---|---|",
    ]
    for kind, of in planted["by_kind"].items():
        lines.append(
            f"| `{kind}` | {of['events']} | {_rate(of['recall'])} | {of['large']} "
            f"| {_rate(of['large_recall'])} |"
        )
    lines += ["", "| kind of finding | findings | meet an event |", "|---|---|---|"]
    for kind, of in planted["findings_by_kind"].items():
        lines.append(f"| `{kind}` | {of['findings']} | {_rate(of['precision'])} |")
    return "\n".join(lines)


def localise_table(result: dict[str, Any]) -> str:
    """The contribution search beside the published ones in Markdown."""
    lines = [
        f"{result['cubes']} cubes:",
        "",
        "| search | precision | recall | F1 | CPU seconds |",
        "|---|---|---|---|---|",
    ]
    for name, of in result["published"].items():
        figures = " | ".join(f"{of[each]:.3f}" for each in ("precision", "recall", "f1"))
        lines.append(f"| {NAMES[name]} | {figures} | {of['cpu_seconds']} |")
    lines += [
        "",
        f"The months of {result['shops']} shops with {result['events']['ours']['events']} events:",
        "",
        "| search | segments named | precision: they meet an event | recall: events found | F1 |",
        "|---|---|---|---|---|",
    ]
    for name, of in result["events"].items():
        lines.append(
            f"| {NAMES[name]} | {of['segments_said']:,} | {_rate(of['precision'])} "
            f"| {_rate(of['recall'])} | {_f1(of['precision'], of['recall'])} |"
        )
    return "\n".join(lines)


def customers_table(result: dict[str, Any]) -> str:
    """The models of customers: published figures, coverage, time in Markdown."""
    cdnow, covered = result["cdnow"], result["coverage"]
    apart = cdnow["apart_from_lifetimes"]
    lines = [
        f"CDNOW, 39 weeks after 39 weeks ({cdnow['holdout_purchases']:,} purchases came):",
        "",
        "| model | parameters | log-likelihood | foretold | off by, a customer "
        "| apart from lifetimes |",
        "|---|---|---|---|---|---|",
    ]
    for name, of in cdnow["models"].items():
        said = ", ".join(f"{each} {value:.3f}" for each, value in of["parameters"].items())
        change = 100 * (of["holdout"] / cdnow["holdout_purchases"] - 1)
        lines.append(
            f"| {name} | {said} | {of['log_likelihood']:,.1f} "
            f"| {of['holdout']:,.0f} ({change:+.1f} %) | {of['mean_absolute_error']:.4f} "
            f"| {apart[name]:.0e} |"
        )
    values = ", ".join(f"{each} {value:.2f}" for each, value in cdnow["gamma_gamma"].items())
    lines += [
        f"| Gamma-Gamma | {values} | | | | {apart['Gamma-Gamma']:.0e} |",
        "",
        f"{covered['shops']} simulated shops of {covered['customers']:,} customers, "
        "the next 90 days:",
        "",
        "| 90 % interval of | holds the truth |",
        "|---|---|",
        *(f"| {name} | {_rate(share)} |" for name, share in covered["held"].items()),
        "",
        "| fitted to 1,000,000 customers | CPU seconds |",
        "|---|---|",
        *(f"| {name} | {took} |" for name, took in result["cpu_seconds_for_a_million"].items()),
    ]
    return "\n".join(lines)


def depth_table(result: dict[str, Any]) -> str:
    """The cost of the contribution search in Markdown."""
    lines = [
        f"| order lines | cells of the cube | segments to the depth of {result['depth']} "
        "| cube, CPU seconds | search, CPU seconds | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    for count, of in result["lines"].items():
        lines.append(
            f"| {int(count):,} | {of['cells']:,} | {of['segments']:,} | {of['cpu_seconds_cube']} "
            f"| {of['cpu_seconds_search']} | {of['peak_megabytes']:,} MB |"
        )
    return "\n".join(lines)


def alarms_table(result: dict[str, Any]) -> str:
    """False alarms and recall of the data alarms in Markdown, as far as they were measured."""
    return "\n".join([*_false_alarms(result), "", *_planted(result)])


def _false_alarms(result: dict[str, Any]) -> list[str]:
    null = result["null"].values()
    if not null:
        return ["False alarms: not measured yet."]
    loads, told, serious = (
        sum(of[name] for of in null) for name in ("loads", "with_alarm", "serious")
    )
    lines = [
        f"{loads:,} daily loads of shops in which nothing is wrong or, with dirt, as usual "
        f"(seeds from {result['first_seed']}, Black Friday and feasts among the days): {told} have "
        f"an alarm ({_rate(told / loads)}), {serious} a serious one ({_rate(serious / loads)}).",
        "",
        "| orders a day | dirt | shops | loads | with an alarm | serious | alarms by kind |",
        "|---|---|---|---|---|---|---|",
    ]
    for of in null:
        kinds = ", ".join(f"{name} {count}" for name, count in of["alarms_by_kind"].items())
        lines.append(
            f"| {of['orders']} | {100 * of['dirt']:.0f} % | {of['shops']} | {of['loads']:,} "
            f"| {of['with_alarm']} ({_rate(of['with_alarm'] / of['loads'])}) | {of['serious']} "
            f"| {kinds or 'none'} |"
        )
    return lines


def _planted(result: dict[str, Any]) -> list[str]:
    planted = result["planted"]
    if not planted:
        return ["Faults that were planted: not measured yet."]
    sizes = sorted(planted, key=int)
    shops = " and ".join(f"{planted[size]['(nothing)']['days']} of {size}" for size in sizes)
    lines = [
        f"Faults planted in a day of shops with so many orders a day ({shops}), behind 120 to 126 "
        f"daily loads; of `--dirt` in {100 * result['dirt']:.0f} % of the lines. *Found*: an alarm "
        "of the right kind, or the load itself fails (*refused*); where nothing is wrong or all is "
        "repaired or kept, any alarm. *Serious*: the run ends with 1.",
        "",
        "| fault | " + " | ".join(f"found, {size} a day | serious" for size in sizes) + " |",
        "|---|" + "---|---|" * len(sizes),
    ]
    for fault in planted[sizes[0]]:
        cells = []
        for size in sizes:
            told = planted[size][fault]
            days, refused = told["days"], told["refused"]
            has_kind = fault != "(nothing)" and not fault.endswith(("(repaired)", "(kept)"))
            found = (
                _rate((told["found"] + refused) / days) if has_kind else _rate(told["any"] / days)
            )
            cells += [
                found + (f" ({refused} refused)" if refused else ""),
                _rate((told["serious"] + refused) / days),
            ]
        lines.append(f"| {fault} | {' | '.join(cells)} |")
    return lines


def put(page: str, mark: str, text: str) -> str:
    """The page with this text between the marks of this name."""
    start, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    assert pattern.search(page), f"the page has no marks {start}"
    return pattern.sub(lambda _: f"{start}\n{text}\n{end}", page)


def page(text: str) -> str:
    """The page as the measured figures have it."""
    score = json.loads((HERE / "score.json").read_text("utf-8"))
    localise = json.loads((HERE / "localise.json").read_text("utf-8"))
    customers = json.loads((HERE / "customers.json").read_text("utf-8"))
    text = put(text, "score", score_table(score))
    depth = json.loads((HERE / "depth.json").read_text("utf-8"))
    text = put(text, "depth", depth_table(depth))
    text = put(text, "customers", customers_table(customers))
    return put(text, "localise", localise_table(localise))


def _f1(precision: float | None, recall: float) -> str:
    if precision is None or not precision + recall:
        return "–"
    return f"{2 * precision * recall / (precision + recall):.3f}"


def alarms_page(text: str) -> str:
    """The page about alarms as the measured figures have it."""
    return put(text, "alarms", alarms_table(json.loads((HERE / "alarms.json").read_text("utf-8"))))


def _rate(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    ALARMS.write_text(alarms_page(ALARMS.read_text("utf-8")), "utf-8")
