import type { Span } from '../../data/windows'
import type { Event } from '../data/api'

const apart = 30 * 60 // s between findings of two incidents
const around = 5 * 60

// lastIncident is the time in which the newest findings began and ended. Events are the
// newest first.
export function lastIncident(events: readonly Pick<Event, 'at' | 'kind'>[], now: number): Span | null {
  const times = (kind: Event['kind']): number[] => events.filter((e) => e.kind === kind).map((e) => Date.parse(e.at) / 1000)
  const began = times('finding_began')
  const [newest] = began
  if (newest === undefined) return null
  let first = newest
  for (const at of began) if (first - at <= apart) first = at
  const end = times('finding_ended').find((at) => at >= newest) ?? now / 1000
  return { from: Math.floor(first - around), to: Math.ceil(Math.min(end + around, now / 1000)) }
}
