import { board, shards, uids } from "./frame";
import { ANSWER, ANSWERED, BUDGET, EXEMPT_ROUTES, FAILURES, GLOBAL_PER_SECOND, GUILDS_LOST, GUILDS_PER_SHARD, INVALID_REQUESTS, SENDS_PER_MINUTE } from "./limits";
import { BAD, bars, columns, GOOD, lines, number, WARN } from "./look";
import { agg, BOT, count, gauge, increase, max, min, not, notRe, countRate, NOW, once, portion, quantile, rate, re, share, sum, total } from "./promql";
import { stateNumber, STATES } from "./states";

export const OUTCOMES = { in_time: GOOD, answered_elsewhere: "blue", superseded: "super-light-blue", late: WARN, rejected: "purple", missed: BAD };
/** Outcomes that leave a user without an answer. */
export const UNANSWERED = re("late|rejected|missed");
/** Outcomes after which the user has an answer, or no longer wants one. */
export const SERVED = re("in_time|answered_elsewhere|superseded");
/** Types whose answer a user waits for. */
export const AWAITED = re("application_command|message_component|modal_submit");
export const lost = `${agg("group", ["cluster"], `last_over_time(${gauge("argus_up")}[$__range])`)} unless ${agg("group", ["cluster"], gauge("argus_up"))}`;

const up = max(["cluster", "shard"], gauge("discord_shard_up"));
/** The shard count of each bot; of a bot that is gone, the last one in the time range. */
export const shardsOfBot = `(${max(BOT, gauge("discord_bot_shards"))} or ${max(BOT, `last_over_time(${gauge("discord_bot_shards")}[$__range])`)})`;
/** Distinct shards that are up, by bot: 0 if none is, absent if the shard count is unknown. */
export const upOfBot = (matchers: { shard?: undefined } = {}) =>
  `(${sum(BOT, max(["shard"], gauge("discord_shard_up", matchers)))} or 0 * ${shardsOfBot})`;
// A process that pushes, or runs in a new pod, has a new series. A process scraped at a fixed address continues the old series, and its start is a reset.
// Both count. Resets of a subquery over each cluster's youngest process would need a step shorter than a process lives, which is too many points for
// days of a hundred clusters, and would miss processes that die before their second push.
const restarts = `${sum(["cluster"], `resets(${gauge("discord_uptime_seconds")}[$__range]) + 1`)} - 1`;
/** The highest value of a single bot, because limits are per bot. */
export const worst = (expr: string) => max([], sum(BOT, expr));
const starts = "discord_gateway_session_start_remaining";

export const overview = () =>
  board(
    "overview",
    "Are users answered? What is down? Is it Discord or us? Which budget runs out first? What changed? Read from the top.",
    [shards],
    [
      {
        title: "Are users answered?",
        panels: [
          number({
            title: "Answered in time",
            description: "Share of commands, components and modals answered within Discord's 3 s, over the selected time range. Other users saw \"The application did not respond\". If red, open Interactions.",
            width: 4,
            unit: "percentunit",
            decimals: 2,
            none: "no interactions",
            thresholds: { ...ANSWERED, low: true },
            link: uids.interactions,
            query: share(
              sum([], increase("discord_interaction_acks_total", { type: AWAITED, outcome: SERVED }, "[$__range]")),
              sum([], increase("discord_interaction_acks_total", { type: AWAITED }, "[$__range]")),
            ),
          }),
          number({
            title: "Unanswered per minute",
            description: "Commands, components and modals per minute that were late, rejected or missed. Rate over the last 5 minutes.",
            width: 4,
            unit: "short",
            decimals: 1,
            thresholds: { warn: 0.1, bad: 5 },
            link: uids.interactions,
            query: `60 * ${sum([], rate("discord_interaction_acks_total", { type: AWAITED, outcome: UNANSWERED }, NOW))}`,
          }),
          number({
            title: "Time to answer, p95",
            description: "95th percentile of the time from receipt of an interaction to its first accepted answer. Discord's limit is 3 s from creation.",
            width: 4,
            unit: "s",
            none: "no answers",
            thresholds: ANSWER,
            link: uids.interactions,
            query: quantile(0.95, [], "discord_interaction_ack_duration_seconds", {}, NOW),
          }),
          lines({
            title: "Interactions by outcome",
            description: "late: answered or attempted after 3 s. missed: no answer sent within 5 s. rejected: sent in time and refused by Discord. answered_elsewhere: answered by another process. superseded: an autocomplete whose user kept typing.",
            width: 12,
            height: 8,
            unit: "ops",
            stacked: true,
            colours: OUTCOMES,
            link: uids.interactions,
            queries: [{ expr: sum(["outcome"], rate("discord_interaction_acks_total")), legend: "{{outcome}}" }],
          }),
        ],
      },
      {
        title: "What is down?",
        panels: [
          number({
            title: "Shards down",
            description: "Shards that a running process owns and that are not up. A few for seconds are reconnects. Shards of a lost process are not included: see Processes lost.",
            width: 4,
            unit: "short",
            thresholds: { warn: 1, bad: 2 },
            link: uids.gateway,
            query: `count(${up} == 0) or 0 * ${count([], up)}`,
          }),
          number({
            title: "Processes lost",
            description: "Clusters that reported within the selected time range and no longer do: crashed, unreachable, or removed on purpose.",
            width: 4,
            unit: "short",
            thresholds: { bad: 1 },
            link: uids.fleet,
            query: `count(${lost}) or 0 * ${count([], gauge("argus_up"))}`,
          }),
          number({
            title: "Shards missing",
            description: "The bot's shard count minus the distinct shards that are up in the selected clusters; summed over bots. Above 0 with no shard down, a whole process is missing. Select all clusters and shards.",
            width: 4,
            unit: "short",
            thresholds: { warn: 1, bad: 2 },
            link: uids.fleet,
            // A sum, because a count of a filtered vector has no result if nothing matches. Without data there is no shard count, and no result.
            query: sum([], `clamp_min(${shardsOfBot} - ${upOfBot()}, 0)`),
          }),
          columns({
            title: "Shards not ready",
            description: "State of each shard that is not ready, and for how long. Long identifying: identify budget or Discord. Long disconnected: discordgo waits up to 10 minutes between attempts.",
            width: 12,
            keys: { job: "Job", bot: "Bot", cluster: "Cluster", shard: "Shard" },
            link: uids.gateway,
            none: "none known",
            sort: { by: "For", desc: true },
            columns: [
              { name: "State", unit: "short", states: STATES, expr: `${stateNumber} < 4` },
              {
                name: "For",
                unit: "s",
                decimals: 0,
                thresholds: { warn: 30, bad: 300 },
                expr: `time() - ${max(["cluster", "shard"], gauge("discord_shard_state_change_timestamp_seconds"))} and (${stateNumber} < 4)`,
              },
            ],
          }),
        ],
      },
      {
        title: "Is it Discord or us?",
        panels: [
          lines({
            title: "Errors on Discord's side",
            description: "Shares of guilds unavailable, of REST requests that failed (5xx or no response), and of closed connections that Discord closed. If these are high and the bot's errors are low, wait, tell your users, and do not restart.",
            width: 12,
            unit: "percentunit",
            max: 1,
            thresholds: { bad: GUILDS_LOST.bad },
            link: uids.gateway,
            queries: [
              {
                legend: "guilds lost",
                expr: share(total([], "discord_guilds_unavailable"), `(${total([], "discord_guilds")} + ${total([], "discord_guilds_unavailable")})`),
              },
              {
                legend: "REST 5xx",
                expr: portion(
                  sum([], countRate("discord_rest_request_duration_seconds", { status: re("5..|failed") })),
                  sum([], countRate("discord_rest_request_duration_seconds")),
                ),
              },
              {
                legend: "closed by Discord",
                expr: portion(
                  sum([], rate("discord_shard_disconnects_total", { initiator: "discord" })),
                  sum([], rate("discord_shard_disconnects_total")),
                ),
              },
            ],
          }),
          lines({
            title: "Errors on the bot's side",
            description: "Shares of commands that failed, of REST requests that Discord refused (4xx), and of REST requests that hit the bot's own rate limits (429 except scope shared). If high, check the last deployment.",
            width: 12,
            unit: "percentunit",
            thresholds: FAILURES,
            link: uids.interactions,
            queries: [
              {
                legend: "commands failed",
                expr: portion(sum([], rate("discord_app_commands_total", { status: "error" })), sum([], rate("discord_app_commands_total"))),
              },
              {
                legend: "REST 4xx",
                expr: portion(
                  sum([], countRate("discord_rest_request_duration_seconds", { status: re("4..") })),
                  sum([], countRate("discord_rest_request_duration_seconds")),
                ),
              },
              {
                legend: "rate limited",
                expr: portion(
                  sum([], rate("discord_ratelimits_total", { scope: not("shared") })),
                  sum([], countRate("discord_rest_request_duration_seconds")),
                ),
              },
            ],
          }),
          lines({
            title: "Latency at Discord and on the network",
            description: "Heartbeat round trip of the worst shard, and p95 of interaction age at receipt and of REST requests. They rise together when Discord or the network is slow.",
            width: 12,
            unit: "s",
            queries: [
              { legend: "heartbeat, worst shard", expr: max([], gauge("discord_shard_latency_seconds")) },
              { legend: "age at receipt", expr: quantile(0.95, [], "discord_interaction_receipt_age_seconds") },
              { legend: "REST", expr: quantile(0.95, [], "discord_rest_request_duration_seconds") },
            ],
          }),
          lines({
            title: "Latency in the bot",
            description: "p95 of the delay before the handler, the time to the first answer attempt, the handler's duration, and the wait in discordgo's rate limiter on the slowest route. If only these rise, the bot is slow.",
            width: 12,
            unit: "s",
            link: uids.interactions,
            queries: [
              { legend: "before the handler", expr: quantile(0.95, [], "discord_interaction_handler_delay_seconds") },
              { legend: "first answer attempt", expr: quantile(0.95, [], "discord_interaction_response_delay_seconds") },
              { legend: "handler duration", expr: quantile(0.95, [], "discord_app_command_duration_seconds") },
              { legend: "rate limiter, slowest route", expr: max([], quantile(0.95, ["route"], "discord_rest_queue_wait_seconds")) },
            ],
          }),
        ],
      },
      {
        title: "Which budget runs out first?",
        panels: [
          bars({
            title: "Budgets used",
            description: "Identify: IDENTIFYs of the day; at 100 % Discord resets the token. Invalid requests: of 10,000 in 10 minutes; then the address is banned. Gateway sends: busiest shard, of 120 in 60 s; then close code 4008. REST requests: of 50 per second for the bot. Guilds per shard: of 2,500. With several bots, the highest.",
            width: 12,
            unit: "percentunit",
            min: 0,
            max: 1,
            thresholds: BUDGET,
            none: "unknown",
            link: uids.rest,
            queries: [
              { legend: "Identify", expr: `max(1 - ${gauge(starts)} / ${gauge("discord_gateway_session_start_limit")})` },
              { legend: "Invalid requests", expr: `${worst(once("discord_rest_invalid_requests_total", increase("discord_rest_invalid_requests_total", {}, "[10m]")))} / ${INVALID_REQUESTS}` },
              { legend: "Gateway sends", expr: `${max([], sum(["cluster", "shard"], once("discord_shard_sent_total", rate("discord_shard_sent_total", {}, NOW))))} * 60 / ${SENDS_PER_MINUTE}` },
              {
                legend: "REST requests",
                expr: `${worst(once("discord_rest_request_duration_seconds", countRate("discord_rest_request_duration_seconds", { route: notRe(EXEMPT_ROUTES) }, NOW)))} / ${GLOBAL_PER_SECOND}`,
              },
              { legend: "Guilds per shard", expr: `max(${max(["cluster"], gauge("discord_guilds"))} / ${max(["cluster"], gauge("discord_shards_configured"))}) / ${GUILDS_PER_SHARD}` },
            ],
          }),
          number({
            title: "Session starts left",
            description: "IDENTIFYs left until the reset, for the whole bot; with several bots, the lowest. Below two restarts of all shards, stop deploying. Unknown without a poll (ARGUS_SESSION_START_POLL).",
            width: 4,
            height: 8,
            unit: "short",
            none: "unknown",
            plain: true,
            link: uids.gateway,
            query: min([], gauge(starts)),
          }),
          number({
            title: "Full restarts left",
            description: "Session starts left divided by the bot's shard count. Below 2, a failed deployment can cost the token.",
            width: 4,
            height: 8,
            unit: "short",
            decimals: 1,
            none: "unknown",
            thresholds: { bad: 2, warn: 4, low: true },
            link: uids.gateway,
            query: min([], `${min(BOT, gauge(starts))} / ${max(BOT, gauge("discord_bot_shards"))}`),
          }),
          number({
            title: "Session starts reset in",
            description: "Time until the session start budget is full again.",
            width: 4,
            height: 8,
            unit: "s",
            none: "unknown",
            plain: true,
            query: `clamp_min(${max([], gauge("discord_gateway_session_start_reset_timestamp_seconds"))} - time(), 0)`,
          }),
        ],
      },
      {
        title: "What changed?",
        panels: [
          columns({
            title: "Versions",
            description: "Number of processes by version. Two rows for longer than a deployment takes mean that it has stalled.",
            width: 12,
            keys: { version: "Bot", argus_version: "Argus", discordgo_version: "discordgo", go_version: "Go" },
            sort: { by: "Processes", desc: true },
            columns: [
              { name: "Processes", unit: "short", expr: count(["version", "argus_version", "discordgo_version", "go_version"], max(["cluster", "version", "argus_version", "discordgo_version", "go_version"], gauge("discord_bot_info"))) },
            ],
          }),
          columns({
            title: "Last restarts",
            description: "Processes by uptime, and their restarts in the selected time range. A growing number is a crash loop, and each start uses session starts. A cluster id used by two processes also counts, and so does a process both scraped and pushed under one job.",
            width: 12,
            keys: { job: "Job", bot: "Bot", cluster: "Cluster" },
            link: uids.overview,
            sort: { by: "Up for", desc: false },
            columns: [
              { name: "Up for", unit: "s", decimals: 0, thresholds: { warn: 300, bad: 60, low: true }, expr: min(["cluster"], gauge("discord_uptime_seconds")) },
              { name: "Restarts", unit: "short", thresholds: { warn: 1, bad: 3 }, expr: restarts },
            ],
          }),
          lines({
            title: "Guilds",
            description: "Available and unavailable guilds. If available falls and unavailable rises, it is an outage. If only available falls, the bot was removed or a process is gone.",
            width: 12,
            unit: "short",
            colours: { unavailable: BAD },
            queries: [
              { legend: "available", expr: total([], "discord_guilds") },
              { legend: "unavailable", expr: total([], "discord_guilds_unavailable") },
            ],
          }),
          lines({
            title: "Members",
            description: "Sum of the member counts of available guilds. A user in two guilds counts twice.",
            width: 12,
            unit: "short",
            queries: [{ legend: "members", expr: total([], "discord_members") }],
          }),
        ],
      },
    ],
  );
