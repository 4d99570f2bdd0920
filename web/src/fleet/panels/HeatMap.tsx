import { useRef, useState } from 'preact/hooks'
import { count, ratio } from '../../text/format'
import { useTick } from '../../ui/context'
import { Icon } from '../../ui/Icon'
import { Empty, Panel } from '../../ui/Panel'
import { Still } from '../../ui/Still'
import { useFleet } from '../context'
import type { Cluster, Overview } from '../data/api'
import { absent, bounds, byRegion, kinds, looks, short, story } from '../data/clusters'
import { keyOf, link, measures, placeOf } from '../data/place'

export const many = 200 // clusters above which cells are small

// tiny is what fits into a small cell.
const tiny = (text: string): string => (text.length > 3 ? text.replace(/\..*/, '') : text)

// Tip is what there is to say of a cell. It is on the side where there is room.
function Tip({ of, now, beside }: { of: Cluster; now: number; beside: HTMLAnchorElement | null }) {
  const far = (beside?.offsetLeft ?? 0) > (beside?.parentElement?.clientWidth ?? 0) / 2
  return (
    <span class={`tip${far ? ' far' : ''}`} id="cell-tip" aria-hidden="true">
      {story(of, now)}
    </span>
  )
}

interface CellProps {
  of: Cluster
  now: number
  goneAfter: number
  dense: boolean
  newest: string | null // the version that is marked
  focusable: boolean
  active: boolean
  reach: (key: string | null) => void
}

function Cell({ of, now, goneAfter, dense, newest, focusable, active, reach }: CellProps) {
  const page = useFleet()
  const { cell: measure, range } = page.state.place
  const el = useRef<HTMLAnchorElement>(null)
  const key = keyOf(of)
  const left = absent(of)
  const shown = left ? null : kinds[measure].cell(of, now, goneAfter)
  const form = of.state === 'gone' ? 'go' : left || !shown ? 'un' : shown.level === 2 ? 'h2' : shown.level === 1 ? 'h1' : ''
  const text = of.state === 'gone' ? 'gone' : of.state === 'left' ? 'left' : (shown?.text ?? '?')
  const marked = newest !== null && of.version === newest
  return (
    <a
      class={`cl ${form}`}
      ref={el}
      href={link(placeOf(of), range)}
      aria-describedby={active ? 'cell-tip' : undefined}
      tabIndex={focusable ? 0 : -1}
      data-key={key}
      onFocus={() => reach(key)}
      onBlur={() => reach(null)}
      onMouseEnter={() => reach(key)}
      onMouseLeave={() => reach(null)}
    >
      {!dense && (
        <i>
          {short(of)}
          {marked && (
            <svg width="7" height="7" aria-hidden="true">
              <path d="M0 0h7v7z" class="f-acc" />
            </svg>
          )}
        </i>
      )}
      <u>{dense ? (of.state === 'gone' ? 'G' : of.state === 'left' ? 'L' : form === '' ? '·' : tiny(text)) : text}</u>
      <span class="vh">
        {of.cluster}: {looks[of.state].word}
      </span>
      {active && <Tip of={of} now={now} beside={el.current} />}
    </a>
  )
}

function Regions({ of }: { of: Overview }) {
  const page = useFleet()
  const host = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<string | null>(null)
  const [focus, setFocus] = useState<string | null>(null)
  const groups = byRegion(of.clusters)
  const order = groups.flatMap(([, list]) => list.map(keyOf))
  const dense = order.length > many
  const known = new Map(of.regions.map((r) => [r.region, r]))
  const newest = newestOf(of)
  const now = page.now()
  const { cell, range } = page.state.place
  const at = focus !== null && order.includes(focus) ? focus : order[0]
  function reach(key: string | null): void {
    setActive(key)
    if (key !== null && host.current?.contains(document.activeElement) && document.activeElement?.getAttribute('data-key') === key) setFocus(key)
  }
  // The arrow keys move between the cells, which have one place in the order of tabs.
  function keys(event: KeyboardEvent): void {
    const grid = (event.target as Element).closest('.cls')
    const width = grid ? Math.max(getComputedStyle(grid).gridTemplateColumns.split(' ').length, 1) : 1
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width }
    const cells = [...(host.current?.querySelectorAll<HTMLAnchorElement>('.cl') ?? [])]
    let to = cells.indexOf(document.activeElement as HTMLAnchorElement)
    if (to < 0) return
    if (event.key in moves) to += moves[event.key] ?? 0
    else if (event.key === 'Home') to = 0
    else if (event.key === 'End') to = cells.length - 1
    else if (event.key === 'Escape') setActive(null)
    else return
    event.preventDefault()
    cells[Math.min(Math.max(to, 0), cells.length - 1)]?.focus()
  }
  return (
    <div ref={host} role="group" aria-label="Clusters. The arrow keys move between them" onKeyDown={keys}>
      {groups.map(([name, list]) => {
        const r = known.get(name)
        const bad = r && (r.reporting < r.clusters || (r.failure_ratio ?? 0) > bounds.late[1])
        const warn = r && (r.failure_ratio ?? 0) > bounds.late[0]
        return (
          <div class="region" key={name ?? ''}>
            <div>
              <h3>
                <Icon name={!r ? 'unknown' : bad ? 'bad' : warn ? 'warn' : 'ok'} class={!r ? 'off' : bad ? 'bad' : warn ? 'warn' : 'ok'} />{' '}
                {name === null ? 'No region' : <a href={link({ find: name, job: page.state.place.job, bot: page.state.place.bot }, page.state.place.range)}>{name}</a>}
              </h3>
              {r && (
                <p class="s m">
                  {count(r.reporting)} of {count(r.clusters)} clusters
                  <br />
                  {count(r.shards_up)}/{count(r.shards)} shards up
                  <br />
                  <span class={(r.failure_ratio ?? 0) > bounds.late[1] ? 'bad' : (r.failure_ratio ?? 0) > bounds.late[0] ? 'warn' : ''}>{ratio(r.failure_ratio)} not in time</span>
                </p>
              )}
            </div>
            <div class={`cls${dense ? ' dense' : ''}`}>
              {list.map((c) => {
                const key = keyOf(c)
                return (
                  <Still key={key} of={[c, cell, range, dense, newest, key === at, key === active, cell === 'age' || key === active ? now : 0]}>
                    <Cell of={c} now={now} goneAfter={of.gone_after_seconds} dense={dense} newest={newest} focusable={key === at} active={key === active} reach={reach} />
                  </Still>
                )
              })}
            </div>
          </div>
        )
      })}
    </div>
  )
}

// newestOf is the version that came last, where there are several.
function newestOf(of: Overview): string | null {
  const versions = of.bots.flatMap((b) => (b.versions.length > 1 ? b.versions : []))
  const known = versions.filter((v) => v.first_seen !== null && v.version !== null)
  known.sort((a, b) => Date.parse(b.first_seen ?? '') - Date.parse(a.first_seen ?? ''))
  return known[0]?.version ?? null
}

function Legend({ of, dense }: { of: Overview; dense: boolean }) {
  const { cell } = useFleet().state.place
  const { low, mid, high } = kinds[cell]
  const newest = newestOf(of)
  return (
    <p class="legend">
      {(
        [
          ['f-surf k-no', low],
          ['k-h1', mid],
          ['k-h2', high],
        ] as const
      ).map(([cls, text], i) => (
        <span class="key" key={cls}>
          <svg width="10" height="10" aria-hidden="true">
            <rect x=".5" y=".5" width="9" height="9" class={cls} />
          </svg>
          {i > 0 ? <b>{text}</b> : text}
        </span>
      ))}
      <span class="key">
        <svg width="10" height="10" aria-hidden="true">
          <rect x="1" y="1" width="8" height="8" class="nofill s-bad" stroke-width="2" stroke-dasharray="3 2" />
        </svg>
        {dense && <b>G</b>} gone
      </span>
      <span>
        <b>?</b> unknown
      </span>
      {newest !== null && !dense && (
        <span class="key">
          <svg width="7" height="7" aria-hidden="true">
            <path d="M0 0h7v7z" class="f-acc" />
          </svg>
          on {newest}
        </span>
      )}
    </p>
  )
}

// HeatMap has a cell for each cluster, in the order of their names.
export function HeatMap({ of }: { of: Overview }) {
  const page = useFleet()
  const { cell } = page.state.place
  useTick(cell === 'age' ? 1_000 : 5_000)
  return (
    <Panel
      title="Clusters by region"
      note={`number: ${kinds[cell].unit}`}
      class={of.clusters.length > many ? 'c12' : 'c8'}
      right={
        <fieldset class="seg">
          <legend class="vh">Number in the cells</legend>
          {measures.map((m) => (
            <button type="button" key={m} aria-pressed={m === cell} onClick={() => page.go({ cell: m })}>
              {kinds[m].name}
            </button>
          ))}
        </fieldset>
      }
    >
      {of.clusters.length === 0 ? (
        <Empty says="No cluster has reported yet" how="Set OTEL_EXPORTER_OTLP_ENDPOINT of each process to the address of this fleet. A cluster is here as soon as its first report has come." />
      ) : (
        <>
          <Regions of={of} />
          <Legend of={of} dense={of.clusters.length > many} />
        </>
      )}
    </Panel>
  )
}
