import { count, ratio, seconds, span } from '../../text/format'
import { Icon } from '../../ui/Icon'
import { Empty, Having, Panel } from '../../ui/Panel'
import { type Column, slow, Table } from '../../ui/Table'
import type { CommandFigures, EventCommands } from '../data/api'
import { listed } from '../text'
import { botOf, useFigures, useHere } from './host'
import { compare, failed, fewRuns, inTime, type Judged, keyOf, nameOf, total, worstFirst } from './judge'
import { Made } from './Made'
import { Name } from './Name'
import { tallies } from './Tallies'
import { Trend } from './Trend'
import { Because, ran, Verdict, worseBadge } from './Verdict'
import { VersionFilter } from './VersionFilter'

// change is how a number of runs has changed.
function change(c: CommandFigures): string {
  const before = c.runs_before ?? 0
  if (before === 0) return c.runs > 0 ? 'new' : '–'
  const by = (c.runs - before) / before
  return Math.abs(by) < 0.005 ? '=' : `${by > 0 ? '+' : '−'}${by > 9.995 ? `${count(Math.round(by))}×` : ratio(Math.abs(by))}`
}

function Says({ of: d }: { of: EventCommands }) {
  const { view } = useHere()
  const all = total(d.commands)
  const earlier = total(d.commands_before)
  const judged = compare(d.commands, d.commands_before).sort(worstFirst)
  const worse = judged.filter((j) => j.judgement.is === 'worse')
  const fails = judged.filter((j) => j.judgement.is === 'fails')
  const length = (Date.parse(d.window.to) - Date.parse(d.window.from)) / 1000
  const before = length === 86400 ? '24 h' : span(length)
  return (
    <Verdict
      tone={worse.length > 0 ? 'bad' : fails.length > 0 ? 'warn' : ''}
      lead={worse.length > 0 ? worseBadge : undefined}
      answer={d}
      why={
        <>
          {worse[0] && <Because of={worse[0]} colon />}
          {earlier.runs === 0 ? `The ${before} before have no runs to compare with.` : `The ${before} before: ${count(earlier.runs)} runs, ${ratio(failed(earlier))} failed, ${ratio(inTime(earlier))} in time.`}{' '}
          {fails[0] && <Because of={fails[0]} />}
        </>
      }
    >
      {ran(all, view, d, 'No runs')}
      {worse.length > 0 ? (
        <em>
          {'; '}
          <bdi>{listed(worse.map((j) => nameOf(j.name)), worse.length, 3)}</bdi> got worse.
        </em>
      ) : (
        '.'
      )}
    </Verdict>
  )
}

function Judgement({ of: j }: { of: Judged }) {
  switch (j.judgement.is) {
    case 'worse':
      return (
        <span class="bad nw" title={j.judgement.why.join(', ')}>
          <Icon name="bad" /> worse
        </span>
      )
    case 'fails':
      return (
        <span class="warn nw">
          <Icon name="warn" /> fails, as before
        </span>
      )
    case 'few':
      return <span class="q nw">{`under ${fewRuns} runs${j.after.runs < fewRuns ? '' : ' before'}`}</span>
    case 'same':
      return <span class="q nw">no sure change</span>
    default:
      return <span class="q">{j.judgement.is}</span>
  }
}

export { Judgement }

export function CommandTable({ of, before, label }: { of: readonly CommandFigures[]; before: readonly CommandFigures[] | null; label: string }) {
  const judged = new Map(compare(of, before ?? []).map((j) => [keyOf(j.name), j]))
  const rows = [...of].sort((a, b) => {
    const [x, y] = [judged.get(keyOf(a)), judged.get(keyOf(b))]
    return before && x && y ? worstFirst(x, y) : b.runs - a.runs
  })
  const against: Column<CommandFigures>[] = before
    ? [
        { head: 'Runs vs. before', n: true, title: 'Against the runs in the window of the same length before', cell: (c) => change(c) },
        {
          head: 'Change',
          cell: (c) => {
            const j = judged.get(keyOf(c))
            return j ? <Judgement of={j} /> : null
          },
        },
      ]
    : []
  return (
    <Table
      label={label}
      class="pin"
      rows={rows}
      keyOf={keyOf}
      few={{ n: 25, what: 'commands' }}
      columns={[
        { head: 'Command', cell: (c) => <Name of={c} /> },
        ...tallies<CommandFigures>((c) => c),
        { head: 'p50', n: true, title: 'Median duration of the handler', cell: (c) => seconds(c.p50), by: (c) => c.p50 },
        { head: 'p95', n: true, title: '95th percentile of the duration of the handler', cell: (c) => seconds(c.p95), tone: (c) => slow(c.p95), by: (c) => c.p95 },
        ...against,
      ]}
    />
  )
}

export function Commands() {
  const { view, bot } = useHere()
  const answer = useFigures<EventCommands>('commands', { bot: botOf(bot), version: view.version }, view)
  return (
    <>
      <Having of={answer}>{(d) => <Says of={d} />}</Having>
      <div class="board">
        <Panel title="Commands" note="worst first" right={<VersionFilter />}>
          <Having of={answer}>{(d) => (d.commands.length === 0 ? <Empty says="No command was used in this window" how="Choose a longer one above, or another bot." /> : <CommandTable label="Commands, worst first" of={d.commands} before={d.commands_before} />)}</Having>
        </Panel>
      </div>
      <div class="board">
        <Panel title="Over time" note={view.version === null ? '' : 'of the chosen version'}>
          <Having of={answer}>{(d) => <Trend window={d.window} step={d.step_seconds} at={d.at} points={d.trend} whole />}</Having>
        </Panel>
      </div>
      {answer.value && (
        <Made
          path="commands"
          parameters={{ version: view.version }}
          window={answer.value.window}
          query={answer.value.query}
          tables={[
            ['commands', 'Commands'],
            ['trend', 'Trend'],
          ]}
        />
      )}
    </>
  )
}
