// What Prometheus' HTTP API answers, as far as the query box shows it.

export interface Sample {
  labels: Record<string, string>
  value: string // as the server wrote it: also NaN and +Inf
}

export interface Row {
  labels: Record<string, string>
  values: Map<number, number> // by time, s since 1970; those that are finite
}

const object = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {})

function labelsOf(metric: unknown): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [name, value] of Object.entries(object(metric))) if (typeof value === 'string') labels[name] = value
  return labels
}

const dataOf = (document: unknown): { type: unknown; result: unknown[]; warnings: string[] } => {
  const { data, warnings, infos } = object(document)
  const { resultType, result } = object(data)
  const told = [warnings, infos].flatMap((list) => (Array.isArray(list) ? list.filter((w) => typeof w === 'string') : []))
  return { type: resultType, result: Array.isArray(result) ? result : [], warnings: told }
}

export const warningsOf = (document: unknown): string[] => dataOf(document).warnings

// samplesOf reads the answer to /query.
export function samplesOf(document: unknown): Sample[] {
  const { type, result } = dataOf(document)
  if (type === 'scalar' || type === 'string') return [{ labels: {}, value: String(result[1]) }]
  return result.map((r) => {
    const { metric, value, values } = object(r)
    const last: unknown = Array.isArray(value) ? value[1] : Array.isArray(values) ? (values.at(-1) as unknown[] | undefined)?.[1] : undefined
    return { labels: labelsOf(metric), value: typeof last === 'string' ? last : '?' }
  })
}

// rowsOf reads the answer to /query_range.
export function rowsOf(document: unknown): Row[] {
  return dataOf(document).result.map((r) => {
    const { metric, values } = object(r)
    const known = new Map<number, number>()
    for (const point of Array.isArray(values) ? (values as unknown[]) : []) {
      const [at, text] = Array.isArray(point) ? (point as unknown[]) : []
      const n = Number(text)
      if (typeof at === 'number' && Number.isFinite(n)) known.set(at, n)
    }
    return { labels: labelsOf(metric), values: known }
  })
}

// seriesName writes labels as PromQL does.
export function seriesName({ __name__: name = '', ...labels }: Record<string, string>): string {
  const list = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return list.length > 0 ? `${name}{${list.join(', ')}}` : name || '{}'
}
