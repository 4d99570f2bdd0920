import { describe, expect, it } from 'vitest'
import type { SeriesList } from '../src/data/api'
import { answersLeft, invalidLeft, median, startsLeft } from '../src/data/budgets'
import type { Known } from '../src/data/picture'
import { format, home, parse, viewOf } from '../src/data/place'
import { overFor, charts, stepFor } from '../src/data/questions'
import { Catalog, grafanaLink } from '../src/data/settings'
import { stateOf } from '../src/data/shards'
import { gaps, Window } from '../src/data/windows'
import { lasts } from '../src/panels/Shards'
import { aligned } from '../src/data/aligned'

const list = (times: number[], series: Record<string, (number | null)[]>): SeriesList => ({
  version: 1,
  identity: { cluster: 'c', argus_version: 'devel' },
  at: '2026-11-29T03:00:00Z',
  query: '',
  unit: '',
  step_seconds: 60,
  times,
  series: Object.entries(series).map(([key, values]) => ({ labels: key ? { outcome: key } : {}, values })),
  left_out: 0,
})

describe('Window', () => {
  it('merges later points with those before', () => {
    const w = new Window(60, 300)
    w.merge(list([60, 120, 180], { a: [1, 2, 3] }))
    w.merge(list([180, 240, 300], { a: [4, 5, 6] }))
    expect(w.view()).toEqual({ step: 60, times: [60, 120, 180, 240, 300], lines: new Map([['a', [1, 2, 4, 5, 6]]]) })
  })
  it('keeps what a process that has restarted no longer knows, and the gap between', () => {
    const w = new Window(60, 300)
    w.merge(list([60, 120], { a: [1, 2] }))
    w.merge(list([60, 120, 180, 240, 300], { a: [null, null, null, 7, 8] }))
    const view = w.view()
    expect(view.lines.get('a')).toEqual([1, 2, null, 7, 8])
    expect(gaps(view)).toEqual([{ from: 120, to: 180 }])
  })
  it('is unknown where there is no point, and never 0', () => {
    const w = new Window(60, 180)
    w.merge(list([180], { a: [0] }))
    expect(w.view().lines.get('a')).toEqual([null, null, 0])
    expect(w.view(360).lines.get('a')).toEqual([null, null, null])
  })
  it('forgets what is older than its range', () => {
    const w = new Window(60, 120)
    for (let t = 60; t < 60 * 500; t += 60) w.merge(list([t], { a: [t] }))
    expect(w.view().times).toHaveLength(2)
    w.merge(list([60 * 1000], {}))
    expect(w.view().lines.size).toBe(0)
  })
  it('refuses points of another step', () => {
    expect(() => new Window(30, 60).merge(list([60], { a: [1] }))).toThrow('60 s')
  })
})

describe('aligned', () => {
  const lines = { step: 60, times: [60, 120, 180], lines: new Map([['a', [1, null, 3]], ['b', [10, null, null]]]) }
  const shown = [
    { key: 'a', label: 'a', color: 'bad' },
    { key: 'b', label: 'b', color: 'data' },
  ] as const
  it('stacks, the highest first, and keeps gaps', () => {
    expect(aligned(lines, shown, true)).toEqual([[60, 120, 180], [11, null, 3], [1, null, 3]])
  })
  it('has a line without values where a series is missing', () => {
    expect(aligned(lines, [{ key: 'c' }], false)).toEqual([[60, 120, 180], [null, null, null]])
  })
})

describe('questions', () => {
  it('asks for points as close as the history has them', () => {
    const now = 1_800_000_000
    expect(stepFor({ range: 900, end: null }, now)).toBe(10)
    expect(stepFor({ range: 3600, end: null }, now)).toBe(60)
    expect(stepFor({ range: 21600, end: null }, now)).toBe(60)
    expect(stepFor({ range: 300, end: now - 7200 }, now)).toBe(60)
    expect(stepFor({ range: 300, end: now }, now)).toBe(5)
  })
  it('asks for increases over a step, and for quantiles over a minute at least', () => {
    expect(overFor(charts.outcomes, 10)).toBe('10s')
    expect(overFor(charts.ackP95, 10)).toBe('60s')
    expect(overFor(charts.ackP95, 60)).toBe('60s')
    expect(overFor(charts.latency, 10)).toBeUndefined()
  })
})

describe('Place', () => {
  it('is the same after a round trip', () => {
    for (const place of [home, { ...home, range: '6h' as const, shard: '112', bot: 'a b&c' }, { ...home, zoom: { from: 1795951700, to: 1795952000 } }, { ...home, paused: 1795951700 }]) {
      expect(parse(format(place))).toEqual(place)
    }
    expect(format(home)).toBe('')
  })
  it('leaves out what makes no sense', () => {
    expect(parse('#range=7d&from=1&to=x&shard=<b>&paused=soon&what=ever')).toEqual(home)
    expect(parse('#from=1795951700&to=1795951701').zoom).toBeNull()
  })
  it('ends where it was paused', () => {
    expect(viewOf(home, true).range).toBe(900)
    expect(viewOf({ ...home, paused: 1795951700 })).toEqual({ range: 3600, end: 1795951700 })
    expect(viewOf({ ...home, zoom: { from: 1795951100, to: 1795951700 } })).toEqual({ range: 600, end: 1795951700 })
  })
})

describe('stateOf', () => {
  const now = 1_000_000
  const base: Known = {
    at: now, shard: '0', up: true, state: 'ready', since: null, latency_seconds: 0.1, heartbeat_ack_age_seconds: 5, heartbeat_interval_seconds: 41, last_event_age_seconds: 0,
    events_per_second: 1, events_window_seconds: 60, lock_unavailable_seconds: 0, closes_1h: 0, resumes_1h: 0, new_sessions_1h: 0, last_close: null, findings: [],
  }
  it.each([
    ['up', {}],
    ['down', { up: false, state: 'disconnected' }],
    ['down', { up: false, state: null }],
    ['connecting', { up: false, state: 'connecting' }],
    ['resuming', { up: false, state: 'resuming' }],
    ['hangs', { up: null, state: null, lock_unavailable_seconds: 301 }],
    ['zombie', { heartbeat_ack_age_seconds: 124 }],
    ['silent', { findings: ['DiscordShardSilent'] }],
    ['unknown', { up: null, state: null }],
    ['up', { state: null, heartbeat_ack_age_seconds: null, heartbeat_interval_seconds: null }],
  ] as const)('%s', (want, change) => {
    expect(stateOf({ ...base, ...change } as Known, now)).toBe(want)
  })
  it('sees an acknowledgement grow old between two messages', () => {
    expect(stateOf(base, now + 119_000)).toBe('zombie')
  })
})

describe('lasts', () => {
  const now = Date.parse('2026-11-29T03:10:00Z')
  const shard: Known = {
    at: now - 5_000, shard: '0', up: true, state: 'ready', since: '2026-11-29T03:00:00Z', latency_seconds: 0.1, heartbeat_ack_age_seconds: 120, heartbeat_interval_seconds: 41, last_event_age_seconds: 90,
    events_per_second: 1, events_window_seconds: 60, lock_unavailable_seconds: 0, closes_1h: 0, resumes_1h: 0, new_sessions_1h: 0, last_close: null, findings: [],
  }
  it.each([
    ['up', 600],
    ['zombie', 125],
    ['silent', 95],
  ] as const)('a shard is %s for %i s', (state, want) => expect(lasts({ shard, state }, now)).toBe(want))
  it('is unknown without a time', () => expect(lasts({ shard: { ...shard, since: null }, state: 'down' }, now)).toBeNull())
})

describe('budgets', () => {
  const lines = (values: (number | null)[]) => ({ step: 60, times: values.map((_, i) => i * 60), lines: new Map([['', values]]) })
  it('judges session starts by those used, and not by a reset', () => {
    expect(startsLeft(500, lines([600, 590, 580]))).toEqual({ seconds: 500 / (20 / 120), known: true })
    expect(startsLeft(1000, lines([10, 1000, 1000]))).toEqual({ seconds: null, known: true })
    expect(startsLeft(1000, lines([null, null, 1000])).known).toBe(false)
    expect(startsLeft(1000, null).known).toBe(false)
  })
  it('empties a sliding window only above its limit', () => {
    const b = { count: 4000, limit: 10000, window_seconds: 600, levels_off_at: 9000 }
    expect(invalidLeft(b)).toEqual({ seconds: null, known: true })
    expect(invalidLeft({ ...b, levels_off_at: 60000 })).toEqual({ seconds: 60, known: true })
    expect(invalidLeft({ ...b, levels_off_at: null }).known).toBe(false)
  })
  it('says how long 30 days last', () => {
    expect(answersLeft(30)).toEqual({ seconds: 86400, known: true })
    expect(answersLeft(1).seconds).toBeNull()
    expect(answersLeft(null).known).toBe(false)
  })
  it('has a median', () => {
    expect(median([5, 1, 9, 2])).toBe(2)
    expect(median([])).toBeNull()
  })
})

describe('Catalog', () => {
  it('names series with the prefix of the bot', () => {
    const catalog = new Catalog({ namespace: 'mybot', metrics: { discord_guilds: { series: 'mybot_guilds', description: 'Number of guilds' }, argus_up: { description: 'Runs', buckets: [1, 5] } } })
    expect(catalog.title('discord_guilds')).toBe('mybot_guilds: Number of guilds')
    expect(catalog.title('argus_up', 'a="b"')).toBe('argus_up{a="b"}: Runs')
    expect([catalog.above('argus_up', 4.9), catalog.above('argus_up', 5), catalog.above('discord_guilds', 5)]).toEqual([false, true, false])
    expect(new Catalog('nonsense').title('discord_guilds')).toBe('discord_guilds')
  })
  it('fills in the link to Grafana, and only links to the web', () => {
    const of = { cluster: 'a b', shard: '3', from: 1, to: 2 }
    expect(grafanaLink('https://g.example/d/x?var-cluster={cluster}&from={from}&to={to}', of)).toBe('https://g.example/d/x?var-cluster=a%20b&from=1&to=2')
    expect(grafanaLink('javascript:alert(1)', of)).toBe('')
  })
})
