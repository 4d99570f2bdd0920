import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { test as base, expect } from '../bench'
import { FakeFleet, type Options } from './fake'
import type { Name } from './night'

interface Fixtures {
  // fleet starts a fleet in a night, for the test.
  fleet: (name: Name, options?: Options) => Promise<FakeFleet>
}

// Each test watches its console, and which servers are asked: see Bench.
export const test = base.extend<Fixtures>({
  fleet: async ({ bench: _ }, use) => {
    const fleets: FakeFleet[] = []
    await use(async (name, options) => {
      const fleet = await FakeFleet.start(name, options)
      fleets.push(fleet)
      return fleet
    })
    for (const fleet of fleets) fleet.stop()
  },
})

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

export async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze()
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary?.split('\n').slice(1).join(' ')}`).join(' | ')}`)).toEqual([])
}

export { expect }
