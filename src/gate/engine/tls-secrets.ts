import type { ServerOptions } from 'node:https'

/** Everything that a TLS listener is made of. Whoever has it can pose as this gateway: it stays in the memory of the gate. */
export interface TlsSecrets {
  /** The certificate and its chain, PEM. */
  readonly cert: string
  readonly key: string
  /** The authorities that vouch for clients, PEM; null: no client is asked for a certificate. */
  readonly clientCa: string | null
  readonly isClientCertRequired: boolean
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** 48 bytes, the same in all threads: who comes back may meet another one. */
  readonly ticketKeys: Uint8Array
}

/** The part that may change while the listener is open. */
export function contextOf({ cert, key, clientCa, minVersion, ticketKeys }: TlsSecrets): ServerOptions {
  return {
    cert,
    key,
    minVersion,
    ciphers,
    ticketKeys: Buffer.from(ticketKeys),
    secureOptions: noRenegotiation,
    ...(clientCa === null ? {} : { ca: clientCa }),
  }
}

/** SSL_OP_NO_RENEGOTIATION of OpenSSL 3: what was agreed, and who proved itself, holds to the end of a connection. */
const noRenegotiation = 0x4000_0000

/**
 * Forward secrecy and AEAD (RFC 9325 section 4.2); the first three are those of TLS 1.3. OpenSSL takes the client's order
 * among equals, so that a phone without AES instructions gets ChaCha20.
 */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':')
