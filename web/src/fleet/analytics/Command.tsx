import { count, ratio } from '../../text/format'
import { Empty, Having, Panel } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import type { CommandPart, EventCommand } from '../data/api'
import { botOf, useFigures, useHere } from './host'
import { nameOf, share, total } from './judge'
import { Made } from './Made'
import { versionName } from './Name'
import { tallies } from './Tallies'
import { Trend } from './Trend'
import { ran, Verdict } from './Verdict'
import { VersionFilter } from './VersionFilter'
import { hrefOf } from './view'

const of = (d: EventCommand, dimension: CommandPart['dimension']): CommandPart[] => d.parts.filter((p) => p.dimension === dimension)
const clusterName = (p: CommandPart): string => [p.region, p.cluster ?? 'no cluster'].filter(Boolean).join(' / ')

function Errors({ of: d }: { of: EventCommand }) {
  const parts = of(d, 'error_type')
  const runs = total(parts).runs
  const errors = parts.filter((p) => p.error_type !== undefined).sort((a, b) => b.runs - a.runs)
  if (errors.length === 0) return <Empty says="No run failed" how="Errors are known of handlers that are wrapped." />
  return (
    <Table
      label="Errors by type"
      rows={errors}
      keyOf={(p) => p.error_type ?? ''}
      few={{ n: 15, what: 'types' }}
      columns={[
        { head: 'Error type', class: 'w', cell: (p) => <code>{p.error_type === '' ? '(an empty type)' : p.error_type}</code> },
        { head: 'Runs', n: true, cell: (p) => count(p.runs) },
        { head: 'Of all runs', n: true, cell: (p) => ratio(share(p.runs, runs)) },
      ]}
    />
  )
}

export function Command() {
  const { view, bot } = useHere()
  const answer = useFigures<EventCommand>('command', { bot: botOf(bot), command: view.command, version: view.version }, view)
  const name = nameOf({ type: null, command: view.command })
  return (
    <>
      <Verdict
        answer={answer.value}
        lead={
          <a class="btn" href={hrefOf({ ...view, view: 'commands' })}>
            ← All commands
          </a>
        }
      >
        <bdi>{name}</bdi>
        <Having of={answer}>{(d) => `: ${ran(total(of(d, 'version')), view, d)}.`}</Having>
      </Verdict>
      <div class="board">
        <Panel title="Over time" right={<VersionFilter />} note={view.version === null ? '' : 'of the chosen version'}>
          <Having of={answer}>{(d) => <Trend window={d.window} step={d.step_seconds} at={d.at} points={d.trend} whole={false} />}</Having>
        </Panel>
      </div>
      <div class="board">
        <Panel title="Errors by type" class="c4">
          <Having of={answer}>{(d) => <Errors of={d} />}</Having>
        </Panel>
        <Panel title="By cluster" class="c4">
          <Having of={answer}>{(d) => <Table label="By cluster" rows={of(d, 'cluster').sort((a, b) => b.failures + b.not_in_time - a.failures - a.not_in_time)} keyOf={clusterName} few={{ n: 15, what: 'clusters' }} columns={[{ head: 'Cluster', cell: clusterName }, ...tallies<CommandPart>((p) => p)]} />}</Having>
        </Panel>
        <Panel title="By version" class="c4">
          <Having of={answer}>{(d) => <Table label="By version" rows={of(d, 'version').sort((a, b) => b.runs - a.runs)} keyOf={(p) => p.version ?? ''} few={{ n: 15, what: 'versions' }} columns={[{ head: 'Version', cell: (p) => versionName(p.version ?? '') }, ...tallies<CommandPart>((p) => p)]} />}</Having>
        </Panel>
      </div>
      {answer.value && (
        <Made
          path="command"
          parameters={{ command: view.command, version: view.version }}
          window={answer.value.window}
          query={answer.value.query}
          tables={[
            ['parts', 'Errors, clusters and versions'],
            ['trend', 'Trend'],
          ]}
        />
      )}
    </>
  )
}
