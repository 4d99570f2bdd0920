import type { SeriesList } from './api'

export interface Lines {
  step: number // s
  times: number[] // s since 1970, ascending, each a step after the one before
  // lines are the values by key, one for each time. null is unknown.
  lines: Map<string, (number | null)[]>
}

export const keyOf = (labels: Record<string, string>): string => Object.values(labels).join(' ')

// A Window keeps the points of a question that this tab has seen. What is known stays
// known when the process restarts and has forgotten it; what is unknown stays a gap.
export class Window {
  private readonly points = new Map<string, Map<number, number>>()
  private last = 0

  constructor(
    readonly step: number,
    readonly range: number,
  ) {}

  get end(): number {
    return this.last
  }

  merge(list: SeriesList): void {
    if (list.step_seconds !== this.step) throw new Error(`points every ${list.step_seconds} s in a window with a step of ${this.step} s`)
    for (const series of list.series) {
      const key = keyOf(series.labels)
      let points = this.points.get(key)
      if (!points) {
        points = new Map()
        this.points.set(key, points)
      }
      for (const [i, at] of list.times.entries()) {
        const value = series.values[i]
        if (value !== null && value !== undefined) points.set(at, value)
      }
    }
    this.last = Math.max(this.last, list.times.at(-1) ?? 0)
    this.prune()
  }

  private prune(): void {
    const oldest = this.last - this.range - 10 * this.step
    for (const [key, points] of this.points) {
      for (const at of points.keys()) if (at < oldest) points.delete(at)
      if (points.size === 0) this.points.delete(key)
    }
  }

  // view has each step of the range up to an end, also those of which nothing is known.
  view(end = this.last): Lines {
    const last = Math.floor(end / this.step) * this.step
    const times: number[] = []
    for (let at = last - this.range + this.step; at <= last; at += this.step) times.push(at)
    const lines = new Map<string, (number | null)[]>()
    for (const [key, points] of this.points) lines.set(key, times.map((at) => points.get(at) ?? null))
    return { step: this.step, times, lines }
  }
}

export interface Span {
  from: number
  to: number
}

// gaps are the spans in which no line has a value.
export function gaps({ step, times, lines }: Lines): Span[] {
  const spans: Span[] = []
  let open: Span | null = null
  for (const [i, at] of times.entries()) {
    const known = [...lines.values()].some((values) => values[i] !== null)
    if (known) open = null
    else if (open) open.to = at
    else {
      open = { from: at - step, to: at }
      spans.push(open)
    }
  }
  return spans
}

export function lastKnown(values: readonly (number | null)[] | undefined): number | null {
  return values?.findLast((value) => value !== null) ?? null
}
