import { readFileSync } from 'node:fs'
import { GatehouseError, messageOf } from '../core/mod.ts'
import type { CertificateFacts } from '../crypto/mod.ts'
import type { Items, RevokedKey, ShownConsumer, ShownCredential } from './answers.ts'
import type { Shown } from './keys.ts'
import { painter, printable, table } from './terminal.ts'

interface Added {
  readonly credential: ShownCredential
  readonly certificate: CertificateFacts
  readonly applied: boolean
}

/** `certs add` */
export async function addCertificate(
  { client, terminal, json }: Shown,
  { consumer, file, scopes }: { consumer: string; file: string; scopes: readonly string[] },
): Promise<void> {
  const certificate = textOf(file)
  const body = { consumer, certificate, scopes, createConsumer: true }
  const added = (await client.post('/v1/certificates', body)) as Added
  if (json) return terminal.out(`${JSON.stringify(added)}\n`)
  const { subject, sha256, notAfterMs } = added.certificate
  terminal.out(`${added.credential.id}\n`)
  terminal.err(
    `Certificate ${printable(subject)} of ${consumer}, scopes: ${added.credential.scopes.join(' ') || 'none'}, until ${date(notAfterMs)}.\nIt counts where auth names mtls and tls.clientCa vouches for it. SHA-256 ${sha256}\n`,
  )
  if (!added.applied) terminal.err('The gate is not connected: it counts as soon as it is.\n')
}

/** `certs ls` */
export async function listCertificates({ client, terminal, json }: Shown, consumer: string | null): Promise<void> {
  const query = consumer === null ? '' : `?consumer=${encodeURIComponent(consumer)}`
  const [{ items }, consumers] = await Promise.all([
    client.get(`/v1/certificates${query}`) as Promise<Items<ShownCredential>>,
    client.get('/v1/consumers') as Promise<Items<ShownConsumer>>,
  ])
  if (json) return terminal.out(`${JSON.stringify({ items })}\n`)
  if (items.length === 0)
    return terminal.err('No client certificates. Register one: gatehouse certs add --consumer acme --file acme.crt\n')
  const names = new Map(consumers.items.map(({ id, name }) => [id, name]))
  const rows = items.map((one) => [
    one.id,
    names.get(one.consumerId) ?? one.consumerId,
    stateOf(one),
    date(one.expiresAtMs),
    date(one.lastUsedAtMs),
    one.scopes.join(' '),
    one.hint,
  ])
  terminal.out(table([['ID', 'CONSUMER', 'STATE', 'UNTIL', 'LAST USE', 'SCOPES', 'CERTIFICATE'], ...rows]))
}

/** `certs revoke` */
export async function revokeCertificate({ client, terminal, json }: Shown, id: string): Promise<void> {
  const revoked = (await client.post(`/v1/certificates/${encodeURIComponent(id)}/revoke`, {})) as RevokedKey
  if (json) return terminal.out(`${JSON.stringify(revoked)}\n`)
  const paint = painter(terminal)
  terminal.out(
    revoked.applied
      ? `${paint('green', 'revoked')} ${id}: no gateway thread accepts it any more\n`
      : `${paint('yellow', 'revoked')} ${id}: stored, but the gate has not said that all its threads refuse it: ask \`gatehouse doctor\`\n`,
  )
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new GatehouseError('invalid_argument', `Cannot read the certificate '${file}': ${messageOf(cause)}`, {
      cause,
    })
  }
}

function stateOf({ revokedAtMs, expiresAtMs, notBeforeMs }: ShownCredential): string {
  if (revokedAtMs !== null) return 'revoked'
  if (expiresAtMs !== null && expiresAtMs <= Date.now()) return 'expired'
  return notBeforeMs !== null && notBeforeMs > Date.now() ? 'pending' : 'active'
}

function date(ms: number | null): string {
  return ms === null ? '–' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}
