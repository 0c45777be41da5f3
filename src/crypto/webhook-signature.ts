import { Buffer } from 'node:buffer'
import { type HmacKey, hmacOf, openHmacKey } from './hmac.ts'

/** What is signed. */
export interface WebhookMessage {
  /** The same for each try, so that a receiver can tell a message that it has got. */
  readonly id: string
  readonly atMs: number
  readonly body: Uint8Array
}

/** Fields that go with a webhook. */
export type WebhookHeaders = Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>

/**
 * Signs as Standard Webhooks 1.0 say: HMAC-SHA-256 over id, time and body.
 * @param secrets One, or two while the receiver moves from one to the next: each signs. `whsec_` and base64; anything else is
 * taken as it is written.
 */
export function openWebhookSigner(secrets: readonly string[]): (message: WebhookMessage) => WebhookHeaders {
  const keys = secrets.map((secret) => openHmacKey(secretBytes(secret)))
  return ({ id, atMs, body }) => {
    const timestamp = String(Math.floor(atMs / 1000))
    const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
    return {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': keys.map((key) => signature(key, signed)).join(' '),
    }
  }
}

function signature(key: HmacKey, signed: Uint8Array): string {
  return `v1,${Buffer.from(hmacOf(key, Buffer.concat([key.inner, signed])), 'latin1').toString('base64')}`
}

const prefix = 'whsec_'

function secretBytes(secret: string): Uint8Array {
  return secret.startsWith(prefix) ? Buffer.from(secret.slice(prefix.length), 'base64') : Buffer.from(secret)
}
