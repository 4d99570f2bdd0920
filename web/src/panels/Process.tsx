import type { FactName } from '../data/questions'
import { facts } from '../data/questions'
import { count, signed, span } from '../text/format'
import { usePage, useTick, useTitle } from '../ui/context'
import { Age, Panel } from '../ui/Panel'
import { type Fact, Facts } from '../ui/Table'

// fact is a number of now, null where it is unknown.
export function useFact(): (name: FactName) => number | null {
  const { data } = usePage().state
  return (name) => data.facts[name]?.value?.[0]?.value ?? null
}

const useRow = (): ((name: string, value: string, series: FactName) => Fact) => {
  const titleOf = useTitle()
  const { data } = usePage().state
  // What has not come yet is not unknown.
  return (name, value, series) => ({ name, value: data.facts[series]?.value ? value : '…', title: titleOf(facts[series].name) })
}

export function Process() {
  const page = usePage()
  useTick(1_000)
  const fact = useFact()
  const row = useRow()
  const { uptime, info } = page.state.data.facts
  const labels = info?.value?.find((g) => g.value !== null)?.labels ?? {}
  const up = fact('uptime')
  const clock = fact('clock')
  return (
    <Panel title="Process" right={<Age at={uptime?.at ?? 0} />}>
      <Facts
        rows={[
          row('Up', up === null ? '?' : span(up + Math.max(page.now() - (uptime?.at ?? 0), 0) / 1000), 'uptime'),
          row('Version', labels.version || '?', 'info'),
          row('Go, discordgo', [labels.go_version, labels.discordgo_version].filter(Boolean).join(', ') || '?', 'info'),
          row('Requests in flight', count(fact('inFlight')), 'inFlight'),
          row('Clock offset', clock === null ? '? (no interaction in 5 min)' : signed(clock), 'clock'),
        ]}
      />
    </Panel>
  )
}

export function Guilds() {
  const page = usePage()
  const fact = useFact()
  const row = useRow()
  return (
    <Panel title="Guilds" right={<Age at={page.state.data.facts.guilds?.at ?? 0} />}>
      <Facts
        rows={[
          row('Guilds available', count(fact('guilds')), 'guilds'),
          row('Guilds unavailable', count(fact('unavailable')), 'unavailable'),
          row('Members', count(fact('members')), 'members'),
          row('Voice connections', count(fact('voice')), 'voice'),
        ]}
      />
    </Panel>
  )
}

const good = (n: number | null): string => (n === null ? '?' : n === 1 ? 'works' : 'does not work')

export function Telemetry() {
  const page = usePage()
  const titleOf = useTitle()
  const { facts: known, timeline } = page.state.data
  const sum = (name: FactName): number | null => {
    const list = known[name]?.value
    if (!list) return null
    return list.every((g) => g.value === null) && list.length > 0 ? null : list.reduce((n, g) => n + (g.value ?? 0), 0)
  }
  const parts = (name: FactName, label: string): string => {
    const list = (known[name]?.value ?? []).filter((g) => (g.value ?? 0) > 0)
    return list.length > 0 ? ` (${list.map((g) => `${g.labels[label]} ${count(g.value)}`).join(', ')})` : ''
  }
  const shown = (name: FactName, text: string): string => (known[name]?.value ? text : '…')
  const covered = timeline.value?.covered_seconds
  const { feed } = page.state
  const rows: Fact[] = [
    ...(known.subsystems?.value ?? []).map((g) => ({
      name: g.labels.subsystem === 'otlp' ? 'Push (OTLP)' : 'Server',
      value: good(g.value),
      title: titleOf('argus_subsystem_up', `subsystem="${g.labels.subsystem}"`),
      tone: g.value === 0 ? 'warn' : '',
    })),
    { name: 'Internal errors, 1 h', value: shown('faults', count(sum('faults')) + parts('faults', 'hook')), title: titleOf('argus_instrumentation_errors_total'), tone: (sum('faults') ?? 0) > 0 ? 'warn' : '' },
    { name: 'Timers dropped, 1 h', value: shown('evicted', count(sum('evicted')) + parts('evicted', 'timer')), title: titleOf('argus_timers_evicted_total'), tone: (sum('evicted') ?? 0) > 0 ? 'warn' : '' },
    { name: "discordgo's log, 1 h", value: shown('logs', `${count(sum('logs'))} lines${parts('logs', 'level')}`), title: titleOf('discord_log_records_total') },
    { name: 'History', value: covered === null || covered === undefined ? '?' : `${span(covered)}, of 6 h`, title: 'covered_seconds of ./api/v1/timeline' },
    { name: 'This page', value: feed.mode === 'stream' ? 'stream, every 5 s' : feed.mode === 'polling' ? 'polls every 5 s' : feed.mode, title: './api/v1/stream' },
  ]
  return (
    <Panel title="Telemetry" right={<Age at={known.faults?.at ?? 0} />}>
      <Facts rows={rows} />
    </Panel>
  )
}
