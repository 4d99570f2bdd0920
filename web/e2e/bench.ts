import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { test as base, expect, type Page } from '@playwright/test'
import { type Intercept, serve } from './serve'

export const token = 'a-token-of-the-test'

const binary = process.env.ARGUS_BINARY ?? '../bin/argus'

type Command = (port: number) => [program: string, ...args: string[]]

// A Demo is a bot of `argus demo`, or one that has an hour of history.
export class Demo {
  private constructor(
    readonly port: number,
    private readonly command: Command,
    private readonly env: Record<string, string>,
    private child: ChildProcess,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  // start takes settings as variables of the environment, and flags.
  static start(env: Record<string, string>, ...args: string[]): Promise<Demo> {
    return Demo.run((port) => [binary, 'demo', '--addr', `127.0.0.1:${port}`, ...args], env)
  }

  // hour is a bot of e2e/hour.
  static hour(...args: string[]): Promise<Demo> {
    return Demo.run(() => [process.env.HOUR_BINARY ?? '../bin/hour', ...args], {})
  }

  private static async run(command: Command, env: Record<string, string>): Promise<Demo> {
    const { child, port } = await Demo.spawn(command(0), env)
    const demo = new Demo(port, command, env, child)
    await demo.ready()
    return demo
  }

  private static async spawn([program, ...args]: [string, ...string[]], env: Record<string, string>): Promise<{ child: ChildProcess; port: number }> {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } })
    const lines = createInterface(child.stdout)
    // It prints its address first.
    const [first] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?]
    const url = /http:\S+/.exec(first ?? '')
    if (!url) throw new Error(`${program} ${args.join(' ')}: ${first ?? 'it has ended'}`)
    return { child, port: Number(new URL(url[0]).port) }
  }

  private async ready(): Promise<void> {
    // 401: it has a token. 400: it has several bots.
    await expect.poll(() => fetch(`${this.url}/api/v1/status`).then((r) => r.status, () => 0), { timeout: 60_000 }).not.toBe(0)
    await expect.poll(() => fetch(`${this.url}/api/v1/status`).then((r) => r.status), { timeout: 60_000 }).toBeLessThan(402)
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await ended
  }

  // enter types a line into the terminal of the demo.
  enter(line: string): void {
    this.child.stdin?.write(`${line}\n`)
  }

  // restart is another process at the same address.
  async restart(): Promise<void> {
    await this.stop()
    this.child = (await Demo.spawn(this.command(this.port), this.env)).child
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

// A Bench has bots for a test, with something between them and the browser where the
// test wants that, and tells what a test must not see.
export class Bench {
  readonly servers: Server[] = []
  readonly console: string[] = []
  readonly foreign: string[] = []
  private readonly own: Demo[] = []

  constructor(private readonly running: Map<string, Promise<Demo>>) {}

  // demo is a bot of this test alone.
  async demo(...args: string[]): Promise<Demo> {
    const demo = await Demo.start({}, ...args)
    this.own.push(demo)
    return demo
  }

  // hour is a bot that has been running for an hour.
  async hour(...args: string[]): Promise<Demo> {
    const demo = await Demo.hour(...args)
    this.own.push(demo)
    return demo
  }

  // shared is a bot that tests only read. It runs on for those that follow.
  shared(env: Record<string, string>, ...args: string[]): Promise<Demo> {
    const key = JSON.stringify([env, args])
    const demo = this.running.get(key) ?? Demo.start(env, ...args)
    this.running.set(key, demo)
    return demo
  }

  calm(): Promise<Demo> {
    return this.shared({}, '--scenario', 'calm')
  }

  slow(): Promise<Demo> {
    return this.shared({}, '--scenario', 'slow-handlers')
  }

  guarded(): Promise<Demo> {
    return this.shared({ ARGUS_METRICS_AUTH_TOKEN: token }, '--scenario', 'calm')
  }

  async serve(demo: Demo, intercept?: Intercept, prefix = ''): Promise<string> {
    const server = serve(demo.url, prefix, intercept)
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
    await Promise.all(this.own.map((demo) => demo.stop()))
  }
}

interface Fixtures {
  bench: Bench
  // quiet is whether a test must leave no message in the console.
  quiet: boolean
}

interface Shared {
  running: Map<string, Promise<Demo>>
}

export const test = base.extend<Fixtures, Shared>({
  running: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants it
    async ({}, use) => {
      const running: Shared['running'] = new Map()
      await use(running)
      for (const demo of await Promise.allSettled(running.values())) if (demo.status === 'fulfilled') await demo.value.stop()
    },
    { scope: 'worker' },
  ],
  quiet: [true, { option: true }],
  bench: async ({ page, quiet, running }, use) => {
    const bench = new Bench(running)
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
