import { join } from 'node:path'
import type { Locator, Page } from '@playwright/test'
import type { EventIngest } from '../../src/fleet/data/api'
import { count, moment, plural, ratio, stamp } from '../../src/text/format'
import { Database, type Group, type Part } from './database'
import { expect, test } from './bench'
import { Program } from './program'
import { guilds, traffic } from './traffic'

const hour = 3_600_000
const day = 24 * hour

// A Cell is a text, the durations of which a quantile is one, or what is not compared.
type Cell = string | { quantile: number; of: readonly number[] } | null

const bound = 0.005 // of the sums' quantiles
const units: Record<string, number> = { ms: 0.001, s: 1 }

// expectQuantile compares a shown duration with those beside a quantile.
function expectQuantile(shown: string, quantile: number, of: readonly number[]): void {
  if (of.length === 0) {
    expect(shown).toBe('?')
    return
  }
  const [, number = '', unit = ''] = /^([\d.]+) (ms|s)$/.exec(shown) ?? []
  const one = units[unit] ?? Number.NaN
  const rounding = (one * 10 ** -(number.split('.')[1]?.length ?? 0)) / 2
  const at = quantile * (of.length - 1)
  expect(Number(number) * one, `${shown} of ${of.length}`).toBeGreaterThanOrEqual((of[Math.floor(at)] ?? Number.NaN) * (1 - bound) - rounding)
  expect(Number(number) * one, `${shown} of ${of.length}`).toBeLessThanOrEqual((of[Math.ceil(at)] ?? Number.NaN) * (1 + bound) + rounding)
}

async function rowsOf(table: Locator): Promise<string[][]> {
  await expect(table).toBeVisible()
  return table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent.replace(/\s+/g, ' ').trim())))
}

// expectTable compares a table with its rows, in any order.
async function expectTable(page: Page, name: string, expected: Cell[][]): Promise<void> {
  const shown = await rowsOf(page.getByRole('region', { name, exact: true }).last()) // its panel may have the same name
  expect(expected.length).toBeGreaterThan(0)
  const first = (rows: readonly Cell[][]): string[] => rows.map(([cell]) => String(cell))
  expect(first(shown).sort()).toEqual(first(expected).sort())
  for (const row of expected) {
    const cells = shown.find(([cell]) => cell === row[0]) ?? []
    expect(cells.map((cell, i) => (typeof row[i] === 'string' ? cell : ''))).toEqual(row.map((cell) => (typeof cell === 'string' ? cell : '')))
    row.forEach((cell, i) => {
      if (cell !== null && typeof cell === 'object') expectQuantile(cells[i] ?? '', cell.quantile, cell.of)
    })
  }
}

const share = (part: number, of: number): string => ratio(of > 0 ? part / of : null)
const failed = (g: Group): string => share(g.failures, g.runs)
const inTime = (g: Group): string => share(g.in_time, g.in_time + g.not_in_time)
const tally = (g: Group): string[] => [count(g.runs), failed(g), inTime(g), count(g.not_in_time)]
const quantiles = (g: Group): Cell[] => [0.5, 0.95].map((quantile) => ({ quantile, of: g.seconds }))
const says = (g: Group): string => `${plural(g.runs, 'run')} in this window, ${failed(g)} failed, ${inTime(g)} in time`

// named is a command as the pages write it.
function named({ of }: Group): string {
  if (of.command === null) return String(of.type).replaceAll('_', ' ')
  return of.type === 'autocomplete' ? `${of.command} autocomplete` : String(of.command)
}

function change(g: Group, before: Group | undefined): string {
  if (!before) return 'new'
  const by = g.runs / before.runs - 1
  return Math.abs(by) < 0.005 ? '=' : `${by > 0 ? '+' : '−'}${ratio(Math.abs(by))}`
}

test.describe('the pages of analytics and the database', () => {
  test.describe.configure({ mode: 'default' })
  let fleet: Program
  let database: Database
  // Whole hours, in the last 40: what is older than two days when it arrives is late, and
  // not in the sums.
  const end = Math.floor(Date.now() / hour) * hour
  const midnight = Math.floor(end / day) * day
  const part: Part = { bot: 'mybot', from: end - 20 * hour, to: end }
  const view = (name: string, { from, to }: Part = part, more = ''): string => `?view=${name}&bot=mybot${more}&from=${from / 1000}&to=${to / 1000}`
  const heading = (page: Page): Locator => page.getByRole('heading', { level: 1 })

  test.beforeAll(async () => {
    fleet = await Program.start()
    let sent = 0
    for (const [origin, events] of traffic(end, 40)) {
      await fleet.send(origin, events)
      sent += events.length
    }
    const taken = async (bot: string): Promise<number> => (await fleet.ask<EventIngest>(`ingest?bot=${bot}`)).ingest.reduce((n, r) => n + r.events, 0)
    await expect.poll(async () => (await taken('mybot')) + (await taken('other'))).toBe(sent)
    database = await Database.open(join(await fleet.backup(), 'events', 'events.db'))
  })
  test.afterAll(async () => {
    database?.close()
    await fleet?.stop()
  })

  test('have the same commands', async ({ page }) => {
    const before = { ...part, from: part.from - (part.to - part.from), to: part.from }
    await fleet.open(page, view('commands'))
    const [all, earlier] = [part, before].flatMap((p) => database.interactions([], p))
    if (!all || !earlier) throw new Error('nothing was sent')
    await expect(heading(page)).toContainText(says(all))
    await expect(page.getByText(`before: ${count(earlier.runs)} runs, ${failed(earlier)} failed, ${inTime(earlier)} in time.`)).toBeVisible()
    const then = new Map(database.interactions(['type', 'command'], before).map((g) => [named(g), g]))
    const commands = (p: Part): Cell[][] => database.interactions(['type', 'command'], p).map((g) => [named(g), ...tally(g), ...quantiles(g)])
    await expectTable(page, 'Commands, worst first', database.interactions(['type', 'command'], part).map((g) => [named(g), ...tally(g), ...quantiles(g), change(g, then.get(named(g))), null]))

    const version = { ...part, version: 'v2' }
    const [ofVersion] = database.interactions([], version)
    await page.getByRole('combobox', { name: 'Version' }).selectOption('v2')
    await expect(heading(page)).toContainText(`${count(ofVersion?.runs)} runs`)
    await expectTable(page, 'Commands, worst first', commands(version).map((row) => [...row, null, null]))
  })

  test('have the same errors, clusters and versions of a command', async ({ page }) => {
    const command = { ...part, command: 'report' }
    await fleet.open(page, view('command', part, '&command=report'))
    const [all] = database.interactions([], command)
    if (!all) throw new Error('report did not run')
    await expect(heading(page)).toHaveText(`report: ${says(all)}.`)
    const errors = database.interactions(['error_type'], command).filter((g) => g.of.error_type !== null)
    await expectTable(page, 'Errors by type', errors.map((g) => [String(g.of.error_type), count(g.runs), share(g.runs, all.runs)]))
    await expectTable(page, 'By cluster', database.interactions(['region', 'cluster'], command).map((g) => [`${g.of.region} / ${g.of.cluster}`, ...tally(g)]))
    await expectTable(page, 'By version', database.interactions(['version'], command).map((g) => [String(g.of.version), ...tally(g)]))
    const steps = Array.from({ length: 20 }, (_, i) => database.interactions([], { ...command, from: part.from + i * hour, to: part.from + (i + 1) * hour })[0])
    const most = (key: 'runs' | 'failures' | 'not_in_time'): number => Math.max(...steps.map((g) => g?.[key] ?? 0))
    await expect(page.getByRole('img', { name: `At most ${most('runs')} runs every 1 h, ${most('failures')} failed and ${most('not_in_time')} not in time.` })).toBeVisible()
  })

  test('have the same before and after a release', async ({ page }) => {
    await fleet.open(page, view('release'))
    const of = (version: string): Group[] => database.interactions(['type', 'command'], { ...part, version })
    const after = new Map(of('v2').map((g) => [named(g), g]))
    await expectTable(page, 'Commands in v1 and v2, worst first', of('v1').map((b) => {
      const a = after.get(named(b))
      if (!a) throw new Error(`${named(b)} did not run in v2`)
      const p95 = (g: Group): Cell => ({ quantile: 0.95, of: g.seconds })
      return [named(b), null, failed(b), failed(a), inTime(b), inTime(a), p95(b), p95(a), null, count(b.runs), count(a.runs)]
    }))
    const [v1, v2] = ['v1', 'v2'].map((version) => database.interactions([], { ...part, version })[0]?.runs)
    const first = stamp(Math.floor(database.first({ ...part, version: 'v2' }) / hour) * hour)
    await expect(page.getByText(`${count(v1)} runs of v1, ${count(v2)} of v2, first seen in the hour of ${first.replace(/:00 UTC/, ' UTC')}.`)).toBeVisible()
  })

  test('have the same guilds that were hit', async ({ page }) => {
    // Events are at both ends: that at the first is in the window.
    const window = { ...part, from: end - 2 * hour, to: end - hour }
    await fleet.open(page, view('guilds', window))
    const hit = database.hit(window)
    expect(hit.map((h) => h.guild).sort()).toEqual([...guilds].sort())
    await expect(heading(page)).toHaveText(`${guilds.length} guilds were hit in this window.`)
    await expectTable(page, 'Guilds hit, worst first', hit.map((h) => {
      const guild = { ...window, guild: BigInt(h.guild) }
      const [g] = database.interactions([], guild)
      if (!g) throw new Error('a guild has no runs')
      expect([h.failures, h.not_in_time]).toEqual([g.failures, g.not_in_time])
      return [h.guild, sizeName(database.size(guild, true)), ...tally(g), h.outages > 0 ? `${h.outages}×` : '–', moment(h.last, Date.now())]
    }))
  })

  test('have the same growth', async ({ page }) => {
    const window = { ...part, from: midnight - 2 * day, to: midnight + day }
    await fleet.open(page, view('growth', window))
    const days = database.days(window)
    const sum = (key: 'joins' | 'leaves'): number => days.reduce((n, d) => n + d[key], 0)
    await expect(heading(page)).toContainText(`${plural(sum('joins'), 'guild')} joined and ${count(sum('leaves'))} left in this window`)
    await expectTable(page, 'Days, newest first', days.map((d) => [d.day, ...[d.joins, d.leaves, d.guilds, d.interactions].map(count)]))

    const sizes = new Map<string, Group[]>()
    for (const g of database.interactions(['guild'], window).filter((g) => g.of.guild !== '0')) {
      const size = sizeName(database.size({ ...window, guild: BigInt(g.of.guild ?? 0) }, false))
      sizes.set(size, [...(sizes.get(size) ?? []), g])
    }
    const total = (of: readonly Group[], key: 'runs' | 'failures' | 'in_time' | 'not_in_time'): number => of.reduce((n, g) => n + g[key], 0)
    await expectTable(page, 'Active guilds by size', [...sizes].map(([size, of]) => [size, count(of.length), count(total(of, 'runs')), share(total(of, 'failures'), total(of, 'runs')), share(total(of, 'in_time'), total(of, 'in_time') + total(of, 'not_in_time'))]))

    const runs = database.interactions([], window)[0]?.runs ?? 0
    await expectTable(page, 'Interactions by locale', database.interactions(['locale'], window).map((g) => [g.of.locale ?? 'unknown', count(g.runs), share(g.runs, runs)]))
    const places = await rowsOf(page.getByRole('region', { name: 'Interactions by place' }))
    const byPlace = database.interactions(['context', 'installation'], window).map((g) => g.runs)
    expect(places.map(([, n]) => n)).toEqual(byPlace.sort((a, b) => b - a).slice(0, 10).map(count))
  })

  for (const id of ['1200000000000000001', '18446744073709551615']) {
    test(`have the same of the guild ${id}`, async ({ page }) => {
      const guild = { ...part, guild: BigInt(id) }
      await fleet.open(page, view('guild', part, `&guild=${id}`))
      const [all] = database.interactions([], guild)
      if (!all) throw new Error('the guild has no runs')
      await expect(heading(page)).toHaveText(`Guild ${id}: ${says(all)}.`)
      await expectTable(page, 'Commands of the guild', database.interactions(['type', 'command'], guild).map((g) => [named(g), ...tally(g), ...quantiles(g)]))
      const times = (event: string): string => plural(database.count(`discord.guild.${event}`, guild), 'time')
      await expect(page.getByText(`added the bot ${times('joined')}, removed it ${times('left')}, was unavailable ${times('unavailable')}`)).toBeVisible()
    })
  }
})

const sizeName = (size: string | null): string => (size === null ? 'unknown' : ({ under_100: 'under 100', '100_to_999': '100 to 999', '1000_to_9999': '1,000 to 9,999', '10000_or_more': '10,000 and more' }[size] ?? size))
