import { describe, expect, it } from 'vitest'
import { Failure } from '../../src/data/api'
import { type Job, Poller } from '../../src/fleet/data/poller'
import { Time } from '../time'

const job = (key: string, every = 5_000): Job => ({ key, address: `./${key}`, every })

function poller(answer: (address: string) => unknown = () => ({})) {
  const time = new Time(0)
  const asked: string[] = []
  const told: string[] = []
  const p = new Poller(
    async (address) => {
      asked.push(address)
      return answer(address)
    },
    ({ key }) => told.push(key),
    ({ key }, failure, again) => told.push(`${key}: ${failure.status}, again in ${again}`),
    time.timers,
  )
  return { time, asked, told, p }
}

describe('Poller', () => {
  it('asks for each document at its pace, and for what it no longer needs never again', async () => {
    const { time, asked, p } = poller()
    p.plan([job('a'), job('b', 10_000)])
    await time.settle()
    await time.pass(20_000)
    expect(asked.filter((x) => x === './a')).toHaveLength(5)
    expect(asked.filter((x) => x === './b')).toHaveLength(3)
    asked.length = 0
    p.plan([job('b', 10_000)])
    await time.pass(20_000)
    expect(asked).toEqual(['./b', './b'])
    p.stop()
    await time.pass(20_000)
    expect(asked).toHaveLength(2)
  })
  it('asks again soon after a failure, and as late as the server says', async () => {
    let failure: Failure | null = new Failure(503, 'busy')
    const { time, told, p } = poller(() => {
      if (failure) throw failure
      return {}
    })
    p.plan([job('a', 60_000)])
    await time.settle()
    await time.pass(1_000)
    failure = new Failure(503, 'busy', 20)
    await time.pass(2_000)
    failure = null
    await time.pass(20_000)
    expect(told).toEqual(['a: 503, again in 1000', 'a: 503, again in 2000', 'a: 503, again in 20000', 'a'])
  })
  it('asks at once when it is told to, and seldom when nobody looks', async () => {
    const { time, asked, p } = poller()
    p.plan([job('a'), job('b')])
    await time.settle()
    p.refresh('a')
    await time.settle()
    expect(asked).toEqual(['./a', './b', './a'])
    p.hide(true)
    await time.pass(5_000) // what was due before
    asked.length = 0
    await time.pass(29_000)
    expect(asked).toEqual([])
    p.hide(false)
    await time.settle()
    expect(asked.sort()).toEqual(['./a', './b'])
  })
  it('drops what comes after it was told to stop', async () => {
    const time = new Time(0)
    let arrive: (v: unknown) => void = () => {}
    const told: unknown[] = []
    const p = new Poller(() => new Promise((resolve) => (arrive = resolve)), (_, d) => told.push(d), () => told.push('failed'), time.timers)
    p.plan([job('a')])
    p.stop()
    arrive({})
    await time.settle()
    expect(told).toEqual([])
  })
})
