import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Overview } from '../../src/fleet/data/api'
import { Demo, number } from '../bench'
import { expect, test } from './bench'

const binary = process.env.FLEET_BINARY ?? '../bin/argus-fleet'

// A real argus-fleet that a real bot pushes to.
test.describe('the program', () => {
  let child: ChildProcess
  let data = ''
  let url = ''
  let bot: Demo

  test.beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'argus-fleet-'))
    const off = ['--otlp-grpc-addr', 'off', '--otlp-http-addr', '127.0.0.1:0', '--evaluation-interval', '1s']
    child = spawn(binary, ['--addr', '127.0.0.1:0', '--data', data, ...off], { stdio: ['ignore', 'ignore', 'pipe'] })
    const lines = createInterface(child.stderr ?? process.stdin)
    // It logs its addresses first.
    const [first] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?]
    const [, pages, otlp] = /pages=(\S+) .*otlp_http=(\S+)/.exec(first ?? '') ?? []
    if (!pages || !otlp) throw new Error(`${binary}: ${first ?? 'it has ended'}`)
    url = pages
    bot = await Demo.start({
      OTEL_METRICS_EXPORTER: 'otlp,prometheus',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${otlp}`,
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
    })
  })
  test.afterAll(async () => {
    await bot.stop()
    const ended = once(child, 'exit')
    child.kill()
    await ended
    await rm(data, { recursive: true })
  })

  const overview = async (): Promise<Overview> => (await (await fetch(`${url}/api/fleet/v1/overview`)).json()) as Overview

  test('serves its pages, with their headers', async ({ page }) => {
    const response = await page.goto(`${url}/`)
    expect(response?.headers()['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
    for (const tab of ['Overview', 'Timeline', 'Alerts', 'Members', 'Query']) {
      await page.getByRole('navigation', { name: 'Fleet' }).getByRole('link', { name: tab }).click()
      await expect(page.getByRole('heading', { level: 1 })).toBeAttached()
      await expect(page.getByText('This could not be loaded')).toHaveCount(0)
    }
  })

  test('shows what a bot has that pushes to it', async ({ page }) => {
    const shards = await bot.sum('discord_shard_up')
    expect(shards).toBeGreaterThan(0)
    await expect.poll(async () => (await overview()).totals.shards.up).toBe(shards)
    await page.goto(`${url}/`)
    await expect.poll(async () => number(await page.locator('[data-of="Shards up"]').first().textContent())).toBe(shards)
    await expect.poll(async () => number(await page.locator('[data-of="Guilds"]').first().textContent())).toBe(await bot.sum('discord_guilds'))
    await expect(page.locator('[data-of="Clusters"]').first()).toHaveText('1')
  })
})
