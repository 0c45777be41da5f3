import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/**
 * The folder of public test vectors, or null where there is none, which the test then says. Under `CI=true` their absence is
 * a failure: there, no promise goes unproven.
 */
export function vectorsFolder(t: TestContext): string | null {
  const folder = process.env['GATEHOUSE_VECTORS']
  if (folder !== undefined && folder !== '') return join(folder, 'ledger')
  if (process.env['CI'] === 'true') throw new Error('GATEHOUSE_VECTORS is not set, and CI=true')
  t.diagnostic('skipped: GATEHOUSE_VECTORS is not set')
  return null
}

/** A vector file; its type is that of the file at hand. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only the test knows the form of its file
export function readJson<T>(...path: readonly string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T // vectors are read by the test that knows their form
}
