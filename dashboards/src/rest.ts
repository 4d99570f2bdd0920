import { board } from "./frame";
import { BUDGET, EXEMPT_ROUTES, FAILURES, GLOBAL_PER_SECOND, INVALID_REQUESTS } from "./limits";
import { BAD, bars, columns, INFO, lines, number, spread, WARN } from "./look";
import { worst } from "./overview";
import { BOT, buckets, chosen, countRate, increase, labelValues, max, NOW, not, notRe, once, portion, quantile, rate, re, sum, total } from "./promql";

const request = "discord_rest_request_duration_seconds";
const queue = "discord_rest_queue_wait_seconds";
const limits = "discord_ratelimits_total";
const invalid = "discord_rest_invalid_requests_total";
const route = chosen("route");
const FAILED = re("5..|failed");

export const rest = () =>
  board(
    "rest",
    "REST requests, their duration and outcome, rate limits, and the distance to a ban.",
    [
      {
        name: "route",
        label: "Route",
        description: "Route templates.",
        query: labelValues(request, "route"),
      },
    ],
    [
      {
        title: "How close are the limits?",
        panels: [
          number({
            title: "Invalid requests in 10 minutes",
            description: "Responses 401, 403 and 429 (except scope shared). At 10,000 Discord bans the address, and every bot behind it. With several bots, the highest. Above 1,000, stop the cause.",
            width: 6,
            unit: "short",
            decimals: 0,
            thresholds: { warn: 0.1 * INVALID_REQUESTS, bad: BUDGET.warn * INVALID_REQUESTS },
            query: worst(once(invalid, increase(invalid, {}, "[10m]"))),
          }),
          number({
            title: "Rate limited",
            description: "429 responses per minute, except scope shared. Rate over the last 5 minutes.",
            width: 6,
            unit: "short",
            decimals: 1,
            thresholds: { warn: 1, bad: 10 },
            query: `60 * ${sum([], rate(limits, { scope: not("shared"), route }, NOW))}`,
          }),
          number({
            title: "Global 429s",
            description: "429s of scope global in the selected time range. Each one holds back every new request of the session, answers to interactions included. The limit applies to the whole bot.",
            width: 6,
            unit: "short",
            decimals: 0,
            thresholds: { bad: 1 },
            query: sum([], increase(limits, { scope: "global" }, "[$__range]")),
          }),
          number({
            title: "Requests in flight",
            description: "Requests waiting for a response. If it grows, Discord hangs or the bot does not read responses.",
            width: 6,
            unit: "short",
            plain: true,
            query: total([], "discord_rest_requests_in_flight"),
          }),
          bars({
            title: "Limits used",
            description: "Invalid requests by status, of 10,000 in 10 minutes; and requests that count towards the bot's 50 per second, over the last 5 minutes. With several bots, the highest.",
            width: 12,
            unit: "percentunit",
            min: 0,
            max: 1,
            thresholds: BUDGET,
            queries: [
              { legend: "invalid: {{status}}", expr: `${max(["status"], sum([...BOT, "status"], once(invalid, increase(invalid, {}, "[10m]"))))} / ${INVALID_REQUESTS}` },
              { legend: "requests a second", expr: `${worst(once(request, countRate(request, { route: notRe(EXEMPT_ROUTES) }, NOW)))} / ${GLOBAL_PER_SECOND}` },
            ],
          }),
          lines({
            title: "Invalid requests",
            description: "401: wrong token. 403: missing permission that the bot does not check first. 429: a rate limit that is not respected.",
            width: 12,
            unit: "ops",
            stacked: true,
            colours: { "401": BAD, "403": WARN, "429": "purple" },
            queries: [{ expr: sum(["status"], rate(invalid)), legend: "{{status}}" }],
          }),
        ],
      },
      {
        title: "Rate limits",
        panels: [
          lines({
            title: "429s by scope",
            description: "user: the bot's own limit on a route; something loops. shared: a resource's limit, shared with others and not the bot's fault. global: too many requests in total.",
            width: 8,
            unit: "ops",
            stacked: true,
            colours: { user: WARN, shared: INFO, global: BAD },
            queries: [{ expr: sum(["scope"], rate(limits, { route })), legend: "{{scope}}" }],
          }),
          lines({
            title: "429s by route",
            description: "Ten routes with the most 429s.",
            width: 8,
            unit: "ops",
            stacked: true,
            queries: [{ expr: `topk(10, ${sum(["scope", "route"], rate(limits, { route }))} > 0)`, legend: "{{route}} ({{scope}})" }],
          }),
          lines({
            title: "Wait in discordgo's rate limiter, p95",
            description: "Ten slowest routes. Requests in one bucket run one after another; each callback has its own bucket. Only requests with the instrumentation's RequestOption are measured.",
            width: 8,
            unit: "s",
            thresholds: { warn: 0.5, bad: 2 },
            queries: [{ expr: `topk(10, ${quantile(0.95, ["route"], queue, { route })})`, legend: "{{route}}" }],
          }),
        ],
      },
      {
        title: "Is Discord slow or failing?",
        panels: [
          lines({
            title: "Requests by status",
            description: "Requests on the wire, including discordgo's retries. failed: no response. 5xx: Discord. 4xx: the bot. proxy: answered by a REST proxy, not by Discord.",
            width: 8,
            unit: "reqps",
            stacked: true,
            queries: [{ expr: sum(["status"], countRate(request, { route })), legend: "{{status}}" }],
          }),
          lines({
            title: "Failures",
            description: "Share of requests that failed at Discord (5xx or no response), and share that Discord refused (4xx). Answers of a REST proxy are in neither.",
            width: 8,
            unit: "percentunit",
            max: 1,
            thresholds: FAILURES,
            colours: { Discord: INFO, bot: WARN },
            queries: [
              { legend: "Discord", expr: portion(sum([], countRate(request, { route, status: FAILED })), sum([], countRate(request, { route }))) },
              { legend: "bot", expr: portion(sum([], countRate(request, { route, status: re("4..") })), sum([], countRate(request, { route }))) },
            ],
          }),
          lines({
            title: "REST proxy responses",
            description: "Responses made by a proxy between the bot and Discord, by status. 408, 502, 503, 504: it could not reach Discord. 429: it is in trouble, or enforces its own limit. 401, 404: cached from Discord. Empty without a proxy.",
            width: 8,
            unit: "reqps",
            stacked: true,
            queries: [{ expr: sum(["status"], rate("discord_rest_proxy_responses_total")), legend: "{{status}}" }],
          }),
          lines({
            title: "Request duration",
            description: "Time from sending a request to its response header, without the wait in the rate limiter.",
            width: 12,
            unit: "s",
            queries: [
              { legend: "p50", expr: quantile(0.5, [], request, { route }) },
              { legend: "p95", expr: quantile(0.95, [], request, { route }) },
              { legend: "p99", expr: quantile(0.99, [], request, { route }) },
            ],
          }),
          spread({
            title: "Request duration distribution",
            description: "Distribution of request durations. A second band is a single route, or one that fails slowly.",
            width: 12,
            unit: "s",
            query: buckets(request, { route }),
          }),
          lines({
            title: "Discord error codes",
            description: "10062: unknown interaction; the answer was late. 40060: already acknowledged. 50013: missing permission. The others are in Discord's documentation.",
            width: 12,
            unit: "ops",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["error_code"], rate("discord_rest_errors_total"))} > 0`, legend: "{{error_code}}" }],
          }),
          lines({
            title: "Requests by method",
            description: "Requests by HTTP method. Reads that could be cached are GETs.",
            width: 12,
            unit: "reqps",
            stacked: true,
            queries: [{ expr: sum(["method"], countRate(request, { route })), legend: "{{method}}" }],
          }),
        ],
      },
      {
        title: "By route",
        panels: [
          columns({
            title: "Routes, busiest first",
            description: "Requests, durations, failures and rate limits by route over the selected time range. {token} and {id} are placeholders.",
            width: 24,
            height: 12,
            keys: { route: "Route" },
            sort: { by: "Requests / min", desc: true },
            columns: [
              { name: "Requests / min", unit: "short", decimals: 1, expr: `60 * ${sum(["route"], countRate(request, { route }, "[$__range]"))}` },
              { name: "p50", unit: "s", expr: quantile(0.5, ["route"], request, { route }, "[$__range]") },
              { name: "p95", unit: "s", thresholds: { warn: 1, bad: 2 }, expr: quantile(0.95, ["route"], request, { route }, "[$__range]") },
              {
                name: "Discord failed",
                unit: "percentunit",
                decimals: 1,
                thresholds: FAILURES,
                expr: portion(sum(["route"], countRate(request, { route, status: FAILED }, "[$__range]")), sum(["route"], countRate(request, { route }, "[$__range]"))),
              },
              {
                name: "Refused",
                unit: "percentunit",
                decimals: 1,
                thresholds: FAILURES,
                expr: portion(sum(["route"], countRate(request, { route, status: re("4..") }, "[$__range]")), sum(["route"], countRate(request, { route }, "[$__range]"))),
              },
              { name: "429s", unit: "short", decimals: 0, thresholds: { bad: 1 }, expr: sum(["route"], increase(limits, { route }, "[$__range]")) },
              { name: "Queue, p95", unit: "s", thresholds: { warn: 0.5, bad: 2 }, expr: quantile(0.95, ["route"], queue, { route }, "[$__range]") },
            ],
          }),
        ],
      },
    ],
  );
