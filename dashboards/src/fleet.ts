import { board, uids } from "./frame";
import { ANSWERED, CLOCK, FAILURES, LATENCY } from "./limits";
import { BAD, columns, lines, matrix, number, rows, GOOD, WARN } from "./look";
import { AWAITED, lost, SERVED, shardsOfBot, upOfBot } from "./overview";
import { agg, ofChosen, PROCESS, count, countRate, gauge, increase, max, min, NOW, not, rate, share, sum, total, W } from "./promql";
import { bySign, seen, signs, trouble } from "./trouble";

const any = { shard: undefined };
const acks = "discord_interaction_acks_total";
const upShare = agg("avg", ["cluster"], max(["cluster", "shard"], gauge("discord_shard_up", any)));
/** 0 if there is a cluster, or was one in the selected time range; otherwise absent, because nothing is known. */
const orNone = `or 0 * ${count([], seen)}`;
/** Points at which a cluster needs attention: any single sign that affects users. */
const TROUBLE = { warn: 5, bad: 30 };

export const fleet = () =>
  board(
    "fleet",
    "All clusters in one view, worst first. A cluster that stopped reporting within the selected time range ranks worst.",
    [],
    [
      {
        title: "Which clusters are in trouble?",
        panels: [
          number({
            title: "Clusters",
            description: "Processes that report now.",
            width: 4,
            unit: "short",
            plain: true,
            query: `${count([], agg("group", ["cluster"], gauge("argus_up")))} ${orNone}`,
          }),
          number({
            title: "In trouble",
            description: "Clusters that show any sign of trouble now.",
            width: 4,
            unit: "short",
            thresholds: { warn: 1, bad: 3 },
            query: `count((\n${trouble}\n) > 0) ${orNone}`,
          }),
          number({
            title: "Lost",
            description: "Clusters that reported within the selected time range and no longer do. Includes clusters removed on purpose.",
            width: 4,
            unit: "short",
            thresholds: { bad: 1 },
            query: `count(${lost}) ${orNone}`,
          }),
          number({
            title: "Shards up",
            description: "Share of the reporting clusters' shards that are up.",
            width: 4,
            unit: "percentunit",
            decimals: 1,
            thresholds: { warn: 1, bad: 0.9, low: true },
            query: `${total([], "discord_shards_connected")} / ${total([], "discord_shards_configured")}`,
          }),
          number({
            title: "Answered in time",
            description: "Share of commands, components and modals answered within 3 s, over the last 5 minutes.",
            width: 4,
            unit: "percentunit",
            decimals: 2,
            none: "no interactions",
            thresholds: { ...ANSWERED, low: true },
            link: uids.interactions,
            query: share(sum([], rate(acks, { type: AWAITED, outcome: SERVED }, NOW)), sum([], rate(acks, { type: AWAITED }, NOW))),
          }),
          number({
            title: "Guilds",
            description: "Available guilds of all clusters.",
            width: 4,
            unit: "short",
            plain: true,
            query: total([], "discord_guilds"),
          }),
          columns({
            title: "Clusters, worst first",
            description: `Trouble is the sum of points for: ${signs.map((s) => `${s.name} (${s.meaning})`).join("; ")}. Click a name for that cluster's Overview.`,
            width: 24,
            height: 12,
            keys: { job: "Job", bot: "Bot", cluster: "Cluster" },
            link: uids.overview,
            sort: { by: "Trouble", desc: true },
            columns: [
              { name: "Trouble", unit: "short", decimals: 0, thresholds: TROUBLE, expr: `sort_desc(\n${trouble}\n)` },
              { name: "Shards up", unit: "percentunit", decimals: 0, thresholds: { bad: 1, low: true }, expr: upShare },
              {
                name: "Answered in time",
                unit: "percentunit",
                decimals: 1,
                thresholds: { ...ANSWERED, low: true },
                expr: share(sum(["cluster"], rate(acks, { type: AWAITED, outcome: SERVED }, NOW)), sum(["cluster"], rate(acks, { type: AWAITED }, NOW))),
              },
              { name: "Interactions / s", unit: "short", decimals: 1, expr: sum(["cluster"], rate("discord_interactions_total", {}, NOW)) },
              { name: "Heartbeat", unit: "s", thresholds: LATENCY, expr: max(["cluster"], gauge("discord_shard_latency_seconds", any)) },
              {
                name: "Rate limited",
                unit: "percentunit",
                decimals: 1,
                thresholds: FAILURES,
                expr: share(
                  sum(["cluster"], rate("discord_ratelimits_total", { scope: not("shared") }, NOW)),
                  sum(["cluster"], countRate("discord_rest_request_duration_seconds", {}, NOW)),
                ),
              },
              { name: "Clock", unit: "s", decimals: 2, thresholds: { bad: CLOCK.ahead }, expr: min(["cluster"], gauge("discord_clock_offset_seconds")) },
              { name: "Guilds", unit: "short", expr: max(["cluster"], gauge("discord_guilds")) },
              { name: "Guilds lost", unit: "short", thresholds: { bad: 1 }, expr: max(["cluster"], gauge("discord_guilds_unavailable")) },
              { name: "Up for", unit: "s", decimals: 0, expr: min(["cluster"], gauge("discord_uptime_seconds")) },
            ],
          }),
          matrix({
            title: "Signs of trouble",
            description: "Signs by cluster, with their points. A full column is a common cause: Discord, or the last deployment. Empty means no trouble.",
            width: 24,
            unit: "short",
            decimals: 0,
            thresholds: TROUBLE,
            row: "process",
            column: "sign",
            query: `label_join(${sum(["cluster", "sign"], `\n${bySign}\n`)} > 0, "process", " ", "job", "bot", "cluster")`,
          }),
          rows({
            title: "Trouble over time",
            description: "One row per cluster; red is trouble. A vertical pattern hit all clusters at once; a repeating row is a recurring problem.",
            width: 24,
            height: 10,
            unit: "short",
            to: 100,
            scheme: "YlOrRd",
            query: { expr: trouble, legend: PROCESS },
          }),
        ],
      },
      {
        title: "Clusters compared",
        panels: [
          rows({
            title: "Shards up",
            description: "Share of each cluster's shards that are up. A wave across the rows is a rolling restart.",
            width: 12,
            unit: "percentunit",
            to: 1,
            query: { expr: upShare, legend: PROCESS },
          }),
          rows({
            title: "Answered in time",
            description: "Share of each cluster's interactions answered within 3 s. A gap is a time without interactions.",
            width: 12,
            unit: "percentunit",
            to: 1,
            query: { expr: share(sum(["cluster"], rate(acks, { type: AWAITED, outcome: SERVED })), sum(["cluster"], rate(acks, { type: AWAITED }))), legend: PROCESS },
          }),
          lines({
            title: "Interactions",
            description: "Interactions by cluster. If one falls while the others do not, it has lost guilds, shards or its connection.",
            width: 12,
            unit: "ops",
            queries: [{ expr: sum(["cluster"], rate("discord_interactions_total")), legend: PROCESS }],
          }),
          lines({
            title: "Guilds",
            description: "Available guilds by cluster. Discord spreads guilds evenly over shards.",
            width: 12,
            unit: "short",
            queries: [{ expr: max(["cluster"], gauge("discord_guilds")), legend: PROCESS }],
          }),
          lines({
            title: "Shards owned twice",
            description: "Shard ids that are up in more than one cluster of a bot. Every event is then handled twice: two processes have overlapping shard ranges.",
            width: 12,
            unit: "short",
            thresholds: { bad: 1 },
            queries: [{ expr: `count(${count(["shard"], `${max(["cluster", "shard"], gauge("discord_shard_up", any))} == 1`)} > 1) ${orNone}`, legend: "shards" }],
          }),
          columns({
            title: "Shard counts in use",
            description: "Number of clusters by the shard count of their sessions. Two rows for one bot, for longer than a change of the count takes: some guilds are served twice and others not at all.",
            width: 12,
            keys: { job: "Job", bot: "Bot", shards: "Shards" },
            none: "unknown",
            sort: { by: "Clusters", desc: false },
            columns: [{ name: "Clusters", unit: "short", expr: `count_values by (job, bot) ("shards", ${max(["cluster"], gauge("discord_bot_shards"))})` }],
          }),
          lines({
            title: "Shards up, whole bot",
            description: "Distinct shard ids that are up in any cluster, and the bot's shard count. Summed over bots.",
            width: 12,
            unit: "short",
            colours: { up: GOOD, "shards of the bot": WARN },
            queries: [
              { expr: sum([], upOfBot(any)), legend: "up" },
              { expr: sum([], shardsOfBot), legend: "shards of the bot" },
            ],
          }),
        ],
      },
      {
        title: "Processes",
        panels: [
          lines({
            title: "CPU",
            description: "CPU cores in use. A bot too busy to read its socket is late with everything. Empty if process metrics are off.",
            width: 8,
            unit: "short",
            decimals: 2,
            queries: [{ expr: sum(["cluster"], `rate(process_cpu_seconds_total${ofChosen}${W})`), legend: PROCESS }],
          }),
          lines({
            title: "Memory",
            description: "Resident memory. If it keeps growing, check the entries in discordgo's cache, and the goroutines.",
            width: 8,
            unit: "bytes",
            queries: [{ expr: max(["cluster"], `process_resident_memory_bytes${ofChosen}`), legend: PROCESS }],
          }),
          lines({
            title: "Goroutines",
            description: "discordgo starts a goroutine for each handler of each event. If the number keeps growing, handlers do not return.",
            width: 8,
            unit: "short",
            queries: [{ expr: max(["cluster"], `go_goroutines${ofChosen}`), legend: PROCESS }],
          }),
        ],
      },
      {
        title: "Can the telemetry be trusted?",
        panels: [
          columns({
            title: "Argus subsystems",
            description: "Whether each configured subsystem works. server: its address is bound. otlp, otlp_traces, otlp_logs: the last push was accepted. clickhouse: the last batch was written. If 0, the bot's log says what to do.",
            width: 8,
            keys: { job: "Job", bot: "Bot", cluster: "Cluster", subsystem: "Part" },
            sort: { by: "Works", desc: false },
            columns: [{ name: "Works", unit: "short", thresholds: { bad: 1, low: true }, expr: min(["cluster", "subsystem"], gauge("argus_subsystem_up")) }],
          }),
          lines({
            title: "Instrumentation faults",
            description: "Faults caught inside the instrumentation, by hook, timers dropped at their cap (interactions without an outcome (answer), or without a handler delay (handler)), and spans and events dropped. All should be 0; report what the log says.",
            width: 8,
            unit: "short",
            queries: [
              { expr: sum(["hook"], increase("argus_instrumentation_errors_total")), legend: "{{hook}}" },
              { expr: sum(["timer"], increase("argus_timers_evicted_total")), legend: "{{timer}} timers dropped" },
              { expr: sum(["signal", "reason"], increase("argus_telemetry_dropped_total")), legend: "{{signal}} dropped: {{reason}}" },
              { expr: sum(["signal", "reason"], increase("argus_export_dropped_total")), legend: "{{signal}} not pushed: {{reason}}" },
            ],
          }),
          lines({
            title: "discordgo's log",
            description: "Lines logged by discordgo, by level. Requires ARGUS_LOG_RECORDS.",
            width: 8,
            unit: "short",
            bars: true,
            stacked: true,
            colours: { error: BAD, warning: WARN },
            queries: [{ expr: sum(["level"], increase("discord_log_records_total")), legend: "{{level}}" }],
          }),
        ],
      },
    ],
  );
