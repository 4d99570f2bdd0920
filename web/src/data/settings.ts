import type { Client } from './api'

// Settings are what the server says of itself, and Catalog what it says of its series.
export interface Settings {
  grafana: string
  auth: boolean
  bots: string[] // of the process, by name
}

export interface Metric {
  name: string // with the prefix of this bot's metrics
  description: string
  last: number | null // bound of a histogram's buckets
}

const object = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {})
const string = (value: unknown): string => (typeof value === 'string' ? value : '')

export function settingsFrom(document: unknown): Settings {
  const d = object(document)
  return { grafana: string(d.grafana), auth: d.auth === true, bots: Array.isArray(d.bots) ? d.bots.map(string).filter(Boolean) : [] }
}

// A Catalog knows each metric by the name that the API uses.
export class Catalog {
  private readonly metrics = new Map<string, Metric>()

  constructor(document: unknown = null) {
    for (const [name, metric] of Object.entries(object(object(document).metrics))) {
      const m = object(metric)
      const last = Array.isArray(m.buckets) ? Number(m.buckets.at(-1)) || null : null
      this.metrics.set(name, { name: string(m.series) || name, description: string(m.description), last })
    }
  }

  // above reports whether a quantile is the last bound, and may lie above it.
  above(name: string, value: number): boolean {
    const last = this.metrics.get(name)?.last ?? null
    return last !== null && value >= last
  }

  // title names a series, for the title of a number that comes from it.
  title(name: string, labels = ''): string {
    const m = this.metrics.get(name)
    const series = `${m?.name ?? name}${labels ? `{${labels}}` : ''}`
    return m?.description ? `${series}: ${m.description}` : series
  }
}

const get = (client: Client, address: string): Promise<unknown> => client.json(address).catch(() => null)

export const loadSettings = async (client: Client): Promise<Settings> => settingsFrom(await get(client, './page.json'))
export const loadCatalog = async (client: Client): Promise<Catalog> => new Catalog(await get(client, client.beside('./catalog.json')))

// grafanaLink fills in the template of ARGUS_GRAFANA_URL.
export function grafanaLink(template: string, values: Record<string, string | number>): string {
  const link = template.replace(/\{(\w+)\}/g, (text, name: string) => (name in values ? encodeURIComponent(values[name] ?? '') : text))
  return /^https?:\/\//.test(link) ? link : ''
}
