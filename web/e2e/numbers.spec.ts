import { execFileSync } from 'node:child_process'
import type { Page } from '@playwright/test'
import type { SeriesList, Status } from '../src/data/api'
import { text } from '../src/text/explain'
import { type Demo, expect, number, test } from './bench'

// between checks a number of the page that rises against counts from before and after it.
function between(value: number, before: number, after: number): void {
  expect(value).toBeGreaterThanOrEqual(before)
  expect(value).toBeLessThanOrEqual(after)
}

const outcomes = [['In time', 'in_time'], ['Late', 'late'], ['Missed', 'missed'], ['Rejected', 'rejected']] as const

// outcomesOf are the counts of /metrics, once the history has them, which it has after its
// next step.
async function outcomesOf(demo: Demo): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const [, outcome] of outcomes) counts.set(outcome, await demo.sum('discord_interaction_acks_total', { outcome }))
  const kept = async (): Promise<boolean> => {
    const list = await demo.get<SeriesList>('series?name=discord_interaction_acks_total&form=increase&by=outcome&over=900s&range=5s&step=5s')
    const has = new Map(list.series.map((series) => [series.labels.outcome, series.values.at(-1) ?? 0]))
    return [...counts].every(([outcome, n]) => (has.get(outcome) ?? 0) >= n)
  }
  await expect.poll(kept).toBe(true)
  return counts
}

// outcomesAgree compares the table of a page that was opened after the counts were taken.
async function outcomesAgree(page: Page, demo: Demo, before: Map<string, number>): Promise<void> {
  const table = page.getByRole('region', { name: 'Interactions by outcome' })
  for (const [row, outcome] of outcomes) {
    const value = number(await table.getByRole('row', { name: row }).first().getByRole('cell').first().textContent())
    between(value, before.get(outcome) ?? 0, await demo.sum('discord_interaction_acks_total', { outcome }))
    await expect(table.getByRole('row', { name: row }).first()).toHaveAttribute('title', new RegExp(`^discord_interaction_acks_total\\{outcome="${outcome}"\\}: `))
  }
}

test('the numbers are those of the API and of /metrics', async ({ page, bench }) => {
  const demo = await bench.slow()
  await expect.poll(() => demo.sum('discord_interaction_acks_total', { outcome: 'late' }), { timeout: 90_000 }).toBeGreaterThan(5)
  const before = await outcomesOf(demo)
  await page.goto(await bench.serve(demo))
  await outcomesAgree(page, demo, before)

  const fact = (panel: string, name: string) => page.getByRole('region', { name: panel, exact: true }).locator('dt', { hasText: new RegExp(`^${name}$`) }).locator('xpath=following-sibling::dd[1]')
  const guilds = [await demo.sum('discord_guilds'), number(await fact('Guilds', 'Available').textContent()), await demo.sum('discord_guilds')]
  expect(Math.abs((guilds[1] ?? 0) - (guilds[0] ?? 0))).toBeLessThanOrEqual(Math.max(Math.abs((guilds[2] ?? 0) - (guilds[0] ?? 0)), 20))
  await expect(fact('Process', 'Version')).toHaveText('devel')

  const budget = page.getByRole('region', { name: 'Session starts' })
  await expect(budget.locator('.v b')).toHaveText((await demo.sum('discord_gateway_session_start_remaining')).toLocaleString('en-US'))

  const commands = page.getByRole('region', { name: 'Commands' }).first()
  const report = commands.locator('[data-command="report"]')
  const runs = number(await report.textContent())
  between(runs, 1, await demo.sum('discord_app_commands_total', { command: 'report' }))

  const callback = page.locator('[data-route="POST /interactions/{id}/{token}/callback"]')
  between(number(await callback.textContent()), before.get('in_time') ?? 0, await demo.sum('discord_rest_request_duration_seconds_count', { route: '/interactions/{id}/{token}/callback' }))

  await expect(page.getByRole('group', { name: /^Shards/ }).getByRole('button')).toHaveCount(4)
  await expect(page.getByText('4 of 4 well')).toBeVisible()
})

test('the verdict is that of argus explain', async ({ page, bench }) => {
  const demo = await bench.slow()
  await expect.poll(async () => (await demo.get<Status>('status')).verdict, { timeout: 90_000 }).toBe('affected')
  await page.goto(await bench.serve(demo))
  // A finding is on screen within 10 s.
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Many users of cluster default of the bot get no answer', { timeout: 10_000 })
  await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1)
  await expect(page).toHaveTitle(/^Users are affected · default$/)
  await expect(page.getByRole('link', { name: 'Runbook' })).toHaveAttribute('href', /\/docs\/runbooks\/DiscordAckBudgetBurnsFast\.md$/)
  await expect(page.getByText("The bot's code the cause")).toBeVisible()

  // The same report reads the same: the numbers have moved, the words have not.
  const shape = (says: string): string => says.replace(/\d+(\.\d+)?( min| s| ms| h)?/g, '#').replace(/\s+/g, ' ').trim()
  await expect
    .poll(
      async () => {
        await page.getByText('Copy as text').click()
        const shown = (await page.locator('details.copy pre').textContent()) ?? ''
        await page.getByText('Copy as text').click()
        const said = shape(await demo.explain()).replace('--all shows every finding in full.', '').trim()
        return shape(shown.slice(shown.indexOf('\n'))) === said ? 'the same' : `${shape(shown.slice(shown.indexOf('\n')))}\n--- explain:\n${said}`
      },
      { timeout: 60_000, intervals: [3_000] },
    )
    .toBe('the same')

  // What is copied is the text of the report that the API has.
  const status = await demo.get<Status>('status')
  expect(shape(text(status.verdict, status.report))).toContain('Many users of cluster default of the bot get no answer')
})

test('a calm bot is calm', async ({ page, bench }) => {
  const demo = await bench.demo('--scenario', 'calm', '--shards', '70', '--rate', '60')
  await page.goto(await bench.serve(demo))
  await expect.poll(async () => (await demo.get<Status>('status')).verdict, { timeout: 90_000 }).toBe('calm')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^(All is well|Nothing is wrong) in 1 process/)
  // All 70 are there when the history has seen them; above 64 the squares are small.
  await expect(page.getByRole('group', { name: /^Shards/ }).getByRole('button')).toHaveCount(70, { timeout: 120_000 })
  await expect(page.locator('.shards.dense')).toHaveCount(1)
  await expect(page.getByText('70 of 70 well')).toBeVisible()
  await expect(page).toHaveTitle(/^(All is well|Nothing is wrong)/)
})

// words is a sentence without its numbers, which move on.
const words = (says: string): string => says.replace(/[\d.,]+k?/g, '#')

const binary = process.env.ARGUS_BINARY ?? '../bin/argus'
const scenarios = execFileSync(binary, ['demo', '--help'], { encoding: 'utf8' }).split('Scenarios')[1]?.matchAll(/^ {2}([a-z-]+) {2,}/gm) ?? []

for (const [, scenario] of scenarios) {
  if (!scenario || scenario === 'calm') continue
  test(`${scenario}: what is found is on the page soon, and the numbers agree`, async ({ page, bench }) => {
    const demo = await bench.demo('--scenario', scenario)
    await page.goto(`${demo.url}/`)
    const sentence = async (): Promise<string> => (await demo.get<Status>('status')).report.findings?.[0]?.sentence ?? ''
    await expect.poll(sentence, { timeout: 120_000 }).not.toBe('')
    const found = Date.now()
    const shown = page.getByRole('heading', { level: 1 })
    await expect.poll(async () => words((await shown.textContent()) ?? '').startsWith(words(await sentence())), { timeout: 20_000, intervals: [500] }).toBe(true)
    console.log(`${scenario}: on the page ${((Date.now() - found) / 1000).toFixed(1)} s after it was found`)
    const before = await outcomesOf(demo)
    await page.reload()
    await outcomesAgree(page, demo, before)
  })
}
