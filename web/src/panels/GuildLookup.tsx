import { useState } from 'preact/hooks'
import { failureOf, type ShardOf } from '../data/api'
import { looks, stateOf } from '../data/shards'
import { plural, span } from '../text/format'
import { usePage } from '../ui/context'
import { Panel, sentence } from '../ui/Panel'
import { type Described, lasts } from './Shards'

function guildSays({ guild_state: state, guild_members: members }: ShardOf): string {
  if (state === null) return 'Whether the guild is available: ? (no READY yet, or no GUILDS intent).'
  if (state === 'absent') return 'The bot is not in this guild.'
  if (state === 'unavailable') return 'The guild is unavailable: in an outage, or not received yet.'
  return `The guild is available, with ${members === null ? '?' : plural(members, 'member')}.`
}

export function GuildLookup() {
  const page = usePage()
  const [answer, setAnswer] = useState<ShardOf | null>(null)
  const [problem, setProblem] = useState('')
  async function find(guild: string): Promise<void> {
    setAnswer(null)
    setProblem('')
    if (!/^\d{1,20}$/.test(guild)) {
      setProblem('The id of a guild has digits alone, such as 197038439483310086.')
      return
    }
    try {
      const found = await page.client.get<ShardOf>('shard-of', { guild })
      setAnswer(found)
      if (found.shard !== null && found.here) page.go({ shard: found.shard })
    } catch (err) {
      setProblem(sentence(failureOf(err)))
    }
  }
  // The page knows more than that the shard is up: it may be a zombie.
  const shard = page.state.picture?.shards.find((s) => s.shard === answer?.shard)
  const shown: Described | undefined = shard && { shard, state: stateOf(shard, page.now()) }
  const absent = answer?.guild_state === 'absent'
  const good = shown?.state === 'up' && !absent && answer?.guild_state !== 'unavailable'
  return (
    <Panel title={<label for="guild">Which shard has this guild?</label>}>
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
        {answer && (
          <p class={`answer ${good ? 'is-ok' : answer.here && !absent ? 'is-bad' : ''}`}>
            {answer.shard === null ? (
              'The number of shards is not known yet.'
            ) : (
              <>
                Shard <b>{answer.shard}</b>
                {answer.here === false ? (
                  <>, which this process does not have.</>
                ) : (
                  <>
                    , here on {answer.identity.cluster}: <b class={shown?.state === 'up' ? 'ok' : 'bad'}>{shown ? looks[shown.state].word : (answer.state ?? 'unknown')}</b>
                    {shown && <> for {span(lasts(shown, page.now()))}</>}. {guildSays(answer)}
                  </>
                )}
                <br />
                <span class="src">(id &gt;&gt; 22) % {answer.shards}</span>
              </>
            )}
          </p>
        )}
      </div>
    </Panel>
  )
}
