import type { Event as ProcessEvent } from '../../data/api'
import type { Lines, Span } from '../../data/windows'
import type { Mark } from './api'

interface Steps {
  from: string
  step_seconds: number
}

// linesOf gives the values of a document their times, within a zoom.
export function linesOf({ from, step_seconds: step }: Steps, values: Record<string, readonly (number | null)[]>, zoom: Span | null = null): Lines {
  const begin = Date.parse(from) / 1000
  const n = Math.max(0, ...Object.values(values).map((v) => v.length))
  const every = Array.from({ length: n }, (_, i) => begin + i * step)
  const kept = zoom ? every.flatMap((t, i) => (t >= zoom.from && t <= zoom.to ? [i] : [])) : every.map((_, i) => i)
  return {
    step,
    times: kept.map((i) => every[i] ?? 0),
    lines: new Map(Object.entries(values).map(([key, v]) => [key, kept.map((i) => v[i] ?? null)])),
  }
}

const kinds: Record<Mark['kind'], ProcessEvent['kind']> = { version: 'start', restarted: 'start', shard_count: 'shard_count', gone: 'close', finding_began: 'finding_began' }

// marksOf gives the marks of a fleet the shapes of those of a process.
export const marksOf = (marks: readonly Mark[]): ProcessEvent[] => marks.map((m) => ({ at: m.at, within_seconds: 0, kind: kinds[m.kind], says: m.what }))
