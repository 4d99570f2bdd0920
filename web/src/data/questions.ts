import type { Parameters } from './api'

// A View is what the charts show: a range that ends now, or at a fixed time.
export interface View {
  range: number // s
  end: number | null // s since 1970
}

export const ranges = { '15m': 900, '1h': 3600, '6h': 21600 } as const
export type Range = keyof typeof ranges

const fine = 900 // s; the history has steps of 60 s before

// stepFor gives at most 360 points. Where the history is coarse it is the history's own
// step: over longer windows than one step its increases are too small.
export function stepFor(view: View, now: number): number {
  const begin = (view.end ?? now) - view.range
  if (now - begin > fine + 60) return 60
  return view.range <= 300 ? 5 : 10
}

export interface Question {
  name: string // of the metric
  form: string
  parameters: Parameters
}

const question = (name: string, form: string, parameters: Parameters = {}): Question => ({ name, form, parameters })

// Charts are asked over their steps, so each point is about the time since the one before;
// quantiles over a minute at least.
export const charts = {
  outcomes: question('discord_interaction_acks_total', 'increase', { by: 'outcome' }),
  ackP50: question('discord_interaction_ack_duration_seconds', 'quantile', { quantile: 0.5 }),
  ackP95: question('discord_interaction_ack_duration_seconds', 'quantile', { quantile: 0.95 }),
  ackP99: question('discord_interaction_ack_duration_seconds', 'quantile', { quantile: 0.99 }),
  events: question('discord_shard_events_total', 'rate'),
  latency: question('discord_shard_latency_seconds', 'last', { combine: 'max' }),
  limits: question('discord_ratelimits_total', 'increase', { by: 'scope' }),
} as const
export type ChartName = keyof typeof charts
export const chartNames = Object.keys(charts) as ChartName[]

export function overFor(q: Question, step: number): string | undefined {
  if (q.form === 'last') return undefined
  return `${q.form === 'increase' ? step : Math.max(step, 60)}s`
}

// Facts are numbers of now.
export const facts = {
  uptime: question('discord_uptime_seconds', 'last'),
  info: question('discord_bot_info', 'last', { by: 'version,discordgo_version,go_version' }),
  clock: question('discord_clock_offset_seconds', 'last'),
  guilds: question('discord_guilds', 'last'),
  unavailable: question('discord_guilds_unavailable', 'last'),
  members: question('discord_members', 'last'),
  voice: question('discord_voice_clients', 'last'),
  botShards: question('discord_bot_shards', 'last'),
  inFlight: question('discord_rest_requests_in_flight', 'last'),
  subsystems: question('argus_subsystem_up', 'last', { by: 'subsystem', combine: 'min' }),
  faults: question('argus_instrumentation_errors_total', 'increase', { by: 'hook', over: '1h' }),
  evicted: question('argus_timers_evicted_total', 'increase', { by: 'timer', over: '1h' }),
  logs: question('discord_log_records_total', 'increase', { by: 'level', over: '1h' }),
  events: question('discord_gateway_events_total', 'rate', { by: 'event', over: '5m', limit: 64 }),
  limits: question('discord_ratelimits_total', 'increase', { by: 'scope', over: '15m' }),
} as const
export type FactName = keyof typeof facts
export const factNames = Object.keys(facts) as FactName[]
