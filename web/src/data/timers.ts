// Timers are those of the browser, or of a test.
export interface Timers {
  set(f: () => void, ms: number): number
  clear(id: number): void
  ticks(): number
}

export const realTimers: Timers = {
  set: (f, ms) => setTimeout(f, ms) as unknown as number,
  clear: (id) => clearTimeout(id),
  ticks: () => performance.now(),
}
