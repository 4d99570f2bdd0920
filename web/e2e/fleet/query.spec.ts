import { expect, test } from './bench'

test('the query box completes the names of the catalog by keyboard, and shows a chart and a table', async ({ page, fleet }) => {
  const f = await fleet('bad')
  await page.goto(`${f.url}#/query`)
  const box = page.getByRole('combobox', { name: 'PromQL' })
  await box.pressSequentially('sum by (cluster) (discord_shard_u')
  const choices = page.getByRole('listbox', { name: 'Names' })
  await expect(choices.getByRole('option').first()).toContainText('discord_shard_up')
  await page.keyboard.press('ArrowDown')
  await expect(box).toHaveAttribute('aria-activedescendant', 'query-choice-0')
  await page.keyboard.press('Tab')
  await expect(box).toHaveValue('sum by (cluster) (discord_shard_up')
  await box.pressSequentially('{clu')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(box).toHaveValue('sum by (cluster) (discord_shard_up{cluster')
  await page.keyboard.press('End')
  await box.pressSequentially('="eu-07"})')
  await page.keyboard.press('Enter')
  const result = page.getByRole('region', { name: 'Result of the query' })
  await expect(result.getByRole('row')).toHaveCount(4)
  await expect(box).toBeFocused()
  // NaN stays NaN, and the API's number is the page's.
  await expect(result.getByRole('row').nth(3)).toContainText('NaN')
  await expect(result.getByRole('row').nth(2)).toContainText('3')
  await expect(page.getByRole('img', { name: /^Result of the query/ })).toBeVisible()
  const url = page.url()
  expect(new URLSearchParams(url.split('?')[1]).get('q')).toBe('sum by (cluster) (discord_shard_up{cluster="eu-07"})')
  await page.reload()
  await expect(result.getByRole('row')).toHaveCount(4)
  await expect(box).toHaveValue('sum by (cluster) (discord_shard_up{cluster="eu-07"})')
  expect(page.url()).toBe(url)
  await page.getByRole('button', { name: '15 min' }).click()
  await expect.poll(() => f.asked.filter((path) => path.startsWith('/api/v1/query_range')).some((path) => path.endsWith('step=4'))).toBe(true)
})

test.describe('a query that is wrong', () => {
  test.use({ quiet: false }) // the browser writes about status 400
  test('has the words of the server', async ({ page, fleet }) => {
    await page.goto(`${(await fleet('calm')).url}#/query?q=sum((`)
    await expect(page.getByText('unclosed left parenthesis')).toBeVisible()
  })
})
