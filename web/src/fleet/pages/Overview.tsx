import { useMemo } from 'preact/hooks'
import { useStale } from '../../ui/context'
import { Panel } from '../../ui/Panel'
import { useFleet } from '../context'
import type { Overview as Document } from '../data/api'
import { link } from '../data/place'
import { Ages } from '../panels/Ages'
import { Banners } from '../panels/Banners'
import { Clusters } from '../panels/Clusters'
import { Expected } from '../panels/Expected'
import { GuildLookup } from '../panels/GuildLookup'
import { HeatMap, many } from '../panels/HeatMap'
import { SessionStarts } from '../panels/SessionStarts'
import { Totals } from '../panels/Totals'
import { Verdict } from '../panels/Verdict'
import { Versions } from '../panels/Versions'

function AlertCounts({ of: { alerts } }: { of: Document }) {
  return (
    <Panel title="Alerts" class="gauge" right={<a href={link({ page: 'alerts' })}>All alerts</a>}>
      <p class="v">
        <b class={alerts.firing > 0 ? 'bad' : ''} data-of="Firing">
          {alerts.firing}
        </b>
        <span class="m">
          firing · {alerts.pending} pending · {alerts.inhibited} inhibited · {alerts.muted} muted
        </span>
      </p>
    </Panel>
  )
}

// useChosen leaves out the bots that were not asked for: the document has all of them, for
// the choice at the top.
function useChosen(of: Document): Document {
  const { job, bot } = useFleet().state.place
  return useMemo(() => (job === '' ? of : { ...of, bots: of.bots.filter((b) => b.job === job && (bot === '' || b.bot === bot)) }), [of, job, bot])
}

export function Overview({ of: all }: { of: Document }) {
  const page = useFleet()
  const stale = useStale(page)
  const of = useChosen(all)
  const { settings } = page.state
  return (
    <main id="main" tabIndex={-1} class={stale ? 'stale' : ''}>
      <section class="board" aria-label="Verdict">
        <Verdict of={of} who={settings?.name || 'Fleet'} note={of.report.findings?.length ? 'worst first' : `${of.report.checked} of ${of.report.checks} checks made`} />
      </section>
      <Banners />
      <Totals of={of} />
      <div class="board">
        <HeatMap of={of} />
        <Versions wide={of.clusters.length > many} />
      </div>
      <div class="board">
        <Clusters of={of} />
      </div>
      <div class="board">
        <Expected of={of} />
        <SessionStarts of={of} />
      </div>
      <div class="board">
        <div class="stack c8">
          <Ages of={of} />
        </div>
        <div class="stack c4">
          <AlertCounts of={of} />
          <GuildLookup />
        </div>
      </div>
    </main>
  )
}
