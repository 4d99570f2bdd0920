// A Name is that of a series, with what the query box says of it.
export interface Name {
  name: string
  description: string
  labels: Record<string, readonly string[]> // with their values, where those are known
}

const object = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {})
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((v) => typeof v === 'string') : [])

// namesOf lists the series of catalog.json, in the order of their names. A histogram has
// three.
export function namesOf(document: unknown): Name[] {
  const { metrics, resource } = object(document)
  const shared = Object.fromEntries(['job', ...texts(resource), 'instance'].map((label) => [label, []]))
  const names: Name[] = []
  for (const [id, metric] of Object.entries(object(metrics))) {
    const m = object(metric)
    const name = typeof m.series === 'string' && m.series !== '' ? m.series : id
    const description = typeof m.description === 'string' ? m.description : ''
    const labels: Name['labels'] = { ...Object.fromEntries(Object.entries(object(m.labels)).map(([label, values]) => [label, texts(values)])), ...shared }
    if (m.kind === 'histogram') {
      names.push({ name: `${name}_bucket`, description, labels: { ...labels, le: texts(Array.isArray(m.buckets) ? m.buckets.map(String) : []) } })
      names.push({ name: `${name}_count`, description, labels }, { name: `${name}_sum`, description, labels })
    } else names.push({ name, description, labels })
  }
  return names.sort((a, b) => (a.name < b.name ? -1 : 1))
}
