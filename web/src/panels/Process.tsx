import type { Overview } from '../data/api'
import { count, signed, span } from '../text/format'
import { usePage, useTick, useTitle } from '../ui/context'
import { Age, Having, Panel } from '../ui/Panel'
import { type Fact, Facts } from '../ui/Table'

export function Process() {
  const page = usePage()
  useTick(1_000)
  const titleOf = useTitle()
  const { overview } = page.state.data
  return (
    <Panel title="Process" right={<Age at={overview.at} />}>
      <Having of={overview}>
        {({ versions, rest_requests_in_flight, clock_offset_seconds: clock }) => (
          <Facts
            rows={[
              { name: 'Up', value: span(page.uptime()), title: titleOf('discord_uptime_seconds') },
              { name: 'Version', value: versions.bot ?? '?', title: titleOf('discord_bot_info') },
              { name: 'Go, discordgo', value: [versions.go, versions.discordgo].map((v) => v ?? '?').join(', '), title: titleOf('discord_bot_info') },
              { name: 'Requests in flight', value: count(rest_requests_in_flight), title: titleOf('discord_rest_requests_in_flight') },
              { name: 'Clock offset', value: clock === null ? '? (no interaction in 5 min)' : signed(clock), title: titleOf('discord_clock_offset_seconds') },
            ]}
          />
        )}
      </Having>
    </Panel>
  )
}

// caches are the kinds that a person knows, with the names of their series.
const caches: [kind: string, name: string, series: string][] = [
  ['members', 'Members', 'discord_cached_members'],
  ['channels', 'Channels', 'discord_channels'],
  ['threads', 'Threads', 'discord_threads'],
  ['private_channels', 'Private channels', 'discord_private_channels'],
  ['roles', 'Roles', 'discord_roles'],
  ['emojis', 'Emojis', 'discord_emojis'],
  ['stickers', 'Stickers', 'discord_stickers'],
  ['voice_states', 'Voice states', 'discord_voice_states'],
  ['presences', 'Presences', 'discord_presences'],
]

export function Guilds() {
  const titleOf = useTitle()
  const { overview } = usePage().state.data
  return (
    <Panel title="Guilds" class="c4" right={<Age at={overview.at} />}>
      <Having of={overview}>
        {({ guilds, guilds_unavailable: unavailable, members, voice_clients, cache }) => (
          <>
            <Facts
              rows={[
                { name: 'Available', value: count(guilds), title: titleOf('discord_guilds') },
                { name: 'Unavailable', value: count(unavailable), title: titleOf('discord_guilds_unavailable'), tone: (unavailable ?? 0) > 0 ? 'warn' : '' },
                { name: 'Members', value: count(members), title: titleOf('discord_members') },
                { name: 'Voice connections', value: count(voice_clients), title: titleOf('discord_voice_clients') },
              ]}
            />
            <h3 class="below">discordgo's cache</h3>
            {Object.values(cache).every((n) => n === null) ? (
              <p class="s q">? The cache is off (StateEnabled is false), or has not been read yet.</p>
            ) : (
              <Facts rows={caches.map(([kind, name, series]) => ({ name, value: count(cache[kind]), title: titleOf(series) }))} />
            )}
          </>
        )}
      </Having>
    </Panel>
  )
}

type Counts = Record<string, number> | null

const sum = (counts: Counts): number | null => (counts ? Object.values(counts).reduce((a, b) => a + b, 0) : null)
const parts = (counts: Counts): string => {
  const list = Object.entries(counts ?? {}).filter(([, n]) => n > 0)
  return list.length > 0 ? ` (${list.map(([name, n]) => `${name} ${count(n)}`).join(', ')})` : ''
}

export function Telemetry() {
  const { feed, data } = usePage().state
  const titleOf = useTitle()
  const covered = data.timeline.value?.covered_seconds
  const counted = (name: string, counts: Counts, series: string): Fact => ({ name, value: count(sum(counts)) + parts(counts), title: titleOf(series), tone: (sum(counts) ?? 0) > 0 ? 'warn' : '' })
  const rows = ({ telemetry: t }: Overview): Fact[] => [
    ...Object.entries(t.subsystems ?? {}).map(([name, works]) => ({
      name: name === 'otlp' ? 'Push (OTLP)' : 'Server',
      value: works ? 'works' : 'does not work',
      title: titleOf('argus_subsystem_up', `subsystem="${name}"`),
      tone: works ? '' : 'warn',
    })),
    counted('Internal errors, 1 h', t.instrumentation_errors_1h, 'argus_instrumentation_errors_total'),
    counted('Timers dropped, 1 h', t.timers_evicted_1h, 'argus_timers_evicted_total'),
    { name: "discordgo's log, 1 h", value: t.log_records_1h ? `${count(sum(t.log_records_1h))} lines${parts(t.log_records_1h)}` : '? (ARGUS_LOG_RECORDS is off)', title: titleOf('discord_log_records_total') },
    { name: 'History', value: covered === null || covered === undefined ? '?' : `${span(covered)}, of 6 h`, title: 'covered_seconds of ./api/v1/timeline' },
    { name: 'This page', value: feed.mode === 'stream' ? 'stream, every 5 s' : feed.mode === 'polling' ? 'polls every 5 s' : feed.mode, title: './api/v1/stream' },
  ]
  return (
    <Panel title="Telemetry" right={<Age at={data.overview.at} />}>
      <Having of={data.overview}>{(o) => <Facts rows={rows(o)} />}</Having>
    </Panel>
  )
}
