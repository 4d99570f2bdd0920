import { describe, expect, it } from 'vitest'
import { format, home, keyOf, link, type Place, parse, placeOf, windowOf } from '../../src/fleet/data/place'

describe('place', () => {
  const places: Partial<Place>[] = [
    {},
    { find: 'eu v2.14', state: 'late', sort: 'Ack p95', cell: 'age', job: 'bots', bot: 'music', range: '6h' },
    { page: 'cluster', job: 'mybot', region: 'eu-central', cluster: 'a/b?c#d&e=f', range: '24h', zoom: { from: 1_764_300_000, to: 1_764_300_600 } },
    { page: 'timeline', kind: 'gone', find: 'ü' },
    { page: 'alerts', state: 'firing' },
    { page: 'members', sort: 'Age' },
    { page: 'query', q: 'sum by (cluster) (rate(x{a="b?"}[5m])) > 1' },
  ]
  it.each(places)('is the same after a reload: %j', (change) => {
    const place: Place = { ...home, ...change }
    expect(parse(format(place))).toEqual(place)
  })
  it('has a short address at home', () => {
    expect(format(home)).toBe('#/')
    expect(link({ page: 'alerts' })).toBe('#/alerts')
  })
  it.each(['', '#', '#/', '#/nowhere', '#/cluster', '#/cluster?job=x', '#/?range=2h&cell=x&from=1&to=2'])('leaves out what makes no sense: %s', (hash) => {
    expect(parse(hash)).toEqual(home)
  })
  it('limits what comes from outside', () => {
    expect(parse(`#/?find=${'x'.repeat(1000)}`).find).toHaveLength(200)
    expect(parse('#/timeline?from=1764300000&to=1764300010').zoom).toBeNull()
    expect(parse('#/timeline?q=up&cell=age')).toEqual({ ...home, page: 'timeline' })
  })
  it('asks for a range in which the zoom lies', () => {
    expect(windowOf({ range: '6h', zoom: null })).toEqual({ range: '6h' })
    expect(windowOf({ range: '6h', zoom: { from: 1000, to: 1900 } })).toEqual({ range: '15m', to: 1900 })
    expect(windowOf({ range: '15m', zoom: { from: 1000, to: 5000 } })).toEqual({ range: '6h', to: 5000 })
  })
  it('tells an empty label from none, and clusters apart', () => {
    expect(parse(link(placeOf({ job: 'j', bot: null, region: null, cluster: '0' })))).toEqual({ ...home, page: 'cluster', job: 'j', cluster: '0' })
    expect(keyOf({ job: 'a', bot: 'b c', region: null, cluster: 'd' })).not.toBe(keyOf({ job: 'a', bot: 'b', region: 'c', cluster: 'd' }))
  })
})
