import type { JSX } from 'preact'
import type { Event } from '../data/api'

export type IconName = 'bad' | 'warn' | 'ok' | 'unknown'

const shapes: Record<IconName, JSX.Element> = {
  bad: (
    <>
      <path d="M6 .6 11.4 6 6 11.4.6 6Z" fill="currentColor" />
      <path d="M6 3.2v3.4M6 8.1v1" class="s-surf" stroke-width="1.4" fill="none" />
    </>
  ),
  warn: (
    <>
      <path d="M6 1 11.6 11H.4Z" fill="currentColor" />
      <path d="M6 4.4v3.2M6 8.6v1.1" class="s-surf" stroke-width="1.4" fill="none" />
    </>
  ),
  ok: (
    <>
      <circle cx="6" cy="6" r="5.2" fill="none" stroke="currentColor" stroke-width="1.3" />
      <path d="M3.4 6.2 5.3 8l3.3-3.8" fill="none" stroke="currentColor" stroke-width="1.5" />
    </>
  ),
  unknown: (
    <>
      <circle cx="6" cy="6" r="5.2" fill="none" stroke="currentColor" stroke-width="1.3" stroke-dasharray="2 1.6" />
      <path d="M4.6 4.8c0-2 2.9-1.9 2.9-.2 0 1.1-1.5 1.1-1.5 2.3M6 8.4v1" fill="none" stroke="currentColor" stroke-width="1.2" />
    </>
  ),
}

export function Icon({ name, class: cls }: { name: IconName; class?: string }) {
  return (
    <svg class={cls} width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      {shapes[name]}
    </svg>
  )
}

export type MarkKind = 'start' | 'close' | 'resume' | 'new_session' | 'finding' | 'limit'

const marks: Record<MarkKind, JSX.Element> = {
  start: <path d="M5 0l5 5-5 5-5-5z" class="f-acc" />,
  close: <path d="M1.5 1.5l7 7m0-7l-7 7" class="s-bad" stroke-width="2" fill="none" />,
  resume: <path d="M5 1l4.6 8H.4z" class="s-ink nofill" stroke-width="1.4" />,
  new_session: <rect x="1" y="1" width="8" height="8" class="f-ink" />,
  finding: <path d="M5 0l5 5-5 5-5-5z" class="f-bad" />,
  limit: <path d="M1 3h8M1 7h8" class="s-warn" stroke-width="2.2" />,
}

export const markOf = (kind: Event['kind']): MarkKind => (kind === 'finding_began' || kind === 'finding_ended' ? 'finding' : kind === 'rate_limited' ? 'limit' : kind === 'shard_count' ? 'start' : kind)

export function Mark({ kind }: { kind: Event['kind'] }) {
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {marks[markOf(kind)]}
    </svg>
  )
}
