import { describe, expect, it } from 'vitest'
import { lastIncident } from '../../src/fleet/analytics/incident'
import { compare, judge, type Judged, nameOf, nothing, type Side, worstFirst } from '../../src/fleet/analytics/judge'
import { linesOf } from '../../src/fleet/analytics/trend'
import { format, hrefOf, parse, spanOf, start, type View } from '../../src/fleet/analytics/view'
import { format as placeFormat, parse as placeParse } from '../../src/fleet/data/place'

const side = (runs: number, failures: number, missed: number, p95: number | null = null): Side => ({ runs, failures, in_time: runs - missed, not_in_time: missed, p95 })

describe('view', () => {
  const views: Partial<View>[] = [
    {},
    { bot: '', version: '' },
    { bot: 'music', last: '7d', version: 'v2.14.0' },
    { view: 'command', command: '<img src=x onerror=alert(1)>&a=b#c', window: { from: 1_764_300_000, to: 1_764_300_600 } },
    { view: 'command', command: '' },
    { view: 'release', before: '', after: 'v2' },
    { view: 'guild', guild: '18446744073709551615', last: '1y' },
    { view: 'guild' },
  ]
  it.each(views)('is the same after a reload, also within the place of the page: %j', (change) => {
    const view: View = { ...start, ...change }
    expect(parse(format(view))).toEqual(view)
    const place = placeParse(hrefOf(view))
    expect(place.page).toBe('analytics')
    expect(parse(place.analytics)).toEqual(view)
    expect(placeFormat(place)).toBe(hrefOf(view))
  })
  it.each(['view=nowhere', 'view=command', 'last=2h&from=1&to=2', 'from=1764300000&to=1764300000', `from=1600000000&to=1764300000`, 'guild=7&command=a'])('leaves out what makes no sense: %s', (text) => {
    expect(parse(text)).toEqual(start)
  })
  it('limits what comes from outside', () => {
    expect(parse(`version=${'x'.repeat(257)}`).version).toBeNull()
  })
  it('asks for a window that the server widens to what it says', () => {
    const now = Date.parse('2026-12-01T04:46:10Z')
    const from = (change: Partial<View>): string => spanOf({ ...start, ...change }, now).from
    expect(spanOf(start, now)).toEqual({ from: '2026-11-30T05:00:00.000Z', to: null })
    expect(from({ last: '1h' })).toBe('2026-12-01T03:00:00.000Z') // 1 h 46 min, rather than 46 min
    expect(from({ view: 'guilds' })).toBe('2026-12-01T03:46:10.000Z')
    expect(from({ view: 'growth', last: '7d' })).toBe('2026-11-25T00:00:00.000Z')
    expect(from({ view: 'growth', last: '24h' })).toBe('2026-11-30T00:00:00.000Z')
    expect(spanOf({ ...start, window: { from: 1_764_300_000, to: 1_764_300_600 } }, now)).toEqual({ from: '2025-11-28T03:20:00.000Z', to: '2025-11-28T03:30:00.000Z' })
  })
})

describe('judge', () => {
  it.each<[string, Side, Side, string, string[]]>([
    ['failures that rose', side(1000, 10, 0), side(1000, 60, 0), 'worse', ['failed 1% → 6%']],
    ['answers that are late', side(55_000, 0, 60), side(55_000, 0, 30_000), 'worse', ['in time 99.89% → 45.5%']],
    ['a p95 that is twice as long', side(200, 0, 0, 0.2), side(200, 0, 0, 0.4), 'worse', ['p95 200 ms → 400 ms']],
    ['a p95 that is 80 ms longer', side(200, 0, 0, 0.02), side(200, 0, 0, 0.1), 'same', []],
    ['a p95 of few runs', side(99, 0, 0, 0.2), side(200, 0, 0, 4), 'same', []],
    ['a rise that chance makes', side(100, 2, 0), side(100, 5, 0), 'same', []],
    ['a rise that is sure and small', side(1_000_000, 1_000, 0), side(1_000_000, 2_000, 0), 'same', []],
    ['few runs', side(29, 0, 0), side(1000, 900, 0), 'few', []],
    ['no runs before', nothing, side(1000, 900, 0), 'new', []],
    ['no runs after', side(1000, 0, 0), nothing, 'gone', []],
    ['what failed before, too', side(1000, 380, 0), side(1000, 382, 0), 'fails', ['failed 38.2%, as before']],
    ['failures that fell', side(1000, 300, 0), side(1000, 10, 0), 'better', ['failed 30% → 1%']],
    ['what is worse and better tells what is worse', side(1000, 300, 0, 0.1), side(1000, 10, 0, 3), 'worse', ['p95 100 ms → 3.00 s']],
    ['outcomes that are unknown', { ...side(1000, 0, 0), in_time: 0 }, { ...side(1000, 0, 0), in_time: 0, not_in_time: 20 }, 'same', []],
  ])('%s', (_, before, after, is, why) => {
    expect(judge(before, after)).toMatchObject({ is, why })
  })
  it('puts first what costs most, and leaves out what never ran', () => {
    const quantiles = { p50: null, type: 'application_command', runs_before: 0 }
    const after = [
      { ...side(1000, 0, 0), ...quantiles, command: 'same' },
      { ...side(1000, 900, 0), ...quantiles, command: 'much worse' },
      { ...side(1000, 100, 0), ...quantiles, command: 'worse' },
      { ...nothing, ...quantiles, command: 'never ran' },
      { ...side(5, 0, 0), ...quantiles, command: null },
    ]
    const before = after.map((c) => ({ ...c, failures: 0 }))
    expect(compare(after, before).sort(worstFirst).map((j) => [nameOf(j.name), j.judgement.is, j.judgement.cost])).toEqual([
      ['much worse', 'worse', 900],
      ['worse', 'worse', 100],
      ['same', 'same', 0],
      ['application command', 'few', 0],
    ])
  })
  it('tells an empty name from none', () => {
    expect(nameOf({ type: 'message_component', command: null })).toBe('message component')
    expect(nameOf({ type: null, command: null })).toBe('of an unknown type')
    expect(nameOf({ type: 'application_command', command: '' })).toBe('(an empty name)')
  })
})

describe('trend', () => {
  it('has each step, counted from 1970, and gaps where nothing is known', () => {
    const window = { from: '2026-12-01T05:00:00Z', to: '2026-12-01T11:00:00Z' }
    const points = [{ start: '2026-12-01T06:00:00Z', runs: 7, p95: 0.5 }]
    const begin = Date.parse('2026-12-01T04:00:00Z') / 1000
    const lines = linesOf(window, 7200, points, { runs: (p) => p.runs, p95: (p) => p.p95 }, { runs: 0 })
    expect(lines.times).toEqual([begin, begin + 7200, begin + 14400, begin + 21600])
    expect(lines.lines.get('runs')).toEqual([0, 7, 0, 0])
    expect(lines.lines.get('p95')).toEqual([null, 0.5, null, null])
  })
})

describe('incident', () => {
  const at = (minute: number, kind: 'finding_began' | 'finding_ended' | 'started') => ({ at: new Date(Date.UTC(2026, 11, 1, 3, minute)).toISOString(), kind })
  const seconds = (minute: number): number => Date.UTC(2026, 11, 1, 3, minute) / 1000
  const now = Date.UTC(2026, 11, 1, 5)
  it('is the findings that began close to each other, until the last ended', () => {
    expect(lastIncident([at(59, 'started'), at(50, 'finding_ended'), at(45, 'finding_ended'), at(40, 'finding_began'), at(20, 'finding_began'), at(-30, 'finding_began')], now)).toEqual({ from: seconds(15), to: seconds(55) })
  })
  it('lasts until now while it has not ended', () => {
    expect(lastIncident([at(40, 'finding_began'), at(30, 'finding_ended')], now)).toEqual({ from: seconds(35), to: now / 1000 })
    expect(lastIncident([at(40, 'started')], now)).toBeNull()
  })

  it('puts what fails often before what is merely new', () => {
    const of = (command: string, before: Side, after: Side): Judged => ({ name: { type: 'application_command', command }, before, after, judgement: judge(before, after) })
    const list = [of('fresh', nothing, side(50, 0, 0)), of('often', side(5000, 50, 0), side(5000, 50, 0)), of('gone', side(900, 0, 0), nothing), of('fresh and failing', nothing, side(40, 9, 0))]
    expect(list.sort(worstFirst).map((j) => j.name.command)).toEqual(['often', 'fresh and failing', 'fresh', 'gone'])
  })
})
