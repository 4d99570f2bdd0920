import { board } from "./frame";
import { ACK_DEADLINE, ANSWER, ANSWERED, CLOCK, FAILURES } from "./limits";
import { BAD, columns, GOOD, INFO, lines, number, spread, WARN } from "./look";
import { OUTCOMES, SERVED, UNANSWERED } from "./overview";
import { agg, PROCESS, buckets, chosen, countRate, gauge, increase, labelValues, max, mean, portion, quantile, rate, share, sum, within3s } from "./promql";

const type = chosen("type");
const command = chosen("command");
const callback = { route: "/interactions/{id}/{token}/callback" };

const ack = "discord_interaction_ack_duration_seconds";
const attempt = "discord_interaction_response_delay_seconds";
const delay = "discord_interaction_handler_delay_seconds";
const age = "discord_interaction_receipt_age_seconds";
const queue = "discord_rest_queue_wait_seconds";
const request = "discord_rest_request_duration_seconds";
const acks = "discord_interaction_acks_total";

const orNothing = (expr: string) => `(${expr} or vector(0))`;

export const interactions = () =>
  board(
    "interactions",
    "Discord waits 3 s for the first answer to an interaction. Where do they go, by type and by command?",
    [
      {
        name: "type",
        label: "Type",
        description: "Types of interactions.",
        query: labelValues("discord_interactions_total", "type"),
      },
      {
        name: "command",
        label: "Command",
        description: "Commands that the instrumentation tells apart, and other. What has no command is shown for all.",
        query: labelValues(attempt, "command"),
      },
    ],
    [
      {
        title: "Are they answered?",
        panels: [
          number({
            title: "Answered in time",
            description: "Share of interactions in the chosen time that were answered within 3 s of their creation, here or elsewhere.",
            width: 4,
            unit: "percentunit",
            decimals: 2,
            none: "no interactions",
            thresholds: { ...ANSWERED, low: true },
            query: share(sum([], increase(acks, { type, outcome: SERVED }, "[$__range]")), sum([], increase(acks, { type }, "[$__range]"))),
          }),
          number({
            title: "Missed",
            description: "Interactions in the chosen time for which no answer was sent within 5 s: a branch of a handler that returns without one, no handler, or an answer that came later still, from a slow handler or out of the rate limiter (10062 then).",
            width: 4,
            unit: "short",
            decimals: 0,
            thresholds: { bad: 1 },
            query: sum([], increase(acks, { type, outcome: "missed" }, "[$__range]")),
          }),
          number({
            title: "Dead on arrival",
            description: "Interactions in the chosen time that were older than 3 s when they arrived: a reconnect that replays, a bot too busy to read, or a clock that is wrong.",
            width: 4,
            unit: "short",
            decimals: 0,
            thresholds: { warn: 1, bad: 10 },
            query: sum([], increase("discord_interactions_total", { type, status: "expired" }, "[$__range]")),
          }),
          lines({
            title: "Outcomes",
            description: "late: answered, or tried, after 3 s. rejected: tried in time and refused. missed: no answer was sent within 5 s. answered_elsewhere: by another process. superseded: an autocomplete whose user had typed on.",
            width: 12,
            unit: "ops",
            stacked: true,
            colours: OUTCOMES,
            queries: [{ expr: sum(["outcome"], rate(acks, { type })), legend: "{{outcome}}" }],
          }),
        ],
      },
      {
        title: "Where do the three seconds go?",
        panels: [
          lines({
            title: "The three seconds, on average",
            description:
              "The parts of the way from an interaction's creation to the response to its answer, refused answers included, as means, so that they add up. Parts that are not recorded are in the handler's: the delay before it needs a wrapped handler, the wait a RequestOption. The line is Discord's deadline.",
            width: 12,
            height: 10,
            unit: "s",
            stacked: true,
            thresholds: { bad: ACK_DEADLINE },
            queries: [
              { legend: "1 on the way to us", expr: mean([], age, { type }) },
              { legend: "2 before the handler", expr: mean([], delay, { type }) },
              {
                legend: "3 the handler",
                expr: `clamp_min(${mean([], attempt, { type, command })} - ${orNothing(mean([], delay, { type }))} - ${orNothing(mean([], queue, callback))}, 0)`,
              },
              { legend: "4 the answer in the rate limiter", expr: mean([], queue, callback) },
              { legend: "5 the answer at Discord", expr: mean([], request, callback) },
            ],
          }),
          lines({
            title: "The slow ones: p95 of each part",
            description:
              "For 95 of 100. These do not add up. The wait in the rate limiter of the answer itself and that of the slowest route are apart: a handler that sends a message before it answers waits on that message's route, within 3. The part that has grown is the one to look at: 1 Discord, the network or our clock; 2 and 3 the bot, or without a RequestOption a rate limit; 4 a rate limit; 5 Discord's REST.",
            width: 12,
            height: 10,
            unit: "s",
            thresholds: { bad: ACK_DEADLINE },
            queries: [
              { legend: "1 on the way to us", expr: quantile(0.95, [], age, { type }) },
              { legend: "2 before the handler", expr: quantile(0.95, [], delay, { type }) },
              { legend: "3 receipt to first attempt", expr: quantile(0.95, [], attempt, { type, command }) },
              { legend: "receipt to accepted answer", expr: quantile(0.95, [], ack, { type, command }) },
              { legend: "handler, to its end", expr: quantile(0.95, [], "discord_app_command_duration_seconds", { command }) },
              { legend: "4 the answer in the rate limiter", expr: quantile(0.95, [], queue, callback) },
              { legend: "in the rate limiter, slowest route", expr: max([], quantile(0.95, ["route"], queue)) },
              { legend: "5 the answer at Discord", expr: quantile(0.95, [], request, callback) },
            ],
          }),
          spread({
            title: "Receipt to answer",
            description: "How the times until the first accepted answer are spread. A second band near 3 s is one command, or one branch, that works before it answers.",
            width: 8,
            unit: "s",
            query: buckets(ack, { type, command }),
          }),
          spread({
            title: "Receipt to first attempt",
            description:
              "How the times until the first attempt to answer are spread, refused and late ones included. Near 3 s and above it is the handler that is slow, or discordgo's rate limiter.",
            width: 8,
            unit: "s",
            query: buckets(attempt, { type, command }),
          }),
          spread({
            title: "Age at receipt",
            description: "How old interactions were when they arrived. All of them late by the same: a clock. Some late after a reconnect: a replay.",
            width: 8,
            unit: "s",
            query: buckets(age, { type }),
          }),
        ],
      },
      {
        title: "By type",
        panels: [
          lines({
            title: "Interactions received",
            description: "Interactions that arrived, by type, in time or not.",
            width: 8,
            unit: "ops",
            stacked: true,
            queries: [{ expr: sum(["type"], rate("discord_interactions_total", { type })), legend: "{{type}}" }],
          }),
          lines({
            title: "Answered in time, by type",
            description: "Share of each type that was answered within 3 s. Autocomplete is missed most easily: users type on.",
            width: 8,
            unit: "percentunit",
            max: 1,
            thresholds: { ...ANSWERED, low: true },
            queries: [{ expr: share(sum(["type"], rate(acks, { type, outcome: SERVED })), sum(["type"], rate(acks, { type }))), legend: "{{type}}" }],
          }),
          lines({
            title: "Time to answer by type, p95",
            description: "From receipt to the first accepted answer.",
            width: 8,
            unit: "s",
            thresholds: { bad: ACK_DEADLINE },
            queries: [{ expr: quantile(0.95, ["type"], ack, { type }), legend: "{{type}}" }],
          }),
          lines({
            title: "Not answered in time, by type",
            description: "Interactions that were late, rejected or missed.",
            width: 12,
            unit: "ops",
            stacked: true,
            queries: [{ expr: sum(["type", "outcome"], rate(acks, { type, outcome: UNANSWERED })), legend: "{{type}} {{outcome}}" }],
          }),
          lines({
            title: "Clock",
            description: `The smallest age of an interaction lately, as the clocks say: a few hundredths of a second where the clock is right. Below 0 our clock is behind; above ${CLOCK.ahead} s it is ahead, or everything is late. Set it right with NTP.`,
            width: 12,
            unit: "s",
            thresholds: { bad: CLOCK.ahead },
            queries: [{ expr: agg("min", ["cluster"], gauge("discord_clock_offset_seconds")), legend: PROCESS }],
          }),
        ],
      },
      {
        title: "By command",
        panels: [
          columns({
            title: "Commands, slowest first",
            description:
              "Time to the first answer, share under 3 s from receipt, the handler's own time and failures, over the chosen time. Slow with a fast answer is well: it was deferred. A command with errors and no answers fails before it answers.",
            width: 24,
            height: 10,
            keys: { command: "Command" },
            sort: { by: "Answer, p95", desc: true },
            columns: [
              { name: "Answers / min", unit: "short", decimals: 1, expr: `60 * ${sum(["command"], countRate(ack, { type, command }, "[$__range]"))}` },
              { name: "Answer, p50", unit: "s", thresholds: ANSWER, expr: quantile(0.5, ["command"], ack, { type, command }, "[$__range]") },
              { name: "Answer, p95", unit: "s", thresholds: ANSWER, expr: quantile(0.95, ["command"], ack, { type, command }, "[$__range]") },
              {
                name: "Under 3 s",
                unit: "percentunit",
                decimals: 1,
                thresholds: { ...ANSWERED, low: true },
                expr: share(sum(["command"], within3s(ack, { type, command }, "[$__range]")), sum(["command"], countRate(ack, { type, command }, "[$__range]"))),
              },
              { name: "Handler, p95", unit: "s", expr: quantile(0.95, ["command"], "discord_app_command_duration_seconds", { command }, "[$__range]") },
              {
                name: "Failed",
                unit: "percentunit",
                decimals: 1,
                thresholds: FAILURES,
                expr: portion(
                  sum(["command"], rate("discord_app_commands_total", { command, status: "error" }, "[$__range]")),
                  sum(["command"], rate("discord_app_commands_total", { command }, "[$__range]")),
                ),
              },
            ],
          }),
          lines({
            title: "Time to answer by command, p95",
            description: "The ten slowest at each moment.",
            width: 8,
            unit: "s",
            thresholds: { bad: ACK_DEADLINE },
            queries: [{ expr: `topk(10, ${quantile(0.95, ["command"], ack, { type, command })})`, legend: "{{command}}" }],
          }),
          lines({
            title: "Time to the first attempt by command, p95",
            description: "From receipt until the first attempt to answer was sent, refused and late ones included. The ten slowest at each moment.",
            width: 8,
            unit: "s",
            thresholds: { bad: ACK_DEADLINE },
            queries: [{ expr: `topk(10, ${quantile(0.95, ["command"], attempt, { type, command })})`, legend: "{{command}}" }],
          }),
          lines({
            title: "Handlers by command, p95",
            description: "Time from receipt until the wrapped handler returned, failures included. The ten slowest at each moment.",
            width: 8,
            unit: "s",
            queries: [{ expr: `topk(10, ${quantile(0.95, ["command"], "discord_app_command_duration_seconds", { command })})`, legend: "{{command}}" }],
          }),
          lines({
            title: "Commands finished",
            description: "Application commands that a wrapped handler has finished.",
            width: 8,
            unit: "ops",
            stacked: true,
            colours: { success: GOOD, error: BAD },
            queries: [{ expr: sum(["status"], rate("discord_app_commands_total", { command })), legend: "{{status}}" }],
          }),
          lines({
            title: "Errors of handlers",
            description: "Errors and panics by command and type, of application and prefix commands. panic is a fault in the program.",
            width: 8,
            unit: "ops",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["command", "error_type"], rate("discord_command_errors_total", { command }))} > 0`, legend: "{{command}}: {{error_type}}" }],
          }),
          number({
            title: "Commands told apart",
            description: "Names given to WithCommands, of application and prefix commands. 0: every command is other.",
            width: 8,
            height: 8,
            unit: "short",
            plain: true,
            query: max([], gauge("discord_command_names")),
          }),
        ],
      },
      {
        title: "Prefix commands",
        panels: [
          lines({
            title: "Prefix commands finished",
            description: "Text commands that a wrapped handler has finished.",
            width: 12,
            unit: "ops",
            stacked: true,
            colours: { success: GOOD, error: BAD },
            queries: [{ expr: sum(["status"], rate("discord_commands_total", { command })), legend: "{{status}}" }],
          }),
          lines({
            title: "Prefix commands, time",
            description: "How long the wrapped handlers took. There is no deadline, but users wait.",
            width: 12,
            unit: "s",
            colours: { p50: INFO, p95: WARN },
            queries: [
              { expr: quantile(0.5, [], "discord_command_duration_seconds", { command }), legend: "p50" },
              { expr: quantile(0.95, [], "discord_command_duration_seconds", { command }), legend: "p95" },
            ],
          }),
        ],
      },
    ],
  );
