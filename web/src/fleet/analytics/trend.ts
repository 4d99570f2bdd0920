import type { Lines } from '../../data/windows'

interface Point {
  start: string
}

// gridOf are the steps of a window. They are counted from 1970, so the first may begin
// before it.
function gridOf(window: { from: string; to: string }, step: number): number[] {
  const [from, to] = [Date.parse(window.from) / 1000, Date.parse(window.to) / 1000]
  const times: number[] = []
  for (let at = Math.floor(from / step) * step; at < to; at += step) times.push(at)
  return times
}

// linesOf gives the points of a trend their places. A step without a point has the values
// of none.
export function linesOf<P extends Point, K extends string>(window: { from: string; to: string }, step: number, points: readonly P[], values: Record<K, (p: P) => number | null>, none: Partial<Record<K, number>> = {}): Lines {
  const times = gridOf(window, step)
  const at = new Map(points.map((p) => [Date.parse(p.start) / 1000, p]))
  const keys = Object.keys(values) as K[]
  return {
    step,
    times,
    lines: new Map(
      keys.map((key) => [
        key,
        times.map((t) => {
          const p = at.get(t)
          return p ? values[key](p) : (none[key] ?? null)
        }),
      ]),
    ),
  }
}
