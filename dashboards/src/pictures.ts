// Draws ../../docs/pictures from the results of panels' queries over the demo's
// scenarios, in the folder that the end-to-end test wrote. See ../README.md.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as vega from "vega";

interface Result {
  panel: string;
  ref: string;
  legend: string;
  play: string;
  demo: string;
  query: string;
  series: { metric: Record<string, string>; values: [number, string][] }[] | null;
}

const PICTURES: { file: string; panel: string; value: string }[] = [
  { file: "answers", panel: "Overview: Are users answered?: Interactions by outcome", value: "interactions a second" },
  { file: "handshakes", panel: "Gateway and shards: Disconnects and reconnects: Handshakes by outcome", value: "in 5 s" },
  { file: "silence", panel: "Gateway and shards: Heartbeats and silent shards: Intervals since the last acknowledgement", value: "heartbeat intervals" },
  { file: "lock", panel: "Gateway and shards: Heartbeats and silent shards: Session lock unavailable", value: "seconds" },
  { file: "guilds-lost", panel: "Gateway and shards: Guilds, voice and discordgo's cache: Unavailable guilds", value: "share of the guilds" },
  { file: "rate-limits", panel: "REST and rate limits: Rate limits: 429s by scope", value: "responses a second" },
  { file: "sends", panel: "Gateway and shards: Traffic: Sends in 60 s, busiest shards", value: "payloads a minute" },
  { file: "trouble", panel: "Fleet: Which clusters are in trouble?: Trouble over time", value: "points" },
];

const folder = process.argv[2];
if (!folder) {
  throw new Error("give the folder that E2E_RESULTS named");
}
const results = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Result);

/** The legend of a series. */
const label = (r: Result, metric: Record<string, string>) => r.legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => metric[name] ?? "");

function spec(title: string, value: string, shown: Result[]): vega.Spec {
  const series = shown.flatMap((r) => (r.series ?? []).map((s) => ({ name: label(r, s.metric), values: s.values })));
  const start = Math.min(...series.flatMap((s) => s.values.map(([at]) => at)));
  const points = series.flatMap((s) =>
    s.values.map(([at, text], i) => {
      const before = s.values[i - 1];
      // A missing step of 4 s is a gap in the line.
      return { name: s.name, at: at - start, value: Number(text), gap: before !== undefined && at - before[0] > 6 };
    }),
  );
  const first = shown[0] as Result;
  return {
    $schema: "https://vega.github.io/schema/vega/v5.json",
    width: 640,
    height: 200,
    padding: 8,
    background: "white",
    autosize: "pad",
    title: {
      text: title,
      subtitle: [`Drawn from the query's results over: ${first.demo}`, "Not a screenshot of Grafana."],
      anchor: "start",
      font: "sans-serif",
      subtitleFont: "sans-serif",
      subtitleColor: "#555",
    },
    data: [
      {
        name: "points",
        values: points.flatMap((p) => (p.gap ? [{ ...p, at: p.at - 4, value: null }, p] : [p])),
      },
    ],
    scales: [
      { name: "x", type: "linear", domain: { data: "points", field: "at" }, range: "width", nice: true },
      { name: "y", type: "linear", domain: { data: "points", field: "value" }, range: "height", zero: true, nice: true },
      { name: "colour", type: "ordinal", domain: { data: "points", field: "name", sort: true }, range: { scheme: "tableau10" } },
    ],
    axes: [
      { orient: "bottom", scale: "x", title: "seconds", grid: true, gridColor: "#eee" },
      { orient: "left", scale: "y", title: value, grid: true, gridColor: "#eee" },
    ],
    legends: [{ stroke: "colour", symbolType: "stroke", orient: "right" }],
    marks: [
      {
        type: "group",
        from: { facet: { name: "line", data: "points", groupby: "name" } },
        marks: [
          {
            type: "line",
            from: { data: "line" },
            encode: {
              enter: {
                x: { scale: "x", field: "at" },
                y: { scale: "y", field: "value" },
                defined: { signal: "isValid(datum.value)" },
                stroke: { scale: "colour", field: "name" },
                strokeWidth: { value: 1.5 },
              },
            },
          },
        ],
      },
    ],
  };
}

async function draw() {
  const out = join(__dirname, "..", "..", "docs", "pictures");
  mkdirSync(out, { recursive: true });
  for (const { file, panel, value } of PICTURES) {
    const shown = results.filter((r) => r.panel === panel && (r.series ?? []).length > 0);
    if (shown.length === 0) {
      throw new Error(`${folder} has no result of ${panel}`);
    }
    const title = panel.split(": ");
    const view = new vega.View(vega.parse(spec(`${title[0]} → ${title[title.length - 1]}`, value, shown)), { renderer: "none" });
    writeFileSync(join(out, `${file}.svg`), `${await view.toSVG()}\n`);
    view.finalize();
  }
}

draw().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
