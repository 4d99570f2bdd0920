import { type Budgets, type Client, Failure, failureOf, refusal, type Shards, type Snapshot, type Status, type Step } from './api'
import type { Clock } from './clock'
import { advance, fromDocuments, fromSnapshot, type Picture } from './picture'
import { Parser } from './sse'
import { realTimers, type Timers } from './timers'

export type Mode = 'connecting' | 'stream' | 'polling' | 'lost' | 'login' | 'refused'

export interface FeedState {
  mode: Mode
  picture: Picture | null
  // failure is why there is no picture, or no new one.
  failure: Failure | null
  // nextTry is when it is asked again, in ms by the monotonic clock, or 0.
  nextTry: number
  // lives counts the processes that were heard: a restart begins another.
  lives: number
  heard: boolean
}

const step = 5_000
const silence = 15_000 // three steps without a message: the connection is dead
const opening = 8_000
const streamAgain = 30_000
const waits = [1_000, 2_000, 4_000, 5_000]

// A Feed keeps the picture of the process: by the stream, or where that is refused or
// ends, by polling until the stream is to be had again.
export class Feed {
  state: FeedState = { mode: 'connecting', picture: null, failure: null, nextTry: 0, lives: 1, heard: false }
  private timer = 0
  private watchdog = 0
  private running: AbortController | null = null
  private lastID = ''
  private fails = 0
  private tryStreamAt = 0
  private stopped = true
  private hidden = false

  constructor(
    private readonly client: Client,
    private readonly clock: Clock,
    private readonly request: typeof fetch,
    private readonly changed: (s: FeedState) => void,
    private readonly timers: Timers = realTimers,
    // mayStream asks whether this tab may hold one of the browser's connections.
    private readonly mayStream: () => Promise<boolean> = async () => true,
    private readonly streaming: (on: boolean) => void = () => {},
  ) {}

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.fails = 0
    this.tryStreamAt = 0
    this.next(0)
  }

  stop(): void {
    this.stopped = true
    this.timers.clear(this.timer)
    this.timers.clear(this.watchdog)
    this.running?.abort()
    this.running = null
    this.streaming(false)
  }

  // deny asks for the token.
  deny(): void {
    this.stop()
    this.set({ picture: null, mode: 'login', failure: new Failure(401, '') })
  }

  // refuse has nothing to show until it is restarted.
  refuse(failure: Failure): void {
    this.stop()
    this.set({ picture: null, mode: 'refused', failure, nextTry: 0 })
  }

  // restart begins anew at once, such as after a login or for another bot.
  restart(forget: boolean): void {
    this.stop()
    if (forget) {
      this.lastID = ''
      this.clock.forget()
      this.set({ picture: null, failure: null, mode: 'connecting' })
    }
    this.start()
  }

  // hide gives up the stream of a tab that nobody sees. It looks every 30 s, for its title.
  hide(hidden: boolean): void {
    if (hidden === this.hidden) return
    this.hidden = hidden
    if (!this.stopped) this.restart(false)
  }

  private set(change: Partial<FeedState>): void {
    this.state = { ...this.state, ...change }
    this.changed(this.state)
  }

  private next(ms: number): void {
    this.timers.clear(this.timer)
    this.timer = this.timers.set(() => void this.turn(), ms)
  }

  private async turn(): Promise<void> {
    if (this.stopped) return
    const running = new AbortController()
    this.running = running
    try {
      const wanted = !this.hidden && this.timers.ticks() >= this.tryStreamAt && (await this.mayStream())
      if (running.signal.aborted) return
      if (wanted) await this.stream(running)
      else await this.poll(running)
    } catch (err) {
      if (running.signal.aborted || this.stopped) return
      this.failed(failureOf(err))
    }
  }

  private failed(failure: Failure): void {
    if (failure.status === 401) {
      this.set({ mode: 'login', failure, nextTry: 0 })
      this.stop()
      return
    }
    if (failure.status === 400 || failure.status === 403 || failure.status === 404) {
      this.set({ mode: 'refused', failure, nextTry: this.timers.ticks() + step })
      this.next(step)
      return
    }
    const wait = Math.max(waits[Math.min(this.fails, waits.length - 1)] ?? step, Math.min(failure.retryAfter * 1000, streamAgain))
    this.fails++
    this.tryStreamAt = 0 // when it is back, so is its stream
    this.set({ mode: 'lost', failure, nextTry: this.timers.ticks() + wait })
    this.next(wait)
  }

  private arrived(picture: Picture, mode: Mode, lives = this.state.lives): void {
    this.fails = 0
    this.clock.heard(picture.at)
    this.set({ picture, mode, failure: null, nextTry: 0, heard: true, lives })
  }

  private async stream(running: AbortController): Promise<void> {
    const watch = (ms: number): void => {
      this.timers.clear(this.watchdog)
      this.watchdog = this.timers.set(() => dead.abort(), ms)
    }
    const dead = new AbortController()
    this.streaming(true)
    let refused: Failure | null = null
    let messages = 0
    try {
      watch(opening)
      const response = await this.request(this.client.address('stream'), {
        credentials: 'same-origin',
        cache: 'no-store',
        headers: this.lastID ? { Accept: 'text/event-stream', 'Last-Event-ID': this.lastID } : { Accept: 'text/event-stream' },
        signal: AbortSignal.any([running.signal, dead.signal]),
      })
      if (!response.ok || !response.body) throw await refusal(response)
      watch(silence)
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      const parser = new Parser()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        for (const message of parser.push(value)) {
          messages++
          watch(silence)
          this.message(message.event, message.id, message.data)
        }
      }
    } catch (err) {
      if (running.signal.aborted) return
      refused = failureOf(err)
      if (refused.status === 401 || refused.status === 400 || refused.status === 403 || refused.status === 404) throw refused
    } finally {
      this.timers.clear(this.watchdog)
      this.streaming(false)
    }
    if (this.stopped || running.signal.aborted) return
    // A stream that worked and ended is opened again soon; one that was refused later.
    if (messages > 0) this.tryStreamAt = this.timers.ticks() + step
    else this.tryStreamAt = this.timers.ticks() + Math.max(streamAgain, (refused?.retryAfter ?? 0) * 1000)
    this.next(0)
  }

  private message(event: string, id: string, data: string): void {
    const epoch = (text: string): string => text.slice(0, text.lastIndexOf('-'))
    const other = this.lastID !== '' && epoch(this.lastID) !== epoch(id)
    if (event === 'snapshot') {
      if (id) this.lastID = id
      this.arrived(fromSnapshot(JSON.parse(data) as Snapshot), 'stream', this.state.lives + (other ? 1 : 0))
    } else if (event === 'step') {
      if (id) this.lastID = id
      const { picture } = this.state
      if (picture) this.arrived(advance(picture, JSON.parse(data) as Step), 'stream')
    }
  }

  private async poll(running: AbortController): Promise<void> {
    const status = await this.client.get<Status>('status', {}, running.signal)
    const shards = await this.client.get<Shards>('shards', {}, running.signal)
    const budgets = await this.client.get<Budgets>('budgets', {}, running.signal)
    if (running.signal.aborted) return
    this.arrived(fromDocuments(status, shards, budgets), 'polling')
    this.next(this.hidden ? streamAgain : step)
  }
}
