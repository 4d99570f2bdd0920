import { expect, test } from './bench'

test('an operator mutes what an alert is about, with an end and a reason, and ends it', async ({ page, fleet }) => {
  const f = await fleet('bad')
  await page.goto(`${f.url}#/alerts`)
  await page.getByRole('button', { name: /^Mute DiscordShardZombie/ }).click()
  const form = page.getByRole('region', { name: 'Mute DiscordShardZombie' })
  // The keyboard is in the form.
  await expect(form.getByRole('combobox', { name: 'For' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(form).toHaveCount(0)
  await expect(page.getByRole('button', { name: /^Mute DiscordShardZombie/ })).toBeFocused()
  await page.keyboard.press('Enter')
  await form.getByRole('checkbox', { name: 'shard 124' }).uncheck()
  await form.getByRole('combobox', { name: 'For' }).selectOption('4 h')
  await form.getByRole('textbox', { name: 'Why' }).fill('   ')
  await form.getByRole('button', { name: 'Mute' }).click()
  await expect(form.getByRole('alert')).toContainText('Say why')
  await form.getByRole('textbox', { name: 'Why' }).fill('the network is being mended')
  await form.getByRole('button', { name: 'Mute' }).click()
  await expect(form).toHaveCount(0)
  expect(f.sent[0]).toEqual({
    method: 'POST', path: '/api/fleet/v1/mutes',
    body: { matchers: [{ name: 'alertname', value: 'DiscordShardZombie' }, { name: 'job', value: 'mybot' }, { name: 'cluster', value: 'eu-07' }], minutes: 240, comment: 'the network is being mended' },
  })
  const alerts = page.getByRole('region', { name: 'Alerts' }).last()
  // Its labels have no region, but the link has.
  await expect(alerts.getByRole('row').filter({ hasText: 'DiscordShardZombie' }).getByRole('link', { name: 'eu-07' })).toHaveAttribute('href', /region=eu-central/)
  await expect(alerts.getByRole('row').filter({ hasText: 'DiscordShardZombie' })).toContainText('Muted')
  const mutes = page.getByRole('region', { name: 'Mutes' }).last()
  await expect(mutes).toContainText('the network is being mended')
  await expect(mutes).toContainText('or when it gets worse')
  await mutes.getByRole('button', { name: /^End the mute/ }).click()
  await expect(page.getByText('Nothing is muted')).toBeVisible()
})

test('notifications that fail say so', async ({ page, fleet }) => {
  await page.goto(`${(await fleet('bad')).url}#/alerts`)
  await expect(page.getByRole('region', { name: 'Notifications' })).toContainText(/fails for 10 min: status 404/)
})

test('an operator forgets a place that does not report', async ({ page, fleet }) => {
  const f = await fleet('bad')
  await page.goto(`${f.url}#/members?find=eu-2`)
  await expect(page.getByRole('button', { name: /^Forget/ })).toHaveCount(3)
  await page.getByRole('button', { name: 'Forget eu-22' }).click()
  await expect(page.getByRole('button', { name: /^Forget/ })).toHaveCount(2)
  expect(f.sent).toEqual([{ method: 'POST', path: '/api/fleet/v1/forget', body: { job: 'mybot', bot: null, region: 'eu-central', cluster: 'eu-22' } }])
})

test('a viewer has no controls, and is told which role has them', async ({ page, fleet }) => {
  const f = await fleet('bad', { role: 'viewer' })
  await page.goto(`${f.url}#/alerts`)
  await page.getByRole('textbox', { name: 'Token' }).fill('a-token-of-the-test')
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect(page.getByText('Your token has the role viewer. To mute needs the role operator.')).toBeVisible()
  await expect(page.getByRole('button', { name: /^Mute/ })).toHaveCount(0)
  await page.getByRole('link', { name: 'Members', exact: true }).first().click()
  await expect(page.getByText('To forget a place needs the role operator.')).toBeVisible()
  await expect(page.getByRole('button', { name: /^Forget/ })).toHaveCount(0)
})
