import type { JSX } from 'preact'
import { Icon, type IconName } from '../../ui/Icon'
import type { Alert, Cluster, Member } from '../data/api'
import { looks } from '../data/clusters'

type Form = 'pend' | 'mute' | IconName

const shapes: Partial<Record<Form, JSX.Element>> = {
  mute: <path d="M2.4 9.6 9.6 2.4" stroke="currentColor" stroke-width="1.3" />,
  pend: <path d="M6 2.6V6l2.4 1.6" fill="none" stroke="currentColor" stroke-width="1.3" />,
}

function Shape({ form }: { form: Form }) {
  if (form !== 'mute' && form !== 'pend') return <Icon name={form} />
  return (
    <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      <circle cx="6" cy="6" r="5.2" fill="none" stroke="currentColor" stroke-width="1.3" />
      {shapes[form]}
    </svg>
  )
}

export function AlertBadge({ of }: { of: Pick<Alert, 'state' | 'severity'> }) {
  const tone = of.severity === 'critical' ? 'bad' : of.severity === 'warning' ? 'warn' : 'off'
  const [form, word, cls]: [Form, string, string] =
    of.state === 'firing'
      ? [tone === 'off' ? 'unknown' : tone, 'Firing', tone]
      : of.state === 'pending'
        ? ['pend', 'Pending', `${tone} pend`]
        : of.state === 'muted'
          ? ['mute', 'Muted', 'off']
          : ['mute', 'Inhibited', 'off']
  return (
    <span class={`badge ${cls}`}>
      <Shape form={form} />
      {word}
    </span>
  )
}

export function ClusterState({ of }: { of: Cluster['state'] }) {
  const { word, tone, icon } = looks[of]
  return (
    <span class={tone}>
      <Icon name={icon} /> {word}
    </span>
  )
}

const members: Record<Member['state'], { tone: string; icon: IconName }> = {
  reporting: { tone: 'ok', icon: 'ok' },
  late: { tone: 'warn', icon: 'warn' },
  lost: { tone: 'bad', icon: 'bad' },
  goodbye: { tone: 'off', icon: 'unknown' },
  replaced: { tone: 'off', icon: 'unknown' },
}

export function MemberState({ of }: { of: Member['state'] }) {
  const { tone, icon } = members[of]
  return (
    <span class={tone}>
      <Icon name={icon} /> {of}
    </span>
  )
}
