import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Intercept } from './serve'

// A Crowd is a process with thousands of shards, which no demo has: it answers for the
// stream alone, with steps in which every shard changes.
export class Crowd {
  private readonly streams = new Set<ServerResponse>()
  private n = 0

  constructor(
    private readonly shards: number,
    private readonly state: (i: number) => string,
  ) {}

  private shard(i: number): object {
    const state = this.state(i)
    const up = state === 'ready'
    return {
      shard: String(i), up, state, since: new Date(Date.now() - 60_000).toISOString(), latency_seconds: 0.05 + (i % 7) / 100, heartbeat_ack_age_seconds: (this.n + i) % 41,
      heartbeat_interval_seconds: 41.25, last_event_age_seconds: 0, events_per_second: 10 + ((this.n + i) % 5), events_window_seconds: 60, lock_unavailable_seconds: 0, closes_1h: up ? 0 : 3,
      resumes_1h: 0, new_sessions_1h: 0, last_close: null, findings: [],
    }
  }

  private message(event: 'snapshot' | 'step'): string {
    this.n++
    const head = { version: 1, identity: { cluster: 'crowd', argus_version: 'devel' }, at: new Date().toISOString(), verdict: 'calm' }
    const report = { at: head.at, findings: [], cannot_tell: [], checked: 31, checks: 31, processes: 1 }
    const budgets = {
      ...head, session_starts: null, invalid_requests: { count: this.n, limit: 10000, window_seconds: 600, levels_off_at: 0 }, sends: [],
      answers: { budget: 0.01, burn_fast: 14.4, burn_slow: 6, windows: [] },
    }
    const shards = Array.from({ length: this.shards }, (_, i) => this.shard(i))
    return `id: crowd-${this.n}\nevent: ${event}\ndata: ${JSON.stringify({ ...head, report, shards, gone: [], budgets })}\n\n`
  }

  // step tells everyone of another step, and returns its number, which is that of the
  // invalid requests.
  step(): number {
    const message = this.message('step')
    for (const res of this.streams) res.write(message)
    return this.n
  }

  readonly intercept: Intercept = (req: IncomingMessage, res: ServerResponse) => {
    if (!req.url?.startsWith('/api/v1/stream')) return false
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    res.write(this.message('snapshot'))
    this.streams.add(res)
    res.on('close', () => this.streams.delete(res))
    return true
  }
}
