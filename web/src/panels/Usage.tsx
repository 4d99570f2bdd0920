import { bytes, count, rate, seconds, span } from '../text/format'
import { usePage, useTitle } from '../ui/context'
import { Age, Having, Panel } from '../ui/Panel'
import { type Fact, Facts } from '../ui/Table'

const cpus = (n: number): string => `${rate(n)} ${n === 1 ? 'CPU' : 'CPUs'}`

// Usage is what the process uses of its machine.
export function Usage() {
  const { process } = usePage().state.data
  const titleOf = useTitle()
  return (
    <Panel title="Resources" right={<Age at={process.at} />}>
      <Having of={process}>
        {({ now, cpu }) => {
          const limit = now.cpu_limit ?? now.gomaxprocs
          const throttled = now.cpu_throttled_seconds_5m
          const rows: Fact[] = [
            {
              name: 'CPU',
              value: cpu === null ? `${now.cpu_seconds_total === null ? '?' : '…'} of ${cpus(limit)}` : `${rate(cpu)} of ${cpus(limit)}`,
              title: `${now.cpu_limit === null ? 'GOMAXPROCS; no limit of a control group' : titleOf('discord_process_cpu_limit')}; process_cpu_seconds_total, since the document before`,
              tone: cpu !== null && cpu > 0.9 * limit ? 'warn' : '',
            },
            ...(throttled === null ? [] : [{ name: 'Throttled, 5 min', value: seconds(throttled), title: titleOf('discord_process_cpu_throttled_seconds_total'), tone: throttled > 15 ? 'warn' : '' }]),
            { name: 'Memory', value: bytes(now.resident_memory_bytes), title: 'process_resident_memory_bytes' },
            { name: 'Go heap', value: bytes(now.go_heap_bytes), title: 'go_memstats_heap_alloc_bytes' },
            { name: `GC pause, ${span(now.gc_pauses?.window_seconds ?? 300)}`, value: now.gc_pauses ? (now.gc_pauses.count === 0 ? 'none' : `${seconds(now.gc_pauses.longest_seconds)} at most, of ${count(now.gc_pauses.count)}`) : '? (ARGUS_PROCESS_METRICS is off)', title: 'Longest pause of the garbage collector: gc_pauses of ./api/v1/process' },
            { name: 'Goroutines', value: count(now.goroutines), title: 'go_goroutines' },
            { name: 'Open files', value: now.max_fds === null ? count(now.open_fds) : `${count(now.open_fds)} of ${count(now.max_fds)}`, title: 'process_open_fds, process_max_fds' },
          ]
          return <Facts rows={rows} />
        }}
      </Having>
    </Panel>
  )
}
