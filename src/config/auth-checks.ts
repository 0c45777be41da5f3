import type { AuthMethod } from '../core/mod.ts'
import type { Outline } from './outline.ts'
import type { Finding, Path } from './problems.ts'
import { type Reading, valueAt } from './reading.ts'

/** A way of proving that nothing else in the file makes possible would lock everybody out. */
export function authChecks(outline: Outline, reading: Reading): readonly Finding[] {
  const findings: Finding[] = []
  const look = (path: Path, auth: readonly AuthMethod[]): void => {
    if (auth.includes('oauth') && !hasIssuer(reading))
      findings.push(lacking(path, 'oauth, but no issuer of tokens is named', 'add oauth: { issuer: …, audience: … }'))
    if (auth.includes('mtls') && !hasMember(reading, ['tls', 'clientCa']))
      findings.push(
        lacking(path, 'mtls, but no authority of clients is named', 'add tls: { cert: …, key: …, clientCa: … }'),
      )
  }
  for (const api of outline.apis) {
    if (api.auth !== null) look([...api.path, 'auth'], api.auth)
    for (const { path, route, written } of api.routes)
      if (written && route.auth !== null) look([...path, 'auth'], route.auth)
  }
  return findings
}

function lacking(path: Path, message: string, hint: string): Finding {
  return { code: 'GH-C014', message, path, mark: 'value', hint }
}

function hasIssuer(reading: Reading): boolean {
  const issuers = valueAt(reading.tree, ['oauth', 'issuers'])
  const named = typeof issuers === 'object' && issuers !== null && Object.keys(issuers).length > 0
  return named || hasMember(reading, ['oauth', 'issuer'])
}

function hasMember(reading: Reading, path: Path): boolean {
  return valueAt(reading.tree, path) !== undefined
}
