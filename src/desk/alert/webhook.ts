import { Buffer } from 'node:buffer'
import { type Clock, GatehouseError } from '../../core/mod.ts'
import { openWebhookSigner } from '../../crypto/mod.ts'
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
  const sign = openWebhookSigner(secrets)
  return {
    name,
    type: 'webhook',
    notify: async (message) => {
      const body = Buffer.from(JSON.stringify(bodyOf(message)))
      const { status } = await outbound.request({
        url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'gatehouse',
          ...sign({ id: message.id, atMs: clock.wallMs(), body }),
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
