import { useMemo, useState } from 'preact/hooks'
import { plural, span } from '../../text/format'
import { Empty, Having, Panel } from '../../ui/Panel'
import type { EventGuild } from '../data/api'
import { CommandTable } from './Commands'
import { botOf, useFigures, useHere } from './host'
import { total } from './judge'
import { Made } from './Made'
import { Runs } from './Runs'
import { linesOf } from './trend'
import { ran, Verdict } from './Verdict'

function Form() {
  const { view, go } = useHere()
  const [problem, setProblem] = useState('')
  return (
    <Panel title={<label for="one-guild">Id of a guild</label>}>
      <form
        class="field"
        onSubmit={(e) => {
          e.preventDefault()
          const guild = String(new FormData(e.currentTarget).get('guild') ?? '').trim()
          const wrong = !/^[1-9]\d{0,19}$/.test(guild)
          setProblem(wrong ? 'The id of a guild has digits alone, such as 197038439483310086.' : '')
          if (!wrong) go({ guild })
        }}
      >
        <input id="one-guild" name="guild" inputMode="numeric" autocomplete="off" placeholder="id of the guild" defaultValue={view.guild} key={view.guild} aria-describedby="one-guild-says" />
        <button class="btn" type="submit">
          Show
        </button>
      </form>
      <p id="one-guild-says" class="s q below" role="status">
        {problem ? <span class="bad">{problem}</span> : 'The address has the id after the #, which browsers do not send. The requests of this page for its figures have it: a proxy in front of the fleet may log them.'}
      </p>
    </Panel>
  )
}

function History({ of: d }: { of: EventGuild }) {
  const per = `every ${span(d.step_seconds)}`
  const lines = useMemo(() => linesOf(d.trend_window, d.step_seconds, d.trend, { runs: (p) => p.runs, failures: (p) => p.failures, not_in_time: (p) => p.not_in_time }, { runs: 0, failures: 0, not_in_time: 0 }), [d])
  const sum = (key: 'joins' | 'leaves' | 'outages'): number => d.trend.reduce((n, p) => n + p[key], 0)
  const [joins, leaves, outages] = [sum('joins'), sum('leaves'), sum('outages')]
  return (
    <>
      {d.trend.length === 0 ? <Empty says="Nothing is known of this guild in this window" how="Choose a longer one above. Bots send the ids of guilds with ARGUS_EVENT_GUILD_IDS=true." /> : <Runs title={`Runs of the guild ${per}`} per={per} lines={lines} height={160} at={d.at} />}
      {joins + leaves + outages > 0 && (
        <p class="below">
          {[joins > 0 && `It added the bot ${plural(joins, 'time')}`, leaves > 0 && `removed it ${plural(leaves, 'time')}`, outages > 0 && `was unavailable ${plural(outages, 'time')}`].filter(Boolean).join(', ')}, in the whole hours of the window.
        </p>
      )}
    </>
  )
}

export function Guild() {
  const { view, bot } = useHere()
  const answer = useFigures<EventGuild>('guild', view.guild === '' ? null : { bot: botOf(bot), guild: view.guild }, view)
  if (view.guild === '') {
    return (
      <div class="board">
        <h1 class="vh">One guild</h1>
        <Form />
      </div>
    )
  }
  return (
    <>
      <Having of={answer}>
        {(d) => (
          <Verdict answer={d}>
            Guild <span class="mono">{view.guild}</span>: {ran(total(d.commands), view, d)}.
          </Verdict>
        )}
      </Having>
      <div class="board">
        <Form />
      </div>
      <div class="board">
        <Panel title="Over time">
          <Having of={answer}>{(d) => <History of={d} />}</Having>
        </Panel>
      </div>
      <div class="board">
        <Panel title="Commands" note="most used first">
          <Having of={answer}>{(d) => (d.commands.length === 0 ? <Empty says="This guild used no command in this window" /> : <CommandTable label="Commands of the guild" of={d.commands} before={null} />)}</Having>
        </Panel>
      </div>
      {answer.value && (
        <Made
          path="guild"
          parameters={{ guild: view.guild }}
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
