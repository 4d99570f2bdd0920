// PromQL with names, labels and values checked against the catalog. An unknown
// name or label does not compile; an unknown value throws.

import catalog from "./catalog.json";

type Metrics = typeof catalog.metrics;

/** A metric of the catalog, by its Prometheus name. */
export type Name = keyof Metrics;

/** Labels of every series: the job, and those of the resource that are set. Job and bot identify a bot, cluster a process of it. */
type Origin = "job" | "bot" | "region" | "cluster";
const ORIGIN: Origin[] = ["job", "bot", "region", "cluster"];
if (!catalog.resource.every((name) => (ORIGIN as string[]).includes(name))) {
  throw new Error(`the resource has the labels ${catalog.resource.join(", ")}`);
}

/** A label of one metric. */
type LabelOf<N extends Name> = keyof Metrics[N]["labels"] | Origin;

/** Any label of the catalog, or added by a query. */
export type Label = { [N in Name]: keyof Metrics[N]["labels"] }[Name] | Origin | "le" | "sign";

type Operator = "=" | "!=" | "=~" | "!~";

/** A condition on a label. A plain string is equality; a list is the conjunction of its members. */
type Want = string | { op: Operator; text: string } | Want[];

export type Matchers<N extends Name> = { [L in LabelOf<N>]?: Want | undefined };

export const not = (text: string): Want => ({ op: "!=", text });
export const re = (text: string): Want => ({ op: "=~", text });
export const notRe = (text: string): Want => ({ op: "!~", text });
/** The selection of a dashboard's variable. */
export const chosen = (variable: string): Want => ({ op: "=~", text: `$${variable}` });

interface Metric {
  kind: string;
  unit: string;
  description: string;
  labels: Record<string, string[]>;
}

const metric = (name: Name): Metric => catalog.metrics[name] as unknown as Metric;

/** The first segment of metric names; ARGUS_NAMESPACE overrides it. */
export const namespace = process.env["ARGUS_NAMESPACE"] || catalog.namespace;
if (!/^[a-zA-Z][a-zA-Z0-9_]*$/.test(namespace)) {
  throw new Error(`ARGUS_NAMESPACE=${namespace} is not a prefix of a metric name`);
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
  // Dashboards about shards filter by the selected shards.
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

/** The window of rates in range queries: Grafana makes it at least four times RATE_STEP of look.ts. */
export const W = "[$__rate_interval]";
/** The window of rates in instant queries, whatever the time range. It contains five pushes. */
export const NOW = "[5m]";

/** The value of a gauge. */
export function gauge<N extends Name>(name: N, matchers: Matchers<N> = {}): string {
  needs(name, "gauge", "up-down counter");
  return selector(name, "", matchers);
}

/** A counter, for rate, increase and resets only. */
export function counter<N extends Name>(name: N, matchers: Matchers<N> = {}): string {
  needs(name, "counter");
  return selector(name, "", matchers);
}

export const rate = <N extends Name>(name: N, matchers: Matchers<N> = {}, window = W) => `rate(${counter(name, matchers)}${window})`;
export const increase = <N extends Name>(name: N, matchers: Matchers<N> = {}, window = W) =>
  `increase(${counter(name, matchers)}${window})`;

/**
 * The increase over W, including the first value of a series that appears within W. Counters of rare events have no series before the first event, and increase
 * sees growth between samples only. A series counts as new if it had no sample in the previous window although its process had one, or is younger than W. So a
 * gap in the samples does not turn a total into an increase.
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

/** Measurements per second. */
export const countRate = <N extends Name>(name: N, matchers: Matchers<N> = {}, window = W) =>
  `rate(${histogram(name, "_count", matchers)}${window})`;

/** Measurements of at most 3 s per second. Prometheus writes the bound as 3 or 3.0, depending on the path. */
export const within3s = <N extends Name>(name: N, matchers: Matchers<N> = {}, window = W) =>
  `rate(${histogram(name, "_bucket", matchers, ['le=~"3|3[.]0"'])}${window})`;

/** The selected processes, for metrics outside the catalog. */
export const ofChosen = `{${ORIGIN.map((label) => `${label}=~"$${label}"`).join(",")}}`;

/** Groups by bot. */
export const BOT: Label[] = ["job", "bot"];
/** The name of a process in legends. */
export const PROCESS = "{{job}} {{bot}} {{cluster}}";

/** An aggregation by labels. Groups by cluster or shard are always by bot too, because bots share these names. */
export const agg = (op: "sum" | "max" | "min" | "avg" | "count" | "group", by: Label[], expr: string) => {
  const labels = by.includes("cluster") || by.includes("shard") ? [...new Set([...BOT, ...by])] : by;
  return labels.length > 0 ? `${op} by (${labels.join(", ")}) (${expr})` : `${op}(${expr})`;
};
export const sum = (by: Label[], expr: string) => agg("sum", by, expr);
export const max = (by: Label[], expr: string) => agg("max", by, expr);
export const min = (by: Label[], expr: string) => agg("min", by, expr);
export const count = (by: Label[], expr: string) => agg("count", by, expr);

/**
 * Removes duplicates. A bot that is scraped and pushes into the same Prometheus under one job has each series twice, and so has a restarted bot while the
 * Collector keeps the old process; a sum would count both.
 */
export const once = <N extends Name>(name: N, expr: string) => max(["cluster", ...(Object.keys(metric(name).labels) as Label[])], expr);
/** The sum of a gauge, without duplicates. */
export const total = <N extends Name>(by: Label[], name: N, matchers: Matchers<N> = {}) => sum(by, once(name, gauge(name, matchers)));

/** A quantile of a histogram. */
export const quantile = <N extends Name>(q: number, by: Label[], name: N, matchers: Matchers<N> = {}, window = W) =>
  `histogram_quantile(${q}, ${sum(["le", ...by], `rate(${histogram(name, "_bucket", matchers)}${window})`)})`;

/** The mean of a histogram; absent without measurements. */
export const mean = <N extends Name>(by: Label[], name: N, matchers: Matchers<N> = {}, window = W) =>
  `${sum(by, `rate(${histogram(name, "_sum", matchers)}${window})`)} / (${sum(by, countRate(name, matchers, window))} > 0)`;

/** The buckets of a histogram, for a heatmap. */
export const buckets = <N extends Name>(name: N, matchers: Matchers<N> = {}) =>
  sum(["le"], `increase(${histogram(name, "_bucket", matchers)}${W})`);

/** A ratio; absent if the whole is 0, because then nothing happened. */
export const share = (part: string, whole: string) => `${part} / (${whole} > 0)`;

/** A ratio that is 0 while the part has no series yet. */
export const portion = (part: string, whole: string) => share(`(${part} or 0 * ${whole})`, whole);

/** Grafana's unit of the metric. */
export function unitOf(name: Name): string {
  const { unit, kind } = metric(name);
  const units: Record<string, string> = { s: "s", By: "bytes" };
  return kind === "counter" && unit === "By" ? "Bps" : (units[unit] ?? "short");
}

/** A query for a variable: the values of a label. */
export const labelValues = <N extends Name>(name: N, label: LabelOf<N> & string, matchers: Matchers<N> = {}) =>
  `label_values(${selector(name, metric(name).kind === "histogram" ? "_count" : "", matchers)}, ${label})`;
