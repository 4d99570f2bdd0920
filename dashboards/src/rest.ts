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
    "What the bot asks of Discord's REST API, how fast and with what result, whose limit it meets, and how far it is from a ban.",
    [
      {
        name: "route",
        label: "Route",
        description: "Templates of paths.",
        query: labelValues(request, "route"),
      },
    ],
    [
      {
        title: "How near are the limits?",
        panels: [
          number({
            title: "Invalid requests in 10 minutes",
            description: "401, 403 and 429 but those of scope shared. At 10,000 Discord bans the address, and every bot behind it. Of several bots, the one with the most. At a thousand, stop what makes them.",
            width: 6,
            unit: "short",
            decimals: 0,
            thresholds: { warn: 0.1 * INVALID_REQUESTS, bad: BUDGET.warn * INVALID_REQUESTS },
            query: worst(once(invalid, increase(invalid, {}, "[10m]"))),
          }),
          number({
            title: "Rate limited",
            description: "Responses with status 429 a minute, but those of scope shared, over the last 5 minutes.",
            width: 6,
            unit: "short",
            decimals: 1,
            thresholds: { warn: 1, bad: 10 },
            query: `60 * ${sum([], rate(limits, { scope: not("shared"), route }, NOW))}`,
          }),
          number({
            title: "Global limits",
            description: "429s of scope global in the chosen time. One holds back everything that the session begins, answers to interactions too. The limit is of the whole bot.",
            width: 6,
            unit: "short",
            decimals: 0,
            thresholds: { bad: 1 },
            query: sum([], increase(limits, { scope: "global" }, "[$__range]")),
          }),
          number({
            title: "Requests in flight",
            description: "Requests that wait for a response now. Growing: Discord hangs, or nobody reads the responses.",
            width: 6,
            unit: "short",
            plain: true,
            query: total([], "discord_rest_requests_in_flight"),
          }),
          bars({
            title: "Limits used",
            description: "Invalid requests by status (of 10,000 in 10 minutes), and requests that count towards the bot's 50 a second, over the last 5 minutes. Of several bots, the one that has used the most.",
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
            description: "By status. 401: the token. 403: a permission that the bot lacks and does not check before. 429: a limit that is not respected.",
            width: 12,
            unit: "ops",
            stacked: true,
            colours: { "401": BAD, "403": WARN, "429": "purple" },
            queries: [{ expr: sum(["status"], rate(invalid)), legend: "{{status}}" }],
          }),
        ],
      },
      {
        title: "Whose limit, and where?",
        panels: [
          lines({
            title: "429s by scope",
            description: "user: the bot's own limit on a route, something loops. shared: a resource that others use too, not the bot's fault. global: too many requests in all.",
            width: 8,
            unit: "ops",
            stacked: true,
            colours: { user: WARN, shared: INFO, global: BAD },
            queries: [{ expr: sum(["scope"], rate(limits, { route })), legend: "{{scope}}" }],
          }),
          lines({
            title: "429s by route",
            description: "The ten routes that meet a limit most.",
            width: 8,
            unit: "ops",
            stacked: true,
            queries: [{ expr: `topk(10, ${sum(["scope", "route"], rate(limits, { route }))} > 0)`, legend: "{{route}} ({{scope}})" }],
          }),
          lines({
            title: "Wait in discordgo's rate limiter, p95",
            description: "By route, the ten slowest. Requests of one bucket go one after the other; a callback has its own. Known of requests with the instrumentation's RequestOption.",
            width: 8,
            unit: "s",
            thresholds: { warn: 0.5, bad: 2 },
            queries: [{ expr: `topk(10, ${quantile(0.95, ["route"], queue, { route })})`, legend: "{{route}}" }],
          }),
        ],
      },
      {
        title: "Is Discord slow, or does it fail?",
        panels: [
          lines({
            title: "Requests by status",
            description: "Each request on the wire, discordgo's retries too. failed: no response. 5xx: Discord. 4xx: us. proxy: answered by a REST proxy in place of Discord.",
            width: 8,
            unit: "reqps",
            stacked: true,
            queries: [{ expr: sum(["status"], countRate(request, { route })), legend: "{{status}}" }],
          }),
          lines({
            title: "Failures",
            description: "Shares of requests that Discord failed (5xx, no response) and that it refused (4xx). What a proxy answered itself is in neither.",
            width: 8,
            unit: "percentunit",
            max: 1,
            thresholds: FAILURES,
            colours: { "Discord's": INFO, ours: WARN },
            queries: [
              { legend: "Discord's", expr: portion(sum([], countRate(request, { route, status: FAILED })), sum([], countRate(request, { route }))) },
              { legend: "ours", expr: portion(sum([], countRate(request, { route, status: re("4..") })), sum([], countRate(request, { route }))) },
            ],
          }),
          lines({
            title: "Answers of a REST proxy",
            description:
              "Responses that a proxy between the bot and Discord made itself, by status. 408, 502, 503, 504: it did not get through to Discord. 429: it is in trouble, or keeps its own limit. 401, 404: it remembers Discord's. Nothing where there is no proxy.",
            width: 8,
            unit: "reqps",
            stacked: true,
            queries: [{ expr: sum(["status"], rate("discord_rest_proxy_responses_total")), legend: "{{status}}" }],
          }),
          lines({
            title: "Time at Discord",
            description: "From sending a request until the header of its response, without the wait in the rate limiter.",
            width: 12,
            unit: "s",
            queries: [
              { legend: "p50", expr: quantile(0.5, [], request, { route }) },
              { legend: "p95", expr: quantile(0.95, [], request, { route }) },
              { legend: "p99", expr: quantile(0.99, [], request, { route }) },
            ],
          }),
          spread({
            title: "Times at Discord",
            description: "How the times of requests are spread. A second band is one route, or one that fails slowly.",
            width: 12,
            unit: "s",
            query: buckets(request, { route }),
          }),
          lines({
            title: "Errors by Discord's code",
            description: "10062: an interaction that is not known any more, the answer was late. 40060: answered already. 50013: a missing permission. The others are in Discord's documentation.",
            width: 12,
            unit: "ops",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["error_code"], rate("discord_rest_errors_total"))} > 0`, legend: "{{error_code}}" }],
          }),
          lines({
            title: "Requests by method",
            description: "What is done: reads that could be cached are GETs.",
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
            description: "Requests, times, failures and limits of each route over the chosen time. {token} and {id} stand for what differs.",
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
