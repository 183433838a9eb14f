"use strict";
// Adds up what is chosen, and draws it. Whole numbers only: money is in cents, and what is divided is
// rounded half away from zero, as in the warehouse. Colours are CSS variables, so light, dark and print
// need no redrawing.
(async () => {
  const bytes = Uint8Array.from(atob(document.getElementById("data").textContent), (character) => character.charCodeAt(0));
  const data = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
  const { pieces, cube, choices, locale } = data;
  const colour = (name) => `var(--${name})`;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Elements are made of text, so that no name is ever read as markup.
  const tag = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // ---- Figures as the locale writes them. Exact ones go in as decimal text.
  const isCode = /^[A-Z]{3}$/.test(data.currency);
  const formats = new Map();
  const format = (options) => {
    const key = JSON.stringify(options);
    if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale, options));
    return formats.get(key);
  };
  const currency = isCode ? { style: "currency", currency: data.currency } : {};
  const two = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  const asCurrency = (text, options) => (isCode || !data.currency ? text : `${data.currency}\u00a0${text}`);
  const kinds = {
    money: (text) => asCurrency(format(isCode ? currency : two).format(text)),
    amount: (text) => format(two).format(text),
    whole: (text) => format({ maximumFractionDigits: 0 }).format(text),
    number: (text) => format(two).format(text),
    count: (text) => format({}).format(text),
    rate: (text) => format({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(text),
    percent: (text) => format({ style: "percent", maximumFractionDigits: 0 }).format(text),
    text: (text) => text,
  };
  const written = (text, kind) => (text === null ? "–" : kinds[kind](text));
  const signed = (value, options) => format({ ...options, signDisplay: "exceptZero", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
  const short = (value) => format({ notation: "compact", maximumFractionDigits: 1 }).format(value);
  const shortMoney = (value) => asCurrency(format({ ...currency, notation: "compact", minimumFractionDigits: 0, maximumFractionDigits: 1 }).format(value));

  const DAY = 86_400_000;
  const moment = (day) => Date.parse(`${day}T00:00:00Z`);
  const dayOf = (time) => new Date(time).toISOString().slice(0, 10);
  const later = (day, days) => dayOf(moment(day) + days * DAY);
  const written_day = (options) => {
    const formatter = new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
    return (day) => formatter.format(moment(day));
  };
  const longDay = written_day({ day: "numeric", month: "short", year: "numeric" });
  const longMonth = written_day({ month: "short", year: "numeric" });
  const shortMonth = written_day({ month: "short" });
  const yearOf = written_day({ year: "numeric" });
  const days = (period) => `${longDay(period.start)} – ${longDay(period.end)}`;

  // ---- Sums and counts of a run of pieces; null for what is not in the data.
  const C = data.countries.names.length + (data.countries.rest > 0);
  const G = data.categories.names.length + (data.categories.rest > 0);
  const A = pieces.length - 1;
  const chosen = { choice: choices[0], country: null, category: null };
  const range = (place, size) => (place === null ? [0, size] : [place, place + 1]);

  const sum = (name, [from, to], country, category) => {
    const column = cube.sums[name];
    if (column === null) return null;
    let total = 0;
    const [c0, c1] = range(country, C);
    const [g0, g1] = range(category, G);
    for (let c = c0; c < c1; c += 1) {
      for (let g = g0; g < g1; g += 1) {
        for (let a = (c * G + g) * A + from, end = (c * G + g) * A + to; a < end; a += 1) {
          if (column[a] === null) return null;
          total += column[a];
        }
      }
    }
    return total;
  };
  // Each order or customer once: those of each piece, less those that an earlier piece of the run has.
  const count = (name, [from, to], country, category) => {
    const table = cube.counts[name];
    if (table === null || (name.endsWith("customers") && country !== null && category !== null)) return null;
    const key = `${country ?? "all"},${category ?? "all"}`;
    const here = table.in[key];
    if (!here) return 0;
    const again = table.again[key];
    let total = 0;
    for (let a = from; a < to; a += 1) {
      total += here[a];
      for (let earlier = from; again && earlier < a; earlier += 1) total -= again[a][earlier];
    }
    return total;
  };

  const decimal = (whole, digits) => {
    const text = String(whole < 0n ? -whole : whole).padStart(digits + 1, "0");
    const sign = whole < 0n ? "-" : "";
    return digits ? `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}` : sign + text;
  };
  const money = (cents) => (cents === null ? null : decimal(BigInt(cents), 2));
  const plain = (number) => (number === null ? null : String(number));
  const ratio = (above, below, digits, shift = 0) => {
    if (above === null || !below) return null;
    const size = (number) => (number < 0 ? BigInt(-number) : BigInt(number));
    const divided = (2n * size(above) * 10n ** BigInt(digits - shift) + size(below)) / (2n * size(below));
    return decimal(above < 0 !== below < 0 ? -divided : divided, digits);
  };
  const added = (...parts) => parts.reduce((total, part) => (total === null || part === null ? null : total + part), 0);

  const netSales = (run, country, category) =>
    ["gross_sales", "discounts", "returns", "cancellations"].reduce((total, name) => total + (sum(name, run, country, category) ?? 0), 0);

  const figures = (run, country, category) => {
    const of = (name) => sum(name, run, country, category);
    const counted = (name) => count(name, run, country, category);
    const net = netSales(run, country, category);
    const sold = of("units_sold");
    const units = sold - (of("units_returned") ?? 0);
    const orders = counted("orders");
    const customers = counted("customers");
    const margin = added(net, of("cost_amount"));
    return {
      net_sales: money(net), gross_sales: money(of("gross_sales")), discounts: money(of("discounts")),
      returns: money(of("returns")), cancellations: money(of("cancellations")), orders: plain(orders),
      average_order_value: ratio(net, orders, 2, 2), customers: plain(customers),
      new_orders: plain(counted("new_orders")), returning_orders: plain(counted("returning_orders")),
      returning_customer_rate: customers === null ? null : ratio(customers - counted("new_customers"), customers, 6),
      units: plain(units), units_per_order: ratio(units, orders, 2), average_selling_price: ratio(net, units, 2, 2),
      return_rate: ratio(of("units_returned"), sold, 6), gross_margin: money(margin), margin_rate: ratio(margin, net, 6),
      repeat_purchase_rate: null,
    };
  };
  const isWhole = () => chosen.country === null && chosen.category === null;
  // Who ordered twice cannot be added up from pieces: the warehouse counted it for the first choice.
  const figuresOf = (which) => {
    const period = chosen.choice[which];
    if (!period) return null;
    const found = figures(period.pieces, chosen.country, chosen.category);
    if (isWhole() && chosen.choice === choices[0]) {
      const name = which === "period" ? "value" : which;
      found.repeat_purchase_rate = data.kpis.find((kpi) => kpi.id === "repeat_purchase_rate")[name];
    }
    return found;
  };

  // ---- What is chosen.
  const names = (dimension, place) =>
    place < data[dimension].names.length ? data[dimension].names[place] : `Other (${kinds.count(data[dimension].rest)})`;
  const labelled = (choice) => {
    const { start, end } = choice.period;
    const names = {
      headline: () => (choice.label === "all days" ? "All days" : choice.label.replace(/^l/, "L")),
      all: () => "All days",
      year: () => yearOf(start),
      quarter: () => `${yearOf(start)}, ${shortMonth(`${start.slice(0, 4)}-${String(Math.floor((Number(start.slice(5, 7)) - 1) / 3) * 3 + 1).padStart(2, "0")}-01`)} – ${shortMonth(`${end.slice(0, 4)}-${String(Math.floor((Number(end.slice(5, 7)) - 1) / 3) * 3 + 3).padStart(2, "0")}-01`)}`,
      month: () => longMonth(start),
    };
    return names[choice.kind]() + (choice.complete ? "" : " (incomplete)");
  };
  const form = find(".filters");
  const option = (value, text) => tag("option", { value }, text);
  const fill = () => {
    const groups = { headline: null, all: null, year: "Years", quarter: "Quarters", month: "Months" };
    let group = form.period;
    choices.forEach((choice, i) => {
      const label = groups[choice.kind];
      if (label === null) group = form.period;
      else if (group.label !== label) form.period.append((group = tag("optgroup", { label })));
      group.append(option(i, labelled(choice)));
    });
    for (const [field, dimension, size] of [["country", "countries", C], ["category", "categories", G]]) {
      form[field].append(option("", `All ${dimension}`), ...Array.from({ length: size }, (_, i) => option(i, names(dimension, i))));
      form[field].closest("label").hidden = size < 2;
    }
    form.hidden = false;
  };

  // ---- How a figure was computed.
  const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
  const narrowed = () =>
    [["country", "countries"], ["category", "categories"]].map(([field, dimension]) => {
      const place = chosen[field];
      const listed = data[dimension].names;
      if (place === null) return "";
      if (place === listed.length) return `\n    and ${field} not in (${listed.map(quoted).join(", ")})`;
      const name = listed[place];
      return name.endsWith("…") ? `\n    and ${field} like ${quoted(`${name.slice(0, -1)}%`)}` : `\n    and ${field} = ${quoted(name)}`;
    }).join("");
  const filled = (sql, period) =>
    sql.replaceAll("«from»", period.start).replaceAll("«to»", period.end).replaceAll("«narrowed»", narrowed());
  const dialog = find("#how");
  const explain = (title, definition, value, sql) => {
    const command = `ecomdata query "${sql.replaceAll(/\s+/g, " ").replaceAll(/(["\\$`])/g, "\\$1")}"`;
    const loads = data.loads.rows.map((load) => [
      plain(load.load_id), load.source, load.files > 1 ? `${load.file} and ${kinds.count(load.files - 1)} more` : load.file, plain(load.records), plain(load.loaded),
    ]);
    dialog.replaceChildren(
      tag("h2", { id: "how-h" }, title),
      tag("p", {}, definition),
      ...(value === null ? [] : [tag("p", { class: "value" }, value)]),
      tag("p", { class: "muted" }, `${days(chosen.choice.period)}${isWhole() ? "" : `; ${scope()}`}`),
      tag("h3", {}, "The SQL that reproduces it"),
      tag("pre", { tabindex: "0", "aria-label": "SQL" }, sql),
      tag("details", {}, tag("summary", {}, "As a command"), tag("pre", { tabindex: "0" }, command)),
      tag("h3", {}, "Where it comes from"),
      tag("p", {}, "Entries of intermediate.int_revenue_ledger, the table under every figure about money; the formulas are those of macros/measures.sql, which models, terminal and report share."),
      tag("h3", {}, `The loads behind it${data.loads.total > loads.length ? ` (the last ${loads.length} of ${kinds.count(data.loads.total)})` : ""}`),
      plainTable("Loads", [["Load", "count"], ["Source", "text"], ["Files", "text"], ["Records", "count"], ["Rows", "count"]], loads),
      tag("form", { method: "dialog" }, tag("button", {}, "Close")),
    );
    dialog.showModal();
  };
  const scope = () =>
    [chosen.country === null ? "" : names("countries", chosen.country), chosen.category === null ? "" : names("categories", chosen.category)].filter(Boolean).join(", ");
  const button = (text, ask) => {
    const element = tag("button", { type: "button", class: "how", "aria-haspopup": "dialog", title: "How was this computed" }, text);
    element.addEventListener("click", ask);
    return element;
  };

  // ---- Tables.
  const cell = (text, kind, first) => {
    const inner = kind === "text" ? tag("bdi", {}, text) : text === null ? "–" : tag("data", { value: text }, written(text, kind));
    return first ? tag("th", { scope: "row" }, inner) : tag("td", kind === "text" ? { class: "t" } : {}, inner);
  };
  const plainTable = (caption, columns, rows, ask) => {
    const head = tag("tr", {}, ...columns.map(([label, kind], i) =>
      tag("th", { scope: "col", ...(kind === "text" || !i ? { class: "t" } : {}) }, ask && kind !== "text" ? button(label, () => ask(label)) : label)));
    const body = rows.map((row) => tag("tr", {}, ...columns.map(([, kind], i) => cell(row[i], kind, !i))));
    return tag("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
      tag("table", {}, tag("caption", { class: "vh" }, caption), tag("thead", {}, head), tag("tbody", {}, ...body)));
  };
  const searched = (table, title) => {
    const field = tag("input", { type: "search", placeholder: "Search", "aria-label": `Search in: ${title}` });
    field.addEventListener("input", () => {
      const words = field.value.toLocaleLowerCase();
      for (const row of all("tbody tr", table)) row.hidden = !row.textContent.toLocaleLowerCase().includes(words);
    });
    return field;
  };
  const showTable = (name, title, columns, rows, ask) => {
    const place = find(`[data-table=${name}]`);
    const isOpen = find("details", place)?.open ?? false;
    const table = plainTable(title, columns, rows, ask);
    const parts = rows.length > 10 ? [searched(table, title), table] : [table];
    const details = tag("details", { class: "data", ...(isOpen ? { open: "" } : {}) }, tag("summary", {}, `Table: ${title}`), ...parts);
    place.replaceChildren(details);
  };
  const askSplit = (title, grain, period = chosen.choice.period) => (label) =>
    explain(`${label}: ${title}`, data.kpis.find((kpi) => kpi.label === label)?.definition ?? "", null, filled(data.sql.splits[grain], period));

  // ---- Charts.
  const font = { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 13, color: colour("muted") };
  const tip = (title, lines) =>
    tag("div", {}, tag("b", {}, title), ...lines.map(([label, text]) => tag("p", {}, tag("span", {}, label), tag("bdi", {}, text))));
  const frame = (tooltip, formatter) => ({
    animation: false,
    textStyle: font,
    tooltip: {
      confine: true, transitionDuration: 0, className: "tip", padding: [8, 12], borderWidth: 1, borderRadius: 3,
      borderColor: colour("rule"), backgroundColor: colour("paper"), textStyle: { ...font, color: colour("ink") },
      extraCssText: "box-shadow:none", ...tooltip, formatter,
    },
  });
  const line = { lineStyle: { color: colour("hair") } };
  // The axis of time: labels at the start of months, as many as there is room for, the year below the first.
  const timeAxis = (starts, width, byDay) => {
    const monthOf = (start) => 12 * Number(start.slice(0, 4)) + Number(start.slice(5, 7)) - 1;
    const few = byDay && starts.length <= 62;
    const firsts = few ? starts : starts.filter((start, i) => i === 0 || start.slice(0, 7) !== starts[i - 1].slice(0, 7));
    const room = Math.max(2, Math.floor(width / 46));
    const step = [1, 2, 3, 6, 7, 12, 14, 24, 60].find((n) => firsts.length / n <= room) ?? 120;
    const on = new Set(firsts.filter((start, i) => (few ? i % step === 0 : monthOf(start) % step === 0)));
    const [first] = on;
    const label = (start) => {
      const name = few ? String(Number(start.slice(8))) : shortMonth(start);
      const below = few ? longMonth(start) : yearOf(start);
      return start === first || (few ? start.endsWith("-01") : monthOf(start) % 12 === 0) ? `${name}\n${below}` : name;
    };
    return {
      type: "category", data: starts,
      axisLine: { lineStyle: { color: colour("rule") } }, axisTick: { show: false },
      axisLabel: { ...font, lineHeight: 17, interval: (_, start) => on.has(start), formatter: label },
    };
  };
  const valueAxis = (formatter) => ({
    type: "value", splitNumber: 4, axisLabel: { ...font, formatter }, splitLine: line, axisLine: { show: false },
  });
  const grid = { left: 0, right: 8, top: 12, bottom: 0, outerBoundsMode: "same" };
  const hover = { type: "shadow", shadowStyle: { color: colour("ink"), opacity: 0.06 } };
  const bar = (value, row, color) => ({
    value: value || "-", // nothing is drawn of nothing
    itemStyle: row.complete
      ? { color, borderWidth: 0 }
      : { color: colour("wash"), borderColor: color, borderWidth: 1, borderType: "dashed" },
  });
  const bars = (of) => ({ type: "bar", stack: "all", barCategoryGap: "36%", barMaxWidth: 56, emphasis: { disabled: true }, data: of });
  const key = (name, entries) => {
    const place = find(`[data-chart=${name}]`);
    place.nextElementSibling.matches(".key") && place.nextElementSibling.remove();
    if (entries.length) place.after(tag("ul", { class: "key" }, ...entries.map(([kind, text]) => tag("li", {}, tag("span", { class: kind }), text))));
  };
  const note = (row) => (row.complete ? [] : [["", "incomplete"]]);

  // Months of the choice, each whole, and where those are few as many before it as make a year.
  const months = () => {
    const { pieces: [from, to], start } = chosen.choice.period;
    const found = new Map();
    for (let a = 0; a < A; a += 1) {
      const isInside = a >= from && a < to;
      const month = pieces[a] < data.window ? null : `${pieces[a].slice(0, 7)}-01`;
      if (month === null && !isInside) continue; // older months stand as one piece
      if (!found.has(month)) found.set(month, { start: month, whole: [a, a], run: [a, a] });
      const row = found.get(month);
      row.whole[1] = a + 1;
      if (isInside) row.run = row.inside ? [row.run[0], a + 1] : [a, a + 1];
      row.inside ||= isInside;
    }
    const rows = [...found.values()].map((row) => {
      const [month, { whole, run }] = [row.start, row];
      const following = month && dayOf(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 1));
      const complete = month === null || (pieces[whole[0]] === month && pieces[whole[1]] === following);
      const isCut = run[0] > whole[0] || run[1] < whole[1];
      const label = month ? longMonth(month) : `Before ${longMonth(data.window)}`;
      return { ...row, label, complete, inner: label + (complete && !isCut ? "" : " (incomplete)") };
    });
    const first = rows.findIndex((row) => row.inside);
    const isFew = rows.filter((row) => row.inside).length < 6;
    const before = `${Number(start.slice(0, 4)) - 1}-${start.slice(5, 7)}-01`;
    return rows.filter((row, i) => row.inside || (isFew && i < first && row.start > before));
  };
  const yearBefore = (month) => {
    const day = `${Number(month.slice(0, 4)) - 1}${month.slice(4)}`;
    const next = dayOf(Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)), 1));
    const [from, to] = [pieces.indexOf(day), pieces.indexOf(next)];
    return from < 0 || to < 0 ? null : netSales([from, to], chosen.country, chosen.category) / 100;
  };

  // Days are those of the whole shop.
  const ofDays = (byWeek) => {
    const { start, end } = chosen.choice.period;
    const rows = [];
    data.days.orders.forEach((orders, i) => {
      const day = later(data.days.start, i);
      if (day < start || day > end) return;
      const monday = byWeek ? later(day, -((new Date(moment(day)).getUTCDay() + 6) % 7)) : day;
      let row = rows.at(-1);
      if (row?.start !== monday) {
        rows.push((row = { start: monday, label: longDay(monday), inside: true, net_sales: 0, gross_sales: 0, returns: 0, orders: 0, days: 0 }));
      }
      for (const name of ["net_sales", "gross_sales", "returns"]) row[name] += data.days[name][i] ?? 0;
      row.orders += orders;
      row.days += 1;
      row.complete = row.days === (byWeek ? 7 : 1);
      row.inner = row.label + (row.complete ? "" : " (incomplete)");
    });
    return rows;
  };
  const control = (name) => find(`input[name=${name}]:checked`)?.value;
  const grain = () => control("sales");
  const salesRows = () => {
    if (grain() !== "month") return ofDays(grain() === "week");
    return months().map((row) => ({
      ...row,
      net_sales: netSales(row.run, chosen.country, chosen.category),
      other: netSales(row.whole, chosen.country, chosen.category) - netSales(row.run, chosen.country, chosen.category),
      gross_sales: sum("gross_sales", row.run, chosen.country, chosen.category),
      returns: sum("returns", row.run, chosen.country, chosen.category),
      orders: count("orders", row.run, chosen.country, chosen.category),
    }));
  };

  const charts = {
    sales: () => {
      const rows = salesRows();
      const by = grain();
      const label = by === "week" ? "Week of" : by === "day" ? "Day" : "Month";
      const title = `Sales by ${by}${isWhole() ? "" : `, ${scope()}`}`;
      showTable("sales", title, [[label, "text"], ["Net sales", "amount"], ["Gross sales", "amount"], ["Returns", "amount"], ["Orders", "count"]],
        rows.filter((row) => row.inside).map((row) => [
          row.inner, money(row.net_sales), money(row.gross_sales), by !== "month" && cube.sums.returns === null ? null : money(row.returns), plain(row.orders),
        ]), askSplit(title, by));
      const drawn = rows.filter((row) => row.start);
      const before = by === "month" ? drawn.map((row) => (row.complete ? yearBefore(row.start) : null)) : [];
      const hasBefore = before.some((value) => value !== null);
      const isLine = by === "day" && drawn.length > 92;
      key("sales", [
        ...(hasBefore ? [["line", "a year before"]] : []),
        ...(drawn.some((row) => row.other) ? [["other", "outside the chosen period"]] : []),
        ...(drawn.some((row) => !row.complete) ? [["dashed", `incomplete: only a part of this ${by} is ${by === "week" ? "chosen or " : ""}in the data`]] : []),
      ]);
      return (width) => ({
        ...frame({ trigger: "axis", axisPointer: isLine ? { type: "line", lineStyle: { color: colour("muted"), type: "solid" } } : hover }, ([{ dataIndex: i }]) =>
          tip(drawn[i].label, [
            ...(drawn[i].inside ? [["Net sales", written(money(drawn[i].net_sales), "money")]] : []),
            ...(drawn[i].other ? [["Outside the period", written(money(drawn[i].other), "money")]] : []),
            ...(hasBefore && before[i] !== null ? [["A year before", written(before[i].toFixed(2), "money")]] : []),
            ...(drawn[i].inside ? [["Orders", written(plain(drawn[i].orders), "count")]] : []), ...note(drawn[i]),
          ])),
        grid, xAxis: { ...timeAxis(drawn.map((row) => row.start), width, by === "day"), boundaryGap: !isLine }, yAxis: valueAxis(shortMoney),
        series: [
          isLine
            ? { type: "line", symbol: "none", emphasis: { disabled: true }, lineStyle: { color: colour("accent"), width: 1.3 }, data: drawn.map((row) => row.net_sales / 100) }
            : bars(drawn.map((row) => bar(row.inside ? row.net_sales / 100 : 0, row, colour("accent")))),
          ...(drawn.some((row) => row.other) ? [bars(drawn.map((row) => bar(row.other / 100, row, colour("grey"))))] : []),
          ...(hasBefore ? [{ type: "line", symbol: "circle", symbolSize: 5, emphasis: { disabled: true }, itemStyle: { color: colour("before") }, lineStyle: { color: colour("before"), width: 1.6 }, data: before }] : []),
        ],
      });
    },
    products: () => {
      const run = chosen.choice.period.pieces;
      const place = find("[data-table=products]");
      if (chosen.country !== null) {
        place.replaceChildren(tag("p", { class: "none" }, "This file does not hold products by country. Choose all countries, or ask: ecomdata metrics net_sales --by country --by product"));
        return null;
      }
      const within = ([from, to], column) => column.slice(from, to).reduce((total, number) => total + number, 0);
      const total = netSales(run, null, chosen.category);
      const told = cube.sums.units_returned !== null;
      const rows = data.products.rows
        .filter((row) => chosen.category === null || row.category_place === chosen.category)
        .map((row) => {
          const [net, sold, returned] = [row.net_sales, row.units_sold, row.units_returned].map((column) => within(run, column));
          return { name: row.product_name, net_sales: net, share: ratio(net, total, 6), values: [
            row.product_name, row.abc ?? "–", money(net), ratio(net, total, 6), plain(sold - returned), ratio(net, sold - returned, 2, 2), told ? ratio(returned, sold, 6) : null, row.category, row.product_id,
          ] };
        })
        .sort((one, other) => other.net_sales - one.net_sales);
      const title = `Products by net sales${isWhole() ? "" : `, ${scope()}`}`;
      showTable("products", title, [["Product", "text"], ["Class", "text"], ["Net sales", "amount"], ["Share", "rate"], ["Units", "count"], ["Average selling price", "amount"], ["Return rate", "rate"], ["Category", "text"], ["ID", "text"]],
        rows.map((row) => row.values), askSplit(title, "product"));
      return ranked(rows.slice(0, 10));
    },
    categories: () => members("categories", "category", (place) => [chosen.country, place]),
    countries: () => members("countries", "country", (place) => [place, chosen.category]),
    customers: () => {
      const of = control("customers");
      const buyers = [["returning", "accent"], ["new", "accent-2"]];
      const here = [chosen.country, chosen.category];
      const within = (run) => {
        const sales = Object.fromEntries(buyers.map(([type]) => [type, sum(`${type}_sales`, run, ...here)]));
        sales.guest = netSales(run, ...here) - sales.returning - sales.new;
        return { sales, orders: Object.fromEntries(buyers.map(([type]) => [type, count(`${type}_orders`, run, ...here)])) };
      };
      const rows = months().map((row) => ({ ...row, ...within(row.run), all: within(row.whole) }));
      const title = `New and returning customers by month${isWhole() ? "" : `, ${scope()}`}`;
      showTable("customers", title, [["Month", "text"], ["New orders", "count"], ["Returning orders", "count"], ["New sales", "amount"], ["Returning sales", "amount"], ["Guest sales", "amount"]],
        rows.filter((row) => row.inside).map((row) => [
          row.inner, plain(row.orders.new), plain(row.orders.returning), money(row.sales.new), money(row.sales.returning), money(row.sales.guest),
        ]), askSplit(title, "customer_type"));
      const drawn = rows.filter((row) => row.start);
      const types = of === "sales" && drawn.some((row) => row.all.sales.guest) ? [...buyers, ["guest", "grey"]] : buyers;
      const hasOther = drawn.some((row) => types.some(([type]) => row.all[of][type] !== row[of][type]));
      key("customers", [
        ...types.map(([type]) => [type, type === "guest" ? "guests and others" : type]),
        ...(hasOther ? [["returning faded", "outside the chosen period"]] : []),
        ...(drawn.some((row) => !row.complete) ? [["dashed", "incomplete month"]] : []),
      ]);
      const exact = (row, type) => (of === "sales" ? written(money(row.sales[type]), "money") : written(plain(row.orders[type]), "count"));
      const drawnOf = (value) => types.map(([type, color]) => bars(drawn.map((row) => bar(value(row, type) / (of === "sales" ? 100 : 1), row, colour(color)))));
      return (width) => ({
        ...frame({ trigger: "axis", axisPointer: hover }, ([{ dataIndex: i }]) => {
          const { label, inside, all: whole } = drawn[i];
          return tip(label, [...types.map(([type]) => [type[0].toUpperCase() + type.slice(1), exact(inside ? drawn[i] : whole, type)]), ...(inside ? [] : [["", "outside the chosen period"]]), ...note(drawn[i])]);
        }),
        grid, xAxis: timeAxis(drawn.map((row) => row.start), width), yAxis: valueAxis(of === "sales" ? shortMoney : short),
        series: [
          ...drawnOf((row, type) => row[of][type]),
          ...(hasOther ? drawnOf((row, type) => row.all[of][type] - row[of][type]).map((series) => ({ ...series, itemStyle: { opacity: 0.35 } })) : []),
        ],
      });
    },
  };
  const members = (dimension, field, scopeOf) => {
    const run = chosen.choice.period.pieces;
    const size = dimension === "countries" ? C : G;
    const total = netSales(run, ...scopeOf(null));
    const rows = Array.from({ length: size }, (_, place) => ({
      name: names(dimension, place), other: place === data[dimension].names.length, place, net_sales: netSales(run, ...scopeOf(place)),
    })).sort((one, other) => one.other - other.other || other.net_sales - one.net_sales);
    for (const row of rows) {
      row.share = ratio(row.net_sales, total, 6);
      row.chosen = chosen[field] === row.place;
      row.orders = count("orders", run, ...scopeOf(row.place));
      row.customers = count("customers", run, ...scopeOf(row.place));
    }
    const outer = scopeOf(null).map((place, i) => (place === null ? "" : names(["countries", "categories"][i], place))).filter(Boolean).join("");
    const title = `Net sales by ${field}${outer && `, ${outer}`}`;
    showTable(dimension, title, [[field === "country" ? "Country" : "Category", "text"], ["Net sales", "amount"], ["Share", "rate"], ["Orders", "count"], ["Customers", "count"]],
      rows.map((row) => [row.name, money(row.net_sales), row.share, plain(row.orders), plain(row.customers)]), (label) => {
        const kept = chosen[field];
        chosen[field] = null; // the split itself is not narrowed to one of its parts
        askSplit(title, field)(label);
        chosen[field] = kept;
      });
    const heads = rows.filter((row) => !row.other);
    const tail = [...heads.slice(10), ...rows.filter((row) => row.other)];
    const drawn = heads.slice(0, 10);
    if (tail.length) {
      const rest = tail.reduce((sum, row) => sum + row.net_sales, 0);
      const counted = tail.length - 1 + (data[dimension].rest || 1);
      drawn.push({ name: `Other (${kinds.count(counted)})`, other: true, net_sales: rest, share: ratio(rest, total, 6) });
    }
    return ranked(drawn);
  };
  const ranked = (rows) => {
    const options = (width) => {
      const labelWidth = Math.min(220, Math.round(width * 0.36));
      return {
        ...frame({ trigger: "axis", axisPointer: hover }, ([{ dataIndex: i }]) =>
          tip(rows[i].name, [["Net sales", written(money(rows[i].net_sales), "money")], ["Share", written(rows[i].share, "rate")]])),
        grid: { left: labelWidth + 14, right: 118, top: 0, bottom: 0, outerBoundsMode: "none" },
        xAxis: { type: "value", show: false, min: ({ min }) => Math.min(0, min), max: ({ max }) => Math.max(0, max) },
        yAxis: {
          type: "category", inverse: true, data: rows.map((_, i) => String(i)),
          axisLine: { show: false }, axisTick: { show: false },
          axisLabel: {
            ...font, color: colour("ink"), interval: 0, margin: labelWidth + 14, align: "left",
            width: labelWidth, overflow: "truncate", formatter: (i) => rows[i].name,
          },
        },
        series: [{
          type: "bar", barWidth: 16, emphasis: { disabled: true },
          data: rows.map((row) => ({ value: row.net_sales / 100, itemStyle: { color: colour(row.other ? "grey" : row.chosen ? "accent-2" : "accent") } })),
          label: { ...font, show: true, position: "right", distance: 8, formatter: ({ dataIndex: i }) => `${shortMoney(rows[i].net_sales / 100)}  ${written(rows[i].share, "rate")}` },
        }],
      };
    };
    options.height = rows.length * 31 + 4;
    return options;
  };

  // ---- Cards.
  const comparison = (kpi, value, before, label) => {
    if (before === null) return [];
    const words = { up: { up: "better", down: "worse" }, down: { up: "worse", down: "better" }, neutral: { up: "higher", down: "lower" } };
    const isRate = kpi.unit === "rate";
    const moved = isRate ? (value - before) * 100 : Number(before) ? ((value - before) / Math.abs(before)) * 100 : null;
    const parts = [tag("dt", {}, label), tag("dd", {}, tag("data", { value: before }, written(before, kpi.unit)))];
    if (value !== null && moved !== null) {
      const text = isRate ? `${signed(moved, {})} points` : signed(moved / 100, { style: "percent" });
      const direction = Math.abs(moved) < 0.05 ? null : moved > 0 ? "up" : "down";
      const word = direction ? words[kpi.better][direction] : "unchanged";
      const arrow = direction ? [tag("span", { "aria-hidden": "true" }, direction === "up" ? "▲ " : "▼ ")] : [];
      parts.push(tag("dd", { class: `change ${word}` }, ...arrow, tag("b", {}, text), " ", tag("span", { class: "word" }, word)));
    }
    return [tag("div", {}, ...parts)];
  };
  // A figure of many digits stays on its line: the style sheet has its length.
  const sized = (element) => {
    element.style.setProperty("--characters", element.textContent.length);
    return element;
  };
  const drawCards = () => {
    const { choice } = chosen;
    const [now, before, yearAgo] = ["period", "previous", "last_year"].map(figuresOf);
    const same = choice.previous && choice.last_year && choice.previous.start === choice.last_year.start && choice.previous.end === choice.last_year.end;
    const spans = [["Period", labelled(choice), choice.period], ["Before", null, choice.previous], ...(same ? [] : [["A year before", null, choice.last_year]])];
    find(".spans").replaceChildren(...spans.flatMap(([name, label, period]) => [
      tag("dt", {}, name), tag("dd", {}, ...(label ? [label, tag("br")] : []), period ? days(period) : "not in this data"),
    ]));
    const cards = data.kpis.map((kpi) => {
      const value = now[kpi.id];
      const ask = () => explain(kpi.label, kpi.definition, value === null ? null : written(value, kpi.unit), filled(data.sql.figures[kpi.id], choice.period));
      const head = tag("h3", {}, button(kpi.label, ask));
      if (value === null) {
        // Customers are in several countries and categories, so that each pair would need a count of its own: no room.
        const counted = kpi.id === "repeat_purchase_rate" ? "what is chosen" : kpi.id.includes("customer") && chosen.country !== null && chosen.category !== null ? "a country and a category at once, as customers buy in several" : "";
        const reason = kpi.all === null ? `not in this data${kpi.reason && `: ${kpi.reason}`}` : counted ? `not in this file for ${counted}; its SQL tells` : "nothing to divide by";
        return tag("li", { class: "missing", "data-kpi": kpi.id }, head, tag("p", { class: "value" }, reason));
      }
      return tag("li", { "data-kpi": kpi.id }, head, tag("p", { class: "value" }, sized(tag("data", { value }, written(value, kpi.unit)))),
        tag("dl", {}, ...(before ? comparison(kpi, value, before[kpi.id], same ? "a year before" : "before") : []), ...(yearAgo && !same ? comparison(kpi, value, yearAgo[kpi.id], "a year before") : [])));
    });
    // What is not in these data stands last.
    find(".cards").replaceChildren(...cards.filter((card) => !card.matches(".missing")), ...cards.filter((card) => card.matches(".missing")));
    find("[role=status]", form).textContent = `${written(now.net_sales, "money")} net sales · ${written(now.orders, "count")} orders`;
  };

  // ---- Everything, and again on each choice.
  const boxes = all("[data-chart]").map((box) => ({ box, name: box.dataset.chart, chart: null, options: null }));
  const paint = (each, width) => {
    const { box, chart } = each;
    if (!each.options) return;
    chart.resize(width ? { width } : undefined);
    chart.setOption(each.options(width ?? box.clientWidth), true);
  };
  const draw = (each) => {
    each.options = charts[each.name]();
    each.box.hidden = !each.options;
    if (!each.options) return;
    if (each.options.height) each.box.style.height = `${Math.max(each.options.height, 40)}px`;
    each.chart ??= echarts.init(each.box, null, { renderer: "svg" });
    paint(each);
  };
  const fits = (by) => {
    const { start, end } = chosen.choice.period;
    const size = (moment(end) - moment(start)) / DAY + 1;
    return by === "month" || (isWhole() && end >= data.days.start && size <= 800 && (by === "week" ? size > 7 : true));
  };
  const choose = (isNew) => {
    const { start, end } = chosen.choice.period;
    const size = (moment(end) - moment(start)) / DAY + 1;
    const best = ["day", "week", "month"].find((by) => fits(by) && size <= { day: 62, week: 200, month: Infinity }[by]);
    for (const input of all("input[name=sales]")) {
      input.disabled = !fits(input.value);
      if (isNew) input.checked = input.value === best;
    }
    drawCards();
    boxes.forEach(draw);
  };
  const read = () => {
    const place = (field) => (field.value === "" ? null : Number(field.value));
    Object.assign(chosen, { choice: choices[form.period.value], country: place(form.country), category: place(form.category) });
    choose(true);
  };
  fill();
  document.documentElement.classList.add("scripted");
  for (const element of all("data[data-kind]")) {
    const { kind } = element.dataset;
    element.textContent = kind === "day" ? longDay(element.value) : kind === "month" ? longMonth(element.value) : kinds[kind === "money" ? "amount" : kind](element.value);
  }
  form.addEventListener("change", read);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(read));
  for (const control of all(".switch")) {
    control.hidden = false;
    const section = control.closest("section");
    const turn = () => {
      const value = find("input:checked", control).value;
      for (const part of all("[data-for]", section)) part.hidden = part.dataset.for !== value;
      boxes.filter((each) => section.contains(each.box)).forEach(draw);
    };
    control.addEventListener("change", turn);
    for (const part of all("[data-for]", section)) part.hidden = part.dataset.for !== find("input:checked", control).value;
  }
  choose(true);
  document.documentElement.classList.add("drawn");
  for (const each of boxes) new ResizeObserver(() => each.chart && each.box.clientWidth && each.box.clientWidth !== each.chart.getWidth() && paint(each)).observe(each.box);
  addEventListener("beforeprint", () => boxes.forEach((each) => paint(each, 660)));
  addEventListener("afterprint", () => boxes.forEach((each) => paint(each)));
})();
