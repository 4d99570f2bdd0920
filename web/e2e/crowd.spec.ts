import { expect, test } from './bench'
import { Crowd } from './fake'

test('4,096 shards are on the page, and those that are not well in a table', async ({ page, bench }) => {
  const demo = await bench.demo('--scenario', 'calm')
  const crowd = new Crowd(4096, (i) => (i === 7 ? 'disconnected' : i === 4000 ? 'resuming' : 'ready'))
  await page.goto(await bench.serve(demo, crowd.intercept))
  const canvas = page.getByLabel(/^4,096 shards/)
  await expect(canvas).toBeVisible()
  await expect(page.getByText('4,094 of 4,096 well')).toBeVisible()
  const bad = page.getByRole('region', { name: 'Shards that are not well' })
  await expect(bad.getByRole('rowheader')).toHaveText(['D 7 down', 'R 4000 resuming'])
  await canvas.focus()
  for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowRight')
  await expect(page.locator('.many .under')).toContainText('Shard 7: down')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/shard=7/)
  await expect(page.getByRole('heading', { name: 'Shard 7' })).toBeVisible()
})

for (const [shards, most] of [
  [256, 50],
  [4096, 100],
] as const) {
  test(`a step of ${shards} shards costs the page less than ${most} ms`, async ({ page, bench }) => {
    const demo = await bench.demo('--scenario', 'calm')
    const crowd = new Crowd(shards, () => 'ready')
    await page.goto(await bench.serve(demo, crowd.intercept))
    await expect(page.getByText(new RegExp(`of ${shards.toLocaleString('en-US')} well`))).toBeVisible()
    await page.waitForTimeout(5_000) // the other documents have come
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    const spent = async (): Promise<number> => (await session.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration')?.value ?? 0
    const steps = 20
    const before = await spent()
    for (let i = 0; i < steps; i++) {
      crowd.step()
      await page.waitForTimeout(500)
    }
    // Time of the processor, so other programs do not matter. It has also what the page
    // does each second.
    const each = ((await spent()) - before) / steps
    console.log(`${shards} shards: ${(each * 1000).toFixed(1)} ms a step`)
    expect(each * 1000).toBeLessThan(most)
  })
}

test('the memory of a tab stays flat', async ({ page, bench }) => {
  const demo = await bench.demo('--scenario', 'calm')
  const crowd = new Crowd(256, () => 'ready')
  await page.goto(await bench.serve(demo, crowd.intercept))
  await expect(page.getByText('256 of 256 well')).toBeVisible()
  const session = await page.context().newCDPSession(page)
  const heap = async (): Promise<number> => {
    await session.send('HeapProfiler.enable')
    await session.send('HeapProfiler.collectGarbage')
    return (await session.send('Runtime.getHeapUsage')).usedSize
  }
  const run = async (): Promise<void> => {
    for (let i = 0; i < 120; i++) {
      crowd.step()
      await page.waitForTimeout(100)
    }
  }
  await run()
  const before = await heap()
  await run() // 120 steps: ten minutes of messages
  const after = await heap()
  console.log(`heap: ${(before / 1e6).toFixed(1)} MB, then ${(after / 1e6).toFixed(1)} MB`)
  expect(after).toBeLessThan(before * 1.2 + 1e6)
})
