import { expect, test } from './bench'

const h1 = { level: 1 } as const

test('when the source is away, the page says since when, and keeps the last numbers', async ({ page, fleet }) => {
  const f = await fleet('away')
  await page.goto(f.url)
  await expect(page.getByRole('heading', h1)).toContainText(/^Nothing new for 3 min \d+ s\. What you see below is from/)
  await expect(page.locator('main')).toHaveClass(/stale/)
  await expect(page.getByText('Prometheus http://prometheus.example:9090 has not answered since')).toBeVisible()
  await expect(page.getByText('connection refused.')).toBeVisible()
  await expect(page).toHaveTitle(/^Stale: /)
  await expect(page.locator('[data-of="Clusters"]')).toHaveText('4')
  await expect(page.locator('.verdict')).not.toHaveClass(/is-ok/)
})

test.describe('when the network says so', () => {
  test.use({ quiet: false }) // the browser writes about each failed request

  test('a fleet that does not answer makes the page stale, and it comes back by itself', async ({ page, fleet }) => {
    const f = await fleet('calm')
    await page.clock.install()
    await page.goto(f.url)
    await expect(page.getByRole('heading', h1)).toContainText('All is well')
    f.failing = (path) => (path.startsWith('/api/') ? 503 : 0)
    await page.clock.fastForward(60_000)
    await expect(page.locator('main')).toHaveClass(/stale/)
    await expect(page.getByText(/^Stale: the data is of/)).toBeVisible()
    await expect(page.getByText('The document could not be made.')).toBeVisible()
    await expect(page.locator('[data-of="Clusters"]')).toHaveText('8')
    f.failing = null
    await page.clock.fastForward(10_000)
    await expect(page.locator('main')).not.toHaveClass(/stale/)
  })

  test('a document that fails is told apart from those that do not', async ({ page, fleet }) => {
    const f = await fleet('calm')
    f.failing = (path) => (path.endsWith('/history') ? 500 : 0)
    await page.goto(f.url)
    const versions = page.getByRole('region', { name: 'Not answered in time, by version' })
    await expect(versions).toContainText('This could not be loaded')
    await expect(page.getByRole('heading', h1)).toContainText('All is well')
  })

  test('a cluster that is not there, and a fleet that never answered, have their sentences', async ({ page, fleet }) => {
    const f = await fleet('calm')
    await page.goto(`${f.url}#/cluster?job=mybot&cluster=nowhere`)
    await expect(page.getByText('There is no such cluster.')).toBeVisible()
    f.failing = () => 503
    await page.goto(`${f.url}#/`)
    f.failing = (path) => (path.startsWith('/api/') ? 503 : 0)
    await page.goto('about:blank')
    await page.goto(f.url)
    await expect(page.getByRole('heading', h1)).toHaveText('The fleet does not answer')
    f.failing = null
    await expect(page.getByRole('heading', h1)).toContainText('All is well')
  })

  test('the login form lets in who has the token, and a cookie keeps them in', async ({ page, fleet, bench }) => {
    const f = await fleet('calm', { role: 'viewer' })
    await page.goto(`${f.url}#/members`)
    const field = page.getByRole('textbox', { name: 'Token' })
    await expect(field).toBeVisible()
    expect(bench.console).toEqual([])
    expect(f.asked.filter((path) => path.startsWith('/api/'))).toEqual([])
    await field.fill('another')
    await page.getByRole('button', { name: 'Log in' }).click()
    await expect(page.getByRole('alert')).toHaveText('This token is wrong.')
    await field.fill('a-token-of-the-test')
    await page.getByRole('button', { name: 'Log in' }).click()
    await expect(page.getByRole('heading', { name: 'Members', level: 2 })).toBeVisible()
    await expect(page).toHaveURL(/#\/members$/)
    await page.reload()
    await expect(page.getByRole('heading', { name: 'Members', level: 2 })).toBeVisible()
    expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]))).not.toContain('a-token')
    await page.getByRole('button', { name: 'Log out' }).click()
    await expect(field).toBeVisible()
  })
})
