import { useFleet } from '../context'

// NotAllowed says why a control is not there, and who has it.
export function NotAllowed({ to }: { to: string }) {
  const { settings } = useFleet().state
  if (!settings || settings.operate) return null
  return <p class="s q below">Your token has the role viewer. To {to} needs the role operator.</p>
}
