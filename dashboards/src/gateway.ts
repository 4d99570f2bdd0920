import { board, shards } from "./frame";
import { ACK_AGE, BUDGET, GUILDS_LOST, LATENCY, LOCK, SENDS_PER_MINUTE } from "./limits";
import { BAD, columns, crowd, GOOD, INFO, lines, number, states, WARN } from "./look";
import { BOT, gauge, increase, increaseFromZero, max, min, Name, NOW, once, PROCESS, rate, re, share, sum, total, unitOf } from "./promql";
import { stateNumber, STATES } from "./states";

const handshakes = "discord_shard_handshakes_total";
const closes = "discord_shard_disconnects_total";
const attempts = "discord_shard_connection_attempts_total";
const up = "discord_shard_up";
const acked = "discord_shard_heartbeat_ack_timestamp_seconds";
const interval = "discord_shard_heartbeat_interval_seconds";
const stateChange = "discord_shard_state_change_timestamp_seconds";
const latency = "discord_shard_latency_seconds";
const lock = "discord_shard_lock_unavailable_seconds";
const start = "discord_gateway_session_start_";
const FATAL = re("4004|401[0-4]");
const perShard = ["cluster", "shard"] as const;
const ageInIntervals = max([...perShard], `(time() - ${gauge(acked)}) / ${gauge(interval)}`);

const cache: [Name & `discord_${string}`, string][] = [
  ["discord_cached_members", "members"],
  ["discord_channels", "channels"],
  ["discord_threads", "threads"],
  ["discord_private_channels", "private channels"],
  ["discord_roles", "roles"],
  ["discord_emojis", "emojis"],
  ["discord_stickers", "stickers"],
  ["discord_voice_states", "voice states"],
  ["discord_presences", "presences"],
];

export const gateway = () =>
  board(
    "gateway",
    "What every shard does, why connections end and how they come back, which are silent, and what they send and receive.",
    [shards],
    [
      {
        title: "What does each shard do?",
        panels: [
          number({
            title: "Connected",
            description: "Shards whose gateway session is up, of the chosen clusters.",
            width: 3,
            unit: "short",
            plain: true,
            query: total([], "discord_shards_connected"),
          }),
          number({
            title: "Not connected",
            description: "Shards that the chosen clusters have and that are not up.",
            width: 3,
            unit: "short",
            thresholds: { warn: 1, bad: 2 },
            query: `${total([], "discord_shards_configured")} - ${total([], "discord_shards_connected")}`,
          }),
          number({
            title: "Refused for good",
            description: "Close codes 4004 and 4010 to 4014 in the chosen time: the token, the sharding or the intents are wrong. discordgo tries again for ever: stop the process and correct it.",
            width: 4,
            unit: "short",
            decimals: 0,
            none: "unknown",
            thresholds: { bad: 1 },
            query: sum([], increase(closes, { code: FATAL }, "[$__range]")),
          }),
          number({
            title: "Resumed",
            description: "Share of the RESUMEs in the chosen time that worked. A resume replays what was missed; an IDENTIFY loses it and costs one of the day's session starts.",
            width: 4,
            unit: "percentunit",
            decimals: 0,
            none: "no resumes",
            thresholds: { bad: 0.5, warn: 0.9, low: true },
            query: share(
              sum([], increase(handshakes, { kind: "resume", outcome: "resumed" }, "[$__range]")),
              sum([], increase(handshakes, { kind: "resume" }, "[$__range]")),
            ),
          }),
          number({
            title: "Oldest heartbeat",
            description: `Intervals since the acknowledgement of the worst shard that is up. Up to 1 is normal, and up to 3 where the bot pushes once a minute. Above ${ACK_AGE.warn} it is a zombie; discordgo notices at 5.`,
            width: 3,
            unit: "short",
            decimals: 1,
            none: "unknown",
            thresholds: ACK_AGE,
            query: max([], `${ageInIntervals} and (${max([...perShard], gauge(up))} == 1)`),
          }),
          number({
            title: "Longest lock",
            description: "For how long the session's lock has not been free, at the worst shard. Growing: a dial or a handshake that hangs, or a deadlock. Only a restart of the process helps then.",
            width: 3,
            unit: "s",
            thresholds: LOCK,
            query: max([], gauge(lock)),
          }),
          number({
            title: "Attached after Open",
            description: "Sessions that were opened before they were attached. Their heartbeats, close codes and scopes of rate limits are not seen: attach them before, or make them with NewSession.",
            width: 4,
            unit: "short",
            thresholds: { bad: 1 },
            query: sum([], gauge("discord_sessions", { attached: "after_open" })),
          }),
          states({
            title: "State of each shard",
            description: "Where each shard's connection is in its life. Short strips are reconnects. Long identifying is the budget or a refusal, long disconnected is discordgo's wait between tries.",
            width: 24,
            height: 12,
            states: STATES,
            query: { expr: stateNumber, legend: `${PROCESS} / {{shard}}` },
          }),
          lines({
            title: "Shards by state",
            description: "How many shards are in each state: the same for thousands of shards.",
            width: 12,
            unit: "short",
            stacked: true,
            colours: Object.fromEntries(Object.values(STATES).map((s) => [s.text, s.color])),
            queries: [{ expr: total(["state"], "discord_shard_state"), legend: "{{state}}" }],
          }),
          columns({
            title: "Shards, worst first",
            description: "What each shard does and since when, its heartbeat, its lock, and when it last had an event. Sort by any column.",
            width: 12,
            keys: { job: "Job", bot: "Bot", cluster: "Cluster", shard: "Shard" },
            sort: { by: "State", desc: false },
            columns: [
              { name: "State", unit: "short", states: STATES, expr: stateNumber },
              { name: "For", unit: "s", decimals: 0, expr: `time() - ${max([...perShard], gauge(stateChange))}` },
              { name: "Latency", unit: "s", thresholds: LATENCY, expr: max([...perShard], gauge(latency)) },
              { name: "Heartbeat", unit: "s", decimals: 0, expr: `time() - ${max([...perShard], gauge(acked))}` },
              { name: "Event", unit: "s", decimals: 0, expr: `time() - ${max([...perShard], gauge("discord_shard_event_timestamp_seconds"))}` },
              { name: "Lock", unit: "s", decimals: 0, thresholds: LOCK, expr: max([...perShard], gauge(lock)) },
            ],
          }),
        ],
      },
      {
        title: "Why do connections end, and how do they come back?",
        panels: [
          lines({
            title: "Closes by code",
            description:
              "none: the socket broke, which is a network. 4000, 1001 from Discord are normal. 4008: too many sends. 4009: too slow for heartbeats. 4004, 4010 to 4014: refused for good.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["code", "initiator"], increaseFromZero(closes))} > 0`, legend: "{{code}} by {{initiator}}" }],
          }),
          lines({
            title: "Closes by who ended it",
            description: "discord: a close frame arrived. client: discordgo closed. network: the socket broke. All clusters at once is Discord, one cluster is its machine.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            colours: { discord: INFO, client: WARN, network: BAD },
            queries: [{ expr: sum(["initiator"], increaseFromZero(closes)), legend: "{{initiator}}" }],
          }),
          lines({
            title: "Handshakes by outcome",
            description: "IDENTIFYs and RESUMEs by what came of them. invalid_session: refused, so that the shard has to identify. closed and timeout: no answer. Many identifies eat up the day's session starts.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["kind", "outcome"], increase(handshakes))} > 0`, legend: "{{kind}} → {{outcome}}" }],
          }),
          lines({
            title: "Reconnects",
            description: "Times that a shard was ready again: resume kept the session, identify began a new one.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            colours: { resume: GOOD, identify: WARN },
            queries: [{ expr: sum(["kind"], increase("discord_shard_reconnects_total")), legend: "{{kind}}" }],
          }),
          lines({
            title: "Reconnects, busiest shards",
            description: "Times in five minutes that a shard was ready again, the ten shards that were so most often. One is a move by Discord. Three and more, over and over, is a shard that flaps: see why its connections end.",
            width: 12,
            unit: "short",
            thresholds: { bad: 3 },
            queries: [{ expr: `topk(10, ${sum([...perShard], once("discord_shard_reconnects_total", increase("discord_shard_reconnects_total", {}, NOW)))} > 0)`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Attempts to connect",
            description:
              "Dials of the gateway by the answer. refused: an HTTP status in place of the WebSocket. 429, 403: Cloudflare holds this address back. 5xx: Discord, or Cloudflare before it. 407: your proxy. failed: no answer, which is DNS, the network, TLS or a proxy.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["outcome", "status"], increaseFromZero(attempts))} > 0`, legend: "{{outcome}} {{status}}" }],
          }),
          lines({
            title: "Voice closes by code",
            description: "1000 by client: the bot left. 4014: somebody ended it, or the channel is gone. 4015: Discord's voice server crashed. 4017: encryption (DAVE) is required and discordgo has none. Of all shards of the chosen clusters.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["code", "initiator"], increaseFromZero("discord_voice_disconnects_total"))} > 0`, legend: "{{code}} by {{initiator}}" }],
          }),
          lines({
            title: "Identify budget",
            description: "Session starts that are left, and all of a day. Of the whole bot, as of the last GET /gateway/bot; without one there is nothing here (ARGUS_SESSION_START_POLL).",
            width: 12,
            unit: "short",
            queries: [
              { expr: min(BOT, gauge(`${start}remaining`)), legend: "left {{job}} {{bot}}" },
              { expr: max(BOT, gauge(`${start}limit`)), legend: "of {{job}} {{bot}}" },
              { expr: max(BOT, gauge("discord_bot_shards")), legend: "one restart of {{job}} {{bot}}" },
            ],
          }),
          number({
            title: "Identifies at a time",
            description: "max_concurrency: IDENTIFYs that may be sent in 5 s. All shards divided by it, times 5 s, is the shortest start of the fleet.",
            width: 6,
            height: 8,
            unit: "short",
            none: "unknown",
            plain: true,
            query: max([], gauge(`${start}max_concurrency`)),
          }),
          number({
            title: "Budget is back in",
            description: "Time until all session starts are back.",
            width: 6,
            height: 8,
            unit: "s",
            none: "unknown",
            plain: true,
            query: `clamp_min(${max([], gauge(`${start}reset_timestamp_seconds`))} - time(), 0)`,
          }),
        ],
      },
      {
        title: "Is somebody silent?",
        panels: [
          lines({
            title: "Heartbeat round trip",
            description: "The way to Discord and back: the worst, the slowest tenth and the middle of the shards. All together: the network or Discord. One: that shard's gateway node.",
            width: 12,
            unit: "s",
            thresholds: LATENCY,
            queries: [
              { expr: max([], gauge(latency)), legend: "worst" },
              { expr: `quantile(0.9, ${once(latency, gauge(latency))})`, legend: "p90" },
              { expr: `quantile(0.5, ${once(latency, gauge(latency))})`, legend: "median" },
            ],
          }),
          crowd({
            title: "Heartbeat round trips of all shards",
            description: "How many shards have which round trip, over time. A band of its own is a group of shards with something in common.",
            width: 12,
            unit: "s",
            query: max([...perShard], gauge(latency)),
          }),
          lines({
            title: "Intervals since the last acknowledgement",
            description: `The ten worst shards. Up to 1 is normal, and up to 3 where the bot pushes once a minute. Above ${ACK_AGE.warn} the connection is dead and does not say so, at 5 discordgo closes it. Wait up to four minutes, or close that session with code 4000.`,
            width: 12,
            unit: "short",
            thresholds: ACK_AGE,
            queries: [{ expr: `topk(10, ${ageInIntervals})`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Time since the last event",
            description: "The ten quietest shards. A shard with few guilds has quiet minutes; a busy one has not. Compare with its own past.",
            width: 12,
            unit: "s",
            queries: [{ expr: `topk(10, time() - ${max([...perShard], gauge("discord_shard_event_timestamp_seconds"))})`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Lock not free",
            description: "For how long a session's lock could not be had, where it could not. Seconds are an Open or a Close; growing for minutes is a hang.",
            width: 12,
            unit: "s",
            thresholds: LOCK,
            queries: [{ expr: `topk(10, ${max([...perShard], gauge(lock))})`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Heartbeat interval",
            description: "What Discord asks for in HELLO: usually 41.25 s. The smallest and the largest of the shards.",
            width: 12,
            unit: "s",
            queries: [
              { expr: min([], gauge(interval)), legend: "smallest" },
              { expr: max([], gauge(interval)), legend: "largest" },
            ],
          }),
        ],
      },
      {
        title: "What comes in and goes out?",
        panels: [
          lines({
            title: "Events by type",
            description: "Dispatches, the twelve most frequent types. A type that is gone is an intent that is gone; a sudden burst after a reconnect is a replay.",
            width: 12,
            unit: "ops",
            stacked: true,
            queries: [{ expr: `topk(12, ${sum(["event"], rate("discord_gateway_events_total"))})`, legend: "{{event}}" }],
          }),
          lines({
            title: "Sends in 60 s, busiest shards",
            description: `Payloads in a minute, the ten busiest shards. At ${SENDS_PER_MINUTE} Discord closes the connection with 4008. Presence updates and member requests are the usual cause.`,
            width: 12,
            unit: "short",
            thresholds: { warn: BUDGET.warn * SENDS_PER_MINUTE, bad: BUDGET.bad * SENDS_PER_MINUTE },
            queries: [{ expr: `topk(10, 60 * ${sum([...perShard], once("discord_shard_sent_total", rate("discord_shard_sent_total")))})`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Sends by operation",
            description: "Payloads that the shards send. Only heartbeats are steady; a burst is a reconnect, or the bot asking for members or setting its presence.",
            width: 12,
            unit: "ops",
            stacked: true,
            queries: [{ expr: sum(["op"], rate("discord_shard_sent_total")), legend: "{{op}}" }],
          }),
          lines({
            title: "Bytes",
            description: "Bytes on the gateway's connections, as they are inside TLS; voice is left out.",
            width: 6,
            unit: unitOf("discord_gateway_io_bytes_total"),
            queries: [{ expr: sum(["direction"], rate("discord_gateway_io_bytes_total")), legend: "{{direction}}" }],
          }),
          number({
            title: "Member requests refused",
            description: "RATE_LIMITED in the chosen time: Discord refused to send all members of a guild, as the bot had asked for them shortly before. They do not come, and discordgo does not ask again: ask less often.",
            width: 6,
            height: 8,
            unit: "short",
            decimals: 0,
            none: "unknown",
            thresholds: { bad: 1 },
            query: sum([], increase("discord_gateway_events_total", { event: "RATE_LIMITED" }, "[$__range]")),
          }),
        ],
      },
      {
        title: "Guilds, voice and discordgo's cache",
        panels: [
          lines({
            title: "Guilds that are unavailable",
            description: "Share of each cluster's guilds that an outage has taken, or that READY has announced and that have not come yet. Wait: they come back by themselves.",
            width: 8,
            unit: "percentunit",
            max: 1,
            thresholds: GUILDS_LOST,
            queries: [
              {
                expr: share(
                  total(["cluster"], "discord_guilds_unavailable"),
                  `(${total(["cluster"], "discord_guilds")} + ${total(["cluster"], "discord_guilds_unavailable")})`,
                ),
                legend: PROCESS,
              },
            ],
          }),
          lines({
            title: "Voice connections",
            description: "Voice connections of discordgo's that are ready to send and receive. Those that it tries to get, or to get back, are not among them.",
            width: 8,
            unit: "short",
            queries: [{ expr: total(["cluster"], "discord_voice_clients"), legend: PROCESS }],
          }),
          lines({
            title: "Entries in discordgo's cache",
            description: "What discordgo keeps in memory. One that only grows is memory that only grows: see State.Track… and MaxMessageCount.",
            width: 8,
            unit: "short",
            queries: cache.map(([name, legend]) => ({ expr: total([], name), legend })),
          }),
        ],
      },
    ],
  );
