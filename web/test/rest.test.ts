import { expect, it } from 'vitest'
import type { Routes } from '../src/data/api'
import { rowsOf } from '../src/panels/Rest'

const method = (p50: number | null, p95: number | null, mean: number) => ({ method: 'POST', count: 10, requests_per_second: 1, mean_seconds: mean, p50_seconds: p50, p95_seconds: p95, p99_seconds: null, statuses: { '200': 7, '403': 1, '429': 1, '502': 1 } })

it('tells a quantile above the highest bound from one that is not known', () => {
  const route = (name: string, m: ReturnType<typeof method>) => ({ route: name, wait: null, rate_limits: {}, methods: [m] })
  const routes = [route('/fast', method(0.1, 0.2, 0.1)), route('/slow', method(0.2, null, 1)), route('/slower', method(null, null, 9)), route('/other', method(null, null, 0.1))]
  const rows = rowsOf({ quantile_bounds_seconds: [0.1, 3], routes } as unknown as Routes)
  expect(rows.map((r) => r.p95)).toEqual([0.2, Infinity, Infinity, null])
  expect(rows[0]).toMatchObject({ ok: 7, clientErrors: 1, limited: 1, serverErrors: 1, none: 0, wait: null })
})
