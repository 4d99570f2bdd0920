import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Empty, Panel, Skeleton } from '../../ui/Panel'
import { useFleet } from '../context'

function Off() {
  return (
    <Empty
      says="This fleet keeps no events"
      how={
        <>
          Start it with <code>--events=on</code> (<code>ARGUS_FLEET_EVENTS=on</code>) and the token of a viewer.
        </>
      }
    />
  )
}

// Analytics loads its pages when they are looked at.
export function Analytics() {
  const { settings } = useFleet().state
  const [loaded, load] = useState<{ View: ComponentType | null; failed: boolean }>({ View: null, failed: false })
  const on = settings?.events === true
  useEffect(() => {
    if (!on) return
    import('../analytics/Analytics').then(
      ({ Analytics: View }) => load({ View, failed: false }),
      () => load({ View: null, failed: true }),
    )
  }, [on])
  if (on && loaded.View) return <loaded.View />
  return (
    <main id="main" tabIndex={-1}>
      <h1 class="vh">Analytics</h1>
      <div class="board">
        <Panel title="Analytics">{settings && !on ? <Off /> : loaded.failed ? <Empty says="This part of the page could not be loaded" how="Reload the page: the fleet may have another version now." /> : <Skeleton />}</Panel>
      </div>
    </main>
  )
}
