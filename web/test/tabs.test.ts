import { expect, it } from 'vitest'
import { Tabs } from '../src/data/tabs'

it('lets three tabs of a browser hold a stream', async () => {
  const tabs = Array.from({ length: 5 }, () => new Tabs('test'))
  const [a, b, c, d, e] = tabs as [Tabs, Tabs, Tabs, Tabs, Tabs]
  for (const tab of [a, b, c]) {
    expect(await tab.mayStream()).toBe(true)
    tab.streaming(true)
  }
  expect(await d.mayStream()).toBe(false)
  b.streaming(false)
  expect(await e.mayStream()).toBe(true)
  for (const tab of tabs) tab.close()
})
