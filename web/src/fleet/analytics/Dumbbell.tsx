interface DumbbellProps {
  before: number | null
  after: number | null
  top: number // of the scale
  limit: number | null // 3 s, if it is on the scale
  worse: boolean
}

// A Dumbbell is a number before and after on one scale. The table has both as text.
export function Dumbbell({ before, after, top, limit, worse }: DumbbellProps) {
  const x = (n: number): string => `${(2 + (96 * Math.min(n, top)) / top).toFixed(1)}%`
  return (
    <svg class="chart dumbbell" width="100%" height="16" aria-hidden="true">
      <line class="ax" x1="0" x2="100%" y1="8" y2="8" />
      {limit !== null && <line class="limit" x1={x(limit)} x2={x(limit)} y1="-6" y2="22" />}
      {before !== null && after !== null && <line x1={x(before)} x2={x(after)} y1="8" y2="8" class={worse ? 's-bad' : 's-off'} stroke-width="2" />}
      {before !== null && <circle cx={x(before)} cy="8" r="3.5" class="f-surf s-ink" stroke-width="1.5" />}
      {after !== null && <circle cx={x(after)} cy="8" r="4" class={worse ? 'f-bad' : 'f-data'} />}
    </svg>
  )
}
