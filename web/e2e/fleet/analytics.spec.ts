import { readFile } from 'node:fs/promises'
import type { EventCommands, EventGuildsHit } from '../../src/fleet/data/api'
import { number } from '../bench'
import { accessible, expect, test } from './bench'
import { Program, type Sent } from './program'

const minute = 60_000

// An Interaction is an event of the test.
interface Interaction {
  ago: number // min
  command: string | null
  guild?: string
  version?: string
  outcome?: string
  error?: string
  seconds?: number
}

const largest = '18446744073709551615'
const beyond = '1200000000000000001' // not a number of JavaScript
const hostile = '<img src=x onerror=alert(1)>'

const times = <T,>(n: number, of: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => of(i))

// What the bot did: in v2 report fails and is slow, and play is as it was.
const events: Interaction[] = [
  ...times(120, (i) => ({ ago: 400 + i, command: 'report', version: 'v1', outcome: 'in_time', seconds: 0.1 })),
  ...times(120, (i) => ({ ago: 400 + i, command: 'play', version: 'v1', outcome: 'in_time', seconds: 0.2 })),
  ...times(120, (i) => ({ ago: 1 + (i % 50), command: 'report', version: 'v2', guild: i < 40 ? largest : beyond, seconds: 3.5, ...(i < 60 ? { outcome: 'late', error: '50013' } : { outcome: 'in_time' }) })),
  ...times(120, (i) => ({ ago: 1 + (i % 50), command: 'play', version: 'v2', guild: '7', outcome: 'in_time', seconds: 0.2 })),
  ...[hostile, '=cmd()', ''].map((command) => ({ ago: 5, command, version: 'v2', guild: '7', outcome: 'in_time' })),
  { ago: 5, command: null, version: 'v2', guild: '7', outcome: 'in_time' },
]

const sent = (e: Interaction, now: number): Sent => ({
  name: 'discord.interaction.completed',
  at: now - e.ago * minute,
  attributes: {
    'discord.interaction.type': e.command === null ? 'message_component' : 'application_command',
    'discord.command': e.command ?? undefined,
    'discord.guild.id': e.guild,
    'discord.interaction.outcome': e.outcome,
    'error.type': e.error,
    'discord.interaction.handler.duration': e.seconds,
  },
})

// A real argus-fleet that keeps events in SQLite.
test.describe('analytics of the program', () => {
  test.describe.configure({ mode: 'default' })
  let fleet: Program

  test.beforeAll(async () => {
    fleet = await Program.start()
    const now = Date.now()
    for (const version of ['v1', 'v2']) {
      await fleet.send({ bot: 'mybot', cluster: '0', version }, events.filter((e) => e.version === version).map((e) => sent(e, now)))
    }
    await expect.poll(async () => (await fleet.ask<EventCommands>('commands?bot=mybot')).commands.reduce((n, c) => n + c.runs, 0)).toBe(events.length)
  })
  test.afterAll(() => fleet.stop())

  test('needs the token of a viewer', async () => {
    for (const path of ['bots', 'commands', 'guilds-hit', 'guild?guild=7', 'ingest', 'commands?format=csv']) {
      expect((await fetch(`${fleet.url}/api/fleet/v1/events/${path}`)).status).toBe(401)
    }
  })

  test('shows the commands as they are in the store, and hostile names as text', async ({ page }) => {
    await fleet.open(page, '')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`${events.length} runs in 24 h, 12.4% failed, 87.6% in time.`)
    const table = page.getByRole('region', { name: 'Commands, worst first' })
    const known = await fleet.ask<EventCommands>('commands?bot=mybot')
    expect(known.commands).toHaveLength(6)
    for (const c of known.commands) {
      const name = c.command === null ? 'message component' : c.command === '' ? '(an empty name)' : c.command
      const row = table.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })
      expect(number(await row.getByRole('cell').first().textContent())).toBe(events.filter((e) => e.command === c.command).length)
      expect(c.runs).toBe(events.filter((e) => e.command === c.command).length)
    }
    await expect(page.locator('img')).toHaveCount(0)
    await expect(page.getByText('Events are in SQLite. The fleet removes them after 90 d, and their hourly sums after 730 d.')).toBeVisible()
    await accessible(page)
    await page.getByText('Queries').click()
    await expect(page.getByRole('region', { name: 'Query: commands' })).toContainText(/select/i)
  })

  test('a command leads to its errors, and the address brings it back', async ({ page }) => {
    await fleet.open(page, '?last=7d')
    await page.getByRole('link', { name: 'report' }).click()
    const check = async (): Promise<void> => {
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('report: 240 runs in 7 d, 25% failed, 75% in time.')
      await expect(page.getByRole('region', { name: 'Errors by type' }).last().getByRole('row', { name: '50013 60 25%' })).toBeVisible()
      await expect(page.getByRole('region', { name: 'By version' }).last().getByRole('row', { name: /^v2 120 50% 50% 60$/ })).toBeVisible()
    }
    await check()
    await expect(page).toHaveURL(/#\/analytics\?view=command&command=report&last=7d$/)
    await page.reload()
    await check()
  })

  test('compares the newest version with the one before', async ({ page }) => {
    await fleet.open(page, '?view=release')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Since v2, 1 of 2 commands got worse: report.')
    const table = page.getByRole('region', { name: 'Commands in v1 and v2, worst first' })
    await expect(table.getByRole('row').nth(1)).toHaveText(/^report worse0%50%100%50%100 ms3\.\d+ s120120$/)
    await expect(table.getByRole('row', { name: /^play no sure change/ })).toBeVisible()
    await accessible(page)
    await page.getByRole('combobox', { name: 'Before' }).selectOption('v2')
    await page.getByRole('combobox', { name: 'after' }).selectOption('v1')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Since v1, none of 2 commands got worse.')
    await expect(page).toHaveURL(/before=v2&after=v1$/)
  })

  test('lists the guilds that were hit, with ids of 64 bits, and as CSV', async ({ page }) => {
    await fleet.open(page, '?view=guilds')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('2 guilds were hit in 1 h.')
    const hit = await fleet.ask<EventGuildsHit>('guilds-hit?bot=mybot')
    expect(hit.guilds.map((g) => [g.guild, g.failures, g.not_in_time])).toEqual([[largest, 40, 40], [beyond, 20, 20]])
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Guilds hit as CSV' }).click()
    const file = await download
    expect(file.suggestedFilename()).toBe('argus-guilds-hit.csv')
    const csv = await readFile(await file.path(), 'utf8')
    expect(csv.split('\r\n').map((line) => line.split(',').slice(0, 2).join())).toEqual(['guild,runs', `${largest},40`, `${beyond},80`, ''])
    await page.getByRole('link', { name: beyond }).click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Guild ${beyond}: 80 runs in 24 h, 25% failed, 75% in time.`)
    await page.reload()
    await expect(page.getByRole('heading', { level: 1 })).toContainText(`Guild ${beyond}: 80 runs`)
    await accessible(page)
  })

  test('writes hostile names into CSV as text', async () => {
    const response = await fleet.get('commands?bot=mybot&format=csv')
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="argus-commands.csv"')
    const csv = await response.text()
    expect(csv).toContain(",'=cmd(),1,")
    expect(csv).toContain(`,${hostile},1,`)
    expect(csv).toContain('\r\nmessage_component,,1,')
  })

  test('shows growth, and a window of its own', async ({ page }) => {
    await fleet.open(page, '?view=growth')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('0 guilds joined and 0 left in 30 d: as many as before.')
    await page.getByRole('button', { name: 'From…' }).click()
    await page.getByLabel('From', { exact: true }).fill('2026-01-01T00:00')
    await page.getByLabel('to', { exact: true }).fill('2026-01-03T00:00')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await expect(page).toHaveURL(/view=growth&from=1767225600&to=1767398400$/)
    await expect(page.getByText('2026-01-01 00:00 to 2026-01-03 00:00 UTC')).toBeVisible()
    await page.reload()
    await expect(page.getByText('2026-01-01 00:00 to 2026-01-03 00:00 UTC')).toBeVisible()
  })
})

test.describe('analytics without events', () => {
  test('are not in the navigation, and say which setting turns them on', async ({ page, fleet }) => {
    await page.goto(`${(await fleet('calm')).url}#/analytics`)
    await expect(page.getByText('This fleet keeps no events')).toBeVisible()
    await expect(page.getByText('--events=on')).toBeVisible()
    await expect(page.getByRole('navigation', { name: 'Fleet' }).getByRole('link', { name: 'Analytics' })).toHaveCount(0)
  })
})

test('the analytics page says that ClickHouse removes events', async ({ page, fleet }) => {
  await page.goto(`${(await fleet('calm', { events: true })).url}#/analytics`)
  await expect(page.getByText('Events are in ClickHouse. The TTL of its tables removes them after 90 d, and their hourly sums after 730 d.')).toBeVisible()
})

for (const [view, shown] of [
  ['', 'report, survey got worse.'],
  ['?view=command&command=survey', 'Errors by type'],
  ['?view=release', '2 of 7 commands got worse'],
  ['?view=guilds', '25,964 guilds were hit'],
  ['?view=growth', 'By guild size'],
  ['?view=guild&guild=18446744073709551615', 'Commands of the guild'],
  ['?view=guild', 'Id of a guild'],
] as const) {
  test(`the analytics page "${view}" has no violation of WCAG 2.2 AA, on a desk and on a phone`, async ({ page, fleet }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await page.goto(`${(await fleet('bad', { events: true })).url}#/analytics${view}`)
    await expect(page.getByText(shown).or(page.getByRole('region', { name: shown })).first()).toBeVisible()
    for (const [width, height, colorScheme] of [[1440, 900, 'light'], [390, 844, 'dark']] as const) {
      await page.setViewportSize({ width, height })
      await page.emulateMedia({ colorScheme })
      await accessible(page)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    }
  })
}

test.describe('when a question fails', () => {
  test.use({ quiet: false }) // the browser writes about each failed request

  test('its panel says so, and the others stay', async ({ page, fleet }) => {
    const f = await fleet('calm', { events: true })
    f.failing = (path) => (path.endsWith('/events/ingest') ? 503 : 0)
    await page.goto(`${f.url}#/analytics`)
    await expect(page.getByText('The document could not be made. The page tries again by itself.')).toBeVisible()
    await expect(page.getByRole('region', { name: 'Commands, worst first' })).toBeVisible()
  })

  for (const [what, fails] of [
    ['the store of events does', (path: string) => path.includes('/events/commands')],
    ['the whole fleet does', (path: string) => path.startsWith('/api/')],
  ] as const) {
    test(`the page is stale when ${what}, and comes back by itself`, async ({ page, fleet }) => {
      const f = await fleet('calm', { events: true })
      await page.clock.install()
      let ahead = 0
      // The fleet's clock is as far ahead as the browser's.
      await page.route('**/api/fleet/v1/**', async (route) => {
        const response = await route.fetch({ headers: {} })
        if (!response.ok()) return route.fulfill({ response })
        const document = (await response.json()) as { at: string; now?: string }
        const later = (at: string): string => new Date(Date.parse(at) + ahead).toISOString()
        return route.fulfill({ json: { ...document, at: later(document.at), now: document.now && later(document.now) } })
      })
      await page.goto(`${f.url}#/analytics`)
      const table = page.getByRole('region', { name: 'Commands, worst first' })
      await expect(table).toBeVisible()
      await expect(page.getByTitle('Age of the data')).toHaveText(/^\d+ s ago$/)
      f.failing = (path) => (fails(path) ? 503 : 0)
      for (; ahead < 100_000; ahead += 10_000) await page.clock.runFor(10_000)
      await expect(page.locator('main')).toHaveClass('stale')
      await expect(page.getByText(/^Stale: the data is of .*, 1 min \d+ s ago\.$/)).toBeVisible()
      await expect(page.getByText('The document could not be made. Trying again. The numbers below are of that time.')).toBeVisible()
      await expect(page.getByTitle('Age of the data')).toHaveText(/^1 min/)
      await expect(page).toHaveTitle(/^Stale: Analytics/)
      await expect(table).toBeVisible()
      f.failing = null
      await page.clock.runFor(15_000)
      await expect(page.locator('main')).not.toHaveClass('stale')
      await expect(page).toHaveTitle(/^Analytics/)
    })
  }
})

test('figures are not stale when only the overview is', async ({ page, fleet }) => {
  await page.goto(`${(await fleet('away', { events: true })).url}#/analytics`)
  await expect(page.getByRole('region', { name: 'Commands, worst first' })).toBeVisible()
  await expect(page.getByText('has not answered since')).toBeVisible() // a source of the overview
  await expect(page.getByTitle('Age of the data')).toHaveText(/^\d+ s ago$/)
  await expect(page.locator('main')).not.toHaveClass('stale')
  await page.getByRole('navigation', { name: 'Fleet' }).getByRole('link', { name: 'Timeline' }).click()
  await expect(page.locator('main')).toHaveClass('stale')
})
