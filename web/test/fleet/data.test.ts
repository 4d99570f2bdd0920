import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Night } from '../../e2e/fleet/night'
import { absent, byRegion, found, kinds, labelled, short, story } from '../../src/fleet/data/clusters'
import { complete } from '../../src/fleet/data/complete'
import { linesOf, marksOf } from '../../src/fleet/data/lines'
import { namesOf } from '../../src/fleet/data/names'
import { rowsOf, samplesOf, seriesName, warningsOf } from '../../src/fleet/data/promql'
import { big, listed, perMinute, rangesOf } from '../../src/fleet/text'
import { pathOf } from '../../src/fleet/ui/Spark'

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'))

describe('the descriptions of both APIs', () => {
  type Schema = { properties?: Record<string, unknown> }
  const schemas = (path: string): Record<string, Schema> => (read(path) as { components: { schemas: Record<string, Schema> } }).components.schemas
  it('agree on what a report is', () => {
    const [process, fleet] = [schemas('docs/openapi.json'), schemas('docs/fleet-openapi.json')]
    for (const name of ['Error', 'Report', 'Evidence', 'Change', 'Gap']) expect(fleet[name], name).toEqual(process[name])
    const { cost_per_minute: _, ...properties } = fleet.Finding?.properties ?? {}
    expect({ ...fleet.Finding, properties }).toEqual(process.Finding)
  })
})

describe('clusters', () => {
  const night = new Night('bad')
  const { clusters } = night.overview()
  const one = (cluster: string) => {
    const c = clusters.find((x) => x.cluster === cluster)
    if (!c) throw new Error(`no ${cluster}`)
    return c
  }
  it('are found by all words of any of their names, and by state', () => {
    expect(found(clusters, 'EU-CENTRAL v2.14', '')).toHaveLength(37)
    expect(found(clusters, 'eu-07', '')).toEqual([one('eu-07')])
    expect(found(clusters, '', 'gone').map((c) => c.cluster).sort()).toEqual(['eu-21', 'eu-22', 'eu-23'])
    expect(found(clusters, 'nothing of it', '')).toEqual([])
    expect(found(clusters, '#119', '')).toEqual([one('eu-07')])
    expect(found([{ ...one('eu-07'), shards: { up: 2, total: 2, ids: '3,9-11' } }], '#10', '')).toHaveLength(1)
    expect(found([{ ...one('eu-07'), shards: { up: null, total: null, ids: '' } }], '#0', '')).toEqual([])
  })
  it('are those that labels are about, also where labels are missing', () => {
    expect(labelled({ job: 'mybot', cluster: 'eu-07', shard: '3' }, clusters)).toEqual([one('eu-07')])
    expect(labelled({ cluster: 'eu-07', region: 'us-east' }, clusters)).toEqual([])
    expect(labelled({ cluster: 'eu-07', bot: '' }, clusters)).toHaveLength(1)
    expect(labelled({ shard: '3' }, clusters)).toEqual([])
    expect(labelled({ cluster: '00' }, new Night('two').overview().clusters)).toHaveLength(2)
  })
  it('keep their places in the map', () => {
    const regions = byRegion(clusters)
    expect(regions.map(([name, list]) => [name, list.length])).toEqual([['ap-south', 20], ['eu-central', 40], ['us-east', 40]])
    expect(regions[1]?.[1].map((c) => c.number)).toEqual(Array.from({ length: 40 }, (_, i) => i))
    const pods = ['pod-10', 'pod-9', 'pod-100'].map((cluster) => ({ ...one('eu-00'), cluster }))
    expect(byRegion(pods)[0]?.[1].map((c) => c.cluster)).toEqual(['pod-9', 'pod-10', 'pod-100'])
  })
  it('have numbers in the cells, and none where nothing is known', () => {
    const now = night.at
    expect(kinds.late.cell(one('eu-00'), now, 45)).toMatchObject({ level: 2, text: expect.stringMatching(/^3\d\.\d$/) })
    expect(kinds.late.cell(one('eu-36'), now, 45)).toEqual({ level: 1, text: '4.1' })
    expect(kinds.late.cell(one('us-41'), now, 45)).toMatchObject({ level: 0 })
    expect(kinds.shards.cell(one('eu-07'), now, 45)).toEqual({ level: 1, text: '13/16' })
    expect(kinds.age.cell(one('eu-21'), night.start, 45)).toEqual({ level: 2, text: '244' })
    for (const kind of ['late', 'p95', '429'] as const) expect(kinds[kind].cell(one('ap-88'), now, 45)).toBeNull()
    expect(kinds.shards.cell({ ...one('ap-88'), shards: { up: null, total: null, ids: '' } }, now, 45)).toBeNull()
    expect(kinds.age.cell({ ...one('ap-88'), last_report_at: null }, now, 45)).toBeNull()
  })
  it('are told in a sentence, those that are gone as they were', () => {
    expect(absent(one('eu-21'))).toBe(true)
    expect(story(one('eu-21'), night.start)).toMatch(/^eu-21: gone\. Last known: .* Last report 4 min 4 s ago\.$/)
    expect(story(one('ap-88'), night.at)).toContain('? not answered in time')
    expect(story({ ...one('ap-88'), last_report_at: null }, night.at)).toContain('Never reported.')
    expect([short(one('eu-07')), short({ ...one('eu-07'), cluster: 'blue', number: 3 }), short({ ...one('eu-07'), cluster: 'pod-123456' })]).toEqual(['07', '3', '3456'])
  })
})

describe('the fixtures', () => {
  it.each(['bad', 'large'] as const)('count nothing of what is gone (%s)', (name) => {
    const { totals, clusters, bots } = new Night(name).overview()
    const reporting = clusters.filter((c) => !absent(c))
    expect(totals.clusters).toMatchObject({ reporting: reporting.length, gone: 3 })
    expect(totals.guilds).toBe(reporting.reduce((n, c) => n + (c.guilds ?? 0), 0))
    expect(bots[0]?.clusters.reporting).toBe(reporting.length)
  })
})

describe('lines', () => {
  const doc = { from: '2026-11-28T03:00:00Z', step_seconds: 60 }
  const begin = Date.parse(doc.from) / 1000
  it('have a time for each value, and gaps where nothing is known', () => {
    const lines = linesOf(doc, { a: [1, null, 3], b: [2] })
    expect(lines.times).toEqual([begin, begin + 60, begin + 120])
    expect([...lines.lines]).toEqual([['a', [1, null, 3]], ['b', [2, null, null]]])
  })
  it('are cut to a zoom', () => {
    expect(linesOf(doc, { a: [1, 2, 3, 4] }, { from: begin + 60, to: begin + 130 }).times).toEqual([begin + 60, begin + 120])
    expect(linesOf(doc, {}).times).toEqual([])
  })
  it('have marks in the shapes of a process', () => {
    expect(marksOf([{ at: doc.from, kind: 'gone', what: 'eu-21 is gone' }])).toEqual([{ at: doc.from, within_seconds: 0, kind: 'close', says: 'eu-21 is gone' }])
  })
  it('of a spark break at gaps, and show a single value', () => {
    expect(pathOf([0, 1], 1)).toBe('M0.0 14.5L72.0 1.5')
    expect(pathOf([0, null, 2], 1)).toBe('M0.0 14.5h1M72.0 1.5h1')
    expect(pathOf([null, null], 1)).toBe('')
  })
})

describe('text', () => {
  it('has as many digits as are useful', () => {
    expect([null, 0, 0.04, 3.96, 22.2, 177.6, 1904, 98_765].map(perMinute)).toEqual(['?', '0', '<0.1', '4', '22', '180', '1,900', '99,000'])
    expect([null, 999, 61_335, 612_000, 1_968_000, 999_600].map(big)).toEqual(['?', '999', '61,335', '612 k', '1.97 M', '1.00 M'])
  })
  it('has ranges and lists', () => {
    expect(rangesOf([[336, 383], [7, 7]])).toBe('336–383, 7')
    expect(listed(['a', 'b', 'c'], 12, 2)).toBe('a, b and 10 more')
    expect(listed(['a'])).toBe('a')
  })
})

describe('the query box', () => {
  const names = namesOf(read('docs/metrics.json'))
  const texts = (before: string): string[] => complete(before, names).list.map((c) => c.text)
  it('knows the names of the catalog, three of a histogram', () => {
    expect(names.map((n) => n.name)).toContain('discord_shard_up')
    expect(names.filter((n) => n.name.startsWith('discord_interaction_ack_duration_seconds')).map((n) => n.name)).toEqual(['_bucket', '_count', '_sum'].map((end) => `discord_interaction_ack_duration_seconds${end}`))
    expect(namesOf(null)).toEqual([])
  })
  it('takes the name in a process, which has its own prefix', () => {
    expect(namesOf({ metrics: { discord_shard_up: { series: 'mod_shard_up', kind: 'gauge' } } }).map((n) => n.name)).toEqual(['mod_shard_up'])
  })
  it('completes names and functions where the cursor is', () => {
    expect(texts('sum by (cluster) (discord_shard_u')[0]).toBe('discord_shard_up')
    expect(complete('sum(discord_shard_u', names).from).toBe(4)
    expect(texts('shard_up')).toContain('discord_shard_up')
    expect(texts('histogram_q')).toEqual(['histogram_quantile'])
    expect(texts('discord_').length).toBeLessThanOrEqual(12)
    expect(texts('')).toEqual([])
    expect(texts('discord_shard_up ')).toEqual([])
  })
  it('completes labels of the series, and their values', () => {
    expect(texts('discord_interaction_acks_total{')).toContain('outcome')
    expect(texts('rate(discord_interaction_acks_total{outc')).toEqual(['outcome'])
    expect(texts('discord_interaction_acks_total{cluster="x,{", outcome=~"la')).toEqual(['late'])
    expect(texts('discord_interaction_acks_total{outcome="late"')).toEqual([])
    expect(texts('discord_interaction_acks_total{outcome="late"}[5')).toEqual([])
    expect(texts('{clus')).toEqual(['cluster'])
  })
  it('lists nothing for what is complete', () => {
    expect(texts('discord_shard_events_total')).toEqual([])
  })
})

describe('the answers of Prometheus', () => {
  const of = (resultType: string, result: unknown): unknown => ({ status: 'success', data: { resultType, result }, warnings: ['slow'] })
  it('keeps values that are no numbers as they are', () => {
    expect(samplesOf(of('vector', [{ metric: { __name__: 'up', job: 'x' }, value: [1, 'NaN'] }, { metric: {}, value: [1, '+Inf'] }]))).toEqual([{ labels: { __name__: 'up', job: 'x' }, value: 'NaN' }, { labels: {}, value: '+Inf' }])
    expect(samplesOf(of('scalar', [1, '3']))).toEqual([{ labels: {}, value: '3' }])
    expect(samplesOf(of('matrix', [{ metric: {}, values: [[1, '1'], [2, '2']] }]))).toEqual([{ labels: {}, value: '2' }])
    expect(warningsOf(of('vector', []))).toEqual(['slow'])
  })
  it('has a gap where a value is no number', () => {
    expect([...(rowsOf(of('matrix', [{ metric: {}, values: [[1, '1'], [2, 'NaN'], [3, '3']] }]))[0]?.values ?? [])]).toEqual([[1, 1], [3, 3]])
  })
  it.each([null, [], {}, { data: 3 }, { data: { result: [null, { values: [null] }] } }])('takes nothing of what it does not know: %j', (document) => {
    expect(rowsOf(document).every((r) => r.values.size === 0)).toBe(true)
    expect(samplesOf(document).every((s) => s.value === '?')).toBe(true)
  })
  it('writes series as PromQL does', () => {
    expect(seriesName({ __name__: 'up', job: 'a"b' })).toBe('up{job="a\\"b"}')
    expect([seriesName({}), seriesName({ __name__: 'up' }), seriesName({ a: 'b' })]).toEqual(['{}', 'up', '{a="b"}'])
  })
})
