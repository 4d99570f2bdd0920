import { count, moment, ratio, span } from '../../text/format'
import { Having, Panel, sentence } from '../../ui/Panel'
import { Icon } from '../../ui/Icon'
import { Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { EventIngest, EventWindow } from '../data/api'
import { figuresGoneAfter } from '../fleet'
import { addressOf, botOf, type Parameters, sameWindow, useAnswer, useHere } from './host'
import { words } from './judge'

const reasons: Record<string, string> = { on_time: '–', late: 'late: its time was long past when it came', early: "early: the sender's clock is ahead" }

function Arrived({ of: d }: { of: EventIngest }) {
  const sum = (result: string): number => d.ingest.filter((r) => r.result === result).reduce((n, r) => n + r.events, 0)
  const [taken, dropped] = [sum('taken'), sum('dropped')]
  return (
    <>
      <p>
        {taken + dropped === 0 ? (
          'No events of the bot arrived in these hours.'
        ) : (
          <>
            {count(taken)} events of the bot arrived in these hours{dropped > 0 ? <b class="warn">{`, and ${count(dropped)} were dropped (${ratio(dropped / (taken + dropped))}): the numbers above lack them.`}</b> : ', and none were dropped.'}
          </>
        )}{' '}
        {d.store === 'ClickHouse' ? 'Events are in ClickHouse. The TTL of its tables' : 'Events are in SQLite. The fleet'} removes them after {span(d.retention_seconds)}, and their hourly sums after {span(d.hourly_retention_seconds)}.
      </p>
      {d.ingest.length > 0 && (
        <details class="more">
          <summary>By cluster</summary>
          <Table
            label="Events by cluster"
            rows={d.ingest}
            keyOf={(r) => JSON.stringify([r.region, r.cluster, r.result, r.reason])}
            few={{ n: 50, what: 'rows' }}
            columns={[
              { head: 'Cluster', cell: (r) => [r.region, r.cluster || 'no cluster'].filter(Boolean).join(' / ') },
              { head: 'Result', cell: (r) => (r.result === 'dropped' ? <span class="warn"><Icon name="warn" /> dropped</span> : r.result) },
              { head: 'Why', cell: (r) => reasons[r.reason] ?? words(r.reason) },
              { head: 'Events', n: true, cell: (r) => count(r.events), by: (r) => r.events },
            ]}
          />
        </details>
      )}
    </>
  )
}

interface MadeProps {
  path: string // of the answer
  parameters?: Parameters // beside the window
  window: EventWindow
  query: Record<string, string>
  tables: readonly [table: string, what: string][] // that can be had as CSV
}

// Made says what the numbers are made of, and has them as files.
export function Made({ path, parameters = {}, window, query, tables }: MadeProps) {
  const { bot, view } = useHere()
  const page = useFleet()
  const ingest = useAnswer<EventIngest>('ingest', { bot: botOf(bot) }, view)
  const { at, failure } = ingest
  const all = { ...sameWindow(window), ...parameters }
  return (
    <div class="board">
      <Panel title="What these numbers are made of" class="made">
        <Having of={ingest}>{(d) => <Arrived of={d} />}</Having>
        {failure && at > 0 && page.now() - at > figuresGoneAfter * 1000 && (
          <p class="warn">
            What arrived is known as of {moment(at, page.now())} UTC. {sentence(failure)} Trying again.
          </p>
        )}
        <div class="acts">
          {tables.map(([table, what], i) => (
            <a key={table} class="btn" href={addressOf(path, { ...all, format: 'csv', table: i > 0 ? table : null })} download>
              {what} as CSV
            </a>
          ))}
          <a class="btn" href={addressOf(path, all)} download={`argus-${path}.json`}>
            All as JSON
          </a>
        </div>
        <details class="more">
          <summary>Queries</summary>
          {Object.entries(query).map(([name, text]) => (
            <div key={name}>
              <h3>{words(name)}</h3>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls the text */}
              <pre class="sql" tabIndex={0} role="region" aria-label={`Query: ${words(name)}`}>
                {text}
              </pre>
            </div>
          ))}
        </details>
      </Panel>
    </div>
  )
}
