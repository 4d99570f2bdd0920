// What the signals are measured against. Those of Discord's are from its
// documentation; the others are where a colour changes, with the reason.

/** Seconds until the first answer to an interaction has to be there. https://discord.com/developers/docs/interactions/receiving-and-responding */
export const ACK_DEADLINE = 3;
/** Payloads that a connection may send in 60 s. https://discord.com/developers/docs/events/gateway#rate-limiting */
export const SENDS_PER_MINUTE = 120;
/** Responses of 401, 403 and 429 in 10 minutes. https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans */
export const INVALID_REQUESTS = 10_000;
/** REST requests per second. https://discord.com/developers/docs/topics/rate-limits#global-rate-limit */
export const GLOBAL_PER_SECOND = 50;
/** Guilds on a shard. https://discord.com/developers/docs/events/gateway#sharding */
export const GUILDS_PER_SHARD = 2_500;
/** What the limit of 50 a second does not concern: answers to interactions, webhooks, the CDN. */
export const EXEMPT_ROUTES = "/interactions/.*|/webhooks/.*token.*|/cdn/.*";

/** Shares of interactions that are answered in time: at 99.5 % an hour of a busy bot still has unanswered users, at 95 % all of them notice. */
export const ANSWERED = { bad: 0.95, warn: 0.995 };
/** Seconds from receipt to answer: at 1 s there is little left for a slow minute, at 2.5 s nothing. */
export const ANSWER = { warn: 1, bad: 2.5 };
/** Shares of a budget: at half there is time to look, at 80 % there is little. */
export const BUDGET = { warn: 0.5, bad: 0.8 };
/** Shares of failures: one in a hundred is seen by some, one in twenty by everybody. */
export const FAILURES = { warn: 0.01, bad: 0.05 };
/** Seconds of a heartbeat's way: usual is 0.05 to 0.2. */
export const LATENCY = { warn: 0.5, bad: 1 };
/**
 * Intervals since a heartbeat was acknowledged. Discord wants the connection closed after one that was not, which is at 2. But up to 1 is normal, and a push
 * each minute adds one and a half of Discord's 41.25 s, so that a healthy shard gets to nearly 3, where the alert begins too. At 5 discordgo closes it.
 * https://discord.com/developers/docs/events/gateway#sending-heartbeats
 */
export const ACK_AGE = { warn: 3, bad: 4 };
/** Seconds that a clock may be wrong: behind is certain below 0 (with some room for the network); ahead cannot be told from late. */
export const CLOCK = { behind: -0.2, ahead: 1 };
/** Seconds that a session's lock may be away: Open and Close need a few. */
export const LOCK = { warn: 10, bad: 60 };
/** Share of the guilds that an outage has taken: a large bot always has a few. */
export const GUILDS_LOST = { warn: 0.01, bad: 0.05 };
