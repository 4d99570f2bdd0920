import type { Timers } from '../src/data/timers'

// A Time moves when the test says so.
export class Time {
  now = 1_000 // ms, the monotonic clock
  wall: number
  private waiting: { id: number; at: number; f: () => void }[] = []
  private ids = 0

  constructor(wall: number) {
    this.wall = wall
  }

  readonly timers: Timers = {
    set: (f, ms) => {
      this.waiting.push({ id: ++this.ids, at: this.now + ms, f })
      return this.ids
    },
    clear: (id) => {
      this.waiting = this.waiting.filter((t) => t.id !== id)
    },
    ticks: () => this.now,
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve))
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms
    for (;;) {
      const next = this.waiting.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.wall += Math.max(next.at - this.now, 0)
      this.now = Math.max(next.at, this.now)
      this.waiting = this.waiting.filter((t) => t !== next)
      next.f()
      await this.settle()
    }
    this.wall += end - this.now
    this.now = end
    await this.settle()
  }
}
