import { describe, expect, it } from 'vitest'
import { Client } from '../src/data/api'
import { Clock } from '../src/data/clock'
import { Loader } from '../src/data/loader'
import type { View } from '../src/data/questions'
import { Time } from './time'

const start = Date.parse('2026-11-29T03:00:00Z')

// A Bench is a process that answers each question with no series.
class Bench extends Time {
  readonly asked: string[] = []
  readonly loader: Loader

  constructor(view: View, hurry: () => boolean) {
    super(start)
    const clock = new Clock(
      () => this.wall,
      () => this.now,
    )
    clock.heard(start)
    const request = (async (input: string) => {
      this.asked.push(input)
      const step = Number(/step=(\d+)s/.exec(input)?.[1] ?? 0)
      return new Response(JSON.stringify({ at: new Date(this.wall).toISOString(), step_seconds: step, times: [], series: [] }))
    }) as typeof fetch
    this.loader = new Loader(new Client(request), clock, view, () => {}, () => {}, hurry, this.timers)
  }

  async opened(): Promise<number> {
    this.loader.start()
    await this.pass(1_000)
    return this.asked.length
  }

  async minute(): Promise<number> {
    const before = this.asked.length
    await this.pass(60_000)
    return this.asked.length - before
  }
}

describe('what a viewer costs', () => {
  it.each([900, 3600, 21600])('a page of %i s asks at most 20 questions when it is opened, and 30 a minute', async (range) => {
    const bench = new Bench({ range, end: null }, () => false)
    const opened = await bench.opened()
    expect(opened).toBeGreaterThan(10)
    expect(opened).toBeLessThanOrEqual(20)
    expect(new Set(bench.asked).size).toBe(opened)
    for (let i = 0; i < 10; i++) {
      const asked = await bench.minute()
      expect(asked).toBeGreaterThan(5)
      expect(asked).toBeLessThanOrEqual(30)
    }
    bench.loader.stop()
    expect(await bench.minute()).toBe(0)
  })
  it('asks a process that has just started more often, until it is no longer young', async () => {
    let young = true
    const bench = new Bench({ range: 900, end: null }, () => young)
    await bench.opened()
    expect(await bench.minute()).toBeGreaterThan(30)
    young = false
    await bench.minute() // what is due soon was planned before
    expect(await bench.minute()).toBeLessThanOrEqual(30)
    bench.loader.stop()
  })
  it('asks for the charts of a time that is over once', async () => {
    const bench = new Bench({ range: 900, end: start / 1000 - 60 }, () => false)
    await bench.opened()
    const charts = bench.asked.filter((path) => path.includes('end='))
    expect(charts.length).toBe(7)
    await bench.minute()
    expect(bench.asked.filter((path) => path.includes('end='))).toEqual(charts)
    bench.loader.stop()
  })
})
