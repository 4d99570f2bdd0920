import { count, day, minute, plural, ratio, seconds } from '../../text/format'
import { Empty, Having, Panel } from '../../ui/Panel'
import { slow, Table } from '../../ui/Table'
import type { EventRelease } from '../data/api'
import { listed } from '../text'
import { Judgement } from './Commands'
import { Dumbbell } from './Dumbbell'
import { botOf, useFigures, useHere } from './host'
import { failed, fewDurations, fewRuns, inTime, type Judged, judge, keyOf, nameOf, worstFirst } from './judge'
import { Made } from './Made'
import { Name, versionName } from './Name'
import { Because, Verdict, worseBadge } from './Verdict'

const judgedOf = (d: EventRelease): Judged[] => d.changes.map((c): Judged => ({ name: c, before: c.before, after: c.after, judgement: judge(c.before, c.after) })).sort(worstFirst)

function Says({ of: d, rows }: { of: EventRelease; rows: readonly Judged[] }) {
  const [before, after] = [versionName(d.before ?? ''), versionName(d.after ?? '')]
  const are = (is: Judged['judgement']['is']): Judged[] => rows.filter((j) => j.judgement.is === is)
  const [worse, better, few] = [are('worse'), are('better'), are('few')]
  const compared = rows.length - few.length - are('new').length - are('gone').length
  const [ranBefore, ranAfter] = [d.before, d.after].map((version) => d.versions.find((v) => v.version === version))
  return (
    <Verdict
      tone={worse.length > 0 ? 'bad' : ''}
      lead={worse.length > 0 ? worseBadge : undefined}
      answer={d}
      why={
        <>
          {worse[0] && <Because of={worse[0]} colon />}
          {better.length > 0 && `${plural(better.length, 'command')} got better: ${listed(better.map((j) => nameOf(j.name)), better.length)}. `}
          {few.length > 0 && `${plural(few.length, 'command')} had too few runs (under ${fewRuns} of a version) to say. `}
          {count(ranBefore?.runs ?? 0)} runs of {before}, {count(ranAfter?.runs ?? 0)} of {after}
          {ranAfter && `, first seen in the hour of ${day(Date.parse(ranAfter.first))} ${minute(Date.parse(ranAfter.first))} UTC`}.
        </>
      }
    >
      {compared === 0 ? (
        `${before} and ${after} cannot be compared: no command has ${fewRuns} runs of both.`
      ) : worse.length > 0 ? (
        <>
          <em>
            Since <bdi>{after}</bdi>, {worse.length} of {plural(compared, 'command')} got worse:
          </em>{' '}
          <bdi>{listed(worse.map((j) => nameOf(j.name)), worse.length)}</bdi>.
        </>
      ) : (
        <>
          Since <bdi>{after}</bdi>, none of {plural(compared, 'command')} got worse.
        </>
      )}
    </Verdict>
  )
}

function Choice({ of: d, label, value, choose }: { of: EventRelease; label: string; value: string | null; choose: (version: string) => void }) {
  const ran = d.versions.map((v) => v.version)
  const versions = value === null || ran.includes(value) ? ran : [...ran, value]
  return (
    <label>
      {label}{' '}
      <select class="btn" value={value ?? undefined} onChange={(e) => choose(e.currentTarget.value)}>
        {versions.toReversed().map((v) => (
          <option key={v} value={v}>
            {versionName(v)}
          </option>
        ))}
      </select>
    </label>
  )
}

function Changes({ of: d, rows }: { of: EventRelease; rows: readonly Judged[] }) {
  const known = rows.flatMap((j) => [j.before.p95, j.after.p95]).filter((s) => s !== null)
  const top = Math.max(...known, 0.1)
  return (
    <Table
      label={`Commands in ${versionName(d.before ?? '')} and ${versionName(d.after ?? '')}, worst first`}
      class="pin"
      rows={rows}
      keyOf={(j) => keyOf(j.name)}
      few={{ n: 25, what: 'commands' }}
      columns={[
        { head: 'Command', cell: (j) => <Name of={j.name} /> },
        { head: 'Change', cell: (j) => <Judgement of={j} /> },
        { head: 'Failed before', n: true, class: 'm', cell: (j) => ratio(failed(j.before)) },
        { head: 'after', n: true, cell: (j) => <b>{ratio(failed(j.after))}</b>, tone: (j) => (j.judgement.why.some((w) => w.startsWith('failed')) ? (j.judgement.is === 'worse' ? 'bad' : j.judgement.is === 'fails' ? 'warn' : '') : '') },
        { head: 'In time before', n: true, class: 'm', cell: (j) => ratio(inTime(j.before)) },
        { head: 'after', n: true, cell: (j) => <b>{ratio(inTime(j.after))}</b>, tone: (j) => (j.judgement.is === 'worse' && j.judgement.why.some((w) => w.startsWith('in time')) ? 'bad' : '') },
        { head: 'p95 before', n: true, class: 'm', cell: (j) => seconds(j.before.p95) },
        { head: 'after', n: true, cell: (j) => <b>{seconds(j.after.p95)}</b>, tone: (j) => slow(j.after.p95) },
        { head: `p95 before ○ → after ●, 0 to ${seconds(top)}`, class: 'dumb', cell: (j) => <Dumbbell before={j.before.p95} after={j.after.p95} top={top} limit={top > 3 ? 3 : null} worse={j.judgement.is === 'worse' && j.judgement.why.some((w) => w.startsWith('p95'))} /> },
        { head: 'Runs before', n: true, cell: (j) => count(j.before.runs), tone: (j) => (j.before.runs < fewDurations ? 'q' : '') },
        { head: 'after', n: true, cell: (j) => count(j.after.runs), tone: (j) => (j.after.runs < fewDurations ? 'q' : '') },
      ]}
    />
  )
}

export function Release() {
  const { view, bot, go } = useHere()
  const answer = useFigures<EventRelease>('release', { bot: botOf(bot), before: view.before, after: view.after }, view)
  return (
    <Having of={answer}>
      {(d) => {
        const rows = judgedOf(d)
        const choice = (
          <span class="pair">
            <Choice of={d} label="Before" value={d.before} choose={(before) => go({ before, after: d.after })} />
            <Choice of={d} label="after" value={d.after} choose={(after) => go({ after, before: d.before })} />
          </span>
        )
        return (
          <>
            {d.before === null || d.after === null ? (
              <div class="board">
                <Panel title="Before and after a release">
                  <h1 class="vh">Before and after a release</h1>
                  <Empty says={d.after === null ? 'No version ran in this window' : `Only ${versionName(d.after)} ran in this window`} how="Choose a longer window above. Versions come from the attribute service.version of the events." />
                </Panel>
              </div>
            ) : (
              <>
                <Says of={d} rows={rows} />
                <div class="board">
                  <Panel title="Commands, before and after" note="worst first" right={choice}>
                    {rows.length === 0 ? <Empty says="Neither version ran a command in this window" how="Choose a longer window, or other versions." /> : <Changes of={d} rows={rows} />}
                    <p class="s q below">
                      Worse: the share that failed or was not in time rose by at least 1 percentage point, and by more than chance explains in 999 of 1,000 cases; or the p95 is 1.5 times as long and 100 ms longer. No sure change: a smaller one, or one that chance can explain. Shares are compared from {fewRuns} runs of each version, a p95 from {fewDurations}.
                    </p>
                  </Panel>
                </div>
              </>
            )}
            <Made
              path="release"
              parameters={{ before: d.before, after: d.after }}
              window={d.window}
              query={d.query}
              tables={[
                ['changes', 'Changes'],
                ['versions', 'Versions'],
              ]}
            />
          </>
        )
      }}
    </Having>
  )
}
