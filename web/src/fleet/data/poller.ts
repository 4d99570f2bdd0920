import { type Failure, failureOf } from '../../data/api'
import { realTimers, type Timers } from '../../data/timers'

export interface Job {
  key: string // of the document
  address: string
  every: number // ms
}

interface Running {
  job: Job
  timer: number
  abort: AbortController | null // of the request
  fails: number
}

const waits = [1_000, 2_000, 5_000, 10_000]
const slowest = 30_000
const asleep = 6 // times as slow is a tab that nobody sees

// A Poller asks for documents again and again, each at its own pace, and for those that
// fail soon again.
export class Poller {
  private readonly running = new Map<string, Running>()
  private hidden = false

  constructor(
    private readonly get: (address: string, signal: AbortSignal) => Promise<unknown>,
    private readonly arrived: (job: Job, document: unknown) => void,
    private readonly failed: (job: Job, failure: Failure, again: number) => void,
    private readonly timers: Timers = realTimers,
  ) {}

  // plan asks for these documents from now on. Those that were asked for before go on.
  plan(jobs: readonly Job[]): void {
    for (const [address, running] of this.running) if (!jobs.some((job) => job.address === address)) this.end(running)
    for (const job of jobs) {
      if (this.running.has(job.address)) continue
      const running: Running = { job, timer: 0, abort: null, fails: 0 }
      this.running.set(job.address, running)
      void this.turn(running)
    }
  }

  // refresh asks for a document at once.
  refresh(key: string): void {
    for (const running of this.running.values()) if (running.job.key === key) this.now(running)
  }

  hide(hidden: boolean): void {
    if (hidden === this.hidden) return
    this.hidden = hidden
    if (!hidden) for (const running of this.running.values()) this.now(running)
  }

  stop(): void {
    this.plan([])
  }

  private now(running: Running): void {
    this.timers.clear(running.timer)
    running.abort?.abort()
    void this.turn(running)
  }

  private end(running: Running): void {
    this.running.delete(running.job.address)
    this.timers.clear(running.timer)
    running.abort?.abort()
  }

  private async turn(running: Running): Promise<void> {
    const { job } = running
    const abort = new AbortController()
    running.abort = abort
    let wait = job.every * (this.hidden ? asleep : 1)
    try {
      const document = await this.get(job.address, abort.signal)
      if (abort.signal.aborted) return
      running.fails = 0
      this.arrived(job, document)
    } catch (err) {
      if (abort.signal.aborted) return
      const failure = failureOf(err)
      wait = Math.max(waits[Math.min(running.fails, waits.length - 1)] ?? slowest, Math.min(failure.retryAfter * 1000, slowest))
      running.fails++
      this.failed(job, failure, wait)
    }
    // What was told may have ended it.
    if (abort.signal.aborted || this.running.get(job.address) !== running) return
    running.timer = this.timers.set(() => void this.turn(running), wait)
  }
}
