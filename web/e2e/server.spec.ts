import { expect, number, test, token } from './bench'

// These tests open the page that the process serves itself.

test('the process serves the page, with its headers', async ({ page, bench }) => {
  const demo = await bench.slow()
  const response = await page.goto(`${demo.url}/`)
  expect(response?.headers()['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  const assets = await page.evaluate(() => performance.getEntriesByType('resource').map((r) => r.name))
  for (const asset of assets.filter((name) => name.includes('/assets/'))) {
    const { headers } = await page.request.get(asset).then((r) => ({ headers: r.headers() }))
    expect(headers['cache-control']).toContain('immutable')
    expect(headers['content-encoding']).toBe('gzip')
  }
  // The panels that need the API alone.
  await expect(page.getByRole('region', { name: 'The last slow ones' }).getByRole('row').nth(1)).toBeVisible({ timeout: 90_000 })
  const goroutines = page.locator('dt', { hasText: 'Goroutines' }).locator('+ dd')
  await expect(goroutines).toHaveText(/^[\d,]+$/)
  expect(number(await goroutines.textContent())).toBeGreaterThan(10)
})

test.describe('with a token', () => {
  test.use({ quiet: false })
  test('the form lets in who has it, and a cookie keeps them in', async ({ page, bench }) => {
    const demo = await bench.guarded()
    await page.goto(`${demo.url}/#range=6h`)
    const field = page.getByRole('textbox', { name: 'Token' })
    await expect(field).toBeVisible()
    expect(bench.console).toEqual([])
    await field.fill('another')
    await page.getByRole('button', { name: 'Log in' }).click()
    await expect(page.getByRole('alert')).toHaveText('This token is wrong.')
    await field.fill(token)
    await page.getByRole('button', { name: 'Log in' }).click()
    await expect(page.getByRole('heading', { name: 'Shards' })).toBeVisible()
    await expect(page).toHaveURL(/#range=6h$/)
    await page.reload()
    await expect(page.getByRole('heading', { name: 'Shards' })).toBeVisible()
    const [cookie] = await page.context().cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', secure: false })
    expect(cookie?.value).not.toContain(token)
    expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]))).not.toContain(token)
    expect((await page.request.get(`${demo.url}/metrics`)).status()).toBe(401)
    expect((await page.request.get(`${demo.url}/metrics`, { headers: { Authorization: `Bearer ${token}` } })).status()).toBe(200)
    // The wrong token alone left a message: that of the browser about its answer.
    expect(bench.console.filter((text) => !text.includes('401'))).toEqual([])
    expect(bench.console.length).toBe(1)
    // The session ends.
    await page.context().clearCookies()
    await page.reload()
    await expect(field).toBeVisible()
    await expect(async () => {
      await field.fill('another')
      await page.getByRole('button', { name: 'Log in' }).click()
      await expect(page.getByRole('alert')).toHaveText(/^Too many attempts. Try again in \d s.$/, { timeout: 500 })
    }).toPass()
  })
})

test('without JavaScript there is a table', async ({ browser, bench }) => {
  const demo = await bench.slow()
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(`${demo.url}/`)
  await page.waitForURL(`${demo.url}/plain`)
  await expect(async () => {
    await page.reload()
    await expect(page.getByRole('columnheader', { name: 'Shard', exact: true })).toBeVisible({ timeout: 2_000 })
  }).toPass()
  await context.close()
})
