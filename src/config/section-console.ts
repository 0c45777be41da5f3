import * as z from 'zod'
import { addressKind, hostKind } from './address-kinds.ts'
import { type Address, addressText, isLoopback } from './addresses.ts'
import { pemFileKind } from './file-kinds.ts'
import { leaf, optional, section, setting } from './kinds.ts'
import type { Outline } from './outline.ts'
import type { Finding } from './problems.ts'
import { pathKey, type Reading, valueAt } from './reading.ts'

/** `admin:` as it stands in the file. */
export interface AdminSection {
  readonly listen: Address
  readonly hosts: readonly string[]
  readonly tls: { readonly cert: string; readonly key: string } | null
}

/** Where the admin API and the console are; takes effect at a start. */
export interface AdminConfig extends Address {
  /** Names by which they are reached, beside loopback's. */
  readonly hosts: readonly string[]
  /** Paths of certificate and key; null for plain HTTP on loopback. */
  readonly tls: { readonly cert: string; readonly key: string } | null
}

/** The section with its defaults. */
export const adminSchema: z.ZodType<AdminSection> = section(
  z.strictObject({
    listen: setting(addressKind, '127.0.0.1:8090', 'Where they listen; beyond loopback only with tls'),
    hosts: z
      .array(leaf(hostKind))
      .max(16)
      .prefault([])
      .describe('Names by which they are reached, beside localhost; others are not answered'),
    tls: optional(
      z.strictObject({
        cert: leaf(pemFileKind('cert: /etc/gatehouse/admin.crt')).describe(
          'Path of the certificate and its chain, PEM; read again when the file changes',
        ),
        key: leaf(pemFileKind('key: /etc/gatehouse/admin.key')).describe('Path of its private key, PEM'),
      }),
      'HTTPS instead of HTTP',
    ),
  }),
  'The admin API and the console',
)

/** The section as the desk takes it. */
export function composeAdmin({ listen, hosts, tls }: AdminSection): AdminConfig {
  return { ...listen, hosts: [...new Set(hosts)], tls }
}

/** Passwords and tokens do not go over a network that others can read. */
export function adminChecks({ admin }: Outline, reading: Reading): readonly Finding[] {
  if (admin === null || isLoopback(admin.value.host)) return []
  if (valueAt(reading.tree, ['admin', 'tls']) !== undefined) return []
  const shown = reading.hidden.get(pathKey(admin.path)) ?? JSON.stringify(addressText(admin.value))
  return [
    {
      code: 'GH-C014',
      message: `${shown} is reachable from other machines, and the admin API has no TLS`,
      path: admin.path,
      mark: 'value',
      hint: 'add tls: { cert: …, key: … } below admin, or listen on 127.0.0.1 and use a tunnel such as ssh -L',
    },
  ]
}
