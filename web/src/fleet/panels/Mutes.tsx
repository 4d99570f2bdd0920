import { useState } from 'preact/hooks'
import { failureOf } from '../../data/api'
import { moment, span } from '../../text/format'
import { Empty, Panel, sentence } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { Mute } from '../data/api'
import { fleetAddress } from '../data/client'

export function Mutes({ of, operate }: { of: readonly Mute[]; operate: boolean }) {
  const page = useFleet()
  const [problem, setProblem] = useState('')
  const now = page.now()
  async function end(mute: Mute): Promise<void> {
    setProblem('')
    try {
      await page.client.send('DELETE', fleetAddress(`mutes/${encodeURIComponent(mute.id)}`))
      page.refresh('alerts')
      page.refresh('overview')
    } catch (err) {
      setProblem(sentence(failureOf(err)))
    }
  }
  return (
    <Panel title="Mutes" class="c7">
      {of.length === 0 ? (
        <Empty says="Nothing is muted" />
      ) : (
        <Table
          label="Mutes"
          rows={of}
          keyOf={(m) => m.id}
          columns={[
            { head: 'What', class: 'w', cell: (m) => <code>{m.matchers.map(({ name, op, value }) => `${name}${op}${JSON.stringify(value)}`).join(', ')}</code> },
            { head: 'Until', cell: (m) => `${moment(Date.parse(m.until), now)}, in ${span((Date.parse(m.until) - now) / 1000)}${m.ends_if_worse ? ', or when it gets worse' : ''}` },
            { head: 'By', cell: (m) => m.by },
            { head: 'Why', class: 'w', cell: (m) => m.comment },
            {
              head: <span class="vh">Actions</span>,
              cell: (m) =>
                operate ? (
                  <button type="button" class="btn" aria-label={`End the mute of ${m.matchers.map(({ value }) => value).join(', ')}`} onClick={() => void end(m)}>
                    End
                  </button>
                ) : null,
            },
          ]}
        />
      )}
      <p class="bad s" role="alert">
        {problem}
      </p>
    </Panel>
  )
}
