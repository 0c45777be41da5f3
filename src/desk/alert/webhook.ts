import { Buffer } from 'node:buffer'
import { type Clock, GatehouseError } from '../../core/mod.ts'
import { hmacBlockBytes, type HmacKey, hmacOf, openHmacKey } from '../../crypto/mod.ts'
import type { Outbound } from '../../outbound/mod.ts'
import { type Channel, type Message, notifyMsMax } from './channel.ts'

export interface WebhookOptions {
  readonly name: string
  readonly url: string
  /**
   * One secret, or two while the receiver moves from one to the next: each signs. `whsec_…` is base64, anything else is
   * taken as it is written. Whoever has one can make messages that the receiver believes.
   */
  readonly secrets: readonly string[]
  /** PEM of the authorities that are trusted, instead of those that the runtime brings. */
  readonly ca?: string
  readonly outbound: Pick<Outbound, 'request'>
  readonly clock: Clock
}

/** Posts signed JSON, as Standard Webhooks 1.0 says: `webhook-id`, `webhook-timestamp`, `webhook-signature`. */
export function createWebhook({ name, url, secrets, ca, outbound, clock }: WebhookOptions): Channel {
  const keys = secrets.map((secret) => openHmacKey(secretBytes(secret)))
  return {
    name,
    type: 'webhook',
    notify: async (message) => {
      const body = Buffer.from(JSON.stringify(bodyOf(message)))
      const timestamp = String(Math.floor(clock.wallMs() / 1000))
      const signed = Buffer.concat([Buffer.from(`${message.id}.${timestamp}.`), body])
      const { status } = await outbound.request({
        url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'gatehouse',
          'webhook-id': message.id,
          'webhook-timestamp': timestamp,
          'webhook-signature': keys.map((key) => signature(key, signed)).join(' '),
        },
        body,
        deadlineMs: notifyMsMax,
        answerBytesMax: 1024,
        named: 'operator',
        ca,
      })
      if (status < 200 || status > 299)
        throw new GatehouseError('unreachable', `The webhook '${name}' answered ${status}`)
    },
  }
}

function bodyOf({ type, atMs, subject, data }: Message): object {
  return { type, timestamp: new Date(atMs).toISOString(), data: { summary: subject, ...data } }
}

function signature(key: HmacKey, signed: Uint8Array): string {
  const block = Buffer.alloc(hmacBlockBytes + signed.length)
  block.set(key.inner)
  block.set(signed, hmacBlockBytes)
  return `v1,${Buffer.from(hmacOf(key, block), 'latin1').toString('base64')}`
}

const prefix = 'whsec_'

function secretBytes(secret: string): Uint8Array {
  return secret.startsWith(prefix) ? Buffer.from(secret.slice(prefix.length), 'base64') : Buffer.from(secret)
}
