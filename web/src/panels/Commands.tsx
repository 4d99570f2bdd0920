import { count, ratio, seconds, windowOf } from '../text/format'
import { usePage, useTitle } from '../ui/context'
import { Age, Empty, Having, Panel } from '../ui/Panel'
import { Table } from '../ui/Table'

const few = 8

const tone = (n: number | null | undefined): string => ((n ?? 0) > 3 ? 'bad' : (n ?? 0) > 1 ? 'warn' : '')

export function Commands() {
  const page = usePage()
  const titleOf = useTitle()
  const { commands } = page.state.data
  return (
    <Panel
      title="Commands"
      class="c8"
      note={commands.value ? `${windowOf(commands.value)} · first attempt to answer, p95 ${seconds(commands.value.answers.p95_seconds)}` : ''}
      right={<Age at={commands.at} />}
    >
      <Having of={commands}>
        {(doc) => {
          const rows = doc.commands.map((c) => {
            const runs = [c.application, c.text].filter((r) => r !== null)
            const n = runs.reduce((sum, r) => sum + r.count, 0)
            const timed = runs.reduce((sum, r) => sum + (r.duration?.count ?? 0), 0)
            const total = runs.reduce((sum, r) => sum + (r.duration?.mean_seconds ?? 0) * (r.duration?.count ?? 0), 0)
            const errors = Object.entries(c.error_types).sort((a, b) => b[1] - a[1])
            return { c, n, failed: runs.reduce((sum, r) => sum + r.failed, 0), mean: timed > 0 ? total / timed : null, errors }
          })
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
          return (
            <Table
                label="Commands"
                class="pin"
                rows={rows}
                few={{ n: few, what: 'commands' }}
                keyOf={(r) => r.c.command}
                columns={[
                  { head: 'Command', cell: (r) => r.c.command, tone: (r) => (r.c.command === 'other' ? 'q' : 'b') },
                  { head: 'Runs', n: true, title: titleOf('discord_app_commands_total'), by: (r) => r.n, cell: (r) => count(r.n), data: (r) => ({ 'data-command': r.c.command, 'data-value': r.n }) },
                  {
                    head: 'Failed',
                  by: (r) => r.failed,
                    n: true,
                    title: titleOf('discord_command_errors_total'),
                    cell: (r) => `${count(r.failed)}${r.failed > 0 ? ` (${ratio(r.failed / r.n)})` : ''}`,
                    tone: (r) => (r.failed === 0 ? 'q' : r.failed / r.n > 0.2 ? 'bad' : 'warn'),
                  },
                  { head: 'Handler, mean', n: true, by: (r) => r.mean, title: titleOf('discord_app_command_duration_seconds'), cell: (r) => (r.mean === null ? '–' : seconds(r.mean)), tone: (r) => tone(r.mean) },
                  { head: 'Answer, mean', n: true, by: (r) => r.c.answers?.mean_seconds, title: titleOf('discord_interaction_response_delay_seconds'), cell: (r) => (r.c.answers ? seconds(r.c.answers.mean_seconds) : '–'), tone: (r) => tone(r.c.answers?.mean_seconds) },
                  { head: '> 3 s', n: true, by: (r) => r.c.answers?.above_3s, title: titleOf('discord_interaction_response_delay_seconds'), cell: (r) => (r.c.answers ? count(r.c.answers.above_3s) : '–'), tone: (r) => ((r.c.answers?.above_3s ?? 0) > 0 ? 'bad' : 'q') },
                  { head: 'Most frequent error', class: 's m', cell: (r) => (r.errors[0] ? `${r.errors[0][0]}, ${count(r.errors[0][1])}` : '') },
                ]}
              />
          )
        }}
      </Having>
    </Panel>
  )
}
