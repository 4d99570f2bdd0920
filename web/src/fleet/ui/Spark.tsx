import { useMemo } from 'preact/hooks'

const [width, height] = [72, 16]

// pathOf draws values from the left to the right. Where nothing is known the line breaks,
// and a value between two gaps is a dot.
export function pathOf(values: readonly (number | null)[], top: number): string {
  const step = width / Math.max(values.length - 1, 1)
  let path = ''
  let drawn = false
  for (const [i, value] of values.entries()) {
    if (value === null) {
      drawn = false
      continue
    }
    const y = height - 1.5 - (Math.min(value, top) / top) * (height - 3)
    path += `${drawn ? 'L' : 'M'}${(i * step).toFixed(1)} ${y.toFixed(1)}`
    if (!drawn && (values[i + 1] ?? null) === null) path += 'h1'
    drawn = true
  }
  return path
}

interface SparkProps {
  values: readonly (number | null)[] | undefined
  name: string // what it shows, for those who do not see it
  least: number // top of the scale at least
  tone?: string
}

// A Spark is a small line without axes. It is drawn again when its values are others.
export function Spark({ values, name, least, tone = 'data' }: SparkProps) {
  const path = useMemo(() => {
    const known = (values ?? []).filter((v) => v !== null)
    return known.length > 0 ? pathOf(values ?? [], Math.max(least, ...known)) : ''
  }, [values, least])
  if (path === '') return <span class="q">?</span>
  return (
    <svg class="chart spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={name}>
      <path d={path} class={`nofill l-${tone}`} stroke-width="1.5" stroke-linejoin="round" />
    </svg>
  )
}
