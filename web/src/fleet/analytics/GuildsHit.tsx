import { useState } from 'preact/hooks'
import { failureOf } from '../../data/api'
import { count, moment, plural } from '../../text/format'
import { Empty, Having, Panel, sentence } from '../../ui/Panel'
import { Table } from '../../ui/Table'
import { useFleet } from '../context'
import type { EventGuildsHit, Timeline } from '../data/api'
import { fleetAddress } from '../data/client'
import { botOf, useFigures, useHere } from './host'
import { lastIncident } from './incident'
import { Made } from './Made'
import { lengthName } from './Picker'
import { sizeName } from './sizes'
import { tallies } from './Tallies'
import { Verdict } from './Verdict'
import { hrefOf } from './view'

const most = 1000
const lately = '7d'

// LastIncident chooses the time of the newest findings of the fleet.
function LastIncident() {
  const page = useFleet()
  const { go } = useHere()
  const [says, setSays] = useState('')
  async function choose(): Promise<void> {
    try {
      const { events } = await page.client.get<Timeline>(fleetAddress('timeline', { range: lately }))
      const window = lastIncident(events, page.now())
      setSays(window ? '' : 'There was no finding in the last 7 days.')
      if (window) go({ window })
    } catch (err) {
      setSays(sentence(failureOf(err)))
    }
  }
  return (
    <>
      <span role="status">{says}</span>{' '}
      <button type="button" class="btn" onClick={() => void choose()}>
        The last incident
      </button>
    </>
  )
}

export function GuildsHit() {
  const page = useFleet()
  const { view, bot } = useHere()
  const answer = useFigures<EventGuildsHit>('guilds-hit', { bot: botOf(bot), limit: most }, view)
  return (
    <>
      <Having of={answer}>
        {(d) => {
          const all = d.guilds.length + d.left_out
          return (
            <Verdict tone={all > 0 ? 'bad' : ''} answer={d} why="A guild is hit if a run failed or was not answered in time, or if it became unavailable.">
              {all === 0 ? `No guild was hit ${lengthName(view, d.window, d.at)}.` : `${plural(all, 'guild was', 'guilds were')} hit ${lengthName(view, d.window, d.at)}.`}
            </Verdict>
          )
        }}
      </Having>
      <div class="board">
        <Panel title="Guilds hit" note="worst first; only ids are stored, no names" right={<LastIncident />}>
          <Having of={answer}>
            {(d) =>
              d.guilds.length === 0 ? (
                <Empty says="No guild was hit in this window" how="Events without the id of a guild do not count. Bots send it with ARGUS_EVENT_GUILD_IDS=true." />
              ) : (
                <>
                  <Table
                    label="Guilds hit, worst first"
                    class="pin"
                    rows={d.guilds}
                    keyOf={(g) => g.guild}
                    few={{ n: 50, what: 'guilds' }}
                    columns={[
                      {
                        head: 'Guild',
                        cell: (g) => (
                          <a class="ref mono" href={hrefOf({ ...view, view: 'guild', guild: g.guild, last: view.window ? null : '24h' })}>
                            {g.guild}
                          </a>
                        ),
                      },
                      { head: 'Members', n: true, cell: (g) => sizeName(g.size) },
                      ...tallies<(typeof d.guilds)[number]>((g) => g),
                      { head: 'Unavailable', n: true, title: 'Times that Discord made it unavailable', cell: (g) => (g.outages > 0 ? `${count(g.outages)}×` : '–'), by: (g) => g.outages },
                      { head: 'Last hit (UTC)', n: true, cell: (g) => (g.last === null ? '?' : moment(Date.parse(g.last), page.now())) },
                    ]}
                  />
                  {d.left_out > 0 && <p class="s q below">{plural(d.left_out, 'more guild is', 'more guilds are')} left out here. The file has up to 10,000.</p>}
                </>
              )
            }
          </Having>
        </Panel>
      </div>
      {answer.value && <Made path="guilds-hit" parameters={{ limit: 10_000 }} window={answer.value.window} query={answer.value.query} tables={[['guilds', 'Guilds hit']]} />}
    </>
  )
}
