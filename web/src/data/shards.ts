import type { Known } from './picture'

// The states of a shard, worst first. Each has a letter and a form beside its colour.
export type State = 'down' | 'hangs' | 'zombie' | 'connecting' | 'identifying' | 'resuming' | 'silent' | 'unknown' | 'up'

export interface Look {
  letter: string
  word: string
  form: string // CSS class
}

export const looks: Record<State, Look> = {
  down: { letter: 'D', word: 'down', form: 'dn' },
  hangs: { letter: 'L', word: 'hangs', form: 'zo' },
  zombie: { letter: 'Z', word: 'zombie', form: 'zo' },
  connecting: { letter: 'C', word: 'connecting', form: 'tr' },
  identifying: { letter: 'I', word: 'identifying', form: 'tr' },
  resuming: { letter: 'R', word: 'resuming', form: 'tr' },
  silent: { letter: 'S', word: 'silent', form: 'si' },
  unknown: { letter: '?', word: 'unknown', form: 'un' },
  up: { letter: 'U', word: 'up', form: 'up' },
}

export const states = Object.keys(looks) as State[]

const intervals = 3 // without an acknowledgement make a zombie
const hangsAfter = 300 // s

type Judged = Pick<Known, 'at' | 'up' | 'state' | 'heartbeat_ack_age_seconds' | 'heartbeat_interval_seconds' | 'lock_unavailable_seconds' | 'findings'>

export function stateOf(s: Judged, now: number): State {
  const passed = Math.max(now - s.at, 0) / 1000
  if ((s.lock_unavailable_seconds ?? 0) > hangsAfter || s.findings.includes('DiscordSessionLockStuck')) return 'hangs'
  if (s.state === 'disconnected') return 'down'
  if (s.state === 'connecting' || s.state === 'identifying' || s.state === 'resuming') return s.state
  if (s.up === false) return 'down'
  if (s.up === null) return 'unknown'
  const { heartbeat_ack_age_seconds: ack, heartbeat_interval_seconds: interval } = s
  if (s.findings.includes('DiscordShardZombie') || (ack !== null && interval !== null && interval > 0 && ack + passed > intervals * interval)) return 'zombie'
  if (s.findings.includes('DiscordShardSilent')) return 'silent'
  return 'up'
}

export const well = (state: State): boolean => state === 'up'
