// Limits and thresholds. Discord's limits come from its documentation; the others
// say where a colour changes, with the reason.

/** Seconds within which Discord requires the first answer to an interaction. https://discord.com/developers/docs/interactions/receiving-and-responding */
export const ACK_DEADLINE = 3;
/** Payloads that a connection may send in 60 s. https://discord.com/developers/docs/events/gateway#rate-limiting */
export const SENDS_PER_MINUTE = 120;
/** Responses of 401, 403 and 429 in 10 minutes. https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans */
export const INVALID_REQUESTS = 10_000;
/** REST requests per second. https://discord.com/developers/docs/topics/rate-limits#global-rate-limit */
export const GLOBAL_PER_SECOND = 50;
/** Guilds on a shard. https://discord.com/developers/docs/events/gateway#sharding */
export const GUILDS_PER_SHARD = 2_500;
/** Routes exempt from the limit of 50 per second: answers to interactions, webhooks, the CDN. */
export const EXEMPT_ROUTES = "/interactions/.*|/webhooks/.*token.*|/cdn/.*";

/** Shares of interactions answered in time: at 99.5 % a busy bot has unanswered users every hour, at 95 % everybody notices. */
export const ANSWERED = { bad: 0.95, warn: 0.995 };
/** Seconds from receipt to answer: 1 s leaves little room for a slow minute, 2.5 s none. */
export const ANSWER = { warn: 1, bad: 2.5 };
/** Shares of a budget: at half there is time to investigate, at 80 % little. */
export const BUDGET = { warn: 0.5, bad: 0.8 };
/** Shares of failures: some users notice one in a hundred, everybody one in twenty. */
export const FAILURES = { warn: 0.01, bad: 0.05 };
/** Seconds of a heartbeat round trip: 0.05 to 0.2 is usual. */
export const LATENCY = { warn: 0.5, bad: 1 };
/**
 * Heartbeat intervals since the last acknowledgement. Discord asks clients to close the connection after one missed acknowledgement, which is at 2. But up to
 * 1 is normal, and a push per minute adds one and a half intervals of 41.25 s, so a healthy shard reaches nearly 3, where the alert starts too. discordgo closes at 5.
 * https://discord.com/developers/docs/events/gateway#sending-heartbeats
 */
export const ACK_AGE = { warn: 3, bad: 4 };
/** Seconds that a clock may be off: below 0 it is certainly behind (with room for the network); ahead is indistinguishable from late. */
export const CLOCK = { behind: -0.2, ahead: 1 };
/** Seconds that a session's lock may be unavailable: Open and Close need a few. */
export const LOCK = { warn: 10, bad: 60 };
/** Share of guilds that are unavailable: a large bot always has a few. */
export const GUILDS_LOST = { warn: 0.01, bad: 0.05 };
