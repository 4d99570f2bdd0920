import { describe, expect, it } from 'vitest'
import type { Finding, Report } from '../src/data/api'
import { closed } from '../src/text/closes'
import { headline, text } from '../src/text/explain'
import { count, moment, rate, ratio, seconds, signed, span, stamp } from '../src/text/format'
import { estimate } from '../src/ui/Table'

describe('format', () => {
  it('never shows 0 for what is unknown', () => {
    for (const f of [count, rate, ratio, seconds, span, signed]) for (const n of [null, undefined]) expect(f(n)).toBe('?')
  })
  it.each([
    [0, '0 ms'],
    [0.0004, '<1 ms'],
    [0.0156, '16 ms'],
    [0.9996, '1.00 s'],
    [3.06, '3.06 s'],
    [12.34, '12.3 s'],
    [134, '2 min 14 s'],
  ])('seconds %d', (n, want) => expect(seconds(n)).toBe(want))
  it.each([
    [0, '0 s'],
    [59.9, '59 s'],
    [192, '3 min 12 s'],
    [720, '12 min'],
    [3600, '1 h'],
    [51480, '14 h 18 min'],
    [788640, '9 d 3 h'],
  ])('span %d', (n, want) => expect(span(n)).toBe(want))
  it.each([
    [1, '100%'],
    [0.99999, '>99.99%'],
    [0.9999, '99.99%'],
    [0.66, '66%'],
    [0.0312, '3.12%'],
    [0.00001, '<0.01%'],
    [0, '0%'],
  ])('ratio %d', (n, want) => expect(ratio(n)).toBe(want))
  it('rates', () => {
    expect([0, 0.001, 2.041, 52.54, 612.4, 1204].map((n) => rate(n))).toEqual(['0', '<0.01', '2.04', '52.5', '612', '1,204'])
  })
  it('times are UTC', () => {
    const at = Date.parse('2026-11-28T03:42:06Z')
    expect(stamp(at)).toBe('2026-11-28 03:42:06 UTC')
    expect(moment(at, at + 1000)).toBe('03:42:06')
    expect(moment(at, at + 86_400_000)).toBe('2026-11-28 03:42:06')
  })
  it('signs', () => {
    expect([signed(0.031), signed(-2.0), signed(0.0001), signed(0)]).toEqual(['+31 ms', '−2.00 s', '<1 ms', '0 ms'])
  })
})

const finding = (change: Partial<Finding>): Finding => ({
  id: 'DiscordShardDown',
  severity: 'warning',
  affects_users: false,
  subject: { cluster: 'default', shard: '0' },
  sentence: 'Shard 0 of cluster default of the bot is down',
  since: '2026-11-29T03:00:00Z',
  blame: 'Discord',
  runbook: 'https://example.org/runbook',
  ...change,
})
const report = (findings: Finding[], more: Partial<Report> = {}): Report => ({ at: '2026-11-29T03:01:05Z', findings, cannot_tell: null, checked: 31, checks: 31, processes: 1, ...more })

describe('explain', () => {
  it('has the headlines of the command line', () => {
    expect(headline('calm', report([]))).toBe('All is well in 1 process: 31 checks, nothing found.')
    expect(headline('calm', report([], { checked: 29 }))).toBe('Nothing is wrong in 1 process, by 29 of 31 checks.')
    expect(headline('look', report([finding({})]))).toBe('Nobody is affected, but look at 1 finding today (1 process).')
    expect(headline('affected', report([finding({}), finding({})]))).toBe('Users are affected: 2 findings in 1 process.')
    expect(headline('unknown', report([]))).toBe('Cannot tell: no process of a bot was seen.')
  })
  it('writes the worst in full and the others in a sentence', () => {
    const says = text(
      'affected',
      report(
        [
          finding({ affects_users: true, severity: 'critical', cause: 'It waits.', do: 'Wait.', not: ['Not the machine.'], changed: [{ at: '2026-11-29T02:59:00Z', what: 'the process started' }] }),
          finding({ affects_users: true, severity: 'critical', subject: { cluster: 'default', shard: '10' } }),
          finding({ affects_users: true, severity: 'critical', subject: { cluster: 'default', shard: '2' } }),
          finding({ id: 'DiscordCommandFails', sentence: 'Command stats fails', since: null }),
        ],
        { cannot_tell: [{ what: 'how many session starts are left', how: 'Nothing has asked Discord for them.' }] },
      ),
    )
    expect(says).toBe(`Users are affected: 4 findings in 1 process.

!! Shard 0 of cluster default of the bot is down. The same for shard 10, 2.
   Since 2026-11-29 03:00:00 UTC (65 s ago), caused by Discord.
   It waits.
   At that time: the process started (2026-11-29 02:59:00 UTC).
   Not the machine.
   Do: Wait.
   Runbook: https://example.org/runbook

! Command stats fails.

Cannot tell how many session starts are left. Nothing has asked Discord for
   them.
`)
  })
})

describe('closed', () => {
  it.each([
    ['4009', 'discord', '4009, session timed out, by Discord'],
    ['none', 'network', 'no close code, by the network'],
    ['1000', 'client', '1000, normal closure, by the bot'],
    ['other', 'discord', 'other, by Discord'],
  ] as const)('says of %s by %s what it means', (code, initiator, want) => expect(closed({ code, initiator })).toBe(want))
})

describe('estimate', () => {
  it.each([
    [null, '–'],
    [0.095, '≤100 ms'],
    [0.42, '≈420 ms'],
    [3, '≈3.00 s'],
    [Infinity, '>3.00 s'],
  ])('says of %s what buckets up to 3 s tell', (value, want) => expect(estimate([0.1, 0.25, 1, 3], value)).toBe(want))
})
