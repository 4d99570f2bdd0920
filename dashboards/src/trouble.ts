// The ranking of clusters: points for each sign of trouble, summed by cluster.
//
// A sign is 0 for a healthy cluster. Losing interactions weighs most, then what will
// lose them, then missing telemetry. Signs that can affect a part of a cluster have
// fixed points plus points by share, so a cluster with one bad shard in a hundred
// ranks above a healthy one and below one with all shards bad.

import { CLOCK, ACK_AGE, GUILDS_LOST, LOCK } from "./limits";
import { AWAITED, UNANSWERED } from "./overview";
import { agg, countRate, gauge, increase, max, NOW, not, once, rate, re, share, sum } from "./promql";

interface Sign {
  name: string;
  meaning: string;
  expr: string;
}

const any = { shard: undefined };
/** Clusters that reported in the dashboard's time range. */
export const seen = agg("group", ["cluster"], `last_over_time(${gauge("argus_up")}[$__range])`);
/** Points for a share above a limit: a fixed number plus some by the share. */
const points = (some: number, more: number, part: string, limit: number) => `(${some} + ${more} * ${part}) * (${part} > bool ${limit})`;

const notReady = `(1 - ${agg("avg", ["cluster"], max(["cluster", "shard"], gauge("discord_shard_up", any)))})`;
const unanswered = `(${share(
  sum(["cluster"], increase("discord_interaction_acks_total", { type: AWAITED, outcome: UNANSWERED }, NOW)),
  sum(["cluster"], increase("discord_interaction_acks_total", { type: AWAITED }, NOW)),
)})`;
const limited = `clamp_max(${share(
  sum(["cluster"], rate("discord_ratelimits_total", { scope: not("shared") }, NOW)),
  sum(["cluster"], countRate("discord_rest_request_duration_seconds", {}, NOW)),
)}, 1)`;
const guildsLost = `(${share(
  max(["cluster"], gauge("discord_guilds_unavailable")),
  `(${max(["cluster"], gauge("discord_guilds"))} + ${max(["cluster"], gauge("discord_guilds_unavailable"))})`,
)})`;

export const signs: Sign[] = [
  {
    name: "lost",
    meaning: "reported within the dashboard's time range and no longer does: 100",
    expr: `100 * (${seen} unless ${agg("group", ["cluster"], gauge("argus_up"))})`,
  },
  {
    name: "not ready",
    meaning: "shards not up: 10, plus 40 times their share",
    expr: points(10, 40, notReady, 0),
  },
  {
    name: "refused",
    meaning: "a fatal close code in 5 minutes: 30",
    expr: `30 * (${sum(["cluster"], increase("discord_shard_disconnects_total", { ...any, code: re("4004|401[0-4]") }, NOW))} > bool 0)`,
  },
  {
    name: "unanswered",
    meaning: "over 1 % of interactions not answered in time, in 5 minutes: 10, plus 20 times their share",
    expr: points(10, 20, unanswered, 0.01),
  },
  {
    name: "zombie",
    meaning: `a shard is up with no heartbeat acknowledged for ${ACK_AGE.warn} intervals: 20`,
    expr: `20 * ${max(
      ["cluster"],
      `(time() - ${gauge("discord_shard_heartbeat_ack_timestamp_seconds", any)}) / ${gauge("discord_shard_heartbeat_interval_seconds", any)} > bool ${ACK_AGE.warn} and ${gauge("discord_shard_up", any)} == 1`,
    )}`,
  },
  {
    name: "rate limited",
    meaning: "429s except scope shared on over 1 % of requests, in 5 minutes: 10, plus 20 times their share",
    expr: points(10, 20, limited, 0.01),
  },
  {
    name: "near a ban",
    meaning: "over 1,000 invalid requests in 10 minutes: 20",
    expr: `20 * (${sum(["cluster"], once("discord_rest_invalid_requests_total", increase("discord_rest_invalid_requests_total", {}, "[10m]")))} > bool 1000)`,
  },
  {
    name: "clock",
    meaning: `clock over ${-CLOCK.behind} s behind or ${CLOCK.ahead} s ahead, or everything arrives late: 15`,
    expr: `15 * ((${agg("min", ["cluster"], gauge("discord_clock_offset_seconds"))} < bool ${CLOCK.behind}) + (${agg("min", ["cluster"], gauge("discord_clock_offset_seconds"))} > bool ${CLOCK.ahead}))`,
  },
  {
    name: "stuck",
    meaning: `a session lock unavailable for over ${LOCK.bad} s: 15`,
    expr: `15 * (${max(["cluster"], gauge("discord_shard_lock_unavailable_seconds", any))} > bool ${LOCK.bad})`,
  },
  {
    name: "guilds lost",
    meaning: "over 5 % of guilds unavailable: 5, plus 15 times their share",
    expr: points(5, 15, guildsLost, GUILDS_LOST.bad),
  },
  {
    name: "telemetry",
    meaning: "an Argus subsystem is down: 5",
    expr: `5 * (1 - ${agg("min", ["cluster"], gauge("argus_subsystem_up"))})`,
  },
  {
    name: "faults",
    meaning: "instrumentation faults in 5 minutes: 5",
    expr: `5 * (${sum(["cluster"], increase("argus_instrumentation_errors_total", {}, NOW))} > bool 0)`,
  },
];

/** All signs with their points, by cluster. */
export const bySign = signs.map((s) => `label_replace(${s.expr}, "sign", "${s.name}", "", "")`).join("\nor\n");

/** The points of each cluster that reported in the time range; 0 if healthy. */
export const trouble = sum(["cluster"], `label_replace(0 * ${seen}, "sign", "none", "", "")\nor\n${bySign}`);
