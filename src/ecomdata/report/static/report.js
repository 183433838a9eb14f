"use strict";
// Draws the charts. Every figure also stands in the page's tables, which need no script.
// Colours are CSS variables, so light, dark and print need no redrawing.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const colour = (name) => `var(--${name})`;

  // Figures: exact ones from their decimal text, as the tables write them; short ones for axes.
  const signed = (text, before = "") => (text.startsWith("-") ? `−${before}${text.slice(1)}` : before + text);
  const grouped = (text) => {
    const [whole, fraction] = text.split(".");
    return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction === undefined ? "" : `.${fraction}`);
  };
  const count = (value) => signed(grouped(String(value)));
  const money = (value) => (value === null ? "not in this data" : signed(grouped(value), data.symbol));
  const percent = (value) => (value === null ? "" : signed(`${(value * 100).toFixed(1)}%`));
  const short = (value) => {
    const size = Math.abs(value);
    const [unit, letter] = [[1e9, "bn"], [1e6, "m"], [1e3, "k"], [1, ""]].find(([u]) => size >= u) ?? [1, ""];
    return String(Number((value / unit).toFixed(unit === 1 && size < 10 ? 2 : 1))) + letter;
  };
  const shortMoney = (value) => signed(short(value), data.symbol);
  const numbers = (values) => values.map((value) => (value === null ? null : Number(value)));
  const period = (start, grain) => {
    const [year, month, day] = start.split("-").map(Number);
    const text = `${MONTHS[month - 1]} ${year}`;
    return grain === "month" ? text : `${grain === "week" ? "Week of " : ""}${day} ${text}`;
  };

  // A tooltip is made of elements and their text, so that no name is ever read as markup.
  const tag = (name, text, ...children) => {
    const element = document.createElement(name);
    element.textContent = text;
    element.append(...children);
    return element;
  };
  const tip = (title, lines) =>
    tag("div", "", tag("b", title), ...lines.map(([label, text]) => tag("p", "", tag("span", label), tag("bdi", text))));

  const font = { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 13, color: colour("muted") };
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
  const timeAxis = (starts, width) => {
    const months = starts.filter((start, i) => i === 0 || start.slice(0, 7) !== starts[i - 1].slice(0, 7));
    const room = Math.max(2, Math.floor(width / 44));
    const step = [1, 2, 3, 6, 12, 24, 60].find((n) => months.length / n <= room) ?? 120;
    const month = (start) => 12 * Number(start.slice(0, 4)) + Number(start.slice(5, 7)) - 1;
    const labelled = new Set(months.filter((start) => month(start) % step === 0));
    const [first] = labelled;
    const label = (start) => {
      const name = MONTHS[month(start) % 12];
      return start === first || name === "Jan" ? `${name}\n${start.slice(0, 4)}` : name;
    };
    return {
      type: "category", data: starts,
      axisLine: { lineStyle: { color: colour("rule") } }, axisTick: { show: false },
      axisLabel: { ...font, lineHeight: 17, interval: (_, start) => labelled.has(start), formatter: label },
    };
  };
  const valueAxis = (formatter) => ({
    type: "value", splitNumber: 4, axisLabel: { ...font, formatter }, splitLine: line, axisLine: { show: false },
  });
  const grid = { left: 0, right: 8, top: 12, bottom: 0, outerBoundsMode: "same" };
  const bars = (values, complete, color) => values.map((value, i) => ({
    value,
    itemStyle: complete[i]
      ? { color, borderColor: colour("paper"), borderWidth: 0 }
      : { color: colour("wash"), borderColor: color, borderWidth: 1, borderType: "dashed" },
  }));
  const hover = { type: "shadow", shadowStyle: { color: colour("ink"), opacity: 0.06 } };
  const unfinished = (complete) => (complete ? [] : [["", "incomplete"]]);

  const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;

  const overTime = (width) => {
    const grain = chosen("sales");
    const rows = data.sales[grain];
    const net = numbers(rows.net_sales);
    const { complete } = rows;
    // Where days are too many for bars: one line of what is complete, one dashed through what is not.
    const lines = [
      { data: net.map((value, i) => (complete[i] ? value : null)), lineStyle: { color: colour("accent"), width: 1.3 } },
      {
        data: net.map((value, i) => (complete[i] && complete[i - 1] !== false && complete[i + 1] !== false ? null : value)),
        lineStyle: { color: colour("accent"), width: 1.3, type: "dashed" },
      },
    ].map((series) => ({ type: "line", symbol: "none", emphasis: { disabled: true }, ...series }));
    const bar = { type: "bar", barCategoryGap: "36%", emphasis: { disabled: true }, data: bars(net, complete, colour("accent")) };
    return {
      ...frame({ trigger: "axis", axisPointer: grain === "day" ? { type: "line", lineStyle: { color: colour("muted"), type: "solid" } } : hover }, ([{ dataIndex: i }]) =>
        tip(period(rows.start[i], grain), [
          ["Net sales", money(rows.net_sales[i])], ["Gross sales", money(rows.gross_sales[i])],
          ["Returns", money(rows.returns[i])], ["Orders", count(rows.orders[i])], ...unfinished(complete[i]),
        ])),
      grid, xAxis: { ...timeAxis(rows.start, width), boundaryGap: grain !== "day" }, yAxis: valueAxis(shortMoney),
      series: grain === "day" ? lines : [bar],
    };
  };

  const ranked = (name) => (width) => {
    const rows = data[name];
    const labelWidth = Math.min(220, Math.round(width * 0.36));
    return {
      ...frame({ trigger: "axis", axisPointer: hover }, ([{ dataIndex: i }]) =>
        tip(rows.name[i], [["Net sales", money(rows.net_sales[i])], ["Share", percent(rows.share[i])]])),
      grid: { left: labelWidth + 14, right: 108, top: 0, bottom: 0, outerBoundsMode: "none" },
      xAxis: { type: "value", show: false, min: (range) => Math.min(0, range.min), max: (range) => Math.max(0, range.max) },
      yAxis: {
        type: "category", inverse: true, data: rows.name.map((_, i) => String(i)),
        axisLine: { show: false }, axisTick: { show: false },
        axisLabel: {
          ...font, color: colour("ink"), interval: 0, margin: labelWidth + 14, align: "left",
          width: labelWidth, overflow: "truncate", formatter: (i) => rows.name[i],
        },
      },
      series: [{
        type: "bar", barWidth: 16, emphasis: { disabled: true },
        data: numbers(rows.net_sales).map((value, i) => ({ value, itemStyle: { color: colour(rows.other?.[i] ? "grey" : "accent") } })),
        label: {
          ...font, show: true, position: "right", distance: 8,
          formatter: ({ dataIndex: i }) => `${shortMoney(Number(rows.net_sales[i]))}  ${percent(rows.share[i])}`,
        },
      }],
    };
  };

  const customers = (width) => {
    const rows = data.customers;
    const of = chosen("customers");
    const kinds = [["returning", "accent"], ["new", "accent-2"], ["guest", "grey"]].filter(([kind]) => `${kind}_${of}` in rows);
    const exact = of === "sales" ? money : count;
    return {
      ...frame({ trigger: "axis", axisPointer: hover }, ([{ dataIndex: i }]) =>
        tip(period(rows.start[i], "month"), [
          ...kinds.map(([kind]) => [kind[0].toUpperCase() + kind.slice(1), exact(rows[`${kind}_${of}`][i])]),
          ...unfinished(rows.complete[i]),
        ])),
      grid, xAxis: timeAxis(rows.start, width), yAxis: valueAxis(of === "sales" ? shortMoney : short),
      series: kinds.map(([kind, color]) => ({
        type: "bar", stack: "all", barCategoryGap: "36%", emphasis: { disabled: true },
        data: bars(numbers(rows[`${kind}_${of}`]), rows.complete, colour(color)),
      })),
    };
  };

  const options = {
    sales: overTime, customers,
    products: ranked("products"), categories: ranked("categories"), countries: ranked("countries"),
  };
  document.documentElement.classList.add("drawn");
  for (const box of document.querySelectorAll("[data-chart]")) {
    const { chart: name } = box.dataset;
    if (data[name].name) box.style.height = `${data[name].name.length * 31 + 4}px`;
    const chart = echarts.init(box, null, { renderer: "svg" });
    const draw = () => chart.setOption(options[name](box.clientWidth), true);
    const fit = (width) => { chart.resize(width ? { width } : undefined); draw(); };
    draw();
    new ResizeObserver(() => box.clientWidth !== chart.getWidth() && fit()).observe(box);
    addEventListener("beforeprint", () => fit(660));
    addEventListener("afterprint", () => fit());

    const section = box.closest("section");
    const choose = () => {
      draw();
      for (const part of section.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== chosen(name);
    };
    const control = section.querySelector(".switch");
    if (!control) continue;
    control.hidden = false;
    control.addEventListener("change", choose);
    choose();
  }
})();
