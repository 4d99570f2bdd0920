import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import type { NewMute, Settings } from '../../src/fleet/data/api'
import { eventDocument } from './events'
import { Night, type Name } from './night'

const dist = new URL('../../../fleet/internal/page/dist/', import.meta.url)
const catalog = new URL('../../../docs/metrics.json', import.meta.url)

export const token = 'a-token-of-the-test'

// The policy of internal/frontend.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' }

const eventsPath = '/api/fleet/v1/events/'

// Json answers with an object.
type Json = (status: number, body: unknown, headers?: Record<string, string>) => unknown

export interface Options {
  prefix?: string
  role?: Settings['role'] // viewer and operator need the token
  events?: boolean
}

// A FakeFleet serves the built pages, and answers as a fleet would in a night.
export class FakeFleet {
  readonly night: Night
  readonly asked: string[] = [] // paths with their queries
  readonly unchanged: string[] = [] // those that were answered with 304
  readonly sent: { method: string; path: string; body: unknown }[] = []
  failing: ((path: string) => number) | null = null // status of a path, or 0
  private readonly server: Server
  private readonly session = randomUUID()

  private constructor(
    name: Name,
    private readonly options: Options,
  ) {
    this.night = new Night(name)
    this.server = createServer((req, res) => {
      this.answer(req, res).catch((err: unknown) => res.writeHead(500).end(String(err)))
    })
  }

  static async start(name: Name, options: Options = {}): Promise<FakeFleet> {
    const fleet = new FakeFleet(name, options)
    fleet.server.listen(0, '127.0.0.1')
    await once(fleet.server, 'listening')
    return fleet
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${this.options.prefix ?? ''}/`
  }

  stop(): void {
    this.server.closeAllConnections()
    this.server.close()
  }

  private get guarded(): boolean {
    return this.options.role !== undefined && this.options.role !== 'open'
  }

  private admitted(req: IncomingMessage): boolean {
    return !this.guarded || (req.headers.cookie ?? '').includes(`argus_session=${this.session}`)
  }

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<unknown> {
    const { prefix = '' } = this.options
    const url = new URL(req.url ?? '/', 'http://127.0.0.1')
    if (!url.pathname.startsWith(`${prefix}/`)) {
      return res.writeHead(404).end('not found')
    }
    const path = url.pathname.slice(prefix.length)
    this.asked.push(`${path}${url.search}`)
    const json: Json = (status, body, headers = {}) => res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'Content-Security-Policy': policy, ...headers }).end(`${JSON.stringify(body)}\n`)
    const status = this.failing?.(path) ?? 0
    if (status > 0) return json(status, { error: 'the document could not be made' })
    if (path === '/login' || path === '/logout') return this.form(path, req, res, json)
    if (path === '/access.json') return json(200, { version: 1, auth: this.guarded, admitted: this.admitted(req) })
    if (path === '/' || path.startsWith('/assets/')) return this.file(path, res)
    if (!this.admitted(req)) return json(401, { error: 'a bearer token or a login is needed' })
    if (path === '/fleet.json') return json(200, this.settings())
    if (path === '/catalog.json') return json(200, JSON.parse(await readFile(catalog, 'utf8')))
    if (path.startsWith('/api/v1/query')) return this.query(path, url, json)
    if (req.method !== 'GET') return this.change(path, req, res, json)
    if (path.startsWith(eventsPath)) {
      const answer = this.options.events ? eventDocument(path.slice(eventsPath.length), url.searchParams) : null
      return answer ? json(200, answer) : json(404, { error: 'this fleet keeps no events' })
    }
    const document = this.document(path, url.searchParams)
    if (!document) return json(404, { error: 'there is no such cluster' })
    const tag = `"${createHash('sha256').update(JSON.stringify({ ...document, now: null })).digest('base64url').slice(0, 16)}"`
    if (req.headers['if-none-match'] === tag) {
      this.unchanged.push(path)
      return res.writeHead(304, { ETag: tag }).end()
    }
    return json(200, document, { ETag: tag })
  }

  private settings(): Settings {
    const role = this.options.role ?? 'open'
    return { version: 1, fleet_version: '0.2.0', name: 'mybot', auth: this.guarded, role, operate: role !== 'viewer', grafana: 'https://grafana.example/d/argus?var-cluster={cluster}&from={from}&to={to}', query: true, events: this.options.events === true }
  }

  private document(path: string, p: URLSearchParams): object | null {
    const { night } = this
    const [job, bot] = [p.get('job') ?? '', p.get('bot') ?? '']
    switch (path.replace('/api/fleet/v1/', '')) {
      case 'overview':
        return night.overview({ job, bot })
      case 'history':
        return night.history()
      case 'sparks':
        return night.sparks()
      case 'cluster':
        return night.cluster({ job, bot, region: p.get('region') ?? '', cluster: p.get('cluster') ?? '' })
      case 'timeline':
        return night.timeline()
      case 'alerts':
        return night.alerts()
      case 'members':
        return night.members()
      case 'shard-of':
        return night.shardOf(p.get('guild') ?? '0')
      default:
        return null
    }
  }

  private async body(req: IncomingMessage): Promise<string> {
    let text = ''
    for await (const chunk of req) text += String(chunk)
    return text
  }

  private async form(path: string, req: IncomingMessage, res: ServerResponse, json: Json): Promise<unknown> {
    const text = await this.body(req)
    if (path === '/login' && new URLSearchParams(text).get('token') !== token) return json(401, { error: 'This is not the token.' })
    const cookie = path === '/login' ? `argus_session=${this.session}; HttpOnly; SameSite=Strict` : 'argus_session=; Max-Age=0'
    return res.writeHead(303, { Location: './', 'Set-Cookie': cookie }).end()
  }

  private async change(path: string, req: IncomingMessage, res: ServerResponse, json: Json): Promise<unknown> {
    const text = await this.body(req)
    const body: unknown = text === '' ? null : JSON.parse(text)
    this.sent.push({ method: req.method ?? '', path, body })
    if (!this.settings().operate) return json(403, { error: 'this needs the role operator' })
    if (path === '/api/fleet/v1/mutes') {
      const mute = body as NewMute
      const id = randomUUID()
      const from = Date.now()
      this.night.mutes.push({ id, matchers: mute.matchers.map((m) => ({ ...m, op: '=' as const })), from: new Date(from).toISOString(), until: new Date(from + mute.minutes * 60_000).toISOString(), by: 'operator', comment: mute.comment, ends_if_worse: true })
      return json(201, { id })
    }
    if (path.startsWith('/api/fleet/v1/mutes/')) this.night.mutes = this.night.mutes.filter((m) => !path.endsWith(m.id))
    else if (path === '/api/fleet/v1/forget') this.night.forgotten.add((body as { cluster: string }).cluster)
    else return json(404, { error: 'there is no such path in the API' })
    return res.writeHead(204).end()
  }

  private query(path: string, url: URL, json: Json): unknown {
    const q = url.searchParams.get('query') ?? ''
    if (q.includes('((')) return json(400, { status: 'error', errorType: 'bad_data', error: '1:2: parse error: unclosed left parenthesis' })
    const metric = (i: number): Record<string, string> => ({ __name__: q, cluster: `eu-0${i}` })
    if (path === '/api/v1/query') return json(200, { status: 'success', data: { resultType: 'vector', result: [1, 2, 3].map((i) => ({ metric: metric(i), value: [0, i === 3 ? 'NaN' : String(i * 1.5)] })) } })
    const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(url.searchParams.get(name))) as [number, number, number]
    const times = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, k) => start + k * step)
    return json(200, { status: 'success', data: { resultType: 'matrix', result: [1, 2].map((i) => ({ metric: metric(i), values: times.map((t, k) => [t, String(i + Math.sin(k / 9))]) })) } })
  }

  private async file(path: string, res: ServerResponse): Promise<void> {
    const name = path === '/' ? 'index.html' : path.slice(1)
    try {
      const content = await readFile(new URL(name, dist))
      res.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin' }).end(content)
    } catch {
      res.writeHead(404).end('not found')
    }
  }
}
