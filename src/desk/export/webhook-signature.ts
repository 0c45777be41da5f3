import { Buffer } from 'node:buffer'
import { hmacBlockBytes, hmacOf, openHmacKey } from '../../crypto/mod.ts'

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
 * @param secret `whsec_` and base64, as the configuration has it.
 */
export function openWebhookSigner(secret: string): (message: WebhookMessage) => WebhookHeaders {
  const key = openHmacKey(Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
  return ({ id, atMs, body }) => {
    const timestamp = String(Math.floor(atMs / 1000))
    const signed = Buffer.concat([key.inner.subarray(0, hmacBlockBytes), Buffer.from(`${id}.${timestamp}.`), body])
    const signature = Buffer.from(hmacOf(key, signed), 'latin1').toString('base64')
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
  }
}
