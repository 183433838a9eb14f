// Writes ../src/ecomdata/report/static/echarts.min.js and LICENSES.txt. The same lock file gives the same bytes.
import { readFileSync, writeFileSync } from "node:fs";
import { buildSync } from "esbuild";

const out = new URL("../src/ecomdata/report/static/", import.meta.url).pathname;
const text = (path) => readFileSync(new URL(`node_modules/${path}`, import.meta.url), "utf8").replaceAll("\r", "");
const version = (name) => JSON.parse(text(`${name}/package.json`)).version;

const parts = [
  ["Apache ECharts", "echarts", "Apache-2.0", ["echarts/LICENSE", "echarts/NOTICE"]],
  ["d3.js, parts of which ECharts embeds", null, "BSD-3-Clause", ["echarts/licenses/LICENSE-d3"]],
  ["zrender", "zrender", "BSD-3-Clause", ["zrender/LICENSE"]],
  ["tslib", "tslib", "0BSD", ["tslib/LICENSE.txt"]],
];

// A report travels without this repository, so the notices that must travel with it stand in the bundle.
const banner = [
  `Apache ECharts ${version("echarts")} (Apache-2.0), zrender ${version("zrender")} (BSD-3-Clause), custom bundle.`,
  text("echarts/NOTICE").trim(),
  text("zrender/LICENSE").trim(),
  `d3.js, parts of which ECharts embeds\n${text("echarts/licenses/LICENSE-d3").trim()}`,
].join("\n\n");

buildSync({
  entryPoints: [new URL("echarts.entry.js", import.meta.url).pathname],
  outfile: `${out}echarts.min.js`,
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "echarts",
  target: "es2020",
  charset: "ascii",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  banner: { js: `/*!\n${banner}\n*/` },
});

const rule = "=".repeat(80);
writeFileSync(
  `${out}LICENSES.txt`,
  [
    "echarts.min.js is built from these packages. Each keeps its own licence, given here in full.\n",
    ...parts.map(([title, name, licence, files]) =>
      [rule, `${title}${name ? ` ${version(name)}` : ""} - ${licence}`, rule, "", ...files.map((f) => text(f).trim() + "\n")].join("\n"),
    ),
  ].join("\n"),
);
