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
    "Discord allows 3 s for the first answer to an interaction. Where does the time go, by type and by command?",
    [
      {
        name: "type",
        label: "Type",
        description: "Interaction types.",
        query: labelValues("discord_interactions_total", "type"),
      },
      {
        name: "command",
        label: "Command",
        description: "Named commands, and other. Series without a command are not filtered.",
        query: labelValues(attempt, "command"),
      },
    ],
    [
      {
        title: "Are interactions answered?",
        panels: [
          number({
            title: "Answered in time",
            description: "Share of interactions answered within 3 s of their creation, by this process or another, over the selected time range.",
            width: 4,
            unit: "percentunit",
            decimals: 2,
            none: "no interactions",
            thresholds: { ...ANSWERED, low: true },
            query: share(sum([], increase(acks, { type, outcome: SERVED }, "[$__range]")), sum([], increase(acks, { type }, "[$__range]"))),
          }),
          number({
            title: "Missed",
            description: "Interactions in the selected time range with no answer sent within 5 s. The handler returned without answering, there is no handler, or the answer was sent later by a slow handler or the rate limiter (then Discord returns 10062).",
            width: 4,
            unit: "short",
            decimals: 0,
            thresholds: { bad: 1 },
            query: sum([], increase(acks, { type, outcome: "missed" }, "[$__range]")),
          }),
          number({
            title: "Expired on arrival",
            description: "Interactions in the selected time range that were older than 3 s at receipt: a replay after a reconnect, a bot too busy to read its socket, or a wrong clock.",
            width: 4,
            unit: "short",
            decimals: 0,
            thresholds: { warn: 1, bad: 10 },
            query: sum([], increase("discord_interactions_total", { type, status: "expired" }, "[$__range]")),
          }),
          lines({
            title: "Outcomes",
            description: "late: answered or attempted after 3 s. rejected: sent in time and refused. missed: no answer sent within 5 s. answered_elsewhere: answered by another process. superseded: an autocomplete whose user kept typing.",
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
            title: "Mean time per stage",
            description: "Stages from an interaction's creation to Discord's response to the answer, including refused answers. Means, so they add up. Stages that are not recorded count as handler time: stage 2 needs a wrapped handler, stage 4 a RequestOption. The line is Discord's deadline.",
            width: 12,
            height: 10,
            unit: "s",
            stacked: true,
            thresholds: { bad: ACK_DEADLINE },
            queries: [
              { legend: "1 before receipt", expr: mean([], age, { type }) },
              { legend: "2 before the handler", expr: mean([], delay, { type }) },
              {
                legend: "3 handler",
                expr: `clamp_min(${mean([], attempt, { type, command })} - ${orNothing(mean([], delay, { type }))} - ${orNothing(mean([], queue, callback))}, 0)`,
              },
              { legend: "4 answer in the rate limiter", expr: mean([], queue, callback) },
              { legend: "5 answer at Discord", expr: mean([], request, callback) },
            ],
          }),
          lines({
            title: "p95 time per stage",
            description: "95th percentiles, which do not add up. Look at the stage that has grown. 1: Discord, the network or the clock. 2 and 3: the bot, or a rate limit if there is no RequestOption. 4: a rate limit. 5: Discord's REST API. A handler that sends a message before it answers waits on that message's route, within stage 3.",
            width: 12,
            height: 10,
            unit: "s",
            thresholds: { bad: ACK_DEADLINE },
            queries: [
              { legend: "1 before receipt", expr: quantile(0.95, [], age, { type }) },
              { legend: "2 before the handler", expr: quantile(0.95, [], delay, { type }) },
              { legend: "3 receipt to first attempt", expr: quantile(0.95, [], attempt, { type, command }) },
              { legend: "receipt to accepted answer", expr: quantile(0.95, [], ack, { type, command }) },
              { legend: "handler duration", expr: quantile(0.95, [], "discord_app_command_duration_seconds", { command }) },
              { legend: "4 answer in the rate limiter", expr: quantile(0.95, [], queue, callback) },
              { legend: "rate limiter, slowest route", expr: max([], quantile(0.95, ["route"], queue)) },
              { legend: "5 answer at Discord", expr: quantile(0.95, [], request, callback) },
            ],
          }),
          spread({
            title: "Receipt to answer",
            description: "Distribution of the time to the first accepted answer. A second band near 3 s is a command, or a code path, that works before it answers.",
            width: 8,
            unit: "s",
            query: buckets(ack, { type, command }),
          }),
          spread({
            title: "Receipt to first attempt",
            description: "Distribution of the time to the first answer attempt, including refused and late ones. Near or above 3 s, the handler or discordgo's rate limiter is slow.",
            width: 8,
            unit: "s",
            query: buckets(attempt, { type, command }),
          }),
          spread({
            title: "Age at receipt",
            description: "Distribution of interaction age at receipt. All shifted by the same amount: a wrong clock. Some late after a reconnect: a replay.",
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
            description: "Interactions received by type, expired ones included.",
            width: 8,
            unit: "ops",
            stacked: true,
            queries: [{ expr: sum(["type"], rate("discord_interactions_total", { type })), legend: "{{type}}" }],
          }),
          lines({
            title: "Answered in time, by type",
            description: "Share of interactions answered within 3 s, by type. Autocomplete is the most often missed, because users keep typing.",
            width: 8,
            unit: "percentunit",
            max: 1,
            thresholds: { ...ANSWERED, low: true },
            queries: [{ expr: share(sum(["type"], rate(acks, { type, outcome: SERVED })), sum(["type"], rate(acks, { type }))), legend: "{{type}}" }],
          }),
          lines({
            title: "Time to answer by type, p95",
            description: "Time from receipt to the first accepted answer.",
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
            description: `Smallest interaction age in recent minutes by the two clocks; a few hundredths of a second if the clock is right. Below 0, this machine's clock is behind. Above ${CLOCK.ahead} s, it is ahead or everything arrives late. Check NTP.`,
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
            description: "Time to the first answer, share under 3 s from receipt, handler duration and failures over the selected time range. A slow handler with a fast answer is fine: the answer was deferred. Errors without answers: the command fails before it answers.",
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
            description: "Ten slowest commands at each moment.",
            width: 8,
            unit: "s",
            thresholds: { bad: ACK_DEADLINE },
            queries: [{ expr: `topk(10, ${quantile(0.95, ["command"], ack, { type, command })})`, legend: "{{command}}" }],
          }),
          lines({
            title: "Time to first attempt by command, p95",
            description: "Time from receipt to the first answer attempt, including refused and late ones. Ten slowest commands at each moment.",
            width: 8,
            unit: "s",
            thresholds: { bad: ACK_DEADLINE },
            queries: [{ expr: `topk(10, ${quantile(0.95, ["command"], attempt, { type, command })})`, legend: "{{command}}" }],
          }),
          lines({
            title: "Handler duration by command, p95",
            description: "Time from receipt until the wrapped handler returns, including failures. Ten slowest commands at each moment.",
            width: 8,
            unit: "s",
            queries: [{ expr: `topk(10, ${quantile(0.95, ["command"], "discord_app_command_duration_seconds", { command })})`, legend: "{{command}}" }],
          }),
          lines({
            title: "Commands finished",
            description: "Application commands finished by wrapped handlers, by status.",
            width: 8,
            unit: "ops",
            stacked: true,
            colours: { success: GOOD, error: BAD },
            queries: [{ expr: sum(["status"], rate("discord_app_commands_total", { command })), legend: "{{status}}" }],
          }),
          lines({
            title: "Handler errors",
            description: "Errors and panics of application and prefix commands, by command and type. A panic is a bug in the program.",
            width: 8,
            unit: "ops",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["command", "error_type"], rate("discord_command_errors_total", { command }))} > 0`, legend: "{{command}}: {{error_type}}" }],
          }),
          number({
            title: "Named commands",
            description: "Command names passed to WithCommands, for application and prefix commands. If 0, every command is counted as other.",
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
            description: "Prefix commands finished by wrapped handlers, by status.",
            width: 12,
            unit: "ops",
            stacked: true,
            colours: { success: GOOD, error: BAD },
            queries: [{ expr: sum(["status"], rate("discord_commands_total", { command })), legend: "{{status}}" }],
          }),
          lines({
            title: "Prefix command duration",
            description: "Duration of wrapped prefix command handlers. Discord sets no deadline here, but users wait.",
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
      {
        title: "Tasks",
        panels: [
          lines({
            title: "Tasks run",
            description: "The bot's own pieces of work, run through Task, by task.",
            width: 8,
            unit: "ops",
            stacked: true,
            queries: [{ expr: sum(["task"], countRate("discord_task_duration_seconds")), legend: "{{task}}" }],
          }),
          lines({
            title: "Task duration, p95",
            description: "95th percentile of the duration of each task, failures included.",
            width: 8,
            unit: "s",
            queries: [{ expr: quantile(0.95, ["task"], "discord_task_duration_seconds"), legend: "{{task}}" }],
          }),
          lines({
            title: "Task errors",
            description: "Errors and panics of tasks, by task and type.",
            width: 8,
            unit: "ops",
            bars: true,
            stacked: true,
            queries: [{ expr: `${sum(["task", "error_type"], rate("discord_task_errors_total"))} > 0`, legend: "{{task}}: {{error_type}}" }],
          }),
        ],
      },
    ],
  );
