import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Known } from '../data/picture'
import { looks, type State, stateOf, states, well } from '../data/shards'
import { closed } from '../text/closes'
import { count, moment, rate, seconds, span } from '../text/format'
import { onScheme, readColors, type Token } from '../ui/colors'
import { usePage, useTick, useTitle } from '../ui/context'
import { Empty, Panel } from '../ui/Panel'
import { Facts, Table } from '../ui/Table'

const large = 64 // squares with numbers up to this many
const squares = 256 // elements up to this many, a canvas above
const rowsShown = 40 // of shards that are not well
const tones: Record<string, string> = { tr: 'warn', si: 'warn', un: 'off', zo: 'bad', dn: 'bad' }

export interface Described {
  shard: Known
  state: State
}

// age is what a shard's age is now: it has grown since the shard was described.
const age = (s: Known, n: number | null, now: number): number | null => (n === null ? null : n + Math.max(now - s.at, 0) / 1000)

// lasts is for how long a shard has been in its state, in s. A zombie and a silent shard are
// up to the process: they are so since what they last had.
export function lasts({ shard: s, state }: Described, now: number): number | null {
  if (state === 'zombie' && s.heartbeat_ack_age_seconds !== null) return age(s, s.heartbeat_ack_age_seconds, now)
  if (state === 'silent' && s.last_event_age_seconds !== null) return age(s, s.last_event_age_seconds, now)
  return s.since ? (now - Date.parse(s.since)) / 1000 : null
}

export function story(d: Described, now: number): string {
  const { shard: s, state } = d
  const lasting = lasts(d, now)
  const parts = [`Shard ${s.shard}: ${looks[state].word}${lasting === null ? '' : ` for ${span(lasting)}`}.`]
  parts.push(s.latency_seconds === null ? 'Heartbeat unknown.' : `Heartbeat ${seconds(s.latency_seconds)}${s.heartbeat_ack_age_seconds === null ? '' : `, acknowledged ${span(age(s, s.heartbeat_ack_age_seconds, now))} ago`}.`)
  if (s.last_event_age_seconds !== null) parts.push(`Last event ${span(age(s, s.last_event_age_seconds, now))} ago.`)
  parts.push(`${rate(s.events_per_second)} events/s${s.events_window_seconds === null ? '' : ` over ${span(s.events_window_seconds)}`}.`)
  if ((s.closes_1h ?? 0) > 0) parts.push(`${count(s.closes_1h)} disconnects in the last hour.`)
  if (s.last_close) parts.push(`Last disconnect ${span((now - Date.parse(s.last_close.at)) / 1000)} ago: ${closed(s.last_close)}.`)
  if (s.findings.length > 0) parts.push(`Findings: ${s.findings.join(', ')}.`)
  return parts.join(' ')
}

function Squares({ list, now, chosen, choose }: { list: Described[]; now: number; chosen: string; choose: (shard: string) => void }) {
  const [active, setActive] = useState<string | null>(null)
  const [focus, setFocus] = useState(0)
  const dense = list.length > large
  const host = useRef<HTMLDivElement>(null)
  function keys(event: KeyboardEvent): void {
    const el = host.current
    if (!el) return
    const width = Math.max(getComputedStyle(el).gridTemplateColumns.split(' ').length, 1)
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width }
    let to = focus
    if (event.key in moves) to += moves[event.key] ?? 0
    else if (event.key === 'Home') to = 0
    else if (event.key === 'End') to = list.length - 1
    else if (event.key === 'Escape') setActive(null)
    else return
    event.preventDefault()
    to = Math.min(Math.max(to, 0), list.length - 1)
    setFocus(to)
    el.querySelectorAll('button')[to]?.focus()
  }
  return (
    <div class={`shards${dense ? ' dense' : ''}`} ref={host} role="group" aria-label="Shards. The arrow keys move between them" onKeyDown={keys}>
      {list.map((d, i) => {
        const { shard: s, state } = d
        const look = looks[state]
        return (
          <button
            type="button"
            key={s.shard}
            class={`sh ${look.form}${chosen === s.shard ? ' chosen' : ''}`}
            tabIndex={i === Math.min(focus, list.length - 1) ? 0 : -1}
            aria-pressed={chosen === s.shard}
            onClick={() => choose(chosen === s.shard ? '' : s.shard)}
            onFocus={() => {
              setFocus(i)
              setActive(s.shard)
            }}
            onBlur={() => setActive(null)}
            onMouseEnter={() => setActive(s.shard)}
            onMouseLeave={() => setActive(null)}
          >
            <b>{dense && state === 'up' ? '·' : look.letter}</b>
            {!dense && (
              <>
                <i>{s.shard}</i>
                <u>{rate(s.events_per_second)}</u>
              </>
            )}
            {active === s.shard ? <span class="tip">{story(d, now)}</span> : <span class="vh">{` ${look.word}`}</span>}
          </button>
        )
      })}
    </div>
  )
}

const paint: Record<string, { ground: Token; edge: Token; ink: Token }> = {
  up: { ground: 'ok-soft', edge: 'ok-soft', ink: 'ok' },
  tr: { ground: 'warn-soft', edge: 'warn', ink: 'warn' },
  si: { ground: 'surface', edge: 'warn', ink: 'warn' },
  zo: { ground: 'bad-soft', edge: 'bad', ink: 'bad' },
  dn: { ground: 'bad', edge: 'bad', ink: 'surface' },
  un: { ground: 'off-soft', edge: 'off', ink: 'off' },
}

function Canvas({ list, now, choose }: { list: Described[]; now: number; choose: (shard: string) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  const [scheme, setScheme] = useState(0)
  const [under, setUnder] = useState<number | null>(null)
  const cell = list.length > 1024 ? 10 : 14
  const columns = Math.max(Math.floor(width / cell), 1)
  const height = Math.ceil(list.length / columns) * cell
  useEffect(() => onScheme(() => setScheme((n) => n + 1)), [])
  useEffect(() => {
    const el = canvas.current?.parentElement
    if (!el) return
    const observer = new ResizeObserver(() => setWidth(el.clientWidth))
    observer.observe(el)
    return () => observer.disconnect()
  }, [])
  const forms = list.map(({ state }) => state).join()
  useEffect(() => {
    const el = canvas.current
    const c = el?.getContext('2d')
    if (!el || !c || width === 0) return
    const colors = readColors()
    const ratio = devicePixelRatio
    el.width = width * ratio
    el.height = height * ratio
    el.style.width = `${width}px`
    el.style.height = `${height}px`
    c.scale(ratio, ratio)
    c.textAlign = 'center'
    c.textBaseline = 'middle'
    c.font = `600 ${cell - 3}px system-ui, sans-serif`
    for (const [i, { state }] of list.entries()) {
      const look = looks[state]
      const p = paint[look.form]
      if (!p) continue
      const [x, y] = [(i % columns) * cell, Math.floor(i / columns) * cell]
      c.fillStyle = colors[p.ground]
      c.fillRect(x, y, cell - 2, cell - 2)
      if (state === 'up') continue
      c.strokeStyle = colors[p.edge]
      c.setLineDash(look.form === 'tr' ? [3, 2] : look.form === 'un' ? [1, 1] : [])
      c.strokeRect(x + 0.5, y + 0.5, cell - 3, cell - 3)
      c.fillStyle = colors[p.ink]
      c.fillText(look.letter, x + cell / 2 - 1, y + cell / 2 - 0.5)
    }
  }, [forms, width, scheme, columns, height, cell])
  function at(event: MouseEvent): number | null {
    const i = Math.floor(event.offsetY / cell) * columns + Math.floor(event.offsetX / cell)
    return event.offsetX < columns * cell && i < list.length ? i : null
  }
  function keys(event: KeyboardEvent): void {
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }
    if (event.key in moves) {
      event.preventDefault()
      setUnder(Math.min(Math.max((under ?? -1) + (moves[event.key] ?? 0), 0), list.length - 1))
    } else if (event.key === 'Enter' && under !== null) choose(list[under]?.shard.shard ?? '')
  }
  const d = under === null ? undefined : list[under]
  return (
    <div class="many">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: the keyboard moves over it */}
      <canvas
        ref={canvas}
        role="application"
        aria-roledescription="map of shards"
        aria-label={`${count(list.length)} shards in the order of their numbers. The arrow keys move between them; the table lists those that are not well`}
        tabIndex={0}
        onMouseMove={(e) => setUnder(at(e))}
        onMouseLeave={() => setUnder(null)}
        onClick={(e) => choose(list[at(e) ?? -1]?.shard.shard ?? '')}
        onKeyDown={keys}
      />
      <p class="s m under" role="status">
        {d ? story(d, now) : ''}
      </p>
    </div>
  )
}

function Chosen({ d, now, close }: { d: Described; now: number; close: () => void }) {
  const titleOf = useTitle()
  const { shard: s, state } = d
  const lasting = lasts(d, now)
  const facts: [string, string, string][] = [
    ['State', `${looks[state].word}${lasting === null ? '' : `, since ${moment(now - lasting * 1000, now)} (${span(lasting)})`}`, 'discord_shard_state'],
    ['Heartbeat', `${seconds(s.latency_seconds)}, every ${s.heartbeat_interval_seconds === null ? '?' : seconds(s.heartbeat_interval_seconds)}`, 'discord_shard_latency_seconds'],
    ['Acknowledged', s.heartbeat_ack_age_seconds === null ? '?' : `${span(age(s, s.heartbeat_ack_age_seconds, now))} ago`, 'discord_shard_heartbeat_ack_timestamp_seconds'],
    ['Last event', s.last_event_age_seconds === null ? '?' : `${span(age(s, s.last_event_age_seconds, now))} ago`, 'discord_shard_event_timestamp_seconds'],
    ['Events', `${rate(s.events_per_second)}/s${s.events_window_seconds === null ? '' : ` over ${span(s.events_window_seconds)}`}`, 'discord_shard_events_total'],
    ['Lock unavailable', s.lock_unavailable_seconds === null ? '?' : span(s.lock_unavailable_seconds), 'discord_shard_lock_unavailable_seconds'],
    ['Last hour', `${count(s.closes_1h)} disconnects, ${count(s.resumes_1h)} resumes, ${count(s.new_sessions_1h)} new sessions`, 'discord_shard_disconnects_total'],
    ['Last disconnect', s.last_close ? `${closed(s.last_close)}, ${moment(Date.parse(s.last_close.at), now)} (${span((now - Date.parse(s.last_close.at)) / 1000)} ago)` : 'none known', 'discord_shard_disconnects_total'],
    ['Findings', s.findings.join(', ') || 'none', ''],
  ]
  return (
    <div class="chosenbox">
      <div class="h">
        <h3>Shard {s.shard}</h3>
        <button type="button" class="btn r" onClick={close}>
          Close
        </button>
      </div>
      <Facts rows={facts.map(([name, value, series]) => ({ name, value, title: series ? titleOf(series, `shard="${s.shard}"`) : undefined }))} />
    </div>
  )
}

export function Shards() {
  const page = usePage()
  useTick(1_000)
  const titleOf = useTitle()
  const { picture, place } = page.state
  const now = page.now()
  const shards = picture?.shards ?? []
  // While the page is stale, states stay as they were: only ages count on.
  const judged = page.stale() ? (picture?.at ?? now) : now
  const list = shards.map((shard): Described => ({ shard, state: stateOf(shard, judged) }))
  const key = list.map((d) => d.state).join()
  const counts = new Map(states.map((state) => [state, list.filter((d) => d.state === state).length]))
  const bad = list.filter((d) => !well(d.state)).sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state))
  const chosen = list.find((d) => d.shard.shard === place.shard)
  const choose = (shard: string): void => page.go({ shard })
  const grid = useMemo(
    () => (list.length > squares ? <Canvas list={list} now={now} choose={choose} /> : <Squares list={list} now={now} chosen={place.shard} choose={choose} />),
    [picture, key, place.shard],
  )
  return (
    <Panel title="Shards" note={`${count(list.length - bad.length)} of ${count(list.length)} well`} right={list.length > large ? 'in the order of their numbers' : 'number: events/s'} id="shards">
      {list.length === 0 ? (
        <Empty says="No shard has connected yet" how="A shard is here as soon as its session was opened." />
      ) : (
        <div title={titleOf('discord_shard_state')}>{grid}</div>
      )}
      <p class="legend">
        {states
          .filter((state) => (counts.get(state) ?? 0) > 0)
          .map((state) => (
            <span key={state}>
              <b>{looks[state].letter}</b> {looks[state].word} {count(counts.get(state))}
            </span>
          ))}
      </p>
      {chosen && <Chosen d={chosen} now={now} close={() => choose('')} />}
      {bad.length > 0 && (
        <>
          <Table
            label="Shards that are not well"
            rows={bad.slice(0, rowsShown)}
            keyOf={(d) => d.shard.shard}
            columns={[
              {
                head: 'Not well',
                cell: ({ shard: s, state }) => (
                  <>
                    <b class={tones[looks[state].form]}>{looks[state].letter}</b> {s.shard} <span class="q">{looks[state].word}</span>
                  </>
                ),
              },
              { head: 'For', cell: (d) => span(lasts(d, now)) },
              { head: 'Ack', n: true, cell: ({ shard: s }) => span(age(s, s.heartbeat_ack_age_seconds, now)) },
              { head: 'Event', n: true, cell: ({ shard: s }) => span(age(s, s.last_event_age_seconds, now)) },
              { head: 'Last close', title: titleOf('discord_shard_disconnects_total'), class: 'w', cell: ({ shard: s }) => (s.last_close ? `${closed(s.last_close)}, ${span((now - Date.parse(s.last_close.at)) / 1000)} ago` : 'none known') },
            ]}
          />
          {bad.length > rowsShown && <p class="s q">And {count(bad.length - rowsShown)} more.</p>}
        </>
      )}
    </Panel>
  )
}
