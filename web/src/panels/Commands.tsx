import type { Commands as Document } from '../data/api'
import { count, ratio, seconds, windowOf } from '../text/format'
import { usePage, useTitle } from '../ui/context'
import { Age, Empty, Having, Panel } from '../ui/Panel'
import { type Column, estimate, estimated, slow, Table } from '../ui/Table'

const few = 8

const rowsOf = (doc: Document) =>
  doc.commands.map(({ command, application, text, answers, error_types }) => {
    const runs = [application, text].filter((r) => r !== null)
    const n = runs.reduce((sum, r) => sum + r.count, 0)
    const timed = runs.reduce((sum, r) => sum + (r.duration?.count ?? 0), 0)
    const total = runs.reduce((sum, r) => sum + (r.duration?.mean_seconds ?? 0) * (r.duration?.count ?? 0), 0)
    const errors = Object.entries(error_types).sort((a, b) => b[1] - a[1])
    return { command, answers, n, failed: runs.reduce((sum, r) => sum + r.failed, 0), mean: timed > 0 ? total / timed : null, errors }
  })

type Row = ReturnType<typeof rowsOf>[number]

export function Commands() {
  const page = usePage()
  const titleOf = useTitle()
  const { commands } = page.state.data
  const answers = titleOf('discord_interaction_response_delay_seconds')
  return (
    <Panel
      title="Commands"
      note={commands.value ? `${windowOf(commands.value)} · answer: first attempt, p95 ${seconds(commands.value.answers.p95_seconds)}` : ''}
      right={<Age at={commands.at} />}
    >
      <Having of={commands}>
        {(doc) => {
          const rows = rowsOf(doc)
          if (rows.length === 0)
            return (
              <Empty
                says="No command has been used in this range"
                how={
                  <>
                    Commands are measured where their handlers are wrapped with <code>instrument.Interaction</code> or <code>instrument.Command</code>.
                  </>
                }
              />
            )
          const quantile = (p: 'p50' | 'p95' | 'p99'): Column<Row> => {
            // Answers that no bucket has took longer than the highest bound.
            const of = (r: Row): number | null => (r.answers?.count ? (r.answers[`${p}_seconds`] ?? Infinity) : null)
            return { head: p === 'p95' ? 'Answer, p95' : p, n: true, class: p === 'p95' ? '' : 'wide', by: of, title: estimated(answers), cell: (r) => estimate(doc.quantile_bounds_seconds, of(r)), tone: (r) => slow(of(r)) }
          }
          return (
            <Table
              label="Commands"
              class="pin"
              rows={rows}
              few={{ n: few, what: 'commands' }}
              sorted="Answer, p95"
              keyOf={(r) => r.command}
              columns={[
                { head: 'Command', cell: (r) => r.command, tone: (r) => (r.command === 'other' ? 'q' : 'b') },
                { head: 'Runs', n: true, by: (r) => r.n, title: titleOf('discord_app_commands_total'), cell: (r) => count(r.n), data: (r) => ({ 'data-command': r.command, 'data-value': r.n }) },
                {
                  head: 'Failed',
                  by: (r) => r.failed,
                  n: true,
                  title: titleOf('discord_command_errors_total'),
                  cell: (r) => `${count(r.failed)}${r.failed > 0 ? ` (${ratio(r.failed / r.n)})` : ''}`,
                  tone: (r) => (r.failed === 0 ? 'q' : r.failed / r.n > 0.2 ? 'bad' : 'warn'),
                },
                { head: 'Handler, mean', n: true, class: 'wide', by: (r) => r.mean, title: titleOf('discord_app_command_duration_seconds'), cell: (r) => (r.mean === null ? '–' : seconds(r.mean)), tone: (r) => slow(r.mean) },
                quantile('p50'),
                quantile('p95'),
                quantile('p99'),
                { head: '> 3 s', n: true, by: (r) => r.answers?.above_3s, title: answers, cell: (r) => (r.answers ? count(r.answers.above_3s) : '–'), tone: (r) => ((r.answers?.above_3s ?? 0) > 0 ? 'bad' : 'q') },
                { head: 'Most frequent error', class: 's m', cell: (r) => (r.errors[0] ? `${r.errors[0][0]}, ${count(r.errors[0][1])}` : '') },
              ]}
            />
          )
        }}
      </Having>
    </Panel>
  )
}
