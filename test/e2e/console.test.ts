/** The console as its user has it: from the set-up link to a signed-in person who sees, proves, decides and blocks. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { Page } from 'playwright-core'
import { type Program, startProgram } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'
import { accessFaults, buildConsole, complaintsOf, firstLoadBytes, openBrowser } from './console-browser.ts'

const configOf = (upstream: string): string => `
version: 1
mode: enforce
listen: 127.0.0.1:PORT
admin: { listen: 127.0.0.1:ADMIN }
trustedHops: [127.0.0.1/32]
apis:
  things:
    upstream: ${upstream}
    routes:
      - { path: '/v1/{kind}', methods: [GET, POST], scopes: [things:read] }
`
const person = { name: 'anna', password: 'a sentence that nobody guesses' }
/** The longest that a page may take to show what it was told. */
const shownMs = 5_000
const stepMs = 15_000
const pages = ['/', '/live', '/explore', '/incidents', '/networks', '/ledger', '/reviews'] as const

test('the console works in a browser, under its policy, for everybody', { timeout: 240_000 }, async (t) => {
  await using browser = await openBrowser()
  if (browser === null) return t.diagnostic('skipped: chromium is not installed')
  buildConsole()
  await using upstream = await startUpstream()
  await using program = await startProgram({ config: configOf(upstream.url) })
  const key = (await program.verb('keys', 'create', '--consumer', 'acme', '--scopes', 'things:read')).out.trim()
  const call = async (path: string, headers: Record<string, string>): Promise<string> => {
    const answer = await fetch(`${program.url}${path}`, { headers })
    await answer.arrayBuffer()
    return answer.headers.get('x-request-id') ?? ''
  }
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true })
  context.setDefaultTimeout(stepMs)
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  const open = async (path: string): Promise<void> => void (await page.goto(`${program.adminUrl}${path}`))

  await t.test('the first page is light', () => {
    const kib = firstLoadBytes() / 1024
    t.diagnostic(`first load: ${kib.toFixed(0)} KiB`)
    assert.ok(kib <= 260, `${kib} KiB`)
  })

  await t.test('the set-up link makes the first owner, and works once', async () => {
    await page.goto(setUpLink(program))
    await enter(page, 'Set up and sign in')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    assert.equal(new URL(page.url()).hash, '', 'the token stands in the address bar no longer')
  })

  await t.test('the overview shows a request within five seconds', async () => {
    await page.getByRole('heading', { name: 'Live, refused first' }).waitFor()
    await call('/v1/seen-at-once', { authorization: `Bearer ${key}` })
    await page.getByText('/v1/seen-at-once').first().waitFor({ timeout: shownMs })
  })

  await t.test('the live tail filters, pauses with a count, and explains a request', async () => {
    await page.getByRole('link', { name: 'Live tail' }).first().click()
    const id = await call('/v1/ok', {})
    await page.getByRole('searchbox', { name: 'Filter' }).fill('outcome:refused path:/v1/ok')
    await page.keyboard.press('Enter')
    await page.waitForURL(/outcome/)
    const row = page.getByRole('row').filter({ hasText: 'no credential' })
    await row.first().click()
    await page.getByRole('complementary', { name: 'Request' }).getByText(id).waitFor()
    await page.getByText('no credential was sent').waitFor()
    await call('/v1/ok', {})
    await page.getByRole('button', { name: /Paused at .* 1 new/ }).click()
    await page.getByText('live', { exact: true }).waitFor()
    assert.equal(await row.count(), 2)
  })

  await t.test('explore counts every request, and a value narrows the question', async () => {
    await open('/explore?q=outcome:refused')
    await page.getByText(/2 of \d+ requests · .* every record, no sampling/).waitFor()
    await page.getByRole('button', { name: /credential_missing 2/ }).click()
    await page.waitForURL(/reason/)
    await page.getByRole('searchbox', { name: 'Query' }).fill('path:/v1/ok | count by outcome')
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByRole('row', { name: /refused 2/ }).waitFor()
    await page.goBack()
    await page.goBack()
    await page.getByRole('row').filter({ hasText: 'no credential' }).first().click()
  })

  await t.test('the proof of a record is checked by the browser itself', async () => {
    await page.getByRole('button', { name: 'Check its proof here' }).click()
    await page.getByText(/included: record \d+ of \d+ that were signed/).waitFor()
  })

  await t.test('both logs are verified in the browser, and a receipt that was changed proves nothing', async () => {
    await open('/ledger')
    for (const name of ['Access log', 'Audit log']) {
      const log = page.getByRole('region', { name })
      await log.getByRole('button', { name: 'Verify now in this browser' }).click()
      await log.locator('[data-verdict="intact"]').waitFor()
    }
    const chooser = page.locator('input[type=file]')
    const receipt = await program.client.text('/ledger/access/proof/0')
    await chooser.setInputFiles({ name: 'a.tlog-proof', mimeType: 'text/plain', buffer: Buffer.from(receipt) })
    await page.locator('[data-receipt="proven"]').waitFor()
    const changed = Buffer.from(receipt.replace(/^index 0$/m, 'index 1'))
    await chooser.setInputFiles({ name: 'b.tlog-proof', mimeType: 'text/plain', buffer: changed })
    await page.locator('[data-receipt="refused"]').waitFor()
  })

  await t.test('an incident is announced, and taken with one key', async () => {
    await open('/')
    await Promise.all(
      Array.from({ length: 40 }, () => call('/v1/ok', { 'x-api-key': 'wrong', 'x-forwarded-for': '203.0.113.7' })),
    )
    await page.getByText('Needs a person now').waitFor()
    await page.getByRole('link', { name: 'Open incident' }).click()
    await page.getByRole('heading', { name: 'Timeline' }).waitFor()
    await page.keyboard.press('a')
    await page.getByText('acknowledged by anna', { exact: true }).first().waitFor()
  })

  await t.test('its network is blocked for a reason, with the effect shown first, and released', async () => {
    const attacker = { 'x-forwarded-for': '203.0.113.7' }
    const status = async (): Promise<number> => (await fetch(`${program.url}/v1/ok`, { headers: attacker })).status
    assert.equal(await status(), 401)
    await page.getByRole('button', { name: 'Block network…' }).click()
    await page.getByText(/It would have refused \d+ of the last \d+ requests/).waitFor()
    await page.getByRole('textbox', { name: /^Why/ }).fill('A test of ours')
    await page.getByRole('button', { name: 'Block for 1 h' }).click()
    await page.getByText(/is blocked for 1 h/).waitFor()
    assert.equal(await status(), 403)
    await open('/networks')
    const row = page.getByRole('row').filter({ hasText: 'A test of ours' })
    await row.getByText('anna').waitFor()
    await row.getByRole('button', { name: 'Release' }).click()
    await page.getByText('Nobody is blocked').waitFor()
    assert.equal(await status(), 401)
  })

  await t.test('an incident is resolved with a note', async () => {
    await open('/incidents/INC-1')
    await page.getByRole('button', { name: 'Resolve…' }).click()
    await page.getByRole('textbox', { name: /What it was/ }).fill('A test of ours')
    await page.getByRole('button', { name: 'Resolve', exact: true }).click()
    await page.getByText('resolved by anna', { exact: true }).first().waitFor()
  })

  await t.test('a review is run, and an item decided by a key with its note', async () => {
    await open('/reviews')
    await page.getByRole('button', { name: 'Review today so far' }).click()
    await page.getByRole('heading', { name: 'To decide' }).waitFor()
    await page.keyboard.press('n')
    await page.keyboard.type('Looked at, and ours')
    await page.getByRole('textbox', { name: /^Note \(needed/ }).blur()
    await page.keyboard.press('2')
    await page.getByText('expected-change', { exact: true }).first().waitFor()
    await page.getByText(/1 of \d+ items decided/).waitFor()
  })

  await t.test('every page is accessible in both themes, and none complains', async () => {
    const shots = mkdtempSync(join(tmpdir(), 'gatehouse-console-'))
    t.after(() => (process.env['GATEHOUSE_KEEP_SHOTS'] === undefined ? rmSync(shots, { recursive: true }) : undefined))
    t.diagnostic(`screenshots in ${shots}`)
    const links = [...pages, new URL(page.url()).pathname, '/incidents/INC-1']
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const path of links) {
        await open(path)
        await page.waitForLoadState('load')
        await page.locator('h1').waitFor()
        await page.waitForTimeout(700) // what it reads is there, and drawn
        const name = `${path.replaceAll('/', '_')}-${colorScheme}.png`
        await page.screenshot({ path: join(shots, name) })
        assert.ok(readFileSync(join(shots, name)).length > 10_000, name)
        assert.deepEqual(await accessFaults(page), [], `${path} ${colorScheme}`)
      }
    }
    assert.deepEqual(complaints, [])
  })

  await t.test('who signs out sees nothing more; a wrong password opens nothing, the right one does', async () => {
    await open('/')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await enter(page, 'Sign in', 'not the right password')
    await page.getByText('Name or password is wrong').waitFor()
    assert.deepEqual(await accessFaults(page), [])
    await page.waitForTimeout(1_200) // so that the throttle lets the next one in
    await enter(page, 'Sign in')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  })

  await context.close()
})

function setUpLink(program: Program): string {
  const link = /https?:\/\/\S+\/setup#\S+/.exec(program.output())?.[0]
  assert.ok(link !== undefined, program.output())
  return link
}

async function enter(page: Page, button: string, password: string = person.password): Promise<void> {
  await page.getByLabel('Name').fill(person.name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: button }).click()
}
