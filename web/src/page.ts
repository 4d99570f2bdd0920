import { Client, type Event, Failure } from './data/api'
import { Clock } from './data/clock'
import { Feed, type FeedState } from './data/feed'
import { type Data, emptyData, Loader } from './data/loader'
import { sendToken } from './data/login'
import type { Picture } from './data/picture'
import { format, type Place, parse, viewOf } from './data/place'
import type { View } from './data/questions'
import { Catalog, loadCatalog, loadSettings, type Settings, settingsFrom } from './data/settings'
import { Tabs } from './data/tabs'
import type { Span } from './data/windows'

export interface PageState {
  place: Place
  feed: FeedState
  // picture and data are what is shown: while the page is paused, those of that moment.
  picture: Picture | null
  data: Data
  settings: Settings
  catalog: Catalog
  login: string | null // null, or why the last attempt failed
}

const staleAfter = 10_000 // ms
const youngFor = 1200 // s; too short for the charts of an hour
const startsFor = 120 // s

// covered is how much of the last hour the history of the process has, in s.
const covered = (p: Picture | null): number => p?.budgets.answers.windows.find((w) => w.window_seconds === 3600)?.covered_seconds ?? Infinity

// A Page is the state behind what is shown, without the DOM.
export class Page {
  state: PageState
  readonly clock = new Clock()
  readonly client: Client
  private readonly feed: Feed
  private readonly loader: Loader
  private readonly listeners = new Set<() => void>()
  private lives = 1
  private wasAway = false
  private pending = false
  private young: boolean | null = null // as it was when the page was opened

  constructor(
    private readonly request: typeof fetch,
    hash: string,
    private readonly remember: (hash: string) => void,
  ) {
    const place = parse(hash)
    this.client = new Client(request, () => this.state.place.bot)
    const tabs = new Tabs('argus-streams')
    this.feed = new Feed(this.client, this.clock, request, (s) => this.heard(s), undefined, () => tabs.mayStream(), tabs.streaming)
    const view = viewOf(place)
    this.loader = new Loader(this.client, this.clock, view, (data) => this.loaded(data), () => this.denied(), () => covered(this.state.feed.picture) < startsFor)
    this.state = {
      place,
      feed: this.feed.state,
      picture: null,
      data: emptyData(view),
      settings: settingsFrom(null),
      catalog: new Catalog(),
      login: null,
    }
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private set(change: Partial<PageState>): void {
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
    const access = (await this.client.json('./access.json').catch(() => null)) as { admitted?: boolean } | null
    if (access?.admitted === false) return this.feed.deny()
    await this.begin()
  }

  private heard(feed: FeedState): void {
    const frozen = this.state.place.paused !== null && this.state.picture !== null
    this.set({ feed, ...(frozen ? {} : { picture: feed.picture }) })
    if (feed.mode === 'stream' || feed.mode === 'polling') {
      if (feed.lives !== this.lives || this.wasAway) this.loader.refresh()
      this.lives = feed.lives
      this.wasAway = false
      if (this.young === null && feed.picture) {
        this.young = covered(feed.picture) < youngFor
        if (this.young && this.view().range !== this.loader.data.view.range) this.loader.show(this.view())
      }
      if (!this.done) this.loader.start()
    }
    if (feed.mode === 'lost') this.wasAway = true
    if (feed.mode === 'login' || feed.mode === 'refused') this.loader.stop()
  }

  view(place: Place = this.state.place): View {
    return viewOf(place, this.young ?? false)
  }

  // done reports whether the page is paused and has what it shows.
  private get done(): boolean {
    const { place, data } = this.state
    return place.paused !== null && data.timeline.value !== null && data.starts.at > 0
  }

  private loaded(data: Data): void {
    if (this.done) {
      // A paused page goes on to show other charts, when it is zoomed.
      this.set({ data: { ...this.state.data, view: data.view, step: data.step, charts: data.charts } })
      return
    }
    this.set({ data })
  }

  private denied(): void {
    this.loader.stop()
    this.feed.restart(false) // it learns the same, and shows the form
  }

  hide(hidden: boolean): void {
    this.feed.hide(hidden)
    if (hidden) this.loader.stop()
    else if (this.state.feed.heard && !this.done) this.loader.start()
  }

  age(): number {
    return this.clock.known ? this.clock.since() : Number.NaN
  }

  stale(): boolean {
    return this.state.place.paused === null && this.clock.known && this.clock.since() > staleAfter
  }

  // now is the time that what is shown is about.
  now(): number {
    const { place } = this.state
    return place.paused !== null ? place.paused * 1000 : this.clock.now()
  }

  go(change: Partial<Place>): void {
    const before = this.state.place
    const place = { ...before, ...change }
    this.set({ place })
    this.remember(format(place))
    const [a, b] = [this.view(before), this.view(place)]
    if (a.range !== b.range || a.end !== b.end) {
      this.loader.show(b)
      if (this.state.feed.heard) this.loader.start()
    }
    if (place.bot !== before.bot) {
      this.loader.forget()
      void this.begin()
    }
  }

  zoom(zoom: Span | null): void {
    this.go({ zoom })
  }

  // begin asks for what does not change while the process runs, and then for the rest.
  private async begin(): Promise<void> {
    const settings = await loadSettings(this.client)
    this.set({ settings })
    const { bots } = settings
    if (bots.length > 1 && !bots.includes(this.state.place.bot)) {
      this.feed.refuse(new Failure(400, `${this.state.place.bot ? `No bot of this process is called ${this.state.place.bot}` : `This process has ${bots.length} bots`}. Choose one.`))
      return
    }
    this.feed.restart(true)
    this.set({ catalog: await loadCatalog(this.client) })
  }

  follow(hash: string): void {
    this.go(parse(hash))
  }

  pause(on: boolean): void {
    if (on) this.go({ paused: Math.floor(this.clock.now() / 1000) })
    else {
      this.go({ paused: null })
      this.set({ picture: this.feed.state.picture })
      this.loader.refresh()
    }
  }

  async login(token: string): Promise<void> {
    const login = await sendToken(this.request, token)
    this.set({ login })
    if (login === null) await this.begin()
  }

  async logout(): Promise<void> {
    await this.request('./logout', { method: 'POST', credentials: 'same-origin', redirect: 'manual' }).catch(() => null)
    this.loader.forget()
    this.feed.deny()
  }

  // uptime is that of the process in s, and grows with time.
  uptime(): number | null {
    const { value, at } = this.state.data.overview
    const up = value?.uptime_seconds ?? null
    return up === null ? null : up + Math.max(this.now() - at, 0) / 1000
  }

  // marks are what happened in the time that the charts show.
  marks(): Event[] {
    const { timeline, view } = this.state.data
    const end = view.end ?? this.now() / 1000
    return (timeline.value?.events ?? []).filter((e) => {
      const at = Date.parse(e.at) / 1000
      return at >= end - view.range && at <= end + 1
    })
  }
}
