import type { Page } from './page'

const list = (lines: Map<string, (number | null)[]>): Record<string, (number | null)[]> => Object.fromEntries(lines)

// exported is the window that the page shows, as a document.
export function exported(page: Page): object {
  const { picture, data, place } = page.state
  return {
    version: 1,
    exported_at: new Date(page.clock.now()).toISOString(),
    place,
    status: picture && { identity: picture.identity, at: new Date(picture.at).toISOString(), verdict: picture.verdict, report: picture.report },
    shards: picture?.shards.map(({ at, ...shard }) => ({ ...shard, at: new Date(at).toISOString() })) ?? null,
    budgets: picture?.budgets ?? null,
    window: data.view,
    step_seconds: data.step,
    charts: Object.fromEntries(Object.entries(data.charts).map(([name, c]) => [name, c.value && { times: c.value.times, lines: list(c.value.lines) }])),
    outcomes: data.totals.map((t) => t.value && { window_seconds: t.value.window, outcomes: Object.fromEntries(t.value.outcomes) }),
    latencies: data.latencies.value,
    overview: data.overview.value,
    commands: data.commands.value,
    routes: data.routes.value,
    timeline: data.timeline.value,
  }
}

export function save(page: Page): void {
  const url = URL.createObjectURL(new Blob([`${JSON.stringify(exported(page), null, 2)}\n`], { type: 'application/json' }))
  const a = document.createElement('a')
  a.href = url
  a.download = `argus-${page.state.picture?.identity.cluster ?? 'page'}-${new Date(page.clock.now()).toISOString().slice(0, 19).replace(/[:T]/g, '')}.json`
  a.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
