import * as z from 'zod'
import type { TlsSettings, UpstreamTls } from '../core/mod.ts'
import { addressKind } from './address-kinds.ts'
import type { Address } from './addresses.ts'
import { pemFileKind } from './file-kinds.ts'
import { bad, choiceKind, good, type Kind, leaf, mistaken, optional, setting } from './kinds.ts'
import { hostKind } from './address-kinds.ts'

/** `tls:` as it stands in the file. */
export interface TlsSection {
  readonly listen: Address
  readonly cert: string
  readonly key: string
  readonly min: '1.2' | '1.3'
  readonly clientCa: string | null
  /** `none` without `clientCa`, `optional` with it, when null. */
  readonly clientCert: TlsSettings['clientCert'] | null
}

/** Where the TLS listener stands when the section does not say. */
export const tlsListenDefault = '127.0.0.1:8443'

const minKind: Kind<'1.2' | '1.3'> = {
  schema: { enum: ['1.2', '1.3', 1.2, 1.3] },
  read: (value) => {
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
    if (text === '1.2' || text === '1.3') return good(text)
    return mistaken('GH-C007', 'is not one of 1.2, 1.3', {
      guess: text === '1.0' || text === '1.1' ? 'TLS before 1.2 is broken; write min: "1.2"' : null,
      hint: 'write min: "1.2"',
    })
  },
}

const tlsMembers: z.ZodType<TlsSection> = z
  .strictObject({
    listen: setting(addressKind, tlsListenDefault, 'Where the gateway listens for TLS, beside `listen`'),
    cert: leaf(pemFileKind('cert: /etc/gatehouse/tls.crt')).describe(
      'Path of the certificate and its chain, PEM; read again when the file changes',
    ),
    key: leaf(pemFileKind('key: /etc/gatehouse/tls.key')).describe('Path of its private key, PEM'),
    min: setting(minKind, '1.2', 'Oldest version of TLS; 1.2 with forward secrecy and AEAD alone'),
    clientCa: optional(
      leaf(pemFileKind('clientCa: /etc/gatehouse/clients-ca.crt')),
      'Path of the authorities that vouch for client certificates, PEM',
    ),
    clientCert: optional(
      leaf(choiceKind('none', 'optional', 'required')),
      'Whether clients are asked for a certificate; optional when there is a clientCa',
    ),
  })
  .superRefine(({ clientCa, clientCert }, context) => {
    const says = 'asks for certificates that nobody vouches for'
    const hint = 'name the authorities: clientCa: /etc/gatehouse/clients-ca.crt'
    if (clientCa === null && clientCert !== null && clientCert !== 'none')
      context.addIssue({
        code: 'custom',
        message: says,
        path: ['clientCert'],
        params: { code: 'GH-C014', hint, guess: null },
      })
  })

/** The section; null when left out. */
export const tlsSchema: z.ZodType<TlsSection | null> = optional(tlsMembers, 'The TLS listener')

/** The section as the gate takes it. */
export function composeTls(section: TlsSection | null): TlsSettings | null {
  if (section === null) return null
  const { listen, cert, key, min, clientCa, clientCert } = section
  return {
    listen,
    cert,
    key,
    minVersion: `TLSv${min}`,
    clientCa: clientCert === 'none' ? null : clientCa,
    clientCert: clientCert ?? (clientCa === null ? 'none' : 'optional'),
    isDevelopment: false,
  }
}

const serverNameKind: Kind<string> = {
  schema: hostKind.schema,
  read: (value) => {
    const read = hostKind.read(value)
    return read.ok && read.value.startsWith('[')
      ? bad('GH-C008', 'is an address', 'a server name is a name: orders.internal')
      : read
  },
}

/** `upstreamTls:` of an API. */
export const upstreamTlsSchema: z.ZodType<UpstreamTls | null> = optional(
  z
    .strictObject({
      ca: optional(
        leaf(pemFileKind('ca: /etc/gatehouse/upstream-ca.crt')),
        'Path of the authorities to trust instead of the public ones, PEM',
      ),
      cert: optional(
        leaf(pemFileKind('cert: /etc/gatehouse/gateway.crt')),
        'Path of the certificate that the gateway proves itself with, PEM',
      ),
      key: optional(leaf(pemFileKind('key: /etc/gatehouse/gateway.key')), 'Path of its private key, PEM'),
      serverName: optional(
        leaf(serverNameKind),
        'The name that the certificate of the upstream must hold; the host of its URL when left out',
      ),
    })
    .superRefine(({ cert, key }, context) => {
      if ((cert === null) === (key === null)) return
      const [there, missing] = cert === null ? ['key', 'cert'] : ['cert', 'key']
      context.addIssue({
        code: 'custom',
        message: `stands without ${missing}`,
        path: [there],
        params: { code: 'GH-C014', hint: 'name both, or none', guess: null },
      })
    }),
  'TLS to upstreams that begin with https://; their certificate is always verified',
)
