import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, test } from './bench'

// These tests open the pages that a program serves itself: FLEET_BINARY, with the arguments
// in FLEET_ARGS. It logs its address first.
const { FLEET_BINARY: binary, FLEET_ARGS: args = '' } = process.env

test.describe('the program', () => {
  test.skip(!binary, 'FLEET_BINARY names no program')
  let child: ChildProcess | null = null
  let url = ''

  test.beforeAll(async () => {
    const started = spawn(binary ?? '', args.split(' ').filter(Boolean), { stdio: ['ignore', 'ignore', 'pipe'] })
    child = started
    const lines = createInterface(started.stderr)
    const [first] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?]
    url = /https?:\/\/[\w.:[\]-]+/.exec(first ?? '')?.[0] ?? ''
    if (url === '') throw new Error(`${binary} ${args}: ${first ?? 'it has ended'}`)
  })
  test.afterAll(async () => {
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill()
    await ended
  })

  test('serves the pages, with their headers', async ({ page }) => {
    const response = await page.goto(`${url}/`)
    expect(response?.headers()['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
    for (const tab of ['Overview', 'Timeline', 'Alerts', 'Members', 'Query']) {
      await page.getByRole('navigation', { name: 'Fleet' }).getByRole('link', { name: tab }).click()
      await expect(page.getByRole('heading', { level: 1 })).toBeAttached()
      await expect(page.getByText('This could not be loaded')).toHaveCount(0)
    }
  })
})
