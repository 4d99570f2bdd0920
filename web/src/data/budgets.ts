import type { Budgets } from './api'
import type { Lines } from './windows'

// Left says when a budget is empty if it is used as it was of late. null is never.
export interface Left {
  seconds: number | null
  known: boolean
}

const never: Left = { seconds: null, known: true }
const unknown: Left = { seconds: null, known: false }

// startsLeft judges by the session starts that went in the last hour.
export function startsLeft(remaining: number, lines: Lines | null): Left {
  const values = lines?.lines.get('')
  if (!lines || !values) return unknown
  const first = values.findIndex((v) => v !== null)
  const last = values.findLastIndex((v) => v !== null)
  if (first < 0 || last <= first) return unknown
  let used = 0
  for (let i = first + 1, before = values[first] ?? 0; i <= last; i++) {
    const value = values[i] ?? before
    used += Math.max(before - value, 0) // it rises at a reset
    before = value
  }
  if (used === 0) return never
  return { seconds: remaining / (used / ((last - first) * lines.step)), known: true }
}

// A sliding window is only ever full if it levels off above the limit.
export function invalidLeft(b: Budgets['invalid_requests']): Left {
  if (b.count === null || b.levels_off_at === null) return unknown
  if (b.levels_off_at <= b.limit) return never
  const perSecond = b.levels_off_at / b.window_seconds
  return { seconds: Math.max(b.limit - b.count, 0) / perSecond, known: true }
}

const month = 30 * 24 * 3600

// answersLeft is how long the error budget of 30 days lasts at a burn.
export const answersLeft = (burn: number | null): Left => (burn === null ? unknown : burn <= 1 ? never : { seconds: month / burn, known: true })

export const median = (numbers: readonly number[]): number | null => {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null
}

