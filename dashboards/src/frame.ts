// The common frame of the five dashboards: variables, annotations and links.

import * as cog from "@grafana/grafana-foundation-sdk/cog";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { BAD, datasource, INFO } from "./look";
import { agg, gauge, labelValues, Label, namespace, PROCESS } from "./promql";
import catalog from "./catalog.json";

// Dashboards of several namespaces can share a Grafana.
const prefix = namespace === catalog.namespace ? "argus" : `argus-${namespace}`;

/** The dashboards, in the order of an operator's questions. */
export const uids = {
  overview: `${prefix}-overview`,
  interactions: `${prefix}-interactions`,
  gateway: `${prefix}-gateway`,
  rest: `${prefix}-rest`,
  fleet: `${prefix}-fleet`,
};

const titles: Record<keyof typeof uids, string> = {
  overview: "Overview",
  interactions: "Interactions",
  gateway: "Gateway and shards",
  rest: "REST and rate limits",
  fleet: "Fleet",
};

export interface Section {
  title: string;
  panels: cog.Builder<dashboard.Panel>[];
}

interface Chooser {
  name: string;
  label: string;
  description: string;
  query: string;
}

/** Variables of every dashboard. A label that is not set has no values; All includes series without the label. */
const origin: Chooser[] = [
  {
    name: "job",
    label: "Job",
    description: "Scrape job, or service name if the bot pushes. Job and Bot together identify a bot.",
    query: labelValues("argus_up", "job", { job: undefined, bot: undefined, region: undefined, cluster: undefined }),
  },
  {
    name: "bot",
    label: "Bot",
    description: "Bot name, if set (ARGUS_BOT).",
    query: labelValues("argus_up", "bot", { bot: undefined, region: undefined, cluster: undefined }),
  },
  {
    name: "region",
    label: "Region",
    description: "Region, if set (ARGUS_REGION).",
    query: labelValues("argus_up", "region", { region: undefined, cluster: undefined }),
  },
  {
    name: "cluster",
    label: "Cluster",
    description: "Processes of the bot.",
    query: labelValues("argus_up", "cluster", { cluster: undefined }),
  },
];

export const shards: Chooser = {
  name: "shard",
  label: "Shard",
  description: "Shards of the selected clusters. Series without a shard are shown for the whole cluster.",
  query: labelValues("discord_shard_up", "shard", { shard: undefined }),
};

function variable(v: Chooser) {
  return new dashboard.QueryVariableBuilder(v.name)
    .label(v.label)
    .description(v.description)
    .datasource(datasource)
    .query({ query: v.query, refId: `variable-${v.name}` })
    .definition(v.query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ selected: true, text: ["All"], value: ["$__all"] });
}

function annotation(name: string, color: string, expr: string, title: string, text: string, tags: Label[]) {
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .step("60s")
    .titleFormat(title)
    .textFormat(text)
    .tagKeys(tags.join(","))
    .target(new DataqueryBuilder().datasource(datasource).refId("Anno").expr(expr).range());
}

// An annotation appears where its query returns 1, evaluated once a minute.
const restarts = annotation(
  "Restarts",
  BAD,
  `${agg("min", ["cluster"], `min_over_time(${gauge("discord_uptime_seconds")}[1m])`)} < bool 60 == 1`,
  `Restart of ${PROCESS}`,
  `The process ${PROCESS} started.`,
  ["job", "bot", "cluster"],
);

const versions = (expr: string) => agg("group", ["cluster", "version", "argus_version", "discordgo_version", "go_version"], expr);
const before = `last_over_time(${gauge("discord_bot_info")}[1h] offset 1m)`;
const changes = annotation(
  "Versions",
  INFO,
  `${versions(gauge("discord_bot_info"))} unless ${versions(before)} and on (job, bot, region, cluster) ${agg("group", ["cluster"], before)}`,
  `New version on ${PROCESS}`,
  "version {{version}}, argus {{argus_version}}, discordgo {{discordgo_version}}, {{go_version}}",
  ["job", "bot", "cluster"],
);

/** A dashboard with its sections. */
export function board(which: keyof typeof uids, description: string, choosers: Chooser[], sections: Section[]): dashboard.Dashboard {
  const b = new dashboard.DashboardBuilder(`Argus / ${titles[which]}`)
    .uid(uids[which])
    .description(description)
    .tags(["argus", "discord"])
    .editable()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .timezone("browser")
    .time({ from: "now-1h", to: "now" })
    .refresh("30s")
    .variables([
      new dashboard.DatasourceVariableBuilder("datasource")
        .label("Data source")
        .description("Prometheus, or a compatible data source.")
        .type("prometheus"),
      ...[...origin, ...choosers].map(variable),
    ])
    .annotations([restarts, changes])
    .links(
      (Object.keys(uids) as (keyof typeof uids)[])
        .filter((other) => other !== which)
        .map((other) =>
          new dashboard.DashboardLinkBuilder(titles[other])
            .type(dashboard.DashboardLinkType.Link)
            .url(`/d/${uids[other]}`)
            .icon("dashboard")
            .includeVars(true)
            .keepTime(true),
        ),
    );
  for (const section of sections) {
    b.withRow(new dashboard.RowBuilder(section.title).collapsed(false));
    section.panels.forEach((p) => b.withPanel(p));
  }
  const built = b.build();
  built.panels?.forEach((p, i) => (p.id = i + 1));
  // Grafana assigns ids itself.
  delete built.id;
  // The builder would put these into a menu; they should be visible.
  [...(built.links ?? []), ...(built.annotations.list ?? [])].forEach((shown) => delete shown.placement);
  return built;
}
