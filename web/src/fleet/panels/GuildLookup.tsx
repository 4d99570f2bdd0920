import { useState } from 'preact/hooks'
import { failureOf } from '../../data/api'
import { span } from '../../text/format'
import { Panel, sentence } from '../../ui/Panel'
import { useFleet } from '../context'
import type { ShardOf } from '../data/api'
import { fleetAddress } from '../data/client'
import { ClusterLink } from '../ui/ClusterLink'

type Found = ShardOf['bots'][number]
type Owner = Found['owners'][number]

function OwnerSays({ of, bot }: { of: Owner; bot: Found }) {
  const page = useFleet()
  const word = of.gone ? 'gone' : of.up === true ? 'up' : (of.state ?? (of.up === false ? 'down' : 'unknown'))
  return (
    <>
      <ClusterLink of={{ ...of, job: bot.job, bot: bot.bot }} />
      {of.region !== null && ` in ${of.region}`}: <b class={word === 'up' ? 'ok' : word === 'unknown' ? 'off' : 'bad'}>{word}</b>
      {of.since !== null && ` for ${span((page.now() - Date.parse(of.since)) / 1000)}`}.{' '}
    </>
  )
}

function BotSays({ of, named }: { of: Found; named: boolean }) {
  const good = of.owners.length === 1 && of.owners[0]?.up === true && !of.owners[0].gone
  return (
    <p class={`answer ${good ? 'is-ok' : of.shard === null ? '' : 'is-bad'}`}>
      {named && <b>{of.bot ?? of.job}: </b>}
      {of.shard === null ? (
        'The number of shards is not known yet.'
      ) : (
        <>
          Shard <b>{of.shard}</b>
          {of.owners.length === 0 ? ', which no cluster has. ' : of.owners.length > 1 ? ', which several clusters have: ' : ', on '}
          {of.owners.map((o) => (
            <OwnerSays key={`${o.region} ${o.cluster}`} of={o} bot={of} />
          ))}
          <br />
          <span class="src">(id &gt;&gt; 22) % {of.shards}</span>
        </>
      )}
    </p>
  )
}

// GuildLookup asks for one guild. Its id is not in the address, and is kept nowhere.
export function GuildLookup() {
  const page = useFleet()
  const [answer, setAnswer] = useState<ShardOf | null>(null)
  const [problem, setProblem] = useState('')
  async function find(guild: string): Promise<void> {
    setAnswer(null)
    setProblem('')
    if (!/^\d{1,20}$/.test(guild)) {
      setProblem('The id of a guild has digits alone, such as 197038439483310086.')
      return
    }
    const { job, bot } = page.state.place
    try {
      setAnswer(await page.client.get<ShardOf>(fleetAddress('shard-of', { guild, job, bot })))
    } catch (err) {
      setProblem(sentence(failureOf(err)))
    }
  }
  return (
    <Panel title={<label for="guild">Where is this guild?</label>}>
      <form
        class="field"
        onSubmit={(event) => {
          event.preventDefault()
          void find(String(new FormData(event.currentTarget).get('guild') ?? '').trim())
        }}
      >
        <input id="guild" name="guild" inputMode="numeric" autocomplete="off" placeholder="id of the guild" aria-describedby="guild-says" />
        <button class="btn" type="submit">
          Find
        </button>
      </form>
      <div id="guild-says" role="status">
        {problem && <p class="answer bad">{problem}</p>}
        {answer?.bots.map((b) => (
          <BotSays key={`${b.job} ${b.bot}`} of={b} named={answer.bots.length > 1} />
        ))}
        {answer?.bots.length === 0 && <p class="answer">No bot has reported yet.</p>}
      </div>
    </Panel>
  )
}
