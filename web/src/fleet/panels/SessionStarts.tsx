import { useMemo } from 'preact/hooks'
import { count, span } from '../../text/format'
import { useTick, useTitle } from '../../ui/context'
import { Panel, Unknown } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { Bot, Overview, Restart } from '../data/api'
import { linesOf } from '../data/lines'
import { greatest, TimeChart } from '../ui/TimeChart'

interface Row {
  what: string
  of: Restart
}

function rowsOf(bot: Bot): Row[] {
  const rows = bot.versions.length > 1 ? bot.versions.flatMap((v) => (v.restart ? [{ what: `Restart ${v.version ?? '?'}, ${count(v.clusters)} ${v.clusters === 1 ? 'cluster' : 'clusters'}`, of: v.restart }] : [])) : []
  return bot.restart ? [...rows, { what: 'Restart everything', of: bot.restart }] : rows
}

function OneBot({ of, named }: { of: Bot; named: boolean }) {
  const page = useFleet()
  useTick(1_000)
  const titleOf = useTitle()
  const { session_starts: starts } = of
  const rows = rowsOf(of)
  const resets = starts?.resets_at ? (Date.parse(starts.resets_at) - page.now()) / 1000 : null
  return (
    <>
      {named && <h3>{of.bot ?? of.job}</h3>}
      {starts ? (
        <p class="v" title={titleOf('discord_gateway_session_start_remaining')}>
          <b data-of="Session starts">{count(starts.remaining)}</b>
          <span class="m">
            of {count(starts.limit)} left{resets === null ? '' : resets > 0 ? ` · resets in ${span(resets)}` : ' · they were reset since'}
          </span>
        </p>
      ) : (
        <Unknown
          how={
            <>
              No process has asked Discord. Set <code>ARGUS_SESSION_START_POLL</code>.
            </>
          }
        />
      )}
      {rows.length > 0 && (
        <Table
          label="What a restart costs"
          rows={rows}
          keyOf={(r) => r.what}
          columns={[
            { head: 'What it would cost', cell: (r) => r.what },
            { head: 'Starts', n: true, cell: (r) => <b>{count(r.of.identifies)}</b> },
            { head: 'Left after', n: true, cell: (r) => (r.of.left_after === null ? '?' : r.of.left_after < 0 ? `${count(-r.of.left_after)} too few` : count(r.of.left_after)), tone: (r) => ((r.of.left_after ?? 0) < 0 ? 'bad b' : '') },
            { head: 'At least', n: true, cell: (r) => span(r.of.seconds) },
          ]}
        />
      )}
      {starts?.max_concurrency && <p class="s q">{count(starts.max_concurrency)} at a time, every 5 s.</p>}
    </>
  )
}

export function SessionStarts({ of }: { of: Overview }) {
  const { docs, place } = useFleet().state
  const history = docs.history.value
  const lines = useMemo(() => (history ? linesOf(history, { left: history.session_starts_remaining }, place.zoom) : null), [history, place.zoom])
  const known = lines !== null && greatest(lines, 'left') !== null
  return (
    <Panel title="Session starts and what a restart costs" class="c6 gauge">
      {of.bots.length === 0 && <p class="s q">No bot has reported yet.</p>}
      {of.bots.map((b) => (
        <OneBot key={`${b.job} ${b.bot}`} of={b} named={of.bots.length > 1} />
      ))}
      {known && of.bots.length === 1 && history && <TimeChart title="Session starts left" lines={lines} shown={[{ key: 'left', label: 'left', color: 'accent' }]} height={110} axis value={count} marks={history.marks} says={`Now ${count(of.bots[0]?.session_starts?.remaining)} are left.`} />}
    </Panel>
  )
}
