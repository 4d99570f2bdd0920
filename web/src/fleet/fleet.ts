import type { Failure } from '../data/api'
import { Clock } from '../data/clock'
import type { Loaded } from '../data/loader'
import { sendToken } from '../data/login'
import { Catalog } from '../data/settings'
import { realTimers, type Timers } from '../data/timers'
import type { Span } from '../data/windows'
import type { Alerts, ClusterDetail, History, Members, Overview, Settings, Sparks, Timeline } from './data/api'
import { Client, fleetAddress } from './data/client'
import { type Name, namesOf } from './data/names'
import { format, type Place, parse, windowOf } from './data/place'
import { type Job, Poller } from './data/poller'

export interface Docs {
  overview: Loaded<Overview>
  history: Loaded<History>
  sparks: Loaded<Sparks>
  cluster: Loaded<ClusterDetail>
  timeline: Loaded<Timeline>
  alerts: Loaded<Alerts>
  members: Loaded<Members>
}
// An Age is that of what is shown, and why there is nothing newer.
export type Age = Pick<Loaded<unknown>, 'at' | 'failure'>

type Document = NonNullable<Docs[keyof Docs]['value']>

export interface FleetState {
  place: Place
  mode: 'connecting' | 'open' | 'login'
  docs: Docs
  figures: Age | null // of the figures that a page asks for itself
  nextTry: number // when the overview is asked for again after a failure, by the monotonic clock in ms
  settings: Settings | null
  catalog: Catalog
  names: Name[] // of series, for the query box
  login: string | null // null, or why the last attempt failed
}

const empty = { value: null, at: 0, failure: null }
const nothing: Docs = { overview: empty, history: empty, sparks: empty, cluster: empty, timeline: empty, alerts: empty, members: empty }

const usuallyGoneAfter = 45 // s
export const figuresGoneAfter = 90 // s: they are asked for each minute

// A Fleet is the state behind what is shown, without the DOM.
export class Fleet {
  state: FleetState
  readonly client: Client
  private readonly clock: Clock
  private readonly poller: Poller
  private readonly addresses = new Map<string, string>() // of the documents that are shown
  private readonly listeners = new Set<() => void>()
  private pending = false

  constructor(
    private readonly request: typeof fetch,
    hash: string,
    private readonly remember: (hash: string) => void,
    private readonly timers: Timers = realTimers,
    clock = new Clock(),
  ) {
    this.clock = clock
    this.client = new Client(request)
    this.poller = new Poller((at, signal) => this.client.get(at, signal), (job, document) => this.arrived(job, document as Document), (job, failure, again) => this.failed(job, failure, again), timers)
    this.state = { place: parse(hash), mode: 'connecting', docs: nothing, figures: null, nextTry: 0, settings: null, catalog: new Catalog(), names: [], login: null }
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private set(change: Partial<FleetState>): void {
    this.state = { ...this.state, ...change }
    if (this.pending) return
    this.pending = true
    queueMicrotask(() => {
      this.pending = false
      for (const listener of this.listeners) listener()
    })
  }

  async start(): Promise<void> {
    // Asked for first, so that the browser logs no refused requests.
    const access = (await this.client.get('./access.json').catch(() => null)) as { admitted?: boolean } | null
    if (access?.admitted === false) this.deny()
    else await this.begin()
  }

  // begin asks for what does not change while the server runs, beside the rest.
  private async begin(): Promise<void> {
    this.set({ mode: 'open' })
    this.plan()
    const settings = await this.client.get<Settings>('./fleet.json').catch(() => null)
    this.set({ settings })
    const document = await this.client.get('./catalog.json').catch(() => null)
    this.set({ catalog: new Catalog(document), names: namesOf(document) })
  }

  private jobs(): Job[] {
    const { page, job, bot, region, cluster, range } = this.state.place
    const of = { job, bot }
    const at = (key: keyof Docs, every: number, parameters = {}): Job => ({ key, every: every * 1000, address: fleetAddress(key, parameters) })
    // The overview tells on every page how old the data is.
    const jobs = [at('overview', 5, page === 'overview' ? of : {})]
    if (page === 'overview') jobs.push(at('history', 30, { ...of, range }), at('sparks', 60, of))
    if (page === 'cluster') jobs.push(at('cluster', 10, { ...of, region, cluster, range }))
    if (page === 'timeline') jobs.push(at('timeline', 15, { ...of, ...windowOf(this.state.place) }))
    if (page === 'alerts') jobs.push(at('alerts', 10))
    if (page === 'members') jobs.push(at('members', 15))
    return jobs
  }

  private plan(): void {
    if (this.state.mode !== 'open') return
    const jobs = this.jobs()
    const docs = { ...this.state.docs }
    for (const { key, address } of jobs) {
      if (this.addresses.get(key) === address) continue
      // What another address has told is not what is asked for now. The overview stays
      // until the next is there: its page would be empty for a moment otherwise.
      if (key !== 'overview') Object.assign(docs, { [key]: empty })
      this.addresses.set(key, address)
    }
    this.set({ docs })
    this.poller.plan(jobs)
  }

  private arrived(job: Job, document: Document): void {
    const before = this.state.docs[job.key as keyof Docs]
    if (before.value !== document) this.clock.heard(Date.parse(document.now))
    else if (before.failure === null) return
    const loaded = { value: document, at: Date.parse(document.at), failure: null }
    this.set({ docs: { ...this.state.docs, [job.key]: loaded }, ...(job.key === 'overview' ? { nextTry: 0 } : {}) })
  }

  private failed(job: Job, failure: Failure, again: number): void {
    if (failure.status === 401) {
      this.deny()
      return
    }
    const before = this.state.docs[job.key as keyof Docs]
    this.set({ docs: { ...this.state.docs, [job.key]: { ...before, failure } }, ...(job.key === 'overview' ? { nextTry: this.timers.ticks() + again } : {}) })
  }

  // deny asks for the token.
  private deny(): void {
    this.poller.stop()
    this.client.forget()
    this.addresses.clear()
    this.clock.forget()
    this.set({ mode: 'login', docs: nothing, settings: null })
  }

  hide(hidden: boolean): void {
    this.poller.hide(hidden)
  }

  refresh(key: keyof Docs): void {
    this.poller.refresh(key)
  }

  now(): number {
    return this.clock.now()
  }

  // shown is what the page is about: the figures that it asks for itself, or else the
  // overview.
  get shown(): Age {
    return this.state.figures ?? this.state.docs.overview
  }

  // show is told by a page that asks for figures itself. They are null while there are none.
  show(figures: Age | null): void {
    if (figures !== this.state.figures) this.set({ figures })
  }

  // age is that of what is shown in ms. It counts on, also when the fleet does not answer.
  age(): number {
    const { at } = this.shown
    return at > 0 ? Math.max(this.now() - at, 0) : Number.NaN
  }

  stale(): boolean {
    const goneAfter = this.state.figures ? figuresGoneAfter : (this.state.docs.overview.value?.gone_after_seconds ?? usuallyGoneAfter)
    return this.age() > goneAfter * 1000
  }

  zoom(zoom: Span | null): void {
    this.go({ zoom })
  }

  // go changes the place, in the same entry of the browser's history.
  go(change: Partial<Place>): void {
    this.move({ ...this.state.place, ...change })
    this.remember(format(this.state.place))
  }

  // follow goes where the address leads.
  follow(hash: string): void {
    this.move(parse(hash))
  }

  private move(place: Place): void {
    this.set({ place })
    this.plan()
  }

  async login(token: string): Promise<void> {
    const login = await sendToken(this.request, token)
    this.set({ login })
    if (login === null) await this.begin()
  }

  async logout(): Promise<void> {
    await this.request('./logout', { method: 'POST', credentials: 'same-origin', redirect: 'manual' }).catch(() => null)
    this.deny()
  }
}
