import { failureOf, type Parameters, refusal } from '../../data/api'

const timeout = 10_000
const most = 24 // documents that are remembered with their ETag

interface Known {
  tag: string
  document: unknown
}

export function address(path: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined && value !== '') query.set(name, String(value))
  const text = query.toString()
  return `${path}${text ? `?${text}` : ''}`
}

export const fleetAddress = (path: string, parameters: Parameters = {}): string => address(`./api/fleet/v1/${path}`, parameters)

// A Client asks one fleet. All paths are relative to the page, so it works under any path.
export class Client {
  private readonly known = new Map<string, Known>()

  constructor(private readonly request: typeof fetch) {}

  // get returns the same object again while the server says that nothing has changed.
  async get<T>(at: string, signal?: AbortSignal, wait = timeout): Promise<T> {
    try {
      const known = this.known.get(at)
      const limit = AbortSignal.timeout(wait)
      const response = await this.request(at, {
        credentials: 'same-origin',
        cache: 'no-store',
        headers: known ? { Accept: 'application/json', 'If-None-Match': known.tag } : { Accept: 'application/json' },
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      })
      if (response.status === 304 && known) return known.document as T
      if (!response.ok) throw await refusal(response)
      const document = (await response.json()) as T
      this.known.delete(at)
      const tag = response.headers.get('ETag')
      if (tag) this.known.set(at, { tag, document })
      const [oldest] = this.known.keys()
      if (this.known.size > most && oldest !== undefined) this.known.delete(oldest)
      return document
    } catch (err) {
      throw failureOf(err)
    }
  }

  // send changes something, and returns the answer, or null if it has no content.
  async send<T>(method: 'POST' | 'DELETE', at: string, body?: object): Promise<T | null> {
    try {
      const response = await this.request(at, {
        method,
        credentials: 'same-origin',
        headers: body ? { Accept: 'application/json', 'Content-Type': 'application/json' } : { Accept: 'application/json' },
        signal: AbortSignal.timeout(timeout),
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      if (!response.ok) throw await refusal(response)
      return response.status === 204 ? null : ((await response.json()) as T)
    } catch (err) {
      throw failureOf(err)
    }
  }

  // forget is for a logout: nothing of what was seen stays.
  forget(): void {
    this.known.clear()
  }
}
