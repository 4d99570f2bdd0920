// Canvases need colours as values. A probe element has them, whatever the scheme.
export const tokens = ['surface', 'sunken', 'line', 'line-2', 'ink', 'ink-2', 'ink-3', 'accent', 'ok', 'ok-soft', 'warn', 'warn-soft', 'bad', 'bad-soft', 'off', 'off-soft', 'data', 'data-soft', 'grid'] as const
export type Token = (typeof tokens)[number]
export type Colors = Record<Token, string>

export function readColors(): Colors {
  const probe = document.createElement('span')
  probe.hidden = true
  document.body.append(probe)
  const style = getComputedStyle(probe)
  const colors = {} as Colors
  for (const token of tokens) {
    probe.style.color = `var(--${token})`
    colors[token] = style.color
  }
  probe.remove()
  return colors
}

// onScheme calls when the colours have changed.
export function onScheme(changed: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', changed)
  addEventListener('argus-scheme', changed)
  return () => {
    dark.removeEventListener('change', changed)
    removeEventListener('argus-scheme', changed)
  }
}

// hatch is a pattern of lines, so that nothing is told by colour alone.
export function hatch(context: CanvasRenderingContext2D, ground: string, line: string, width: number, crossed = false): CanvasPattern | string {
  const ratio = devicePixelRatio
  const size = Math.round(6 * ratio)
  const tile = document.createElement('canvas')
  tile.width = size
  tile.height = size
  const t = tile.getContext('2d')
  if (!t) return line
  t.fillStyle = ground
  t.fillRect(0, 0, size, size)
  t.strokeStyle = line
  t.lineWidth = width * ratio
  for (const shift of [-size, 0, size]) {
    t.moveTo(shift, size)
    t.lineTo(shift + size, 0)
    if (crossed) {
      t.moveTo(shift, 0)
      t.lineTo(shift + size, size)
    }
  }
  t.stroke()
  return context.createPattern(tile, 'repeat') ?? line
}
