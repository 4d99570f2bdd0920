import { expect, number, test } from './bench'

// The numbers are those that e2e/hour plays: 12 steps a minute.

test('a page of a process that has been running for an hour shows the hour', async ({ page, bench }) => {
  const asked: string[] = []
  const url = await bench.serve(await bench.hour(), (req) => {
    if (req.url?.startsWith('/api/v1/') && !req.url.startsWith('/api/v1/stream')) asked.push(req.url)
    return false
  })
  const shows = async (): Promise<void> => {
    await expect(page.getByRole('heading', { name: 'The last 1 h' })).toBeVisible()
    const totals = page.getByRole('region', { name: 'Interactions by outcome' })
    const total = async (row: string, column: number): Promise<number> => number(await totals.getByRole('row', { name: row }).getByRole('cell').nth(column).textContent())
    await expect(totals.getByRole('row', { name: 'Missed' }).getByRole('cell')).toHaveText(['0', '240', '240'])
    expect(Math.abs((await total('In time', 0)) - 1800)).toBeLessThanOrEqual(20)
    // Of the time before the last 15 min there is a step a minute.
    expect(Math.abs((await total('In time', 1)) - 7200)).toBeLessThanOrEqual(140)

    await page.getByText('These charts as a table').click()
    const rows = page.getByRole('region', { name: 'The charts as a table' }).locator('tbody tr')
    await expect(rows).toHaveCount(60)
    const minutes = await rows.evaluateAll((list) => list.map((row) => [...row.querySelectorAll('td')].slice(0, 4).map((cell) => cell.textContent)))
    expect(minutes.filter(([inTime]) => inTime === '120').length).toBeGreaterThanOrEqual(57)
    expect(minutes.reduce((sum, [, , , missed]) => sum + (Number(missed) || 0), 0)).toBe(240)
    await expect(page.getByRole('region', { name: 'Timeline' })).toContainText('1 connection was closed by Discord with code 4009.')
    await expect(page.getByText('Loading')).toHaveCount(0)
  }
  await page.goto(url)
  await shows()
  expect(asked.length).toBeGreaterThan(10)
  expect(asked.length).toBeLessThanOrEqual(20)
  await page.reload()
  await shows()
})

test('the bot is chosen where the process has several', async ({ page, bench }) => {
  const demo = await bench.hour('-bots', 'music,mod')
  await page.goto(`${demo.url}/`)
  await page.getByRole('combobox', { name: 'Bot' }).selectOption('mod')
  await expect(page.getByRole('heading', { name: 'Shards' })).toBeVisible()
  await expect(page).toHaveURL(/#bot=mod$/)
  await expect(page.getByRole('combobox', { name: 'Bot' })).toHaveValue('mod')
  await page.getByRole('combobox', { name: 'Bot' }).selectOption('music')
  await expect(page).toHaveURL(/#bot=music$/)
  await expect(page.getByRole('heading', { name: 'The last 1 h' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('combobox', { name: 'Bot' })).toHaveValue('music')
})
