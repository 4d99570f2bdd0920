import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { Event } from '../data/api'
import { aligned } from '../data/aligned'
import { gaps, type Lines, type Span } from '../data/windows'
import { clock, day, minute } from '../text/format'
import { type Colors, hatch, onScheme, readColors, type Token } from './colors'
import { useHost } from './context'
import { type MarkKind, markOf } from './Icon'

export type Fill = 'none' | 'area' | 'hatch' | 'solid' | 'cross'

export interface Line {
  key: string // in the lines
  label: string
  color: Token
  fill?: Fill
  dash?: number[]
}

export interface ChartProps {
  name: string // as a sentence, for those who do not see it
  lines: Lines
  shown: readonly Line[] // of stacked ones the lowest first
  stacked?: boolean
  height: number
  value: (n: number | null) => string
  axis?: boolean // with times below
  limit?: { at: number; label: string }
  least?: number // top of the scale at least
  marks: readonly Event[]
  onCursor?: (index: number | null) => void
  onZoom?: ((span: Span | null) => void) | undefined // instead of the page's
}

const group = uPlot.sync('argus')

function fillOf(u: uPlot, fill: Fill, color: string, c: Colors): CanvasRenderingContext2D['fillStyle'] {
  if (fill === 'area') return c.data.replace('rgb(', 'rgba(').replace(')', ', .5)')
  if (fill === 'hatch') return hatch(u.ctx, color, c.surface, 1.2)
  if (fill === 'cross') return hatch(u.ctx, c.surface, color, 1, true)
  return color
}

const markColor: Record<MarkKind, Token> = { start: 'accent', close: 'bad', finding: 'bad', limit: 'warn', resume: 'ink-3', new_session: 'ink-3' }

function drawAround(u: uPlot, lines: Lines, marks: readonly Event[], limit: ChartProps['limit'], c: Colors): void {
  const { ctx, bbox } = u
  const ratio = devicePixelRatio
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.fillStyle = hatch(ctx, c.sunken, c['line-2'], 1)
  for (const { from, to } of gaps(lines)) {
    const [x, end] = [u.valToPos(from, 'x', true), u.valToPos(to, 'x', true)]
    ctx.fillRect(x, bbox.top, end - x, bbox.height)
  }
  for (const e of marks) {
    const kind = markOf(e.kind)
    if (kind === 'resume' || e.kind === 'finding_ended' || (kind === 'limit' && e.scope !== 'global')) continue
    const x = Math.round(u.valToPos(Date.parse(e.at) / 1000, 'x', true)) + 0.5
    ctx.strokeStyle = c[markColor[kind]]
    ctx.lineWidth = ratio * (kind === 'start' ? 1.5 : 1)
    ctx.setLineDash(kind === 'start' ? [] : [2 * ratio, 2 * ratio])
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
  }
  if (limit) {
    const y = Math.round(u.valToPos(limit.at, 'y', true)) + 0.5
    ctx.strokeStyle = c.bad
    ctx.fillStyle = c.bad
    ctx.lineWidth = ratio
    ctx.setLineDash([5 * ratio, 3 * ratio])
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    ctx.font = `${11 * ratio}px system-ui, sans-serif`
    ctx.textAlign = 'right'
    ctx.textBaseline = 'bottom'
    ctx.fillText(limit.label, bbox.left + bbox.width - 4 * ratio, y - 2 * ratio)
  }
  ctx.restore()
}

// tick writes a time of the axis. An axis of more than a day and a half has days, too.
function tick(t: number, length: number): string {
  if (length > 129_600 && t % 86400 === 0) return day(t * 1000).slice(5)
  return t % 60 ? clock(t * 1000) : minute(t * 1000)
}

export function Chart(props: ChartProps) {
  const page = useHost()
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(props)
  latest.current = props
  const [scheme, setScheme] = useState(0)
  const anchor = useRef<number | null>(null)
  const { height, stacked = false, axis = false, lines, shown } = props
  const shape = shown.map((l) => `${l.key} ${l.color} ${l.fill}`).join()

  useEffect(() => onScheme(() => setScheme((n) => n + 1)), [])

  useEffect(() => {
    const el = host.current
    if (!el) return
    const colors = readColors()
    const font = '11px system-ui, sans-serif'
    const bars = uPlot.paths.bars?.({ size: [1, Infinity], align: -1 })
    const series = shown.map((line): uPlot.Series => {
      const color = colors[line.color]
      const s: uPlot.Series = { label: line.label, scale: 'y', stroke: color, width: 1.5, points: { show: false } }
      if (line.dash) s.dash = line.dash
      if (line.fill && line.fill !== 'none') {
        const { fill } = line
        s.fill = (u) => fillOf(u, fill, color, colors) as string
      }
      if (stacked && bars) {
        s.paths = bars
        s.width = 0
        if (line.fill === 'area') s.stroke = colors['data-soft']
      }
      return s
    })
    if (stacked) series.reverse()
    const grid = { stroke: colors.grid, width: 1 }
    const options: uPlot.Options = {
      width: Math.max(el.clientWidth, 100),
      height,
      padding: [8, 18, axis ? 0 : 4, 0],
      legend: { show: false },
      cursor: {
        sync: { key: group.key, setSeries: false },
        drag: { x: true, y: false, setScale: false },
        points: { show: false },
        y: false,
      },
      scales: {
        x: { time: false },
        y: { range: (_u, _min, max) => [0, Math.max(max * 1.08 || 0, latest.current.least ?? 0, 1e-3)] },
      },
      axes: [
        { show: axis, size: 22, stroke: colors['ink-3'], font, grid: { show: false }, ticks: { show: false }, space: 70, incrs: [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, ...[1, 2, 7, 14, 30, 60, 120].map((d) => d * 86400)], values: (u, at) => at.map((t) => tick(t, (u.scales.x?.max ?? 0) - (u.scales.x?.min ?? 0))) },
        { scale: 'y', size: 52, stroke: colors['ink-3'], font, grid, ticks: { show: false }, space: 34, values: (_u, at) => at.map((n) => latest.current.value(n)) },
      ],
      series: [{}, ...series],
      hooks: {
        drawAxes: [(u) => drawAround(u, latest.current.lines, latest.current.marks, undefined, colors)],
        draw: [(u) => latest.current.limit && drawAround(u, { step: 1, times: [], lines: new Map() }, [], latest.current.limit, colors)],
        setCursor: [(u) => latest.current.onCursor?.(u.cursor.left !== undefined && u.cursor.left >= 0 ? (u.cursor.idx ?? null) : null)],
        setSelect: [
          (u) => {
            if (u.select.width < 4) return
            const [from, to] = [u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')]
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
            zoom(from, to)
          },
        ],
      },
    }
    const u = new uPlot(options, aligned(latest.current.lines, shown, stacked) as uPlot.AlignedData, el)
    plot.current = u
    group.sub(u)
    const resize = new ResizeObserver(() => {
      if (el.clientWidth > 0 && el.clientWidth !== u.width) u.setSize({ width: el.clientWidth, height })
    })
    resize.observe(el)
    return () => {
      resize.disconnect()
      group.unsub(u)
      u.destroy()
      plot.current = null
    }
  }, [scheme, height, axis, stacked, shape])

  useEffect(() => {
    plot.current?.setData(aligned(lines, shown, stacked) as uPlot.AlignedData)
  }, [lines, shape, props.marks.length])

  const zoomTo = (span: Span | null): void => (latest.current.onZoom ? latest.current.onZoom(span) : page.zoom(span))

  function zoom(from: number, to: number): void {
    const begin = Math.floor(from)
    zoomTo({ from: begin, to: Math.max(Math.ceil(to), begin + 60) })
  }

  // The keyboard moves the cursor; with shift it marks a time, and Enter zooms to it.
  function keys(event: KeyboardEvent): void {
    const u = plot.current
    if (!u) return
    const last = u.data[0].length - 1
    const at = u.cursor.idx ?? last
    const move = (index: number): void => {
      event.preventDefault()
      const to = Math.min(Math.max(index, 0), last)
      if (!event.shiftKey) anchor.current = null
      else anchor.current ??= at
      const x = (i: number): number => u.valToPos(u.data[0][i] ?? 0, 'x')
      u.setCursor({ left: x(to), top: 1 })
      const begin = anchor.current
      const [a, b] = begin === null ? [0, 0] : [x(Math.min(begin, to)), x(Math.max(begin, to))]
      u.setSelect({ left: a, top: 0, width: b - a, height: begin === null ? 0 : u.bbox.height / devicePixelRatio }, false)
    }
    if (event.key === 'ArrowLeft') move(at - 1)
    else if (event.key === 'ArrowRight') move(at + 1)
    else if (event.key === 'Home') move(0)
    else if (event.key === 'End') move(last)
    else if (event.key === 'Enter' && anchor.current !== null) {
      const [from, to] = [u.data[0][Math.min(anchor.current, at)], u.data[0][Math.max(anchor.current, at)]]
      anchor.current = null
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
      if (from !== undefined && to !== undefined && to > from) zoom(from, to)
    }
  }

  // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard moves the cursor of the chart
  return <div class="plot" ref={host} role="img" aria-label={props.name} tabIndex={0} onKeyDown={keys} onDblClick={() => zoomTo(null)} />
}
