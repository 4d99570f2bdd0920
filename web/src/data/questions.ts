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
