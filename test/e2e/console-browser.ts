import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'

const root = fileURLToPath(new URL('../..', import.meta.url))
const executablePath = '/usr/bin/chromium'

/** A browser without a screen; null where this machine has none, which CI=true does not allow. */
export async function openBrowser(): Promise<Browser | null> {
  if (!existsSync(executablePath)) {
    assert.notEqual(process.env['CI'], 'true', `${executablePath} must be installed when CI is true`)
    return null
  }
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** Builds the console where what is built is not what the sources say. */
export function buildConsole(): void {
  const built = statSync(`${root}/dashboard/dist/index.html`, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = globSync(
    ['dashboard/src/**/*', 'dashboard/*.{html,ts}', 'dashboard/public/*', 'src/verify.ts', 'src/tlog/*.ts'],
    { cwd: root },
  )
  if (sources.every((path) => statSync(`${root}/${path}`).mtimeMs < built)) return
  const vite = `${root}/node_modules/vite/bin/vite.js`
  execFileSync(process.execPath, [vite, 'build', 'dashboard'], { cwd: root, stdio: 'pipe', timeout: 120_000 })
}

/** Bytes, packed by gzip, that a browser loads before it shows the first page. */
export function firstLoadBytes(): number {
  const dist = `${root}/dashboard/dist`
  const html = readFileSync(`${dist}/index.html`, 'utf8')
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)].map(([, path = '']) => path)
  assert.ok(files.length >= 2, html)
  return ['/index.html', ...files].reduce((sum, path) => sum + statSync(`${dist}${path}.gz`).size, 0)
}

/** Everything that a page complained of: errors of scripts, of its policy, of the console. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.type()}: ${message.text()} at ${message.location().url}`)
  })
  return complaints
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeViolation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** What axe finds on a page, by WCAG 2.2 AA and its best practices: one line for each place. */
export async function accessFaults(page: Page): Promise<string[]> {
  await page.evaluate(axeSource)
  const found = await page.evaluate<AxeViolation[]>(
    `axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) => violations)`,
  ) // as axe documents it
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 200)} — ${failureSummary.slice(0, 300)}`),
  )
}
