import { useEffect, useMemo, useState } from 'preact/hooks'
import { type Failure, failureOf } from '../../data/api'
import type { Lines } from '../../data/windows'
import { count, moment, rate } from '../../text/format'
import type { Line } from '../../ui/Chart'
import { Broken, Empty, Panel, Skeleton } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { useFleet } from '../context'
import { address } from '../data/client'
import { ranges } from '../data/place'
import { type Row, rowsOf, type Sample, samplesOf, seriesName, warningsOf } from '../data/promql'
import { Banners } from '../panels/Banners'
import { QueryBox } from '../panels/QueryBox'
import { greatest, TimeChart } from '../ui/TimeChart'

const points = 240
const most = 500 // rows of the table
const looks: Pick<Line, 'color' | 'dash'>[] = [{ color: 'accent' }, { color: 'data' }, { color: 'warn' }, { color: 'ok' }, { color: 'accent', dash: [6, 3] }, { color: 'data', dash: [6, 3] }, { color: 'warn', dash: [6, 3] }, { color: 'ok', dash: [6, 3] }]

interface Answer {
  at: number // ms since 1970
  samples: Sample[]
  lines: Lines | null
  shown: Line[]
  left: number // series that are not in the chart
  warnings: string[]
}

function linesOf(rows: readonly Row[], start: number, step: number): Pick<Answer, 'lines' | 'shown' | 'left'> {
  const drawn = rows.slice(0, looks.length)
  if (drawn.length === 0) return { lines: null, shown: [], left: 0 }
  const times = Array.from({ length: points + 1 }, (_, i) => start + i * step)
  const shown = drawn.map((r, i): Line => ({ key: String(i), label: seriesName(r.labels), ...(looks[i] ?? { color: 'data' }) }))
  return { lines: { step, times, lines: new Map(drawn.map((r, i) => [String(i), times.map((t) => r.values.get(t) ?? null)])) }, shown, left: rows.length - drawn.length }
}

// useAnswer asks when the query, the range, or the number of the attempt is another.
function useAnswer(q: string, attempt: number): { answer: Answer | null; failure: Failure | null; busy: boolean } {
  const page = useFleet()
  const { range, zoom } = page.state.place
  const known = page.state.docs.overview.at > 0
  const [state, setState] = useState<{ answer: Answer | null; failure: Failure | null; busy: boolean }>({ answer: null, failure: null, busy: false })
  useEffect(() => {
    if (q === '' || !known) return
    const abort = new AbortController()
    const ask = async (): Promise<void> => {
      const size = zoom ? zoom.to - zoom.from : ranges[range]
      const step = Math.max(Math.ceil(size / points), 1)
      const end = Math.floor((zoom?.to ?? page.now() / 1000) / step) * step
      const start = end - step * points
      try {
        const instant = await page.client.get<unknown>(address('./api/v1/query', { query: q, time: end }), abort.signal)
        // A text has no range.
        const ranged = await page.client.get<unknown>(address('./api/v1/query_range', { query: q, start, end, step }), abort.signal).catch((err: unknown) => {
          const failure = failureOf(err)
          if (failure.status === 400) return null
          throw failure
        })
        if (abort.signal.aborted) return
        setState({ answer: { at: end * 1000, samples: samplesOf(instant), warnings: warningsOf(instant), ...linesOf(rowsOf(ranged), start, step) }, failure: null, busy: false })
      } catch (err) {
        if (!abort.signal.aborted) setState({ answer: null, failure: failureOf(err), busy: false })
      }
    }
    setState((s) => ({ ...s, busy: true }))
    void ask()
    return () => abort.abort()
  }, [q, attempt, range, zoom, known])
  return q === '' ? { answer: null, failure: null, busy: false } : state
}

// number writes a value as far as it is one.
const number = (text: string): string => (Number.isFinite(Number(text)) && text !== '' ? rate(Number(text)).replace(/^<.*/, Number(text).toPrecision(3)) : text)

function Result({ of: a }: { of: Answer }) {
  const page = useFleet()
  return (
    <>
      {a.warnings.map((w) => (
        <p class="s warn" key={w}>
          {w}
        </p>
      ))}
      {a.samples.length === 0 && a.lines === null ? (
        <Empty says="No series is like that" how="The query is right, but there is no data for it in this range." />
      ) : (
        <>
          {a.lines && greatest(a.lines, '0') !== null && (
            <>
              <TimeChart title="Result of the query" lines={a.lines} shown={a.shown} height={240} axis value={(n) => (n === null ? '?' : number(String(n)))} marks={[]} says={`${a.shown.length} series. The table below has the values of now.`} />
              {a.left > 0 && <p class="s q">{count(a.left)} more series are not drawn.</p>}
            </>
          )}
          <Table
            label="Result of the query"
            rows={a.samples.slice(0, most)}
            keyOf={(s) => seriesName(s.labels)}
            few={{ n: 50, what: 'series' }}
            columns={[
              { head: `Series at ${moment(a.at, page.now())}`, class: 'w', cell: (s) => <code>{seriesName(s.labels)}</code> },
              { head: 'Value', n: true, cell: (s) => <b title={s.value}>{number(s.value)}</b> },
            ]}
          />
          {a.samples.length > most && <p class="s q">{count(a.samples.length - most)} more are left out.</p>}
        </>
      )}
    </>
  )
}

export function Query() {
  const page = useFleet()
  const { place, settings, names } = page.state
  const [attempt, setAttempt] = useState(0)
  const { answer, failure, busy } = useAnswer(place.q, attempt)
  const box = useMemo(
    () => (
      <QueryBox
        text={place.q}
        names={names}
        run={(q) => {
          page.go({ q, zoom: null })
          setAttempt((n) => n + 1)
        }}
      />
    ),
    [place.q, names],
  )
  return (
    <main id="main" tabIndex={-1}>
      <h1 class="vh">Query</h1>
      <Banners />
      <div class="board">
        <Panel title={<label for="query">PromQL</label>} right={busy ? 'asking' : ''}>
          {settings?.query === false ? <Empty says="This fleet answers no queries" /> : box}
        </Panel>
        {place.q !== '' && (
          <Panel title="Result">
            {failure ? <Broken failure={failure} /> : answer ? <Result of={answer} /> : <Skeleton />}
          </Panel>
        )}
      </div>
    </main>
  )
}
