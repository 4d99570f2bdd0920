import { useMemo } from 'preact/hooks'
import { count, plural, ratio } from '../../text/format'
import { Empty, Having, Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import type { EventGrowth } from '../data/api'
import { greatest, TimeChart } from '../ui/TimeChart'
import { type BarsOfDay, DayBars } from './DayBars'
import { botOf, useFigures, useHere } from './host'
import { share, words } from './judge'
import { Made } from './Made'
import { lengthName, notOver } from './Picker'
import { sizeName, sizeOrder } from './sizes'
import { tallies } from './Tallies'
import { linesOf } from './trend'
import { Verdict } from './Verdict'

type Audience = EventGrowth['audience'][number]

const seconds = 86400

// daysOf are all of the window, for bars. Of a day without events nothing is known.
function daysOf(d: EventGrowth): BarsOfDay[] {
  const known = new Map(d.days.map((x) => [Date.parse(x.day), x]))
  const days: BarsOfDay[] = []
  for (let at = Date.parse(d.window.from); at < Date.parse(d.window.to); at += seconds * 1000) {
    days.push({ day: new Date(at).toISOString(), counts: known.get(at) ?? null })
  }
  return days
}

function Active({ of: d }: { of: EventGrowth }) {
  const { zoom } = useHere()
  const users = new Map(d.users.map((u) => [u.day, u.users]))
  const lines = useMemo(() => linesOf(d.window, seconds, d.days.map((x) => ({ ...x, start: x.day })), { guilds: (x) => x.active_guilds, users: (x) => users.get(x.day) ?? null, interactions: (x) => x.interactions }), [d])
  const [guilds, people] = [greatest(lines, 'guilds'), greatest(lines, 'users')]
  if (guilds === null && people === null) return <Empty says="Neither guilds nor users are known" how="Bots send the ids of guilds with ARGUS_EVENT_GUILD_IDS=true, and pseudonyms of users with ARGUS_EVENT_USER_KEY_FILE." />
  return (
    <TimeChart
      title="Active guilds and users a day"
      lines={lines}
      shown={[...(guilds === null ? [] : [{ key: 'guilds', label: 'active guilds', color: 'accent' as const }]), ...(people === null ? [] : [{ key: 'users', label: 'users', color: 'data' as const }])]}
      height={160}
      axis
      least={5}
      value={(n) => count(n === null ? null : Math.round(n))}
      marks={[]}
      onZoom={zoom}
      says={`At most ${count(guilds)} active guilds and ${count(people)} users a day.`}
    />
  )
}

// Days are those with events: of others nothing is known, since events may have been off.
function Days({ days }: { days: EventGrowth['days'] }) {
  return (
    <Table
      label="Days, newest first"
      rows={days.toReversed()}
      keyOf={(d) => d.day}
      few={{ n: 7, what: 'days' }}
      columns={[
        { head: 'Day (UTC)', cell: (d) => d.day.slice(0, 10) },
        { head: 'Joined', n: true, cell: (d) => count(d.joins) },
        { head: 'Left', n: true, cell: (d) => count(d.leaves) },
        { head: 'Active guilds', n: true, cell: (d) => count(d.active_guilds) },
        { head: 'Interactions', n: true, cell: (d) => count(d.interactions) },
      ]}
    />
  )
}

// Shares are the interactions by what one dimension has.
function Shares({ of, head, nameOf }: { of: readonly Audience[]; head: string; nameOf: (a: Audience) => string }) {
  if (of.length === 0) return <Empty says="No interactions in this window" />
  const runs = of.reduce((n, a) => n + a.runs, 0)
  const most = Math.max(...of.map((a) => a.runs), 1)
  return (
    <Table
      label={`Interactions by ${head.toLowerCase()}`}
      rows={[...of].sort((a, b) => b.runs - a.runs)}
      keyOf={nameOf}
      few={{ n: 10, what: 'rows' }}
      columns={[
        { head, class: 'w', cell: nameOf },
        { head: 'Runs', n: true, cell: (a) => count(a.runs) },
        {
          head: 'Share',
          class: 'barc',
          cell: (a) => (
            <span class="sharebar">
              <svg width="60%" height="8" aria-hidden="true">
                <rect width={`${(100 * a.runs) / most}%`} height="8" class="f-data" />
              </svg>
              <span class="s q">{ratio(share(a.runs, runs))}</span>
            </span>
          ),
        },
      ]}
    />
  )
}

const installations: Record<string, string> = { guild: 'by a guild', user: 'by a user', guild_and_user: 'by both' }
const contexts: Record<string, string> = { guild: 'guild', bot_dm: 'direct message', private_channel: 'group or other private channel' }
const contextName = (a: Audience): string => (a.context === undefined ? 'place unknown' : (contexts[a.context] ?? words(a.context)))
const installationName = (a: Audience): string => (a.installation === undefined ? 'installation unknown' : `installed ${installations[a.installation] ?? words(a.installation)}`)

export function Growth() {
  const { view, bot } = useHere()
  const answer = useFigures<EventGrowth>('growth', { bot: botOf(bot) }, view)
  return (
    <Having of={answer}>
      {(d) => {
        const days = daysOf(d)
        const sum = (key: 'joins' | 'leaves'): number => d.days.reduce((n, x) => n + x[key], 0)
        const [joins, leaves] = [sum('joins'), sum('leaves')]
        const by = (dimension: Audience['dimension']): Audience[] => d.audience.filter((a) => a.dimension === dimension)
        return (
          <>
            <Verdict answer={d} why={`${d.sizes.length > 0 ? `${plural(d.sizes.reduce((n, s) => n + s.guilds, 0), 'guild was', 'guilds were')} active. ` : ''}Days are those of UTC${notOver(d.window.to, d.at) ? '; the last is not over yet' : ''}.`}>
              {plural(joins, 'guild')} joined and {count(leaves)} left {lengthName(view, d.window, d.at)}: {joins === leaves ? 'as many as before' : `${count(Math.abs(joins - leaves))} ${joins > leaves ? 'more' : 'fewer'}`}.
            </Verdict>
            <div class="board">
              <Panel title="Joins and leaves" note="guilds a day" class="c6">
                <p class="ct">
                  <span class="key">
                    <svg width="10" height="10" aria-hidden="true">
                      <rect width="10" height="10" class="f-data" />
                    </svg>{' '}
                    joined <span class="num">{count(joins)}</span>
                  </span>
                  <span class="key">
                    <svg width="10" height="10" aria-hidden="true">
                      <rect x="0.5" y="0.5" width="9" height="9" class="f-soft s-ink" />
                    </svg>{' '}
                    left, below the line <span class="num">{count(leaves)}</span>
                  </span>
                  {d.days.length < days.length && (
                    <span class="key">
                      <svg width="10" height="10" aria-hidden="true">
                        <rect width="10" height="10" class="nodata" />
                      </svg>{' '}
                      no events
                    </span>
                  )}
                </p>
                <DayBars days={days} />
              </Panel>
              <Panel title="Active guilds and users" note="with an interaction that day" class="c6">
                <Active of={d} />
              </Panel>
            </div>
            <div class="board">
              <Panel title="By day" note="newest first">
                <Days days={d.days} />
              </Panel>
            </div>
            <div class="board">
              <Panel title="By guild size" note="active guilds" class="c4">
                {d.sizes.length === 0 ? (
                  <Empty says="No active guild is known" how="Bots send the ids of guilds with ARGUS_EVENT_GUILD_IDS=true." />
                ) : (
                  <Table label="Active guilds by size" rows={[...d.sizes].sort((a, b) => sizeOrder.indexOf(a.size) - sizeOrder.indexOf(b.size))} keyOf={(s) => s.size ?? '?'} columns={[{ head: 'Members', cell: (s) => (s.size === null ? 'unknown' : sizeName(s.size)) }, { head: 'Guilds', n: true, cell: (s) => count(s.guilds) }, ...tallies<(typeof d.sizes)[number]>((s) => s).slice(0, 3)]} />
                )}
              </Panel>
              <Panel title="Locales" note="of users" class="c4">
                <Shares of={by('locale')} head="Locale" nameOf={(a) => a.locale ?? 'unknown'} />
              </Panel>
              <Panel title="Where it is used" note="place and installation" class="c4">
                <Shares of={by('place')} head="Place" nameOf={(a) => `${contextName(a)}, ${installationName(a)}`} />
              </Panel>
            </div>
            <Made
              path="growth"
              window={d.window}
              query={d.query}
              tables={[
                ['days', 'Days'],
                ['sizes', 'Sizes'],
                ['audience', 'Audience'],
                ['users', 'Users'],
              ]}
            />
          </>
        )
      }}
    </Having>
  )
}
