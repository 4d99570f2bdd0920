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
    "State of every shard, disconnects and reconnects, silent shards, and gateway traffic.",
    [shards],
    [
      {
        title: "State of the shards",
        panels: [
          number({
            title: "Connected",
            description: "Shards of the selected clusters whose gateway session is up.",
            width: 3,
            unit: "short",
            plain: true,
            query: total([], "discord_shards_connected"),
          }),
          number({
            title: "Not connected",
            description: "Shards of the selected clusters that are not up.",
            width: 3,
            unit: "short",
            thresholds: { warn: 1, bad: 2 },
            query: `${total([], "discord_shards_configured")} - ${total([], "discord_shards_connected")}`,
          }),
          number({
            title: "Fatal closes",
            description: "Close codes 4004 and 4010 to 4014 in the selected time range: the token, sharding or intents are wrong. discordgo retries forever. Stop the process and fix the cause.",
            width: 4,
            unit: "short",
            decimals: 0,
            none: "unknown",
            thresholds: { bad: 1 },
            query: sum([], increase(closes, { code: FATAL }, "[$__range]")),
          }),
          number({
            title: "Resumes that succeeded",
            description: "Share of RESUMEs in the selected time range that succeeded. A resume replays missed events; an IDENTIFY loses them and uses a session start.",
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
            description: `Heartbeat intervals since the last acknowledgement, worst shard that is up. Up to 1 is normal, or up to 3 if the bot pushes once a minute. Above ${ACK_AGE.warn} the shard is a zombie; discordgo closes it at 5.`,
            width: 3,
            unit: "short",
            decimals: 1,
            none: "unknown",
            thresholds: ACK_AGE,
            query: max([], `${ageInIntervals} and (${max([...perShard], gauge(up))} == 1)`),
          }),
          number({
            title: "Longest lock",
            description: "Longest time that a session's lock has been unavailable. If it keeps growing, a dial or handshake hangs, or there is a deadlock. Only a process restart helps.",
            width: 3,
            unit: "s",
            thresholds: LOCK,
            query: max([], gauge(lock)),
          }),
          number({
            title: "Attached after Open",
            description: "Sessions attached after they were opened. Their heartbeats, close codes and rate limit scopes are unknown. Attach sessions before Open, or create them with NewSession.",
            width: 4,
            unit: "short",
            thresholds: { bad: 1 },
            query: sum([], gauge("discord_sessions", { attached: "after_open" })),
          }),
          states({
            title: "State of each shard",
            description: "State of each shard's connection. Short changes are reconnects. Long identifying: identify budget or a refusal. Long disconnected: discordgo's wait between attempts.",
            width: 24,
            height: 12,
            states: STATES,
            query: { expr: stateNumber, legend: `${PROCESS} / {{shard}}` },
          }),
          lines({
            title: "Shards by state",
            description: "Number of shards in each state, readable with thousands of shards.",
            width: 12,
            unit: "short",
            stacked: true,
            colours: Object.fromEntries(Object.values(STATES).map((s) => [s.text, s.color])),
            queries: [{ expr: total(["state"], "discord_shard_state"), legend: "{{state}}" }],
          }),
          columns({
            title: "Shards, worst first",
            description: "State of each shard and for how long, heartbeat latency, time since the last acknowledgement and event, and time the lock has been unavailable. Sort by any column.",
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
        title: "Disconnects and reconnects",
        panels: [
          lines({
            title: "Closes by code",
            description: "none: the socket broke (network). 4000 and 1001 from Discord are normal. 4008: too many sends. 4009: session timed out, process too slow. 4004, 4010 to 4014: fatal.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["code", "initiator"], increaseFromZero(closes))} > 0`, legend: "{{code}} by {{initiator}}" }],
          }),
          lines({
            title: "Closes by initiator",
            description: "discord: sent a close frame. client: discordgo closed. network: the socket broke. All clusters at once point to Discord; one cluster points to its machine.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            colours: { discord: INFO, client: WARN, network: BAD },
            queries: [{ expr: sum(["initiator"], increaseFromZero(closes)), legend: "{{initiator}}" }],
          }),
          lines({
            title: "Handshakes by outcome",
            description: "IDENTIFYs and RESUMEs by outcome. invalid_session: refused, the shard must identify. closed, timeout: no answer. Many identifies use up the day's session starts.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["kind", "outcome"], increase(handshakes))} > 0`, legend: "{{kind}} → {{outcome}}" }],
          }),
          lines({
            title: "Reconnects",
            description: "Times that shards became ready again. resume: the session was kept. identify: a new session was started.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            colours: { resume: GOOD, identify: WARN },
            queries: [{ expr: sum(["kind"], increase("discord_shard_reconnects_total")), legend: "{{kind}}" }],
          }),
          lines({
            title: "Reconnects, busiest shards",
            description: "Times in 5 minutes that a shard became ready again; top ten shards. One is a move by Discord. Three or more, repeatedly, is a flapping shard: see Closes by code.",
            width: 12,
            unit: "short",
            thresholds: { bad: 3 },
            queries: [{ expr: `topk(10, ${sum([...perShard], once("discord_shard_reconnects_total", increase("discord_shard_reconnects_total", {}, NOW)))} > 0)`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Connection attempts",
            description: "Gateway dials by result. refused: an HTTP status instead of a WebSocket; 403 or 429 is a Cloudflare ban of this address, 5xx is Discord or Cloudflare, 407 is your proxy. failed: no response (DNS, network, TLS or proxy).",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["outcome", "status"], increaseFromZero(attempts))} > 0`, legend: "{{outcome}} {{status}}" }],
          }),
          lines({
            title: "Voice closes by code",
            description: "1000 by client: the bot left. 4014: disconnected by someone, or the channel is gone. 4015: Discord's voice server crashed. 4017: encryption (DAVE) is required and discordgo lacks it. All shards of the selected clusters.",
            width: 12,
            unit: "short",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["code", "initiator"], increaseFromZero("discord_voice_disconnects_total"))} > 0`, legend: "{{code}} by {{initiator}}" }],
          }),
          lines({
            title: "Identify budget",
            description: "Session starts left, the daily limit, and the cost of one full restart. As of the last GET /gateway/bot; empty without one (ARGUS_SESSION_START_POLL).",
            width: 12,
            unit: "short",
            queries: [
              { expr: min(BOT, gauge(`${start}remaining`)), legend: "left, {{job}} {{bot}}" },
              { expr: max(BOT, gauge(`${start}limit`)), legend: "daily limit, {{job}} {{bot}}" },
              { expr: max(BOT, gauge("discord_bot_shards")), legend: "one full restart, {{job}} {{bot}}" },
            ],
          }),
          number({
            title: "Identify concurrency",
            description: "max_concurrency: IDENTIFYs allowed per 5 s. Shards divided by this, times 5 s, is the shortest start of the whole bot.",
            width: 6,
            height: 8,
            unit: "short",
            none: "unknown",
            plain: true,
            query: max([], gauge(`${start}max_concurrency`)),
          }),
          number({
            title: "Session starts reset in",
            description: "Time until the session start budget is full again.",
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
        title: "Heartbeats and silent shards",
        panels: [
          lines({
            title: "Heartbeat round trip",
            description: "Heartbeat round trip: worst shard, 90th percentile and median. All rise: the network or Discord. One rises: that shard's gateway node.",
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
            title: "Heartbeat round trip distribution",
            description: "Number of shards by heartbeat round trip. A separate band is a group of shards with something in common.",
            width: 12,
            unit: "s",
            query: max([...perShard], gauge(latency)),
          }),
          lines({
            title: "Intervals since the last acknowledgement",
            description: `Ten worst shards. Up to 1 is normal, or up to 3 if the bot pushes once a minute. Above ${ACK_AGE.warn} the connection is dead without being closed; discordgo closes it at 5. Wait up to four minutes, or close that session with code 4000.`,
            width: 12,
            unit: "short",
            thresholds: ACK_AGE,
            queries: [{ expr: `topk(10, ${ageInIntervals})`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Time since the last event",
            description: "Ten quietest shards. A shard with few guilds has quiet minutes; a busy one does not. Compare with the shard's past.",
            width: 12,
            unit: "s",
            queries: [{ expr: `topk(10, time() - ${max([...perShard], gauge("discord_shard_event_timestamp_seconds"))})`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Session lock unavailable",
            description: "Time since the session's lock was last available, ten worst shards. Seconds are an Open or a Close; growing for minutes is a hang.",
            width: 12,
            unit: "s",
            thresholds: LOCK,
            queries: [{ expr: `topk(10, ${max([...perShard], gauge(lock))})`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Heartbeat interval",
            description: "Heartbeat interval that Discord requests in HELLO, usually 41.25 s: smallest and largest of all shards.",
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
        title: "Traffic",
        panels: [
          lines({
            title: "Events by type",
            description: "Dispatches, twelve most frequent types. A type that disappears points to a missing intent; a burst after a reconnect is a replay.",
            width: 12,
            unit: "ops",
            stacked: true,
            queries: [{ expr: `topk(12, ${sum(["event"], rate("discord_gateway_events_total"))})`, legend: "{{event}}" }],
          }),
          lines({
            title: "Events, busiest shards",
            description: "Dispatches per second, top ten shards. One shard far above the others has a guild that is raided or very large.",
            width: 12,
            unit: "ops",
            queries: [{ expr: `topk(10, ${sum([...perShard], rate("discord_shard_events_total"))})`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Sends in 60 s, busiest shards",
            description: `Payloads sent per minute, top ten shards. Above ${SENDS_PER_MINUTE} Discord closes the connection with 4008. Presence updates and member requests are the usual cause.`,
            width: 12,
            unit: "short",
            thresholds: { warn: BUDGET.warn * SENDS_PER_MINUTE, bad: BUDGET.bad * SENDS_PER_MINUTE },
            queries: [{ expr: `topk(10, 60 * ${sum([...perShard], once("discord_shard_sent_total", rate("discord_shard_sent_total")))})`, legend: `${PROCESS} / {{shard}}` }],
          }),
          lines({
            title: "Sends by operation",
            description: "Payloads sent to the gateway, by operation. Only heartbeats are steady. A burst is a reconnect, member requests or presence updates.",
            width: 12,
            unit: "ops",
            stacked: true,
            queries: [{ expr: sum(["op"], rate("discord_shard_sent_total")), legend: "{{op}}" }],
          }),
          lines({
            title: "Bytes",
            description: "Bytes on gateway connections, measured inside TLS. Voice is not included.",
            width: 6,
            unit: unitOf("discord_gateway_io_bytes_total"),
            queries: [{ expr: sum(["direction"], rate("discord_gateway_io_bytes_total")), legend: "{{direction}}" }],
          }),
          number({
            title: "Member requests refused",
            description: "RATE_LIMITED events in the selected time range: Discord refused to send all members of a guild because of a recent request. The members do not arrive and discordgo does not retry. Request them less often.",
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
            title: "Unavailable guilds",
            description: "Share of each cluster's guilds that are in an outage, or announced by READY and not received yet. Wait: they come back by themselves.",
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
            description: "discordgo's voice connections that are ready to send and receive. Connections being opened or reopened are not included.",
            width: 8,
            unit: "short",
            queries: [{ expr: total(["cluster"], "discord_voice_clients"), legend: PROCESS }],
          }),
          lines({
            title: "Entries in discordgo's cache",
            description: "Entries that discordgo keeps in memory. If one only grows, so does memory: see State.Track… and MaxMessageCount.",
            width: 8,
            unit: "short",
            queries: cache.map(([name, legend]) => ({ expr: total([], name), legend })),
          }),
        ],
      },
    ],
  );
