import { readFileSync } from 'node:fs'

/** The package's version. */
export const version: string = readVersion()

function readVersion(): string {
  // Both src/cli and dist/cli stand two folders below package.json.
  const file: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown'
}
