import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import type { ShardOf, Shards, Status } from '../src/data/api'
import { expect, test } from './bench'
import type { Intercept } from './serve'

const h1 = { level: 1 } as const

test('range, zoom, pause and shard are in the address, and the keyboard reaches them', async ({ page, bench }) => {
  const demo = await bench.calm()
  const url = await bench.serve(demo, undefined, '/bots/music')
  await page.goto(url)
  await page.getByRole('button', { name: '6 h' }).click()
  await expect(page).toHaveURL(/#range=6h$/)
  await page.getByRole('button', { name: '15 min' }).focus()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/#range=15m$/)
  const chart = page.getByRole('img', { name: /^Interactions by outcome/ })
  await expect(chart).toBeVisible()

  // Dragging over one chart zooms all.
  const box = await chart.boundingBox()
  if (!box) throw new Error('no chart')
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.9, box.y + 60, { steps: 5 })
  await page.mouse.up()
  await expect(page).toHaveURL(/from=\d+&to=\d+/)
  await expect(page.getByRole('heading', { name: /zoomed/ })).toBeVisible()
  const zoomed = page.url()
  await page.reload()
  await expect(page.getByRole('heading', { name: /zoomed/ })).toBeVisible()
  expect(page.url()).toBe(zoomed)
  await page.keyboard.press('Escape')
  await expect(page).toHaveURL(/#range=15m$/)

  // So does the keyboard.
  await expect(chart).toBeVisible()
  await chart.focus()
  await page.keyboard.press('End')
  for (let i = 0; i < 12; i++) await page.keyboard.press('Shift+ArrowLeft')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/from=\d+&to=\d+/)
  await page.getByRole('button', { name: 'Reset zoom' }).click()

  // Shards have one place in the order of tabs, and arrows between them.
  const shards = page.getByRole('group', { name: /^Shards/ })
  await shards.getByRole('button').first().focus()
  await page.keyboard.press('ArrowRight')
  await expect(page.locator('.tip')).toContainText('Shard 1: up')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/shard=1/)
  await expect(page.getByRole('heading', { name: 'Shard 1' })).toBeVisible()

  await page.getByRole('button', { name: 'Pause' }).click()
  await expect(page).toHaveURL(/paused=\d+/)
  await expect(page.getByText(/^Paused at/).first()).toBeVisible()
  const frozen = await page.locator('.shards').textContent()
  // The process goes on meanwhile.
  const at = async (): Promise<number> => Date.parse((await demo.get<Shards>('shards')).at)
  const then = await at()
  await expect.poll(at).toBeGreaterThan(then + 7_000)
  expect(await page.locator('.shards').textContent()).toBe(frozen)
  await page.reload()
  await expect(page.getByText(/^Paused at/).first()).toBeVisible()
  await page.getByRole('button', { name: 'Resume' }).first().click()
  await expect(page).not.toHaveURL(/paused/)
})

test('a guild has its shard, and nonsense has a sentence', async ({ page, bench }) => {
  const demo = await bench.calm()
  await page.goto(await bench.serve(demo))
  const guild = '812345678989807763'
  await expect(page.getByText('4 of 4 well')).toBeVisible()
  await page.getByRole('textbox', { name: 'Which shard has this guild?' }).fill(guild)
  await page.getByRole('button', { name: 'Find' }).click()
  const want = (await demo.get<ShardOf>(`shard-of?guild=${guild}`)).shard
  expect(want).toBe(String((BigInt(guild) >> 22n) % 4n))
  await expect(page.locator('#guild-says')).toContainText(`Shard ${want}, here on default: up`)
  await page.getByRole('textbox', { name: 'Which shard has this guild?' }).fill('my guild')
  await page.getByRole('button', { name: 'Find' }).click()
  await expect(page.locator('#guild-says')).toContainText('digits alone')
  expect(page.url()).not.toContain(guild)
})

test('an export has what the page shows', async ({ page, bench }) => {
  const demo = await bench.calm()
  await page.goto(await bench.serve(demo))
  await expect(page.getByRole('region', { name: 'Timeline' }).getByText('The process started')).toBeVisible()
  await expect(page.getByRole('region', { name: 'REST' }).getByRole('table').first()).toBeVisible()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export' }).click()
  const saved = JSON.parse(await readFile(await (await download).path(), 'utf8'))
  expect(saved.status.identity.cluster).toBe('default')
  expect(saved.shards).toHaveLength(4)
  expect(saved.timeline.events[0].kind).toBe('start')
  expect(saved.routes.routes.length).toBeGreaterThan(0)
})

test('a browser whose clock is an hour off shows the right ages', async ({ page, bench }) => {
  const demo = await bench.calm()
  await page.addInitScript(() => {
    const real = Date.now
    Date.now = () => real() + 3_600_000
  })
  await page.goto(await bench.serve(demo))
  await expect(page.locator('.top .age')).toHaveText(/^[0-9] s ago$/)
  await expect(page.getByRole('region', { name: 'Interactions by outcome' })).toContainText(/\d s ago/)
  await expect(page.getByRole('region', { name: 'Process' }).locator('dd').first()).toHaveText(/^\d+ s$|^\d min/)
})

test('many tabs share the connections of the browser', async ({ page, context, bench }) => {
  const demo = await bench.calm()
  let streams = 0
  const url = await bench.serve(demo, (req, res) => {
    if (req.url?.startsWith('/api/v1/stream')) {
      streams++
      res.on('close', () => streams--)
    }
    return false
  })
  await page.goto(url)
  await expect(page.getByRole('heading', h1)).toBeVisible()
  for (let i = 0; i < 6; i++) {
    const tab = await context.newPage()
    bench.watch(tab)
    await tab.goto(url)
    await expect(tab.getByRole('heading', h1)).toBeVisible()
    await expect(tab.locator('.top .age')).toHaveText(/^\d s ago/)
  }
  // Tabs that nobody sees have given theirs free, and three of those that are seen have one.
  await expect.poll(() => streams).toBeLessThanOrEqual(3)
})

test.describe('when the network says so', () => {
  test.use({ quiet: false }) // the browser writes about each failed request

  test('a page whose process is gone says so within 12 s, and comes back by itself', async ({ page, bench }) => {
    const demo = await bench.demo('--scenario', 'calm')
    await page.goto(await bench.serve(demo))
    await expect(page.getByRole('region', { name: 'Timeline' }).getByText('The process started')).toBeVisible()
    const shards = page.getByRole('group', { name: /^Shards/ }).getByRole('button')
    await expect(shards).toHaveCount(4)
    await demo.stop()
    await expect(page.getByRole('heading', h1)).toContainText('Nothing has been heard from default', { timeout: 16_000 })
    await expect(page.getByText(/^Last seen \d+ s ago/)).toBeVisible()
    await expect(page.locator('main')).toHaveClass(/stale/)
    await expect(page).toHaveTitle(/^Stale: /)
    await expect(shards).toHaveCount(4) // the last values stay
    const start = page.getByRole('region', { name: 'Timeline' }).getByRole('listitem').filter({ hasText: 'The process started' }).first().locator('time')
    const started = await start.getAttribute('datetime')
    await demo.restart()
    await expect(page.locator('main')).not.toHaveClass(/stale/, { timeout: 30_000 })
    await expect(page.getByText(/^Last seen/)).toHaveCount(0)
    // What the page shows is the new process's.
    await expect(start).not.toHaveAttribute('datetime', started ?? '')
  })

  test('another scenario is chosen in the terminal while the page is open', async ({ page, bench }) => {
    const demo = await bench.demo('--scenario', 'calm')
    await page.goto(`${demo.url}/`)
    const start = page.getByRole('region', { name: 'Timeline' }).getByRole('listitem').filter({ hasText: 'The process started' }).first().locator('time')
    const started = await start.getAttribute('datetime')
    await expect(page.locator('.verdict')).not.toHaveClass(/is-(bad|warn)/)
    demo.enter('flapping')
    await expect(page.locator('.verdict')).toHaveClass(/is-bad/, { timeout: 120_000 })
    await expect(page.getByRole('heading', h1)).toContainText('keeps losing its connection')
    await expect(page.locator('main')).not.toHaveClass(/stale/)
    await expect(start).not.toHaveAttribute('datetime', started ?? '')
  })

  test('a page that was asleep for 5 min says so, and goes on', async ({ page, bench }) => {
    let asleep = false
    const streams = new Set<ServerResponse>()
    const url = await bench.serve(await bench.calm(), (req, res) => {
      if (asleep) req.socket.destroy()
      else if (req.url?.startsWith('/api/v1/stream')) streams.add(res)
      return asleep
    })
    await page.clock.install()
    await page.goto(url)
    await expect(page.locator('.top .age')).toHaveText(/^\d s ago$/)
    asleep = true
    for (const res of streams) res.destroy()
    await page.clock.fastForward(300_000)
    await expect(page.getByText(/^Last seen 5 min .*ago/)).toBeVisible()
    await expect(page.locator('main')).toHaveClass(/stale/)
    asleep = false
    await expect(page.locator('main')).not.toHaveClass(/stale/)
    await expect(page.locator('.top .age')).toHaveText(/^\d s ago/)
    await expect(page.getByRole('region', { name: 'Interactions by outcome' })).toContainText(/\d s ago/)
  })

  test('a stream that is refused is polled for', async ({ page, bench }) => {
    const demo = await bench.calm()
    await page.clock.install()
    let refuse = true
    const intercept: Intercept = (req, res) => {
      if (!refuse || !req.url?.startsWith('/api/v1/stream')) return false
      res.writeHead(503, { 'Content-Type': 'application/json', 'Retry-After': '5' }).end('{"error":"32 streams are open"}')
      return true
    }
    await page.goto(await bench.serve(demo, intercept))
    await expect(page.getByRole('heading', h1)).toBeVisible()
    await expect(page.locator('.top .age')).toContainText('polling')
    refuse = false
    await page.clock.fastForward(31_000) // it asks again after 30 s
    await expect(page.locator('.top .age')).not.toContainText('polling')
    await expect(page.locator('.top .age')).toHaveText(/^\d s ago$/)
  })

  test('a slow network shows a skeleton, and then the page', async ({ page, bench }) => {
    const demo = await bench.calm()
    const url = await bench.serve(demo)
    await page.route('**/api/**', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      await route.continue()
    })
    await page.goto(url)
    await expect(page.getByText('Loading').first()).toBeAttached()
    await expect(page.getByRole('heading', h1)).toContainText(/in 1 process/)
  })

  test('documents that fail are told apart from those that do not', async ({ page, bench }) => {
    const demo = await bench.calm()
    await page.goto(
      await bench.serve(demo, (req, res) => {
        if (!req.url?.startsWith('/api/v1/commands')) return false
        res.writeHead(500, { 'Content-Type': 'application/json' }).end('{"error":"the document could not be made"}')
        return true
      }),
    )
    const commands = page.getByRole('region', { name: 'Commands' }).first()
    await expect(commands).toContainText('This could not be loaded')
    await expect(commands).toContainText('The document could not be made.')
    await expect(page.getByRole('region', { name: 'REST' }).getByRole('table').first()).toBeVisible()
  })
})

test('a fault is on the page soon after it is found', async ({ page, bench }) => {
  const demo = await bench.demo('--scenario', 'outage', '--shards', '8')
  await page.goto(await bench.serve(demo))
  await expect.poll(async () => (await demo.get<Status>('status')).report.findings?.length ?? 0, { timeout: 90_000 }).toBeGreaterThan(0)
  await expect(page.locator('.verdict')).toHaveClass(/is-(bad|warn)/, { timeout: 10_000 })
  await expect(page.getByRole('region', { name: 'Timeline' })).toContainText(/closed by|lost/, { timeout: 60_000 })
})
