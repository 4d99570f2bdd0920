import type { ComponentType } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { useStale } from '../../ui/context'
import { Empty, Having, Panel } from '../../ui/Panel'
import { useFleet } from '../context'
import type { EventBots } from '../data/api'
import { Banners } from '../panels/Banners'
import { Command } from './Command'
import { Commands } from './Commands'
import { Growth } from './Growth'
import { Guild } from './Guild'
import { GuildsHit } from './GuildsHit'
import { type Here, HereContext, useAnswer } from './host'
import { Picker } from './Picker'
import { Release } from './Release'
import { format, hrefOf, parse, start, type View, type ViewName, views } from './view'
import './analytics.css'

const pages: Record<ViewName, ComponentType> = { commands: Commands, command: Command, release: Release, guilds: GuildsHit, growth: Growth, guild: Guild }

// newest is the bot whose events are the newest.
const newest = (bots: EventBots['bots']): string | null => [...bots].sort((a, b) => Date.parse(b.last) - Date.parse(a.last))[0]?.bot ?? null

const botName = (bot: string): string => (bot === '' ? 'no bot' : bot)

function BotChoice({ bots, bot, go }: { bots: EventBots['bots']; bot: string; go: Here['go'] }) {
  const names = bots.map((b) => b.bot)
  if (!names.includes(bot)) names.push(bot)
  if (names.length < 2) return null
  return (
    <select class="btn" aria-label="Bot" value={bot} onChange={(e) => go({ bot: e.currentTarget.value, version: null, before: null, after: null })}>
      {names.map((name) => (
        <option key={name} value={name}>
          {botName(name)}
        </option>
      ))}
    </select>
  )
}

// Views leads to the others, about the same bot and window.
function Views({ view }: { view: View }) {
  const tabs = useRef<HTMLElement>(null)
  // On a phone they are scrolled.
  useEffect(() => tabs.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [view.view])
  return (
    <nav class="tabs views" aria-label="Analytics" ref={tabs}>
      {(Object.keys(views) as ViewName[])
        .filter((v) => v !== 'command')
        .map((v) => (
          <a key={v} href={hrefOf({ ...start, view: v, bot: view.bot, last: view.last, window: view.window, guild: view.guild })} aria-current={v === view.view || (v === 'commands' && view.view === 'command') ? 'page' : undefined}>
            {views[v]}
          </a>
        ))}
    </nav>
  )
}

export function Analytics() {
  const page = useFleet()
  const stale = useStale(page)
  const text = page.state.place.analytics
  const view = useMemo(() => parse(text), [text])
  const answer = useAnswer<EventBots>('bots', {}, null)
  const bots = answer.value?.bots ?? []
  const bot = view.bot ?? newest(bots)
  const here = useMemo((): Here | null => {
    if (bot === null) return null
    const go = (change: Partial<View>): void => page.go({ analytics: format({ ...view, ...change }) })
    return { view, bot, go, zoom: (window) => go({ window }) }
  }, [view, bot, page])
  const Shown = pages[view.view]
  return (
    <main id="main" tabIndex={-1} class={stale ? 'stale' : ''}>
      <Banners />
      <div class="analyticsbar">
        <Views view={view} />
        {here && (
          <HereContext.Provider value={here}>
            <BotChoice bots={bots} bot={here.bot} go={here.go} />
            <Picker now={page.now()} />
          </HereContext.Provider>
        )}
      </div>
      {here ? (
        <HereContext.Provider value={here}>
          <Shown key={`${view.view} ${view.command} ${view.guild}`} />
        </HereContext.Provider>
      ) : (
        <div class="board">
          <Panel title="Analytics">
            <h1 class="vh">Analytics</h1>
            <Having of={answer}>{() => <Empty says="No event has arrived yet" how="Bots send events over OTLP to the fleet's address. docs/FLEET.md says how." />}</Having>
          </Panel>
        </div>
      )}
    </main>
  )
}
