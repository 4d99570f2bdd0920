import { describe, expect, it } from 'vitest'
import { Clock } from '../../src/data/clock'
import { Fleet } from '../../src/fleet/fleet'
import { Time } from '../time'

const begin = Date.parse('2026-11-28T03:42:00Z')
const iso = (ms: number): string => new Date(ms).toISOString()
const head = (time: Time, at = time.wall): object => ({ version: 1, at: iso(at), now: iso(time.wall), sources: [], gone_after_seconds: 45 })

// open is a page, whose server a test may have answer otherwise.
function open(hash: string, answer: (path: string, time: Time) => Response | null = () => null) {
  const time = new Time(begin)
  const asked: string[] = []
  const remembered: string[] = []
  const request = async (at: unknown): Promise<Response> => {
    const path = String(at)
    asked.push(path)
    const own = answer(path, time)
    if (own) return own
    if (path === './access.json') return Response.json({ admitted: true })
    return Response.json(path.startsWith('./api/') ? { ...head(time), path } : {})
  }
  const clock = new Clock(() => time.wall, () => time.now)
  const fleet = new Fleet(request as typeof fetch, hash, (h) => remembered.push(h), time.timers, clock)
  return { time, asked, remembered, fleet, api: () => asked.filter((path) => path.startsWith('./api/')).map((path) => path.replace('./api/fleet/v1/', '')) }
}

describe('Fleet', () => {
  it('asks for what a page shows, and for the overview on each', async () => {
    const { fleet, api, time, asked } = open('#/')
    await fleet.start()
    await time.settle()
    expect(api()).toEqual(['overview', 'history?range=1h', 'sparks'])
    asked.length = 0
    fleet.follow('#/cluster?job=mybot&region=eu&cluster=eu-07&range=6h')
    await time.settle()
    expect(api()).toEqual(['cluster?job=mybot&region=eu&cluster=eu-07&range=6h'])
    await time.pass(10_000)
    expect(api().filter((path) => path === 'overview')).toHaveLength(2)
    expect(api().filter((path) => path.startsWith('history'))).toEqual([])
  })
  it('forgets what another address has told', async () => {
    const { fleet, time } = open('#/cluster?job=mybot&cluster=a')
    await fleet.start()
    await time.settle()
    expect(fleet.state.docs.cluster.value).toMatchObject({ path: expect.stringContaining('cluster=a') })
    fleet.follow('#/cluster?job=mybot&cluster=b')
    expect(fleet.state.docs.cluster.value).toBeNull()
    await time.settle()
    expect(fleet.state.docs.cluster.value).toMatchObject({ path: expect.stringContaining('cluster=b') })
  })
  it('is stale when the data is old, though the server answers', async () => {
    const { fleet, time } = open('#/', (path, t) => (path.startsWith('./api/fleet/v1/overview') ? Response.json(head(t, begin)) : null))
    await fleet.start()
    await time.settle()
    await time.pass(44_000)
    expect([fleet.age(), fleet.stale()]).toEqual([44_000, false])
    await time.pass(2_000)
    expect([fleet.age(), fleet.stale()]).toEqual([46_000, true])
  })
  it('is stale when the server does not answer, and comes back by itself', async () => {
    let away = false
    const { fleet, time } = open('#/', (path) => (away && path.startsWith('./api/') ? new Response('', { status: 502 }) : null))
    await fleet.start()
    await time.settle()
    away = true
    await time.pass(60_000)
    expect(fleet.stale()).toBe(true)
    expect(fleet.state.docs.overview.value).not.toBeNull()
    expect(fleet.state.docs.overview.failure).toMatchObject({ status: 502 })
    away = false
    await time.pass(10_000)
    expect(fleet.stale()).toBe(false)
    expect(fleet.state.docs.overview.failure).toBeNull()
  })
  it('is as old as the figures that a page asks for itself, while there are any', async () => {
    const { fleet, time } = open('#/analytics', (path, t) => (path.startsWith('./api/fleet/v1/overview') ? Response.json(head(t, begin)) : null))
    await fleet.start()
    await time.settle()
    fleet.show({ at: begin + 30_000, failure: null })
    await time.pass(60_000)
    expect([fleet.age(), fleet.stale()]).toEqual([30_000, false]) // the overview is
    await time.pass(61_000)
    expect([fleet.age(), fleet.stale()]).toEqual([91_000, true])
    fleet.show({ at: time.wall, failure: null })
    expect(fleet.stale()).toBe(false)
    fleet.show(null)
    expect([fleet.age(), fleet.stale()]).toEqual([121_000, true])
  })
  it('asks for the token without a document that is refused, and when a session has ended', async () => {
    const closed = open('#/', (path) => (path === './access.json' ? Response.json({ admitted: false }) : null))
    await closed.fleet.start()
    await closed.time.pass(60_000)
    expect(closed.fleet.state.mode).toBe('login')
    expect(closed.asked).toEqual(['./access.json'])
    let ended = false
    const { fleet, time, asked } = open('#/', (path) => (ended && path.startsWith('./api/') ? Response.json({ error: 'a login is needed' }, { status: 401 }) : null))
    await fleet.start()
    await time.settle()
    ended = true
    await time.pass(5_000)
    expect(fleet.state.mode).toBe('login')
    expect(fleet.state.docs.overview.value).toBeNull()
    asked.length = 0
    await time.pass(60_000)
    expect(asked).toEqual([])
  })
  it('has its state in the address', async () => {
    const { fleet, remembered } = open('#/?cell=age')
    await fleet.start()
    fleet.go({ find: 'eu' })
    fleet.zoom({ from: 1_764_300_000, to: 1_764_300_600 })
    expect(remembered).toEqual(['#/?find=eu&cell=age', '#/?find=eu&cell=age&from=1764300000&to=1764300600'])
    fleet.follow('#/timeline')
    expect(fleet.state.place).toMatchObject({ page: 'timeline', find: '' })
  })
})
