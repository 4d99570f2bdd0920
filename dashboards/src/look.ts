// The common look of all dashboards, and what every panel needs.

import * as cog from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import * as bargauge from "@grafana/grafana-foundation-sdk/bargauge";
import * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as statetimeline from "@grafana/grafana-foundation-sdk/statetimeline";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import { W } from "./promql";

/** The data source selected by the dashboard's variable, never a fixed one. */
export const datasource: common.DataSourceRef = { type: "prometheus", uid: "${datasource}" };

/** Colours by meaning. */
export const GOOD = "green";
export const WARN = "orange";
export const BAD = "red";
export const INFO = "blue";

export interface Query {
  expr: string;
  /** The name of a series, such as {{shard}}. */
  legend?: string;
}

interface Common {
  title: string;
  /** What the panel shows, what is bad, and what to do then. */
  description: string;
  /** Out of 24 columns. */
  width: number;
  height?: number;
}

interface Numeric extends Common {
  unit: string;
  decimals?: number;
  min?: number;
  max?: number;
  /** Text shown without data. */
  none?: string;
  thresholds?: Thresholds;
}

/** Where the colour changes. Values above bad are bad; with low, values below. */
export interface Thresholds {
  warn?: number;
  bad: number;
  low?: boolean;
}

function steps(t: Thresholds | undefined, base: string = GOOD): cog.Builder<dashboard.ThresholdsConfig> {
  const list: dashboard.Threshold[] = [{ value: null, color: t?.low ? BAD : base }];
  if (t?.low) {
    if (t.warn !== undefined) {
      list.push({ value: t.bad, color: WARN });
    }
    list.push({ value: t.warn ?? t.bad, color: GOOD });
  } else if (t) {
    if (t.warn !== undefined) {
      list.push({ value: t.warn, color: WARN });
    }
    list.push({ value: t.bad, color: BAD });
  }
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(list);
}

/**
 * Minimum step of queries with rates. Grafana makes their windows at least four times as long. Without it, windows would be four times the data source's scrape
 * interval: a minute with Prometheus' usual 15 s, in which a bot that pushes once a minute (OpenTelemetry's default) has at most one sample. Bots scraped more
 * often lose detail below a minute, which shows only on the shortest time ranges.
 */
const RATE_STEP = "1m";

function queries(list: Query[], how: "range" | "instant", format: PromQueryFormat): DataqueryBuilder[] {
  return list.map(({ expr, legend }, i) => {
    const q = new DataqueryBuilder()
      .datasource(datasource)
      .refId(String.fromCharCode("A".charCodeAt(0) + i))
      .expr(expr)
      .format(format)
      .legendFormat(legend ?? "__auto");
    if (expr.includes(W)) {
      if (how === "instant") throw new Error(`an instant query with the window of a range query: ${expr}`);
      q.interval(RATE_STEP);
    }
    return how === "instant" ? q.instant() : q.range();
  });
}

/** Methods that the builders of all panel types share. */
interface AnyPanel extends cog.Builder<dashboard.Panel> {
  title(text: string): this;
  description(text: string): this;
  datasource(ref: common.DataSourceRef): this;
  span(w: number): this;
  height(h: number): this;
  targets(list: cog.Builder<cog.Dataquery>[]): this;
}

interface NumericPanel extends AnyPanel {
  unit(unit: string): this;
  decimals(n: number): this;
  min(n: number): this;
  max(n: number): this;
  noValue(text: string): this;
  thresholds(t: cog.Builder<dashboard.ThresholdsConfig>): this;
}

function frame<P extends AnyPanel>(p: P, c: Common, height: number): P {
  return p
    .title(c.title)
    .description(c.description)
    .datasource(datasource)
    .span(c.width)
    .height(c.height ?? height);
}

function numeric<P extends NumericPanel>(p: P, n: Numeric, height: number): P {
  frame(p, n, height).unit(n.unit).thresholds(steps(n.thresholds));
  if (n.decimals !== undefined) p.decimals(n.decimals);
  if (n.min !== undefined) p.min(n.min);
  if (n.max !== undefined) p.max(n.max);
  if (n.none !== undefined) p.noValue(n.none);
  return p;
}

type Override = { matcher: dashboard.MatcherConfig; properties: dashboard.DynamicConfigValue[] };

/** Colours of series by name. */
const coloured = (colours: Record<string, string>): Override[] =>
  Object.entries(colours).map(([name, color]) => ({
    matcher: { id: "byName", options: name },
    properties: [{ id: "color", value: { mode: "fixed", fixedColor: color } }],
  }));

/** One number. */
export function number(o: Numeric & { query: string; link?: string; plain?: boolean }) {
  const p = numeric(new stat.PanelBuilder(), o, 4)
    .targets(queries([{ expr: o.query }], "instant", PromQueryFormat.TimeSeries))
    .colorMode(o.plain ? common.BigValueColorMode.None : common.BigValueColorMode.Background)
    .graphMode(common.BigValueGraphMode.None)
    .textMode(common.BigValueTextMode.Value)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
  return o.link ? p.links([drill("Details", o.link)]) : p;
}

/** A link from a panel to another dashboard, with the same time range and selection. */
function drill(title: string, uid: string) {
  return new dashboard.DashboardLinkBuilder(title)
    .type(dashboard.DashboardLinkType.Link)
    .url(`/d/${uid}?\${datasource:queryparam}&\${job:queryparam}&\${bot:queryparam}&\${region:queryparam}&\${cluster:queryparam}&\${__url_time_range}`);
}

export interface Lines extends Numeric {
  queries: Query[];
  /** Stack the series; their sum is meaningful. */
  stacked?: boolean;
  /** Draw bars, for events. */
  bars?: boolean;
  colours?: Record<string, string>;
  /** Series of another unit, by a regular expression on their names. */
  units?: Record<string, string>;
  link?: string;
}

/** Lines over time. */
export function lines(o: Lines) {
  const p = numeric(new timeseries.PanelBuilder(), o, 8)
    .targets(queries(o.queries, "range", PromQueryFormat.TimeSeries))
    .lineWidth(1)
    .fillOpacity(o.bars ? 80 : o.stacked ? 40 : 8)
    .drawStyle(o.bars ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .showPoints(common.VisibilityMode.Never)
    .spanNulls(false)
    .axisSoftMin(0)
    .stacking(new common.StackingConfigBuilder().mode(o.stacked ? common.StackingMode.Normal : common.StackingMode.None))
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs([]),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending))
    .overrides([
      ...coloured(o.colours ?? {}),
      ...Object.entries(o.units ?? {}).map(([pattern, unit]) => ({
        matcher: { id: "byRegexp", options: pattern },
        properties: [{ id: "unit", value: unit }],
      })),
    ]);
  if (o.thresholds) {
    p.thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed));
  }
  return o.link ? p.links([drill("Details", o.link)]) : p;
}

/** Bars that show how much of a limit is used. */
export function bars(o: Numeric & { queries: Query[]; link?: string }) {
  const p = numeric(new bargauge.PanelBuilder(), o, 8)
    .targets(queries(o.queries, "instant", PromQueryFormat.TimeSeries))
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .valueMode(common.BarGaugeValueMode.Text)
    .showUnfilled(true)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
  return o.link ? p.links([drill("Details", o.link)]) : p;
}

function cells(p: heatmap.PanelBuilder, o: Numeric & { scheme?: string; to?: number }): heatmap.PanelBuilder {
  const color = new heatmap.HeatmapColorOptionsBuilder()
    .mode(heatmap.HeatmapColorMode.Scheme)
    .scheme(o.scheme ?? "Oranges")
    .scale(heatmap.HeatmapColorScale.Exponential)
    .exponent(0.5)
    .steps(64)
    .reverse(false)
    .fill("dark-orange");
  if (o.to !== undefined) color.min(0).max(o.to).scale(heatmap.HeatmapColorScale.Linear);
  return p
    .color(color)
    .cellGap(1)
    .showValue(common.VisibilityMode.Never)
    .showLegend()
    .tooltip(new heatmap.HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).yHistogram(false).showColorScale(true))
    .exemplarsColor("rgba(255,0,255,0.7)");
}

/** Distribution of a histogram over time. */
export function spread(o: Numeric & { query: string }) {
  const p = numeric(new heatmap.PanelBuilder(), o, 8)
    .targets(queries([{ expr: o.query, legend: "{{le}}" }], "range", PromQueryFormat.Heatmap))
    .calculate(false)
    .yAxis(new heatmap.YAxisConfigBuilder().unit(o.unit).axisPlacement(common.AxisPlacement.Left))
    .cellValues(new heatmap.CellValuesBuilder().unit("short").decimals(1))
    .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().layout(common.HeatmapCellLayout.Auto));
  return cells(p, o);
}

/** One row per series, with the value as a colour; readable with a hundred clusters. */
export function rows(o: Numeric & { query: Query; to: number; scheme?: string }) {
  const p = numeric(new heatmap.PanelBuilder(), o, 8)
    .targets(queries([o.query], "range", PromQueryFormat.TimeSeries))
    .calculate(false)
    .yAxis(new heatmap.YAxisConfigBuilder().axisPlacement(common.AxisPlacement.Left))
    .cellValues(new heatmap.CellValuesBuilder().unit(o.unit))
    .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().layout(common.HeatmapCellLayout.Auto).value(o.title));
  return cells(p, { scheme: "RdYlGn", ...o });
}

/** Distribution of the values of many series over time; readable with thousands of shards. */
export function crowd(o: Numeric & { query: string }) {
  const p = numeric(new heatmap.PanelBuilder(), o, 8)
    .targets(queries([{ expr: o.query }], "range", PromQueryFormat.TimeSeries))
    .calculate(true)
    .yAxis(new heatmap.YAxisConfigBuilder().unit(o.unit).axisPlacement(common.AxisPlacement.Left).min(0))
    .cellValues(new heatmap.CellValuesBuilder().unit("short"));
  return cells(p, o);
}

export type States = Record<number, { text: string; color: string }>;

/** One row per series, with the state as a colour and a word. */
export function states(o: Common & { query: Query; states: States }) {
  const options = Object.fromEntries(Object.entries(o.states).map(([value, s], index) => [value, { ...s, index }]));
  return frame(new statetimeline.PanelBuilder(), o, 10)
    .unit("short")
    .targets(queries([o.query], "range", PromQueryFormat.TimeSeries))
    .mappings([{ type: dashboard.MappingType.ValueToText, options }])
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds))
    .thresholds(steps(undefined))
    .showValue(common.VisibilityMode.Never)
    .mergeValues(true)
    .rowHeight(0.9)
    .perPage(20)
    .lineWidth(0)
    .fillOpacity(80)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs([]),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Single).sort(common.SortOrder.None));
}

export interface Column {
  name: string;
  expr: string;
  unit: string;
  decimals?: number;
  thresholds?: Thresholds;
  states?: States;
}

/** One row per combination of keys, one column per query. */
export function columns(
  o: Common & {
    keys: Record<string, string>;
    columns: Column[];
    sort: { by: string; desc: boolean };
    /** The dashboard that a cluster's name links to. */
    link?: string;
    none?: string;
  },
) {
  const value = (i: number) => `Value #${String.fromCharCode("A".charCodeAt(0) + i)}`;
  const renameByName: Record<string, string> = { ...o.keys };
  const indexByName: Record<string, number> = {};
  Object.keys(o.keys).forEach((k, i) => (indexByName[k] = i));
  o.columns.forEach((c, i) => {
    renameByName[value(i)] = c.name;
    indexByName[value(i)] = Object.keys(o.keys).length + i;
  });
  if (o.columns.length === 1) {
    renameByName["Value"] = o.columns[0]!.name;
  }
  const overrides: Override[] = o.columns.map((c) => {
    const properties: dashboard.DynamicConfigValue[] = [{ id: "unit", value: c.unit }];
    if (c.decimals !== undefined) properties.push({ id: "decimals", value: c.decimals });
    if (c.thresholds) {
      properties.push({ id: "thresholds", value: steps(c.thresholds).build() });
      properties.push({ id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } });
    }
    if (c.states) {
      const options = Object.fromEntries(Object.entries(c.states).map(([v, s], index) => [v, { ...s, index }]));
      properties.push({ id: "mappings", value: [{ type: "value", options }] });
      properties.push({ id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } });
    }
    return { matcher: { id: "byName", options: c.name }, properties };
  });
  if (o.link) {
    overrides.push({
      matcher: { id: "byName", options: o.keys["cluster"]! },
      properties: [
        {
          id: "links",
          value: [
            {
              title: "Open this cluster",
              // Every row has a job, but a bot's name only if it is set, so the selection of bots is kept.
              url: `/d/${o.link}?\${datasource:queryparam}&var-job=\${__data.fields.${o.keys["job"]}:percentencode}&\${bot:queryparam}&\${region:queryparam}&var-cluster=\${__value.raw:percentencode}&\${__url_time_range}`,
            },
          ],
        },
      ],
    });
  }
  return frame(new table.PanelBuilder(), o, 8)
    .unit("short")
    .noValue(o.none ?? "–")
    .thresholds(steps(undefined))
    .targets(queries(o.columns, "instant", PromQueryFormat.Table))
    .transformations([
      { id: "merge", options: {} },
      { id: "organize", options: { excludeByName: { Time: true }, indexByName, renameByName } },
    ])
    .overrides(overrides)
    .cellHeight(common.TableCellHeight.Sm)
    .sortBy([new common.TableSortByFieldStateBuilder().displayName(o.sort.by).desc(o.sort.desc)]);
}

/** One row per value of one label, one column per value of another. */
export function matrix(o: Numeric & { query: string; row: string; column: string }) {
  return numeric(new table.PanelBuilder(), { none: "", ...o }, 8)
    .targets(queries([{ expr: o.query }], "instant", PromQueryFormat.Table))
    .transformations([
      { id: "groupingToMatrix", options: { columnField: o.column, rowField: o.row, valueField: "Value", emptyValue: "empty" } },
    ])
    .cellOptions({ type: common.TableCellDisplayMode.ColorBackground, mode: common.TableCellBackgroundDisplayMode.Basic })
    .cellHeight(common.TableCellHeight.Sm);
}
