import { describe, expect, it } from 'vitest'
import { Client, type Snapshot, type Step } from '../src/data/api'
import { Clock } from '../src/data/clock'
import { Feed, type FeedState } from '../src/data/feed'
import { advance, fromSnapshot } from '../src/data/picture'
import { Parser } from '../src/data/sse'
import { Time } from './time'

const identity = { cluster: 'default', argus_version: 'devel' }
const start = Date.parse('2026-11-29T03:00:00Z')
const at = (s: number): string => new Date(start + s * 1000).toISOString()
const report = (s: number) => ({ at: at(s), findings: null, cannot_tell: null, checked: 31, checks: 31, processes: 1 })
const budgets = (s: number) => ({
  version: 1 as const,
  identity,
  at: at(s),
  session_starts: null,
  invalid_requests: { count: 0, limit: 10000, window_seconds: 600, levels_off_at: 0 },
  sends: [],
  answers: { budget: 0.01, burn_fast: 14.4, burn_slow: 6, windows: [] },
})
const shard = (id: string, up = true) => ({
  shard: id,
  up,
  state: up ? ('ready' as const) : ('disconnected' as const),
  since: at(0),
  latency_seconds: 0.05,
  heartbeat_ack_age_seconds: 3,
  heartbeat_interval_seconds: 41,
  last_event_age_seconds: 1,
  events_per_second: 12,
  events_window_seconds: 60,
  lock_unavailable_seconds: 0,
  closes_1h: 0,
  resumes_1h: 0,
  new_sessions_1h: 0,
  last_close: null,
  findings: [],
})
const snapshot = (s: number, ids = ['0', '1']): Snapshot => ({ version: 1, identity, at: at(s), verdict: 'calm', report: report(s), shards: ids.map((id) => shard(id)), budgets: budgets(s) })
const step = (s: number, change: Partial<Step> = {}): Step => ({ version: 1, identity, at: at(s), verdict: 'calm', report: null, shards: [], gone: [], budgets: budgets(s), ...change })

describe('Parser', () => {
  it('cuts messages out of pieces of any size', () => {
    const text = 'retry: 3000\n\n: comment\n\nid: a-1\r\nevent: snapshot\r\ndata: {"a":\r\ndata: 1}\r\n\r\nid: a-2\nevent: step\ndata: x\n\n'
    for (const size of [1, 2, 7, text.length]) {
      const parser = new Parser()
      const messages = []
      for (let i = 0; i < text.length; i += size) messages.push(...parser.push(text.slice(i, i + size)))
      expect(messages).toEqual([
        { id: 'a-1', event: 'snapshot', data: '{"a":\n1}' },
        { id: 'a-2', event: 'step', data: 'x' },
      ])
    }
  })
})

describe('advance', () => {
  it('applies changes, additions in the order of numbers, and what is gone', () => {
    const before = fromSnapshot(snapshot(0, ['0', '2', '10']))
    const after = advance(before, step(5, { shards: [shard('2', false), shard('7')], gone: ['0'] }))
    expect(after.shards.map((s) => [s.shard, s.up])).toEqual([
      ['2', false],
      ['7', true],
      ['10', true],
    ])
    expect(after.at).toBe(start + 5000)
    expect(after.report.at).toBe(at(5))
  })
})

// A Bench is a server and a time that the test moves.
class Bench extends Time {
  readonly calls: { path: string; lastID: string | null }[] = []
  readonly states: FeedState[] = []
  controller: ReadableStreamDefaultController<Uint8Array> | null = null
  stream: 'open' | 'refuse' | 'gone' | 401 | 'hang' = 'open'
  documents: 'there' | 'gone' | 401 = 'there'
  s = 0
  may = true
  readonly clock: Clock
  readonly feed: Feed

  constructor() {
    super(start + 3_600_000) // the browser is an hour ahead
    this.clock = new Clock(
      () => this.wall,
      () => this.now,
    )
    const request = ((input: string, init?: RequestInit) => this.answer(input, init)) as typeof fetch
    this.feed = new Feed(new Client(request), this.clock, request, (s) => this.states.push(s), this.timers, async () => this.may)
  }

  get state(): FeedState {
    return this.feed.state
  }

  private async answer(path: string, init?: RequestInit): Promise<Response> {
    const name = path.replace('./api/v1/', '')
    this.calls.push({ path: name, lastID: new Headers(init?.headers).get('Last-Event-ID') })
    const json = (body: unknown, status = 200, headers = {}): Response => new Response(JSON.stringify(body), { status, headers })
    if (name === 'stream') {
      if (this.stream === 'gone') throw new TypeError('failed to fetch')
      if (this.stream === 'refuse') return json({ error: '32 streams are open' }, 503, { 'Retry-After': '5' })
      if (this.stream === 401) return json({ error: 'no token' }, 401)
      if (this.stream === 'hang') return new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))))
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.controller = controller
          init?.signal?.addEventListener('abort', () => {
            try {
              controller.error(new DOMException('aborted', 'AbortError'))
            } catch {
              // it has ended before
            }
          })
        },
      })
      return new Response(body, { status: 200 })
    }
    if (this.documents === 'gone') throw new TypeError('failed to fetch')
    if (this.documents === 401) return json({ error: 'no token' }, 401)
    if (name === 'status') return json({ version: 1, identity, verdict: 'calm', report: report(this.s) })
    if (name === 'shards') return json({ version: 1, identity, at: at(this.s), shards: [shard('0')] })
    return json(budgets(this.s))
  }

  async send(id: string, event: string, data: unknown): Promise<void> {
    this.controller?.enqueue(new TextEncoder().encode(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`))
    await this.settle()
  }

  async begin(): Promise<void> {
    this.feed.start()
    await this.pass(0)
  }
}

describe('Feed', () => {
  it('shows the snapshot and what changes', async () => {
    const b = new Bench()
    await b.begin()
    await b.send('e-1', 'snapshot', snapshot(0))
    expect(b.state.mode).toBe('stream')
    await b.send('e-2', 'step', step(5, { shards: [shard('1', false)] }))
    expect(b.state.picture?.shards.map((s) => s.up)).toEqual([true, false])
    expect(b.clock.now()).toBe(start + 5000) // not the browser's hour
  })

  it('resumes by the id of the last message when the stream ends', async () => {
    const b = new Bench()
    await b.begin()
    await b.send('e-1', 'snapshot', snapshot(0))
    b.controller?.close()
    b.s = 6
    await b.settle()
    await b.pass(0)
    expect(b.state.mode).toBe('polling') // meanwhile
    await b.pass(10_000)
    expect(b.calls.filter((c) => c.path === 'stream').map((c) => c.lastID)).toEqual([null, 'e-1'])
    await b.send('e-2', 'resumed', { version: 1, missed: 1 })
    await b.send('e-2', 'step', step(10))
    expect(b.state.mode).toBe('stream')
    expect(b.state.lives).toBe(1)
  })

  it('polls where the stream is refused, and returns to it', async () => {
    const b = new Bench()
    b.stream = 'refuse'
    await b.begin()
    await b.pass(1)
    expect(b.state.mode).toBe('polling')
    expect(b.state.picture?.shards).toHaveLength(1)
    b.stream = 'open'
    await b.pass(35_000)
    await b.send('e-1', 'snapshot', snapshot(40))
    expect(b.state.mode).toBe('stream')
  })

  it('polls where the browser has no connection left for a stream', async () => {
    const b = new Bench()
    b.may = false
    await b.begin()
    expect(b.state.mode).toBe('polling')
    expect(b.calls.some((c) => c.path === 'stream')).toBe(false)
    b.may = true
    await b.pass(6_000)
    await b.send('e-1', 'snapshot', snapshot(6))
    expect(b.state.mode).toBe('stream')
  })

  it('gives up a stream that never opens', async () => {
    const b = new Bench()
    b.stream = 'hang'
    await b.begin()
    expect(b.state.mode).toBe('connecting')
    await b.pass(8_500)
    expect(b.state.mode).toBe('polling')
  })

  it('gives up a stream that is silent', async () => {
    const b = new Bench()
    await b.begin()
    await b.send('e-1', 'snapshot', snapshot(0))
    await b.pass(10_500)
    expect(b.clock.since()).toBeGreaterThan(10_000) // stale
    b.stream = 'gone'
    b.documents = 'gone'
    await b.pass(10_000)
    expect(b.state.mode).toBe('lost')
    expect(b.state.picture?.shards).toHaveLength(2) // the last ones stay
  })

  it('comes back by itself, and sees that another process answers', async () => {
    const b = new Bench()
    await b.begin()
    await b.send('e-1', 'snapshot', snapshot(0))
    b.stream = 'gone'
    b.documents = 'gone'
    b.controller?.close()
    await b.settle()
    await b.pass(60_000)
    expect(b.state.mode).toBe('lost')
    expect(b.state.nextTry).toBeGreaterThan(b.now)
    b.stream = 'open'
    b.documents = 'there'
    b.s = 60
    await b.pass(5_500)
    await b.send('f-1', 'snapshot', snapshot(70))
    expect(b.state.mode).toBe('stream')
    expect(b.state.lives).toBe(2)
  })

  it('asks for the token once, until it has one', async () => {
    const b = new Bench()
    b.stream = 401
    b.documents = 401
    await b.begin()
    expect(b.state.mode).toBe('login')
    const calls = b.calls.length
    await b.pass(120_000)
    expect(b.calls).toHaveLength(calls)
    b.stream = 'open'
    b.feed.restart(true)
    await b.pass(0)
    await b.send('e-1', 'snapshot', snapshot(0))
    expect(b.state.mode).toBe('stream')
  })

  it('gives the connection of a hidden tab free', async () => {
    const b = new Bench()
    await b.begin()
    await b.send('e-1', 'snapshot', snapshot(0))
    b.s = 1
    b.feed.hide(true)
    await b.pass(1)
    expect(b.state.mode).toBe('polling')
    b.feed.hide(false)
    await b.pass(1)
    expect(b.calls.at(-1)).toEqual({ path: 'stream', lastID: 'e-1' })
  })
})

describe('Clock', () => {
  it('counts through sleep, when the monotonic clock stands still', () => {
    let [wall, ticks] = [0, 0]
    const clock = new Clock(
      () => wall,
      () => ticks,
    )
    clock.heard(start)
    wall += 300_000
    ticks += 1_000
    expect(clock.since()).toBe(300_000)
    expect(clock.now()).toBe(start + 300_000)
  })
  it('keeps to the newest document', () => {
    const clock = new Clock(
      () => 0,
      () => 0,
    )
    clock.heard(start)
    clock.heard(start - 4_000)
    expect(clock.now()).toBe(start)
  })
})
