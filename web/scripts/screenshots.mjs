// Takes the pictures of the documents: the live page of the demo, light and dark.
// Usage: node scripts/screenshots.mjs [MINUTES]
// The demo runs for MINUTES (16) before, so that the charts are full.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium } from '@playwright/test'

const folder = fileURLToPath(new URL('../../docs/pictures', import.meta.url))
const binary = process.env.ARGUS_BINARY ?? '../bin/argus'
const minutes = Number(process.argv[2] ?? 16)

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

const port = await freePort()
const demo = spawn(binary, ['demo', '--addr', `127.0.0.1:${port}`, '--cluster', 'eu-07', '--scenario', 'slow-handlers', '--shards', '16'], { stdio: 'ignore' })
try {
  await new Promise((resolve) => setTimeout(resolve, minutes * 60_000))
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, colorScheme })
    await page.goto(`http://127.0.0.1:${port}/`)
    await page.getByRole('heading', { name: 'Shards' }).waitFor()
    await page.getByRole('region', { name: 'The last slow ones' }).getByRole('row').nth(1).waitFor()
    await page.waitForFunction(() => !document.body.textContent.includes('Loading.'))
    await page.screenshot({ path: `${folder}/page-${colorScheme}.png` })
  }
  await browser.close()
} finally {
  demo.kill()
}
