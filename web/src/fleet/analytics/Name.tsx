import { useHere } from './host'
import { type Named, nameOf, words } from './judge'
import { hrefOf } from './view'

const ordinary = 'application_command'

// Name is that of a command, with the way to its page. Isolated, as a name may have
// characters that turn the direction of what follows.
export function Name({ of }: { of: Named }) {
  const { view } = useHere()
  if (of.command === null) return <i class="m">{nameOf(of)}</i>
  return (
    <>
      <a class="ref b" href={hrefOf({ ...view, view: 'command', command: of.command })}>
        <bdi>{nameOf(of)}</bdi>
      </a>
      {of.type !== null && of.type !== ordinary && <span class="s q"> {words(of.type)}</span>}
    </>
  )
}

// VersionName is a version of the bot.
export const versionName = (version: string): string => (version === '' ? 'no version' : version)
