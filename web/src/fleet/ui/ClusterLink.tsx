import { useFleet } from '../context'
import { link, placeOf } from '../data/place'

interface ClusterLinkProps {
  of: { job: string; bot: string | null; region: string | null; cluster: string }
  children?: string
}

export function ClusterLink({ of, children }: ClusterLinkProps) {
  const page = useFleet()
  return (
    <a class="ref" href={link(placeOf(of), page.state.place.range)}>
      {children ?? of.cluster}
    </a>
  )
}
