// Selectors whose names, labels and values the catalog knows. A name or a label
// that does not exist does not compile; a value that does not exist throws.

import catalog from "./catalog.json";

type Metrics = typeof catalog.metrics;

/** A metric of the catalog, by its Prometheus name. */
export type Name = keyof Metrics;

/** What every series has: the job, and what comes from the resource, where it is set. Job and bot tell bots apart, cluster the processes of a bot. */
type Origin = "job" | "bot" | "region" | "cluster";
const ORIGIN: Origin[] = ["job", "bot", "region", "cluster"];
if (!catalog.resource.every((name) => (ORIGIN as string[]).includes(name))) {
  throw new Error(`the resource has the labels ${catalog.resource.join(", ")}`);
}

/** A label of one metric. */
type LabelOf<N extends Name> = keyof Metrics[N]["labels"] | Origin;

/** Any label of the catalog, and what a query adds. */
export type Label = { [N in Name]: keyof Metrics[N]["labels"] }[Name] | Origin | "le" | "sign";

type Operator = "=" | "!=" | "=~" | "!~";

/** What a label has to be. A plain string stands for equality, a list for all of its members. */
type Want = string | { op: Operator; text: string } | Want[];

export type Matchers<N extends Name> = { [L in LabelOf<N>]?: Want | undefined };

export const not = (text: string): Want => ({ op: "!=", text });
export const re = (text: string): Want => ({ op: "=~", text });
export const notRe = (text: string): Want => ({ op: "!~", text });
/** What a variable of the dashboard has chosen. */
export const chosen = (variable: string): Want => ({ op: "=~", text: `$${variable}` });

interface Metric {
  kind: string;
  unit: string;
  description: string;
  labels: Record<string, string[]>;
}

const metric = (name: Name): Metric => catalog.metrics[name] as unknown as Metric;

/** The first segment of the bot's names: another one where ARGUS_NAMESPACE is set. */
export const namespace = process.env["ARGUS_NAMESPACE"] || catalog.namespace;
if (!/^[a-zA-Z][a-zA-Z0-9_]*$/.test(namespace)) {
  throw new Error(`ARGUS_NAMESPACE=${namespace} is not the beginning of a metric's name`);
}

const prefix = `${catalog.namespace}_`;
const inNamespace = (name: string) => (name.startsWith(prefix) ? `${namespace}_${name.slice(prefix.length)}` : name);

function matcher(name: Name, label: string, want: Want): string {
  if (Array.isArray(want)) {
    return want.map((w) => matcher(name, label, w)).join(",");
  }
  const { op, text } = typeof want === "string" ? { op: "=" as Operator, text: want } : want;
  const values = metric(name).labels[label] ?? [];
  if (values.length > 0 && !text.startsWith("$")) {
    const exact = op === "=" || op === "!=";
    const pattern = new RegExp(`^(?:${text})$`);
    if (!values.some((v) => (exact ? v === text : pattern.test(v)))) {
      throw new Error(`${name}: no value of ${label} is ${op} ${text}`);
    }
  }
  return `${label}${op}"${text}"`;
}

function selector<N extends Name>(name: N, suffix: string, matchers: Matchers<N>, more: string[] = []): string {
  const wants: Record<string, Want | undefined> = { ...Object.fromEntries(ORIGIN.map((label) => [label, chosen(label)])), ...matchers };
  // On the dashboards that show shards, each series with a shard is one of those chosen.
  if ("shard" in metric(name).labels && !("shard" in matchers)) {
    wants["shard"] = chosen("shard");
  }
  const parts = Object.entries(wants).flatMap(([label, want]) => (want === undefined ? [] : [matcher(name, label, want)]));
  const braced = [...parts, ...more].join(",");
  return inNamespace(name) + suffix + (braced && `{${braced}}`);
}

function needs(name: Name, ...kinds: string[]) {
  if (!kinds.includes(metric(name).kind)) {
    throw new Error(`${name} is a ${metric(name).kind}, not a ${kinds.join(" or a ")}`);
  }
}

/** The window of a rate in a panel over time: Grafana makes it at least four times RATE_STEP of look.ts. */
export const W = "[$__rate_interval]";
/** The window of a verdict about now, whatever the panel's time range is. It holds five pushes. */
export const NOW = "[5m]";

/** The value of a gauge. */
export function gauge<N extends Name>(name: N, matchers: Matchers<N> = {}): string {
  needs(name, "gauge", "up-down counter");
  return selector(name, "", matchers);
}

/** The value of a counter, which only rate, increase and resets can read. */
export function counter<N extends Name>(name: N, matchers: Matchers<N> = {}): string {
  needs(name, "counter");
  return selector(name, "", matchers);
}

export const rate = <N extends Name>(name: N, matchers: Matchers<N> = {}, window = W) => `rate(${counter(name, matchers)}${window})`;
export const increase = <N extends Name>(name: N, matchers: Matchers<N> = {}, window = W) =>
  `increase(${counter(name, matchers)}${window})`;

/**
 * The increase over a window of W, with the first value of a series that appears within it. A counter of something rare has no series before it first
 * happens, and increase sees growth between samples only. A series is new if it had no sample in the window before, although its process had one or is
 * younger than the window: after a gap in the samples, a total is not taken for an increase.
 */
export function increaseFromZero<N extends Name>(name: N, matchers: Matchers<N> = {}): string {
  const total = `max_over_time(${counter(name, matchers)}${W})`;
  const before = `offset ${W.slice(1, -1)}`;
  const uptime = gauge("discord_uptime_seconds");
  const known = `last_over_time(${uptime}${W} ${before}) or min_over_time(${uptime}${W}) < $__rate_interval_ms / 1000`;
  const labels = Object.keys(metric(name).labels).join(", ");
  return `${total} unless max_over_time(${counter(name, matchers)}${W} ${before}) and ignoring (${labels}) (${known}) or ${increase(name, matchers)}`;
}

const histogram = <N extends Name>(name: N, suffix: string, matchers: Matchers<N>, more: string[] = []) => {
  needs(name, "histogram");
  return selector(name, suffix, matchers, more);
};

/** How often something was measured, per second. */
export const countRate = <N extends Name>(name: N, matchers: Matchers<N> = {}, window = W) =>
  `rate(${histogram(name, "_count", matchers)}${window})`;

/** How often it took at most 3 s, per second. Prometheus writes the bound as 3 or as 3.0, by how it got it. */
export const within3s = <N extends Name>(name: N, matchers: Matchers<N> = {}, window = W) =>
  `rate(${histogram(name, "_bucket", matchers, ['le=~"3|3[.]0"'])}${window})`;

/** What is asked of a metric that is not the catalog's: the series of the chosen processes. */
export const ofChosen = `{${ORIGIN.map((label) => `${label}=~"$${label}"`).join(",")}}`;

/** One bot, for a grouping. */
export const BOT: Label[] = ["job", "bot"];
/** The name of a process, for a legend. */
export const PROCESS = "{{job}} {{bot}} {{cluster}}";

/** The aggregation of an expression by labels; without labels, over all. Clusters and shards of several bots have the same names, so these are always those of a bot. */
export const agg = (op: "sum" | "max" | "min" | "avg" | "count" | "group", by: Label[], expr: string) => {
  const labels = by.includes("cluster") || by.includes("shard") ? [...new Set([...BOT, ...by])] : by;
  return labels.length > 0 ? `${op} by (${labels.join(", ")}) (${expr})` : `${op}(${expr})`;
};
export const sum = (by: Label[], expr: string) => agg("sum", by, expr);
export const max = (by: Label[], expr: string) => agg("max", by, expr);
export const min = (by: Label[], expr: string) => agg("min", by, expr);
export const count = (by: Label[], expr: string) => agg("count", by, expr);

/**
 * One series for each that the bot has. A bot that is scraped and pushes into the same Prometheus under one job is there twice, and so is one
 * that was started again for as long as the Collector keeps the process before; a sum would take both.
 */
export const once = <N extends Name>(name: N, expr: string) => max(["cluster", ...(Object.keys(metric(name).labels) as Label[])], expr);
/** The sum of a gauge over all that the bot has. */
export const total = <N extends Name>(by: Label[], name: N, matchers: Matchers<N> = {}) => sum(by, once(name, gauge(name, matchers)));

/** A quantile of a histogram. */
export const quantile = <N extends Name>(q: number, by: Label[], name: N, matchers: Matchers<N> = {}, window = W) =>
  `histogram_quantile(${q}, ${sum(["le", ...by], `rate(${histogram(name, "_bucket", matchers)}${window})`)})`;

/** The mean of a histogram; absent where nothing was measured. */
export const mean = <N extends Name>(by: Label[], name: N, matchers: Matchers<N> = {}, window = W) =>
  `${sum(by, `rate(${histogram(name, "_sum", matchers)}${window})`)} / (${sum(by, countRate(name, matchers, window))} > 0)`;

/** The buckets of a histogram, for a heatmap. */
export const buckets = <N extends Name>(name: N, matchers: Matchers<N> = {}) =>
  sum(["le"], `increase(${histogram(name, "_bucket", matchers)}${W})`);

/** A share of a whole; absent where the whole is 0, which says that nothing happened. */
export const share = (part: string, whole: string) => `${part} / (${whole} > 0)`;

/** A share whose part has no series before it first happens: 0 then, for the whole is known. */
export const portion = (part: string, whole: string) => share(`(${part} or 0 * ${whole})`, whole);

/** The unit that Grafana shows the metric in. */
export function unitOf(name: Name): string {
  const { unit, kind } = metric(name);
  const units: Record<string, string> = { s: "s", By: "bytes" };
  return kind === "counter" && unit === "By" ? "Bps" : (units[unit] ?? "short");
}

/** A query for a variable: the values of a label. */
export const labelValues = <N extends Name>(name: N, label: LabelOf<N> & string, matchers: Matchers<N> = {}) =>
  `label_values(${selector(name, metric(name).kind === "histogram" ? "_count" : "", matchers)}, ${label})`;
