import { type Client, type Commands, type Failure, failureOf, type Latencies, type Overview, type Parameters, type ProcessDocument, type Routes, type SeriesList, type SlowDocument, type Timeline } from './api'
import type { Clock } from './clock'
import { type ChartName, chartNames, charts, overFor, type Question, stepFor, type View } from './questions'
import { realTimers, type Timers } from './timers'
import { type Lines, Window } from './windows'

// A Loaded document has its age, and the failure of the last attempt to get a newer one.
export interface Loaded<T> {
  value: T | null
  at: number // by the server's clock, in ms
  failure: Failure | null
}

const empty = <T>(): Loaded<T> => ({ value: null, at: 0, failure: null })

export interface Totals {
  window: number // s
  outcomes: Map<string, number | null>
}

export interface Data {
  view: View
  step: number
  charts: Partial<Record<ChartName, Loaded<Lines>>>
  latencies: Loaded<Latencies>
  overview: Loaded<Overview>
  totals: Loaded<Totals>[]
  starts: Loaded<Lines>
  commands: Loaded<Commands>
  routes: Loaded<Routes>
  timeline: Loaded<Timeline>
  slow: Loaded<SlowDocument>
  process: Loaded<Usage>
}

// Usage is what the process uses, with the processors that it used since the document
// before.
export interface Usage {
  now: ProcessDocument
  cpu: number | null
}

const totalWindows = [900, 3600, 21600]
const hurried = 10 // s between documents of a process that has just started

export const emptyData = (view: View): Data => ({
  view,
  step: stepFor(view, Date.now() / 1000),
  charts: {},
  latencies: empty(),
  overview: empty(),
  totals: totalWindows.map(() => empty<Totals>()),
  starts: empty(),
  commands: empty(),
  routes: empty(),
  timeline: empty(),
  slow: empty(),
  process: empty(),
})

// cpuSince is how many processors a process used between two documents.
export function cpuSince(before: ProcessDocument | undefined, now: ProcessDocument): number | null {
  const seconds = before ? (Date.parse(now.at) - Date.parse(before.at)) / 1000 : 0
  if (!before || seconds <= 0 || now.cpu_seconds_total === null || before.cpu_seconds_total === null || now.started_at !== before.started_at) return null
  return Math.max(now.cpu_seconds_total - before.cpu_seconds_total, 0) / seconds
}

interface Job {
  key: string
  every: number // s
  due: number // by the monotonic clock, in ms
  run: (signal: AbortSignal) => Promise<void>
}

// A Loader gets what the stream does not have, each document as often as it can change
// and no more, so that a viewer costs the process little.
export class Loader {
  data: Data
  private jobs: Job[] = []
  private windows = new Map<ChartName | 'starts', Window>()
  private timer = 0
  private running: AbortController | null = null
  private wake: (() => void) | null = null

  constructor(
    private readonly client: Client,
    private readonly clock: Clock,
    view: View,
    private readonly changed: (d: Data) => void,
    private readonly denied: () => void,
    // hurry tells whether the process has just started, and has more to say each moment.
    private readonly hurry: () => boolean = () => false,
    private readonly timers: Timers = realTimers,
  ) {
    this.data = emptyData(view)
  }

  // show changes what the charts are about. Numbers of now stay.
  show(view: View): void {
    const active = this.running !== null
    this.stop()
    this.windows.clear()
    this.data = { ...this.data, view, step: stepFor(view, this.clock.now() / 1000), charts: {} }
    this.changed(this.data)
    if (active) this.start()
  }

  start(): void {
    if (this.running) return
    const running = new AbortController()
    this.running = running
    this.plan()
    void this.work(running.signal)
  }

  stop(): void {
    this.running?.abort()
    this.running = null
    this.timers.clear(this.timer)
    this.wake?.()
  }

  // refresh asks for everything again, such as after the process has restarted.
  refresh(): void {
    this.jobs = []
    if (!this.running) return
    this.stop()
    this.start()
  }

  forget(): void {
    this.stop()
    this.windows.clear()
    this.jobs = []
    this.data = emptyData(this.data.view)
    this.changed(this.data)
  }

  private plan(): void {
    const { view, step } = this.data
    const before = new Map(this.jobs.map((j) => [j.key, j.due]))
    const job = (key: string, every: number, run: Job['run']): void => {
      this.jobs.push({ key, every, due: before.get(key) ?? 0, run })
    }
    this.jobs = []
    const over = `${Math.min(Math.max(view.range, 60), 21600)}s`
    for (const name of chartNames) {
      job(`${name} ${view.range} ${view.end}`, view.end !== null ? Infinity : Math.max(step, name === 'outcomes' ? 15 : 30), (signal) => this.chart(name, signal))
    }
    job('timeline', 30, (signal) => this.document('timeline', 'timeline', { over: '6h' }, signal))
    totalWindows.forEach((window, i) => {
      job(`total ${window}`, Math.max(window / 60, 30), (signal) => this.total(window, i, signal))
    })
    job(`commands ${over}`, 60, (signal) => this.document('commands', 'commands', { over }, signal))
    job(`routes ${over}`, 60, (signal) => this.document('routes', 'routes', { over }, signal))
    job('slow', 30, (signal) => this.document('slow', 'slow-interactions', {}, signal))
    job('process', 60, (signal) => this.usage(signal))
    job('overview', 60, (signal) => this.document('overview', 'overview', {}, signal))
    job('latencies', 60, (signal) => this.document('latencies', 'latencies', { over: '15m' }, signal))
    job('starts', 120, (signal) => this.sessionStarts(signal))
  }

  private async work(signal: AbortSignal): Promise<void> {
    // Two at a time, as the client does.
    await Promise.all([this.lane(signal), this.lane(signal)])
  }

  private async lane(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = this.timers.ticks()
      const job = this.jobs.find((j) => j.due <= now)
      if (!job) {
        const due = Math.min(...this.jobs.map((j) => j.due), now + 5_000)
        await new Promise<void>((resolve) => {
          this.wake = resolve
          this.timer = this.timers.set(resolve, Math.max(due - now, 250))
        })
        continue
      }
      job.due = now + (this.hurry() ? Math.min(job.every, hurried) : job.every) * 1000
      try {
        await job.run(signal)
      } catch (err) {
        if (signal.aborted) {
          const again = this.jobs.find((j) => j.key === job.key)
          if (again) again.due = 0
          return
        }
        const failure = failureOf(err)
        if (failure.status === 401) {
          this.denied()
          return
        }
        // What could not be had is asked for again soon, but not at once.
        job.due = this.timers.ticks() + Math.max(5_000, failure.retryAfter * 1000)
      }
    }
  }

  private set(change: Partial<Data>): void {
    this.data = { ...this.data, ...change }
    this.changed(this.data)
  }

  private async load<T>(before: Loaded<T> | undefined, keep: (l: Loaded<T>) => void, get: () => Promise<{ value: T; at: number }>, signal: AbortSignal): Promise<void> {
    try {
      const { value, at } = await get()
      if (!signal.aborted) keep({ value, at, failure: null })
    } catch (err) {
      if (!signal.aborted) keep({ ...(before ?? empty<T>()), failure: failureOf(err) })
      throw err
    }
  }

  private ask(q: Question, parameters: Parameters, signal: AbortSignal): Promise<SeriesList> {
    return this.client.get<SeriesList>('series', { name: q.name, form: q.form, ...q.parameters, ...parameters }, signal)
  }

  private chart(name: ChartName, signal: AbortSignal): Promise<void> {
    const { view, step } = this.data
    const known = this.windows.get(name)
    return this.load<Lines>(
      this.data.charts[name],
      (loaded) => this.set({ charts: { ...this.data.charts, [name]: loaded } }),
      async () => {
        // A window that is there needs its last points alone.
        const tail = known && view.end === null ? Math.min(Math.ceil(this.clock.now() / 1000 - known.end) + 2 * step, view.range) : view.range
        const q = charts[name]
        const list = await this.ask(q, { over: overFor(q, step), range: `${Math.max(tail, step)}s`, step: `${step}s`, end: view.end ?? undefined }, signal)
        const window = known ?? new Window(step, view.range)
        window.merge(list)
        if (!signal.aborted) this.windows.set(name, window)
        return { value: window.view(view.end ?? Date.parse(list.at) / 1000), at: Date.parse(list.at) }
      },
      signal,
    )
  }

  private sessionStarts(signal: AbortSignal): Promise<void> {
    return this.load<Lines>(
      this.data.starts,
      (starts) => this.set({ starts }),
      async () => {
        const list = await this.ask({ name: 'discord_gateway_session_start_remaining', form: 'last', parameters: { combine: 'min' } }, { range: '1h', step: '60s' }, signal)
        const window = new Window(60, 3600)
        window.merge(list)
        return { value: window.view(), at: Date.parse(list.at) }
      },
      signal,
    )
  }

  private total(window: number, i: number, signal: AbortSignal): Promise<void> {
    return this.load<Totals>(
      this.data.totals[i],
      (loaded) => this.set({ totals: this.data.totals.with(i, loaded) }),
      async () => {
        const list = await this.ask(charts.outcomes, { over: `${window}s`, range: '5s', step: '5s' }, signal)
        const outcomes = new Map(list.series.map((s) => [s.labels.outcome ?? '', s.values.at(-1) ?? null]))
        return { value: { window, outcomes }, at: (list.times.at(-1) ?? 0) * 1000 }
      },
      signal,
    )
  }

  private usage(signal: AbortSignal): Promise<void> {
    const before = this.data.process
    return this.load<Usage>(
      before,
      (process) => this.set({ process }),
      async () => {
        const now = await this.client.get<ProcessDocument>('process', {}, signal)
        // With another document soon, it is known how many processors are used.
        const job = before.value ? undefined : this.jobs.find((j) => j.key === 'process')
        if (job) job.due = this.timers.ticks() + 5_000
        return { value: { now, cpu: cpuSince(before.value?.now, now) }, at: Date.parse(now.at) }
      },
      signal,
    )
  }

  private document(key: 'overview' | 'latencies' | 'commands' | 'routes' | 'timeline' | 'slow', path: string, parameters: Parameters, signal: AbortSignal): Promise<void> {
    type Document = Overview | Latencies | Commands | Routes | Timeline | SlowDocument
    return this.load<Document>(
      this.data[key] as Loaded<Document>,
      (loaded) => this.set({ [key]: loaded }),
      async () => {
        const value = await this.client.get<Document>(path, parameters, signal)
        return { value, at: Date.parse(value.at) }
      },
      signal,
    )
  }
}
