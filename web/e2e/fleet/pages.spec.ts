import { number } from '../bench'
import { absent } from '../../src/fleet/data/clusters'
import { expect, test } from './bench'

const h1 = { level: 1 } as const

test('a bad night is a sentence, worst first, and its numbers are those of the API', async ({ page, fleet }) => {
  const f = await fleet('bad')
  await page.goto(f.url)
  await expect(page.getByRole('heading', h1)).toContainText('v2.14.0 answers 31 % of interactions on 35 clusters too late or never since')
  await expect(page.locator('.verdict')).toHaveClass(/is-bad/)
  await expect(page).toHaveTitle('Users are affected · mybot')
  const { totals, clusters, alerts } = f.night.overview()
  const shown = async (name: string): Promise<number> => number(await page.locator(`[data-of="${name}"]`).first().textContent())
  expect(await shown('Clusters')).toBe(totals.clusters.reporting)
  expect(await shown('Shards up')).toBe(totals.shards.up)
  expect(await shown('Firing')).toBe(alerts.firing)
  const guilds = await page.locator('[data-of="Guilds"]').textContent()
  expect(guilds).toMatch(/^\d\.\d\d M$/)
  expect(Math.abs(number(guilds) * 1e6 - (totals.guilds ?? 0))).toBeLessThanOrEqual(5_000)
  await expect(page.locator('[data-of="Session starts"]')).toHaveText('8,412')

  // Worst first, by interactions that are not answered a minute.
  const table = page.getByRole('region', { name: 'Clusters, worst first' })
  await table.locator('..').getByRole('button', { name: /more clusters/ }).click()
  const values = await table.locator('tbody td[data-value]').evaluateAll((cells) => cells.map((c) => Number(c.getAttribute('data-value'))))
  expect(values).toEqual([...values].sort((a, b) => b - a))
  expect(values.length).toBeGreaterThan(90)
  // Each finding has its cost, and what is not known has none.
  const costs = page.getByRole('list', { name: 'All findings, worst first' }).getByRole('listitem').locator('.cost')
  await expect(costs.nth(0)).toContainText('≈ 1,900 a minute')
  await expect(costs.nth(1)).toContainText('≈ 530 a minute') // three clusters that are gone
  await expect(costs.last()).toContainText('cost unknown')

  // What is gone is apart, with its age, and in no sum.
  const gone = clusters.filter(absent)
  expect(gone).toHaveLength(3)
  const row = table.getByRole('row').filter({ hasText: 'eu-21' })
  await expect(row).toHaveClass('absent')
  await expect(row).toContainText('was 16')
  await expect(row).toContainText(/4 min \d+ s/)
  await expect(page.getByRole('region', { name: 'Guilds' })).toContainText('about 61,335 left out')
  // What is unknown is never 0.
  await expect(page.getByRole('link', { name: 'ap-88: unknown' }).locator('u')).toHaveText('?')
})

test('a calm night is green, and says how many checks were made', async ({ page, fleet }) => {
  await page.goto((await fleet('calm')).url)
  await expect(page.getByRole('heading', h1)).toHaveText('All is well in 8 processes: 31 checks, nothing found.')
  await expect(page.locator('.verdict')).toHaveClass(/is-ok/)
  await expect(page.getByRole('region', { name: 'Clusters', exact: true })).toContainText('all report')
})

test('a fleet without regions, where a check could not be made, is grey', async ({ page, fleet }) => {
  await page.goto((await fleet('single')).url)
  await expect(page.getByRole('heading', h1)).toHaveText('Nothing is wrong in 3 processes, by 30 of 31 checks.')
  await expect(page.locator('.verdict')).not.toHaveClass(/is-ok/)
  await expect(page.locator('.cannot').getByText('Cannot tell how many session starts are left.')).toBeVisible()
  await expect(page.getByRole('heading', { name: 'No region' })).toBeVisible()
  await expect(page.getByRole('region', { name: /^Session starts/ })).toContainText('ARGUS_SESSION_START_POLL')
  await page.getByRole('link', { name: 'music-01: up' }).click()
  await expect(page).toHaveURL(/#\/cluster\?job=music&cluster=music-01$/)
  await expect(page.getByRole('region', { name: 'Shards, those that are not well first' }).getByRole('row')).toHaveCount(5)
})

test('an empty fleet says what would fill it, and shows no 0', async ({ page, fleet }) => {
  await page.goto((await fleet('empty')).url)
  await expect(page.getByRole('heading', h1)).toHaveText('Cannot tell: no process of a bot was seen.')
  await expect(page.getByText('OTEL_EXPORTER_OTLP_ENDPOINT').first()).toBeVisible()
  await expect(page.locator('[data-of="Guilds"]')).toHaveText('?')
  await expect(page.locator('[data-of="Answered in time"]')).toHaveText('?')
  for (const tab of ['Timeline', 'Alerts', 'Members']) {
    await page.getByRole('link', { name: tab, exact: true }).first().click()
    await expect(page.locator('.void').first()).toBeVisible()
  }
})

test('several bots are chosen at the top', async ({ page, fleet }) => {
  const f = await fleet('two')
  await page.goto(f.url)
  const clusters = page.locator('[data-of="Clusters"]')
  await expect(clusters).toHaveText('4')
  await expect(page.getByRole('region', { name: 'Expected and found of mod' })).toBeVisible()
  await page.getByRole('combobox', { name: 'Bot' }).selectOption({ label: 'bots / mod' })
  await expect(page).toHaveURL(/#\/\?job=bots&bot=mod$/)
  await expect(clusters).toHaveText('2')
  await expect(page.getByRole('region', { name: 'Expected and found', exact: true }).last()).toBeVisible()
  await page.reload()
  await expect(clusters).toHaveText('2')
  await page.getByRole('combobox', { name: 'Bot' }).selectOption({ label: 'All bots' })
  await expect(clusters).toHaveText('4')
})

test('a cluster has its findings, charts, shards, processes and peers', async ({ page, fleet }) => {
  const f = await fleet('bad')
  await page.goto(f.url)
  await page.getByRole('link', { name: 'eu-07: late' }).click()
  await expect(page).toHaveURL(/#\/cluster\?job=mybot&region=eu-central&cluster=eu-07$/)
  await expect(page.getByRole('heading', h1)).toContainText('v2.14.0 answers 31 %')
  await expect(page.locator('.top .who')).toHaveText('mybot/eu-central/eu-07')
  const shards = page.getByRole('region', { name: 'Shards, those that are not well first' })
  await expect(shards.getByRole('row')).toHaveCount(17)
  await expect(shards.getByRole('rowheader').first()).toHaveText('124')
  await expect(shards.getByRole('row').nth(1)).toContainText('Z zombie')
  await expect(page.getByRole('region', { name: 'Shards', exact: true })).toContainText('13 up')
  for (const chart of [/^Not answered in time, .* At most/, /^Receipt to acknowledgement, p95, /, /^Shards up, /]) await expect(page.getByRole('img', { name: chart })).toBeVisible()
  const been = page.getByRole('region', { name: 'Processes that were this cluster' })
  await expect(been).toContainText('said goodbye')
  await expect(been).toContainText('no goodbye')
  await expect(page.getByRole('region', { name: 'Compared with its peers' }).last()).toContainText('yes')
  await page.getByRole('link', { name: 'its timeline' }).click()
  await expect(page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem')).toHaveCount(2)
})

test('slow interactions of a cluster lead to their traces', async ({ page, fleet }) => {
  const f = await fleet('bad')
  await page.goto(`${f.url}#/cluster?job=mybot&region=eu-central&cluster=eu-07`)
  const [newest, ...others] = f.night.cluster({ job: 'mybot', bot: '', region: 'eu-central', cluster: 'eu-07' })?.slow_traces ?? []
  const panel = page.getByRole('region', { name: 'Slow interactions with a trace' }).first()
  await expect(panel).toContainText('only sampled ones over 1 s, last hour, newest first')
  const rows = panel.getByRole('table').getByRole('row')
  await expect(rows).toHaveCount(9)
  await expect(rows.nth(1)).toContainText('play')
  await expect(rows.nth(1)).toContainText('1.25 s')
  const link = rows.nth(1).getByRole('link')
  await expect(link).toHaveText(newest?.trace_id ?? '')
  await expect(link).toHaveAttribute('href', newest?.trace_url ?? '')
  await expect(link).toHaveAttribute('rel', 'noreferrer')
  // One without a link is text, and a long wait stands out.
  await expect(rows.nth(8)).toContainText(others[6]?.trace_id ?? '')
  await expect(rows.nth(8).getByRole('link')).toHaveCount(0)
  await expect(panel.getByRole('cell', { name: '3.00 s' })).not.toHaveClass(/bad/)
  await panel.getByRole('button', { name: '2 more slow interactions' }).click()
  await expect(rows).toHaveCount(11)
  await expect(panel.getByRole('cell', { name: '3.25 s' })).toHaveClass(/bad/)
})

test('without slow interactions that have a trace, the page says how to get them, or that it cannot tell', async ({ page, fleet }) => {
  const panel = page.getByRole('region', { name: 'Slow interactions with a trace' })
  await page.goto(`${(await fleet('calm')).url}#/cluster?job=mybot&region=eu-central&cluster=eu-00`)
  await expect(panel).toContainText('No slow interaction has a trace')
  await expect(panel).toContainText('OTEL_TRACES_EXPORTER=otlp')
  await page.goto(`${(await fleet('away')).url}#/cluster?job=mybot&region=eu-central&cluster=eu-00`)
  await expect(panel).toContainText('Cannot tell')
})

test('a cluster that is gone shows when it was last heard', async ({ page, fleet }) => {
  await page.goto(`${(await fleet('bad')).url}#/cluster?job=mybot&region=eu-central&cluster=eu-21`)
  await expect(page.getByRole('heading', h1)).toContainText('Cluster eu-21 of eu-central is gone since')
  await expect(page.getByRole('region', { name: 'Shards', exact: true })).toContainText(/as of the last report, 4 min/)
  await expect(page.getByRole('region', { name: 'Processes that were this cluster' })).toContainText('no goodbye')
})

test('a guild has its shard and its cluster, and is not in the address', async ({ page, fleet }) => {
  const f = await fleet('bad')
  await page.goto(f.url)
  const guild = '812345678989807763'
  await page.getByRole('textbox', { name: 'Where is this guild?' }).fill(guild)
  await page.getByRole('button', { name: 'Find' }).click()
  const [want] = f.night.shardOf(guild).bots
  expect(want?.shard).toBe(String((BigInt(guild) >> 22n) % 1600n))
  await expect(page.locator('#guild-says')).toContainText(`Shard ${want?.shard}, on ${want?.owners[0]?.cluster}`)
  expect(page.url()).not.toContain(guild)
  await page.getByRole('textbox', { name: 'Where is this guild?' }).fill('my guild')
  await page.getByRole('button', { name: 'Find' }).click()
  await expect(page.locator('#guild-says')).toContainText('digits alone')
})

test('the timeline is over all, and filtered by kind and text', async ({ page, fleet }) => {
  const f = await fleet('bad')
  await page.goto(`${f.url}#/timeline`)
  const events = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem')
  await expect(events).toHaveCount(f.night.timeline().events.length)
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('gone')
  await expect(events).toHaveCount(3)
  await page.getByRole('searchbox', { name: 'Find events' }).fill('eu-22')
  await expect(events).toHaveCount(1)
  await expect(page).toHaveURL(/#\/timeline\?find=eu-22&kind=gone$/)
  await page.reload()
  await expect(events).toHaveCount(1)
  await events.getByRole('link', { name: 'eu-22' }).click()
  await expect(page).toHaveURL(/#\/cluster\?/)
})

test('members have their ages, and those whose points were refused say why', async ({ page, fleet }) => {
  await page.goto(`${(await fleet('bad')).url}#/members`)
  const table = page.getByRole('region', { name: 'Members' }).last()
  await page.getByRole('combobox', { name: 'State' }).selectOption('lost')
  await expect(table.getByRole('row')).toHaveCount(4)
  await expect(table.getByRole('row').nth(1)).toContainText(/4 min \d+ s/)
  await page.getByRole('combobox', { name: 'State' }).selectOption('')
  await expect(page.getByText('us-66: out of order')).toBeVisible()
})

test('an alert that follows from another one says from which', async ({ page, fleet }) => {
  const f = await fleet('bad')
  await page.goto(`${f.url}#/alerts`)
  const alerts = page.getByRole('region', { name: 'Alerts' }).last()
  await page.getByRole('combobox', { name: 'State' }).selectOption('inhibited')
  await expect(alerts.getByRole('row')).toHaveCount(1 + f.night.overview().alerts.inhibited)
  await expect(alerts.getByRole('row').nth(1)).toContainText('Inhibited')
  await expect(alerts.getByRole('row').nth(1)).toContainText('Follows from DiscordGuildOutage, cluster eu-08')
})
