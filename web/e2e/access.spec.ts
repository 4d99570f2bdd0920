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

// Colours in the midst of a transition are none of the page's.
test.use({ contextOptions: { reducedMotion: 'reduce' } })

const schemes = ['light', 'dark'] as const

test('a bad night has no violation of WCAG 2.2 AA', async ({ page, bench }) => {
  const demo = await bench.slow()
  await expect.poll(async () => (await demo.get<Status>('status')).verdict, { timeout: 90_000 }).toBe('affected')
  await page.goto(await bench.serve(demo))
  await expect(page.locator('.verdict')).toHaveClass(/is-bad/)
  await expect(page.getByRole('region', { name: 'Commands' }).first().getByRole('table')).toBeVisible()
  await page.getByText('Copy as text').click()
  await page.getByText('Evidence').first().click()
  await page.getByText('These charts as a table').click()
  await page.getByRole('group', { name: /^Shards/ }).getByRole('button').first().click()
  await expect(page.locator('.tip')).toBeVisible()
  for (const [width, height] of [[1440, 900], [390, 844]] as const) {
    await page.setViewportSize({ width, height })
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme })
      await check(page)
    }
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
})

test('states have no violation of WCAG 2.2 AA', async ({ page, bench }) => {
  const letters = ['disconnected', 'connecting', 'identifying', 'resuming', 'ready']
  const crowd = new Crowd(20, (i) => letters[i % letters.length] ?? 'ready')
  await page.goto(await bench.serve(await bench.calm(), crowd.intercept))
  await expect(page.getByText('4 of 20 well')).toBeVisible()
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme })
    await check(page)
  }
  // Nothing comes any more: the page is stale.
  await expect(page.locator('main')).toHaveClass(/stale/, { timeout: 20_000 })
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme })
    await check(page)
  }
})

test('the login has no violation of WCAG 2.2 AA', async ({ page, bench }) => {
  await page.goto(`${(await bench.guarded()).url}/`)
  await expect(page.getByLabel('Token', { exact: true })).toBeVisible()
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme })
    await check(page)
  }
})

test('motion is reduced for those who ask for it', async ({ page, bench }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.goto(await bench.serve(await bench.calm()))
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior)).toBe('auto')
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
})
