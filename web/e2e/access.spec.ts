import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import type { Status } from '../src/data/api'
import { expect, test } from './bench'
import { Crowd } from './fake'

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

async function check(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze()
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary?.split('\n').slice(1).join(' ')}`).join(' | ')}`)).toEqual([])
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`a bad night has no violation of WCAG 2.2 AA, ${colorScheme}`, async ({ page, bench }) => {
    await page.emulateMedia({ colorScheme })
    const demo = await bench.demo('--scenario', 'slow-handlers')
    await page.goto(await bench.serve(demo))
    await expect.poll(async () => (await demo.get<Status>('status')).verdict, { timeout: 90_000 }).toBe('affected')
    await expect(page.locator('.verdict')).toHaveClass(/is-bad/)
    await expect(page.getByRole('region', { name: 'Commands' }).first().getByRole('table')).toBeVisible()
    await page.getByText('Copy as text').click()
    await page.getByText('Evidence').first().click()
    await page.getByText('These charts as a table').click()
    await page.getByRole('group', { name: /^Shards/ }).getByRole('button').first().click()
    await expect(page.locator('.tip')).toBeVisible()
    await check(page)
    await page.setViewportSize({ width: 390, height: 844 })
    await check(page)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(wide).toBeLessThanOrEqual(390)
  })

  test(`states have no violation of WCAG 2.2 AA, ${colorScheme}`, async ({ page, bench }) => {
    await page.emulateMedia({ colorScheme })
    const demo = await bench.demo('--scenario', 'calm')
    const letters = ['disconnected', 'connecting', 'identifying', 'resuming', 'ready']
    const crowd = new Crowd(20, (i) => letters[i % letters.length] ?? 'ready')
    await page.goto(await bench.serve(demo, crowd.intercept))
    await expect(page.getByText('4 of 20 well')).toBeVisible()
    await check(page)
    // Nothing comes any more: the page is stale.
    await expect(page.locator('main')).toHaveClass(/stale/, { timeout: 20_000 })
    await check(page)
  })
}

test.describe('without permission', () => {
  test.use({ quiet: false })
  test('the login has no violation of WCAG 2.2 AA', async ({ page, bench }) => {
    const url = await bench.serve(null, (req, res) => {
      if (!req.url?.startsWith('/api') && !req.url?.endsWith('.json')) return false
      res.writeHead(401, { 'Content-Type': 'application/json' }).end('{"error":"no token"}')
      return true
    })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.goto(url)
      await expect(page.getByLabel('Token', { exact: true })).toBeVisible()
      await check(page)
    }
  })
})

test('motion is reduced for those who ask for it', async ({ page, bench }) => {
  const demo = await bench.demo('--scenario', 'calm')
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.goto(await bench.serve(demo))
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior)).toBe('auto')
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
})
