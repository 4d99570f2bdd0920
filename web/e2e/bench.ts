import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { promisify } from 'node:util'
import { test as base, expect, type Page } from '@playwright/test'
import { serve } from '../scripts/serve.mjs'

const binary = process.env.ARGUS_BINARY ?? '../bin/argus'

export type Intercept = (req: IncomingMessage, res: ServerResponse) => boolean

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

// A Demo is a bot of `argus demo`.
export class Demo {
  private constructor(
    readonly port: number,
    private readonly args: string[],
    private child: ChildProcess,
    private readonly env: Record<string, string> = {},
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  static start(...args: string[]): Promise<Demo> {
    return Demo.with({}, ...args)
  }

  // with has settings by the environment.
  static async with(env: Record<string, string>, ...args: string[]): Promise<Demo> {
    const port = await freePort()
    const demo = new Demo(port, args, Demo.spawn(port, args, env), env)
    await demo.ready()
    return demo
  }

  private static spawn(port: number, args: string[], env: Record<string, string>): ChildProcess {
    return spawn(binary, ['demo', '--addr', `127.0.0.1:${port}`, ...args], { stdio: 'ignore', env: { ...process.env, ...env } })
  }

  private async ready(): Promise<void> {
    const paths = this.env.ARGUS_METRICS_AUTH_TOKEN ? ['/readyz'] : ['/readyz', '/api/v1/status']
    for (const path of paths) await expect.poll(() => fetch(this.url + path).then((r) => r.status, () => 0), { timeout: 60_000 }).toBe(200)
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await ended
  }

  async restart(): Promise<void> {
    await this.stop()
    this.child = Demo.spawn(this.port, this.args, this.env)
    await this.ready()
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}`)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  // sum adds up the series of /metrics that have some labels.
  async sum(name: string, labels: Record<string, string> = {}): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text()
    let total = 0
    for (const line of text.split('\n')) {
      const m = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)
      if (m?.[1] !== name) continue
      const has = (key: string, value: string): boolean => (m[2] ?? '').split(/,(?=\w+=)/).includes(`${key}="${value}"`)
      if (Object.entries(labels).every(([key, value]) => has(key, value))) total += Number(m[3])
    }
    return total
  }

  async explain(): Promise<string> {
    // Its exit code is the verdict.
    const { stdout } = await promisify(execFile)(binary, ['explain', `127.0.0.1:${this.port}`], { env: { ...process.env, NO_COLOR: '1' } }).catch((err: { stdout: string }) => err)
    return stdout
  }
}

// A Bench serves the built page before a bot, and tells what a test must not see.
export class Bench {
  readonly demos: Demo[] = []
  readonly servers: Server[] = []
  readonly console: string[] = []
  readonly foreign: string[] = []

  async demo(...args: string[]): Promise<Demo> {
    const demo = await Demo.start(...args)
    this.demos.push(demo)
    return demo
  }

  async serve(demo: Demo | null, intercept?: Intercept, prefix = ''): Promise<string> {
    const { server } = serve(demo?.url ?? 'http://127.0.0.1:1', { prefix, intercept })
    this.servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}/`
  }

  watch(page: Page): void {
    page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (err) => this.console.push(`error: ${err.stack}`))
    page.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url())
      if (hostname !== '127.0.0.1' && protocol !== 'data:' && protocol !== 'blob:') this.foreign.push(request.url())
    })
  }

  async end(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections()
      server.close()
    }
    for (const demo of this.demos) await demo.stop()
  }
}

interface Fixtures {
  bench: Bench
  // quiet is whether a test must leave no message in the console.
  quiet: boolean
}

export const test = base.extend<Fixtures>({
  quiet: [true, { option: true }],
  bench: async ({ page, quiet }, use) => {
    const bench = new Bench()
    bench.watch(page)
    try {
      await use(bench)
      expect(bench.foreign).toEqual([])
      if (quiet) expect(bench.console).toEqual([])
    } finally {
      await bench.end()
    }
  },
})

export { expect }

// number reads a number as the page writes it.
export const number = (text: string | null): number => Number((text ?? '').replace(/[^\d.-]/g, ''))
