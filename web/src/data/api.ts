import type { components } from './openapi'

type Schemas = components['schemas']
export type Status = Schemas['Status']
export type Identity = Schemas['Identity']
export type Report = Schemas['Report']
export type Finding = Schemas['Finding']
export type Shard = Schemas['Shard']
export type Shards = Schemas['Shards']
export type ShardOf = Schemas['ShardOf']
export type Budgets = Schemas['Budgets']
export type Commands = Schemas['Commands']
export type Overview = Schemas['Overview']
export type Latencies = Schemas['Latencies']
export type Stage = Schemas['Stage']
export type Routes = Schemas['Routes']
export type SeriesList = Schemas['SeriesList']
export type ProcessDocument = Schemas['Process']
export type SlowDocument = Schemas['Slow']
export type SlowInteraction = Schemas['SlowInteraction']
export type Timeline = Schemas['Timeline']
export type Event = Schemas['Event']
export type Snapshot = Schemas['Snapshot']
export type Step = Schemas['Step']
export type Verdict = Status['verdict']

export type Parameters = Record<string, string | number | undefined>

// A Failure is a request that had no usable answer. Status is 0 without a response.
export class Failure extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfter = 0,
  ) {
    super(message)
    this.name = 'Failure'
  }
}

export function failureOf(err: unknown): Failure {
  if (err instanceof Failure) return err
  return new Failure(0, err instanceof DOMException && err.name === 'TimeoutError' ? 'no answer in time' : 'no answer')
}

export async function refusal(response: Response): Promise<Failure> {
  let says = `status ${response.status}`
  try {
    const body: unknown = await response.json()
    if (typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string') says = body.error
  } catch {
    // A proxy's answer is not JSON; the status says enough.
  }
  return new Failure(response.status, says, Number(response.headers.get('Retry-After')) || 0)
}

const timeout = 10_000

// A Client asks one process. All paths are relative to the page, so it works under any
// path. It asks for two documents at a time: a browser has six connections per host,
// and each tab with a stream holds one.
export class Client {
  private free = 2
  private readonly queue: (() => void)[] = []

  constructor(
    private readonly request: typeof fetch,
    private readonly bot: () => string = () => '',
  ) {}

  address(path: string, parameters: Parameters = {}): string {
    return this.beside(`./api/v1/${path}`, parameters)
  }

  // beside is the address of a document that is not the API's.
  beside(path: string, parameters: Parameters = {}): string {
    const query = new URLSearchParams()
    const bot = this.bot()
    if (bot) query.set('bot', bot)
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value))
    const text = query.toString()
    return `${path}${text ? `?${text}` : ''}`
  }

  async get<T>(path: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<T> {
    return (await this.json(this.address(path, parameters), signal)) as T
  }

  async json(address: string, signal?: AbortSignal): Promise<unknown> {
    await this.acquire()
    try {
      const limit = AbortSignal.timeout(timeout)
      const response = await this.request(address, {
        credentials: 'same-origin',
        cache: 'no-store',
        headers: { Accept: 'application/json' },
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      })
      if (!response.ok) throw await refusal(response)
      return await response.json()
    } catch (err) {
      throw failureOf(err)
    } finally {
      this.release()
    }
  }

  private async acquire(): Promise<void> {
    if (this.free > 0) {
      this.free--
      return
    }
    await new Promise<void>((resolve) => this.queue.push(resolve))
  }

  private release(): void {
    const next = this.queue.shift()
    if (next) next()
    else this.free++
  }
}
