import { describe, expect, it } from 'vitest'
import type { ProcessDocument, SlowInteraction } from '../src/data/api'
import { cpuSince } from '../src/data/loader'
import { partsOf, took } from '../src/panels/SlowInteractions'
import { bytes } from '../src/text/format'

const at = (second: number, cpu: number | null, started = '2026-01-02T03:00:00Z'): ProcessDocument => ({
  version: 1,
  identity: { cluster: '3', argus_version: 'v0.1.0' },
  at: new Date(Date.UTC(2026, 0, 2, 3, 4, second)).toISOString(),
  started_at: started,
  cpu_seconds_total: cpu,
  resident_memory_bytes: null,
  go_heap_bytes: null,
  goroutines: null,
  open_fds: null,
  max_fds: null,
  gomaxprocs: 2,
  cpu_limit: null,
  cpu_throttled_seconds_5m: null, gc_pauses: null,
})

describe('the processors that a process uses', () => {
  it('are those between two documents', () => expect(cpuSince(at(0, 10), at(15, 13))).toBeCloseTo(0.2))
  it('are not known with the first document', () => expect(cpuSince(undefined, at(15, 13))).toBeNull())
  it('are not known over a restart', () => expect(cpuSince(at(0, 10), at(15, 1, '2026-01-02T03:04:05Z'))).toBeNull())
  it('are not known where the system does not tell', () => expect(cpuSince(at(0, null), at(15, null))).toBeNull())
  it('are not known between two documents of one time', () => expect(cpuSince(at(0, 10), at(0, 10))).toBeNull())
})

const slow = (age: number, attempt: number | null, answer: number | null): SlowInteraction => ({
  received_at: '2026-01-02T03:04:05Z',
  shard: '3',
  type: 'application_command',
  command: 'play',
  outcome: 'late',
  receipt_age_seconds: age,
  response_delay_seconds: attempt,
  ack_duration_seconds: answer,
  trace_id: null,
  trace_url: null,
})

describe('a slow interaction', () => {
  const ends = (i: SlowInteraction): [string, number, number][] => partsOf(i).map((p) => [p.class, p.from, p.to])
  it('has the way to the bot, the bot, and the way back', () => {
    expect(ends(slow(0.5, 2, 3))).toEqual([
      ['f-data', 0, 0.5],
      ['f-acc', 0.5, 2.5],
      ['f-ink', 2.5, 3.5],
    ])
    expect(took(slow(0.5, 2, 3))).toBe(3.5)
  })
  it('ends where nothing more is known', () => {
    expect(ends(slow(0.5, null, null))).toEqual([['f-data', 0, 0.5]])
    expect(ends(slow(0.5, 8, null))).toEqual([
      ['f-data', 0, 0.5],
      ['f-acc', 0.5, 8.5],
    ])
    expect(took(slow(0.5, 8, null))).toBeNull()
  })
})

describe('bytes', () => {
  it.each([
    [null, '?'],
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [1024 * 1024 - 1, '1 MiB'],
    [64 * 1024 * 1024, '64 MiB'],
    [3.25 * 1024 ** 3, '3.25 GiB'],
  ])('writes %s as %s', (n, text) => expect(bytes(n)).toBe(text))
})
