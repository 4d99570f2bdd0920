import type { EventVersions } from '../data/api'
import { botOf, useAnswer, useHere } from './host'
import { versionName } from './Name'

// VersionFilter chooses a version of those that ran in the window.
export function VersionFilter() {
  const { view, bot, go } = useHere()
  const answer = useAnswer<EventVersions>('versions', { bot: botOf(bot) }, view)
  const ran = (answer.value?.versions ?? []).map((v) => v.version)
  const versions = view.version === null || ran.includes(view.version) ? ran : [...ran, view.version]
  if (versions.length < 2 && view.version === null) return null
  return (
    <select class="btn" aria-label="Version" value={JSON.stringify(view.version)} onChange={(e) => go({ version: JSON.parse(e.currentTarget.value) as string | null })}>
      <option value="null">all versions</option>
      {versions.toReversed().map((v) => (
        <option key={v} value={JSON.stringify(v)}>
          {versionName(v)}
        </option>
      ))}
    </select>
  )
}
