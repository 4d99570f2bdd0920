import { useHost } from '../ui/context'
import type { Fleet } from './fleet'

export const useFleet = (): Fleet => useHost() as Fleet
