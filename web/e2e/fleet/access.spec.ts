import type { Page } from '@playwright/test'
import { accessible, expect, test } from './bench'

// Colours in the midst of a transition are none of the page's.
test.use({ contextOptions: { reducedMotion: 'reduce' } })

// everywhere checks the page as it is now, in both schemes, on a desk and on a phone.
async function everywhere(page: Page): Promise<void> {
  for (const [width, height] of [[1440, 900], [390, 844]] as const) {
    await page.setViewportSize({ width, height })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await accessible(page)
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  }
}

test('the overview of a bad night has no violation of WCAG 2.2 AA', async ({ page, fleet }) => {
  await page.goto((await fleet('bad')).url)
  await expect(page.getByRole('img', { name: /^Share not answered in time by version/ })).toBeVisible()
  await page.getByText('Copy as text').click()
  await page.getByText('Evidence').click()
  await page.locator('.cl').first().focus()
  await expect(page.locator('.tip')).toBeVisible()
  await everywhere(page)
})

const others: [name: string, hash: string, shown: string][] = [
  ['a cluster', '#/cluster?job=mybot&region=eu-central&cluster=eu-07', 'Who has been here'],
  ['the timeline', '#/timeline', 'Stopped reporting'],
  ['the alerts', '#/alerts', 'Notifications'],
  ['the members', '#/members', 'out of order'],
  ['a query', '#/query?q=discord_shard_up', 'Series at'],
]

for (const [name, hash, shown] of others) {
  test(`${name} has no violation of WCAG 2.2 AA`, async ({ page, fleet }) => {
    await page.goto((await fleet('bad')).url + hash)
    await expect(page.getByText(shown).first()).toBeVisible()
    if (name === 'the alerts') await page.getByRole('button', { name: /^Mute DiscordShardZombie/ }).click()
    await everywhere(page)
  })
}

for (const night of ['calm', 'empty', 'away', 'single', 'large'] as const) {
  test(`a fleet in the night "${night}" has no violation of WCAG 2.2 AA`, async ({ page, fleet }) => {
    await page.goto((await fleet(night)).url)
    await expect(page.getByRole('heading', { name: 'Expected and found' })).toBeVisible()
    await everywhere(page)
  })
}

test('the login has no violation of WCAG 2.2 AA', async ({ page, fleet }) => {
  await page.goto((await fleet('calm', { role: 'operator' })).url)
  await expect(page.getByLabel('Token', { exact: true })).toBeVisible()
  await everywhere(page)
})
