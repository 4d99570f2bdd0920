import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Page } from '@playwright/test'
import { expect } from './bench'

const binary = process.env.FLEET_BINARY ?? '../bin/argus-fleet'
const viewer = 'the-token-of-a-viewer'
const operator = 'the-token-of-an-operator'

// A Sent is an event as a bot sends it. What is undefined is left out.
export interface Sent {
  name: string
  at: number // ms since 1970
  attributes: Record<string, string | number | undefined>
}

// An Origin is what a bot says about itself.
export interface Origin {
  bot: string
  region?: string
  cluster: string
  version: string
}

// A Program is a real argus-fleet that keeps events in SQLite.
export class Program {
  private constructor(
    readonly url: string,
    private readonly otlp: string,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<Program> {
    const folder = await mkdtemp(join(tmpdir(), 'argus-fleet-'))
    const token = async (name: string, value: string): Promise<string> => {
      await writeFile(join(folder, name), value, { mode: 0o600 })
      return join(folder, name)
    }
    const tokens = ['--viewer-token-file', await token('viewer', viewer), '--operator-token-file', await token('operator', operator)]
    const flags = ['--addr', '127.0.0.1:0', '--otlp-grpc-addr', 'off', '--otlp-http-addr', '127.0.0.1:0', '--data', join(folder, 'fleet'), '--events', 'on', ...tokens]
    const child = spawn(binary, flags, { stdio: ['ignore', 'ignore', 'pipe'] })
    const lines = createInterface(child.stderr)
    const [first] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?]
    const [, pages, otlp] = /pages=(\S+) .*otlp_http=(\S+)/.exec(first ?? '') ?? []
    if (!pages || !otlp) throw new Error(`${binary}: ${first ?? 'it has ended'}`)
    return new Program(pages, otlp, folder, child)
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit')
    this.child.kill()
    await ended
    await rm(this.folder, { recursive: true })
  }

  // send pushes events as a Collector does, in OTLP's JSON.
  async send(origin: Origin, events: readonly Sent[]): Promise<void> {
    const { bot, region, cluster, version } = origin
    const resource = { 'service.name': 'discord-bot', bot, region, cluster, 'service.version': version, 'service.instance.id': `${region} ${cluster} ${version}` }
    const body = { resourceLogs: [{ resource: { attributes: attributes(resource) }, scopeLogs: [{ logRecords: events.map(record) }] }] }
    const response = await fetch(`http://${this.otlp}/v1/logs`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    expect(response.status).toBe(200)
    expect((await response.json()) as unknown).toEqual({ partialSuccess: {} }) // none was refused
  }

  // get asks a question about events, as a viewer.
  async get(path: string): Promise<Response> {
    const response = await fetch(`${this.url}/api/fleet/v1/events/${path}`, { headers: { Authorization: `Bearer ${viewer}` } })
    expect(response.status).toBe(200)
    return response
  }

  async ask<T>(path: string): Promise<T> {
    return (await (await this.get(path)).json()) as T
  }

  // backup copies the data, and returns the folder of the copy.
  async backup(): Promise<string> {
    const response = await fetch(`${this.url}/api/fleet/v1/backup`, { method: 'POST', headers: { Authorization: `Bearer ${operator}`, 'Content-Type': 'application/json' }, body: '{}' })
    expect(response.status).toBe(201)
    return ((await response.json()) as { folder: string }).folder
  }

  // open logs in at a view of the analytics.
  async open(page: Page, view: string): Promise<void> {
    await page.goto(`${this.url}/#/analytics${view}`)
    await page.getByLabel('Token', { exact: true }).fill(viewer)
    await page.getByRole('button', { name: 'Log in' }).click()
    await expect(page.getByText('Events are in SQLite')).toBeVisible()
  }
}

const attributes = (of: Sent['attributes']): object[] =>
  Object.entries(of).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: typeof value === 'string' ? { stringValue: value } : { doubleValue: value } }]))

function record({ name, at, attributes: own }: Sent): object {
  const nanos = String(BigInt(at) * 1_000_000n)
  return { timeUnixNano: nanos, observedTimeUnixNano: nanos, eventName: name, attributes: attributes({ 'log.record.uid': uuid7(at), ...own }) }
}

const uuid7 = (at: number): string => {
  const time = at.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}
