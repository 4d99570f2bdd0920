import type { CommandFigures, OneSide } from '../data/api'
import { ratio, seconds } from '../../text/format'

// What a comparison needs, so that chance makes hardly any command worse.
export const fewRuns = 30 // for shares
export const fewDurations = 100 // for a 95th percentile
const leastShare = 0.01
const leastFactor = 1.5 // of a 95th percentile
const leastSeconds = 0.1
const surely = 3.29 // standard errors: 1 in 1,000 by chance
const many = 0.1 // a share of failures that is worth a word, also if it was so before

export type Tally = Pick<OneSide, 'runs' | 'failures' | 'in_time' | 'not_in_time'>
export type Side = Tally & Pick<OneSide, 'p95'>

export const nothing: Side = { runs: 0, failures: 0, in_time: 0, not_in_time: 0, p95: null }

export interface Judgement {
  is: 'worse' | 'better' | 'same' | 'fails' | 'few' | 'new' | 'gone'
  why: string[]
  cost: number // more runs that fail or are not in time than at the share before
}

export const share = (part: number, of: number): number | null => (of > 0 ? part / of : null)
export const failed = (s: Tally): number | null => share(s.failures, s.runs)
// Only of those whose outcome is known.
export const inTime = (s: Tally): number | null => share(s.in_time, s.in_time + s.not_in_time)

// differs says by how much a share has changed, or 0 if that may be chance.
function differs(before: number, ofBefore: number, after: number, ofAfter: number): number {
  if (ofBefore < fewRuns || ofAfter < fewRuns) return 0
  const by = after / ofAfter - before / ofBefore
  const pooled = (before + after) / (ofBefore + ofAfter)
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / ofBefore + 1 / ofAfter))
  return Math.abs(by) >= leastShare && Math.abs(by) > surely * error ? by : 0
}

function slower(before: Side, after: Side): number {
  if (before.p95 === null || after.p95 === null || before.runs < fewDurations || after.runs < fewDurations) return 0
  const [low, high] = [Math.min(before.p95, after.p95), Math.max(before.p95, after.p95)]
  return high - low >= leastSeconds && high >= leastFactor * low ? after.p95 - before.p95 : 0
}

// judge compares a command before and after.
export function judge(before: Side, after: Side): Judgement {
  if (after.runs === 0) return { is: 'gone', why: [], cost: 0 }
  if (before.runs === 0) return { is: 'new', why: [], cost: 0 }
  if (before.runs < fewRuns || after.runs < fewRuns) return { is: 'few', why: [], cost: 0 }
  const known = (s: Tally): number => s.in_time + s.not_in_time
  const failures = differs(before.failures, before.runs, after.failures, after.runs)
  const missed = differs(before.not_in_time, known(before), after.not_in_time, known(after))
  const slow = slower(before, after)
  const why: string[] = []
  const worse = failures > 0 || missed > 0 || slow > 0
  const tell = (by: number): boolean => by !== 0 && by > 0 === worse
  if (tell(missed)) why.push(`in time ${ratio(inTime(before))} → ${ratio(inTime(after))}`)
  if (tell(failures)) why.push(`failed ${ratio(failed(before))} → ${ratio(failed(after))}`)
  if (tell(slow)) why.push(`p95 ${seconds(before.p95)} → ${seconds(after.p95)}`)
  const cost = Math.max(failures, 0) * after.runs + Math.max(missed, 0) * known(after)
  if (worse) return { is: 'worse', why, cost }
  if (why.length > 0) return { is: 'better', why, cost: 0 }
  if ((failed(after) ?? 0) >= many) return { is: 'fails', why: [`failed ${ratio(failed(after))}, as before`], cost: 0 }
  return { is: 'same', why: [], cost: 0 }
}

// The others are told apart by what they cost users.
const order: Partial<Record<Judgement['is'], number>> = { worse: 0, fails: 1, gone: 3 }
const rank = (j: Judged): number => order[j.judgement.is] ?? 2
const trouble = (j: Judged): number => j.after.failures + j.after.not_in_time

// worstFirst orders what was judged. What costs more comes first, then what fails or is late more often, then what runs more.
export const worstFirst = (a: Judged, b: Judged): number => rank(a) - rank(b) || b.judgement.cost - a.judgement.cost || trouble(b) - trouble(a) || b.after.runs - a.after.runs

export interface Judged {
  name: Named
  before: Side
  after: Side
  judgement: Judgement
}

export type Named = Pick<CommandFigures, 'type' | 'command'>

export const keyOf = ({ type, command }: Named): string => JSON.stringify([type, command])

// compare judges commands of one list by those of another. Commands that have not run in
// either are left out.
export function compare(after: readonly CommandFigures[], before: readonly CommandFigures[]): Judged[] {
  const earlier = new Map(before.map((c) => [keyOf(c), c]))
  return after
    .map((c): Judged => {
      const b = earlier.get(keyOf(c)) ?? nothing
      return { name: c, before: b, after: c, judgement: judge(b, c) }
    })
    .filter((j) => j.before.runs + j.after.runs > 0)
}

// nameOf is what a command, or the interactions of a type without one, are called.
export function nameOf({ type, command }: Named): string {
  if (command === null) return type === null ? 'of an unknown type' : words(type)
  return command === '' ? '(an empty name)' : command
}

export const words = (text: string): string => text.replaceAll('_', ' ')

// total adds up.
export function total(list: readonly Tally[]): Tally {
  const sum = (key: keyof Tally): number => list.reduce((n, c) => n + c[key], 0)
  return { runs: sum('runs'), failures: sum('failures'), in_time: sum('in_time'), not_in_time: sum('not_in_time') }
}
