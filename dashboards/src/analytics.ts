// What events tell: the dashboard for ClickHouse.

import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { Field, rows, series, text, variable } from "./clickhouse";
import { uids } from "./frame";

const NONE = "NULL";
const command = (value: string) => ({ "command:Nullable(String)": value, "command:String": value });

const tally: Field[] = [
  { name: "runs", title: "Runs" },
  { name: "failures", title: "Failed" },
  { name: "in_time", title: "In time" },
  { name: "not_in_time", title: "Not in time" },
];
const quantiles: Field[] = [
  { name: "p50", title: "p50", unit: "s" },
  { name: "p95", title: "p95", unit: "s" },
];

export function analytics(): dashboard.Dashboard {
  const b = new dashboard.DashboardBuilder("Argus / Analytics")
    .uid(uids.overview.replace(/overview$/, "analytics"))
    .description("What a bot's events tell: commands, releases, guilds that an incident hit, growth. From the tables of analytics in ClickHouse.")
    .tags(["argus", "discord"])
    .editable()
    .timezone("browser")
    .time({ from: "now-24h", to: "now" })
    .variables([
      new dashboard.DatasourceVariableBuilder("datasource")
        .label("Data source")
        .description("ClickHouse, with the database of argus-analytics as its default.")
        .type("grafana-clickhouse-datasource"),
      variable("bot", "Bot", "Bot name (ARGUS_BOT). Empty: events without one.", "SELECT DISTINCT bot FROM hourly_commands ORDER BY bot"),
      variable(
        "command",
        "Command",
        "The command of the section below.",
        "SELECT DISTINCT command FROM hourly_commands WHERE bot = ${bot:sqlstring} AND command IS NOT NULL ORDER BY command",
      ),
      variable(
        "before",
        "Version before",
        "The version to compare with.",
        "SELECT version FROM hourly_commands WHERE bot = ${bot:sqlstring} GROUP BY version ORDER BY min(hour) DESC LIMIT 1, 100",
      ),
      variable(
        "after",
        "Version after",
        "The version that is compared.",
        "SELECT version FROM hourly_commands WHERE bot = ${bot:sqlstring} GROUP BY version ORDER BY min(hour) DESC LIMIT 100",
      ),
    ])
    .links([
      new dashboard.DashboardLinkBuilder("Interactions")
        .type(dashboard.DashboardLinkType.Link)
        .url(`/d/${uids.interactions}`)
        .icon("dashboard")
        .keepTime(true),
    ]);
  const section = (title: string, panels: Parameters<typeof b.withPanel>[0][]) => {
    b.withRow(new dashboard.RowBuilder(title).collapsed(false));
    panels.forEach((p) => b.withPanel(p));
  };
  section("Commands", [
    rows({
      title: "Commands",
      description: "Runs, those of the range before, failures, and whether users were answered within 3 s. Quantiles are of the handlers' durations, at most 1 % off. Whole hours.",
      width: 24,
      height: 10,
      unit: "short",
      sql: text("commands"),
      fields: [{ name: "interaction_type", title: "Type" }, { name: "command", title: "Command" }, ...tally, ...quantiles, { name: "runs_before", title: "Runs before" }],
    }),
    series({
      title: "Interactions",
      description: "All interactions over time: runs, failures, and those that were not answered in time. Steps are whole hours.",
      width: 12,
      unit: "short",
      bars: true,
      time: "start",
      sql: text("trend", command(NONE)),
      fields: tally.filter((f) => f.name !== "in_time"),
    }),
    series({
      title: "Durations of handlers",
      description: "Quantiles of the durations of all wrapped handlers, by the step. A step without a handler has none.",
      width: 12,
      unit: "s",
      time: "start",
      sql: text("trend", command(NONE)),
      fields: quantiles,
    }),
  ]);
  section("$command", [
    rows({
      title: "Where it fails",
      description: "Runs of the command by error type, where no type is no error, by cluster, and by version. Each dimension adds up to all runs.",
      width: 12,
      height: 10,
      unit: "short",
      sql: text("command", command("${command:sqlstring}")),
      fields: [
        { name: "dimension", title: "By" },
        { name: "error_type", title: "Error type" },
        { name: "region", title: "Region" },
        { name: "cluster", title: "Cluster" },
        { name: "version", title: "Version" },
        ...tally,
      ],
    }),
    series({
      title: "Runs of the command",
      description: "The command over time: runs, failures, and those that were not answered in time.",
      width: 12,
      height: 10,
      unit: "short",
      bars: true,
      time: "start",
      sql: text("trend", command("${command:sqlstring}")),
      fields: tally.filter((f) => f.name !== "in_time"),
    }),
  ]);
  section("$before and $after", [
    rows({
      title: "Before and after the release",
      description: "Two versions side by side, command by command, in the selected range. Few runs prove little: compare the counts first.",
      width: 24,
      height: 10,
      unit: "short",
      sql: text("release", { "before:String": "${before:sqlstring}", "after:String": "${after:sqlstring}" }),
      fields: [
        { name: "command", title: "Command" },
        { name: "runs_before", title: "Runs before" },
        { name: "runs_after", title: "Runs after" },
        { name: "failures_before", title: "Failed before" },
        { name: "failures_after", title: "Failed after" },
        { name: "not_in_time_before", title: "Not in time before" },
        { name: "not_in_time_after", title: "Not in time after" },
        { name: "p95_before", title: "p95 before", unit: "s" },
        { name: "p95_after", title: "p95 after", unit: "s" },
      ],
    }),
  ]);
  section("Guilds", [
    rows({
      title: "Guilds hit",
      description: "Guilds with failures, interactions that were not answered in time, or outages in the selected range, to the millisecond, the worst first. Needs ARGUS_EVENT_GUILD_IDS.",
      width: 12,
      height: 10,
      unit: "string",
      sql: text("guilds_hit"),
      fields: [{ name: "guild_id", title: "Guild", unit: "string" }, ...tally, { name: "outages", title: "Outages" }],
    }),
    series({
      title: "Growth",
      description: "Guilds that the bot joined and left, by the day in UTC. Who joined while no shard was listening is not counted.",
      width: 12,
      height: 10,
      unit: "short",
      bars: true,
      time: "day",
      sql: text("growth"),
      fields: [
        { name: "joins", title: "Joined" },
        { name: "leaves", title: "Left" },
      ],
    }),
    rows({
      title: "Active guilds by size",
      description: "Guilds with an interaction in the selected range (whole days), by the last number of members that is known. Needs ARGUS_EVENT_GUILD_IDS.",
      width: 8,
      unit: "short",
      sql: text("sizes"),
      fields: [{ name: "size", title: "Members" }, { name: "guilds", title: "Guilds" }, ...tally],
    }),
    rows({
      title: "Who uses it, and where",
      description: "Interactions by the language that the user has set, by the place, and by the installation of the app. Each dimension adds up to all runs.",
      width: 8,
      unit: "short",
      sql: text("audience"),
      fields: [
        { name: "dimension", title: "By" },
        { name: "locale", title: "Language" },
        { name: "context", title: "Place" },
        { name: "installation", title: "Installation" },
        { name: "runs", title: "Runs" },
        { name: "failures", title: "Failed" },
      ],
    }),
    series({
      title: "Users",
      description: "Users by the day in UTC, which cannot be added up: pseudonyms change each day. Needs ARGUS_EVENT_USER_KEY_FILE.",
      width: 8,
      unit: "short",
      bars: true,
      time: "day",
      sql: text("users"),
      fields: [{ name: "users", title: "Users" }],
    }),
  ]);
  section("Can the numbers be trusted?", [
    rows({
      title: "What arrived",
      description: "Events that were taken, those among them that came late or early, and those that were dropped, with the reason, by cluster and the hour of arrival.",
      width: 24,
      unit: "short",
      sql: text("ingest"),
      fields: [
        { name: "region", title: "Region" },
        { name: "cluster", title: "Cluster" },
        { name: "result", title: "Result" },
        { name: "reason", title: "Reason" },
        { name: "events", title: "Events" },
      ],
    }),
  ]);
  const built = b.build();
  built.panels?.forEach((p, i) => (p.id = i + 1));
  delete built.id; // Grafana assigns ids itself.
  built.links?.forEach((shown) => delete shown.placement);
  return built;
}
