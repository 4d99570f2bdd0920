// Panels that ask ClickHouse. The queries are those of ../analytics/sql/queries, with the
// dashboard's variables and Grafana's time range in the place of their parameters.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as cog from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";

/** The data source selected by the dashboard's variable. */
export const datasource: common.DataSourceRef = { type: "grafana-clickhouse-datasource", uid: "${datasource}" };

const queries = join(__dirname, "..", "..", "analytics", "sql", "queries");

/** The formats of Grafana's data source for ClickHouse. */
const formats = { timeseries: 0, table: 1 };

// Grafana's range in milliseconds. Hourly sums are read in whole hours.
const from = "toDateTime(intDiv(${__from}, 3600000) * 3600, 'UTC')";
const to = "toDateTime(intDiv(${__to} + 3599999, 3600000) * 3600, 'UTC')";

/** What stands for a parameter, by its name and type. A text is quoted by Grafana. */
const values: Record<string, string> = {
  "bot:String": "${bot:sqlstring}",
  "from:DateTime('UTC')": from,
  "to:DateTime('UTC')": to,
  "from:DateTime64(3, 'UTC')": "fromUnixTimestamp64Milli(${__from}, 'UTC')",
  "to:DateTime64(3, 'UTC')": "fromUnixTimestamp64Milli(${__to}, 'UTC')",
  "step:UInt32": "intDiv(${__interval_ms} + 3599999, 3600000) * 3600",
  "limit:UInt32": "1000",
  "version:Nullable(String)": "NULL",
};

/** The text of a query. More values replace those of every dashboard. */
export function text(query: string, more: Record<string, string> = {}): string {
  const known = { ...values, ...more };
  return readFileSync(join(queries, `${query}.sql`), "utf8")
    .replace(/^SETTINGS output_format_json_\w+ = \d+\n/m, "") // of the format JSON; a read-only user may set nothing
    .replace(/\{(\w+:(?:[^{}]+))\}/g, (_, parameter: string) => {
      const value = known[parameter];
      if (value === undefined) throw new Error(`${query}.sql has the parameter {${parameter}}, which no dashboard sets`);
      return value;
    })
    .trim();
}

/** A query as the data source keeps it. */
class Target implements cog.Builder<cog.Dataquery> {
  constructor(
    private readonly sql: string,
    private readonly format: keyof typeof formats,
  ) {}

  build(): cog.Dataquery {
    const target = {
      datasource,
      refId: "A",
      editorType: "sql",
      queryType: this.format,
      format: formats[this.format],
      rawSql: this.sql,
    };
    // The interface has a method by which the SDK tells queries apart, and JSON has none.
    return target as unknown as cog.Dataquery;
  }
}

export interface Field {
  /** The column of the query. */
  name: string;
  title: string;
  unit?: string;
  decimals?: number;
}

interface Panel {
  title: string;
  description: string;
  width: number;
  height?: number;
  sql: string;
  fields: Field[];
  /** Of fields that do not say otherwise. */
  unit: string;
}

const overrides = (fields: Field[]) =>
  fields.map((f) => ({
    matcher: { id: "byName", options: f.name },
    properties: [
      { id: "displayName", value: f.title },
      ...(f.unit ? [{ id: "unit", value: f.unit }] : []),
      ...(f.decimals === undefined ? [] : [{ id: "decimals", value: f.decimals }]),
    ],
  }));

const plain = () => new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps([{ value: null, color: "green" }]);

/** One row for each row of the answer. Columns that are not among the fields are hidden. */
export function rows(o: Panel & { sortBy?: string }) {
  const p = new table.PanelBuilder()
    .title(o.title)
    .description(o.description)
    .datasource(datasource)
    .span(o.width)
    .height(o.height ?? 8)
    .unit(o.unit)
    .noValue("–")
    .thresholds(plain())
    .targets([new Target(o.sql, "table")])
    .transformations([
      { id: "filterFieldsByName", options: { include: { names: o.fields.map((f) => f.name) } } },
      { id: "organize", options: { indexByName: Object.fromEntries(o.fields.map((f, i) => [f.name, i])) } },
    ])
    .overrides(overrides(o.fields))
    .cellHeight(common.TableCellHeight.Sm);
  return o.sortBy ? p.sortBy([new common.TableSortByFieldStateBuilder().displayName(o.sortBy).desc(true)]) : p;
}

/** Lines or bars over time: one for each field. */
export function series(o: Panel & { time: string; bars?: boolean }) {
  return new timeseries.PanelBuilder()
    .title(o.title)
    .description(o.description)
    .datasource(datasource)
    .span(o.width)
    .height(o.height ?? 8)
    .unit(o.unit)
    .thresholds(plain())
    .targets([new Target(o.sql, "timeseries")])
    .transformations([{ id: "filterFieldsByName", options: { include: { names: [o.time, ...o.fields.map((f) => f.name)] } } }])
    .overrides(overrides(o.fields))
    .drawStyle(o.bars ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .fillOpacity(o.bars ? 80 : 8)
    .lineWidth(1)
    .showPoints(common.VisibilityMode.Auto)
    .spanNulls(false)
    .axisSoftMin(0)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs([]),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.None));
}

/** A variable with the values that a query returns. */
export function variable(name: string, label: string, description: string, sql: string) {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(datasource)
    .query({ editorType: "sql", queryType: "table", format: formats.table, rawSql: sql, refId: `variable-${name}` })
    .definition(sql)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
}
