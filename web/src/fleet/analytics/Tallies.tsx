import { count, ratio } from '../../text/format'
import type { Column } from '../../ui/Table'
import { failed, inTime, type Tally } from './judge'

const late = (s: Tally): string => ((inTime(s) ?? 1) < 0.9 ? 'bad' : (inTime(s) ?? 1) < 0.99 ? 'warn' : '')
const broken = (s: Tally): string => ((failed(s) ?? 0) > 0.1 ? 'bad' : (failed(s) ?? 0) > 0.02 ? 'warn' : '')

const outcomes = 'Acknowledged within 3 s, of those whose outcome is known'

// tallies are the columns of what is counted.
export function tallies<T>(of: (row: T) => Tally): Column<T>[] {
  return [
    { head: 'Runs', n: true, cell: (r) => count(of(r).runs), by: (r) => of(r).runs },
    { head: 'Failed', n: true, title: 'Runs with an error, of all', cell: (r) => ratio(failed(of(r))), tone: (r) => broken(of(r)), by: (r) => failed(of(r)) },
    { head: 'In time', n: true, title: outcomes, cell: (r) => ratio(inTime(of(r))), tone: (r) => late(of(r)) },
    { head: 'Not in time', n: true, title: 'Late, rejected or missed', cell: (r) => count(of(r).not_in_time), by: (r) => of(r).not_in_time },
  ]
}
