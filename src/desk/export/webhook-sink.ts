import { Buffer } from 'node:buffer'
import type { Clock } from '../../core/mod.ts'
import { openWebhookSigner } from '../../crypto/mod.ts'
import type { Answer, Outbound } from '../../outbound/mod.ts'
import type { Delivery, ExportItem, Sink } from './sink.ts'

export interface WebhookOptions {
  readonly url: string
  /** PEM of the authorities to trust instead of the public ones. */
  readonly ca: string | null
  /** Sent as a bearer token: whoever runs the receiver is trusted with it. */
  readonly token: string | null
  /** `whsec_…`; null: deliveries are not signed. */
  readonly secret: string | null
  readonly outbound: Pick<Outbound, 'request'>
  readonly clock: Clock
}

const deadlineMs = 20_000
const answerBytesMax = 4 * 1024

/** POSTs batches as JSON arrays of OCSF events; any 2xx acknowledges all of a batch. */
export function openWebhookSink({ url, ca, token, secret, outbound, clock }: WebhookOptions): Sink {
  const sign = secret === null ? null : openWebhookSigner([secret])
  return {
    doubtMs: 0,
    deliver: async (batch, signal) => {
      const body = Buffer.from(`[${batch.map(({ json }) => json).join(',')}]`)
      const answer = await outbound.request({
        url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'gatehouse',
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...sign?.({ id: idOf(batch), atMs: clock.wallMs(), body }),
        },
        body,
        named: 'operator',
        ca: ca ?? undefined,
        deadlineMs,
        answerBytesMax,
        signal,
      })
      return deliveryOf(answer, clock)
    },
  }
}

/** The same batch has the same id. */
function idOf(batch: readonly ExportItem[]): string {
  const [first, last] = [batch[0], batch.at(-1)]
  return first === undefined || last === undefined ? 'none' : `${first.log}-${first.seq}-${last.seq}`
}

function deliveryOf({ status, headers, body }: Answer, clock: Clock): Delivery {
  const text = Buffer.from(body).toString('utf8', 0, wordsBytesMax).trim()
  const answer = text === '' ? `status ${status}` : `status ${status}: ${text}`
  if (status >= 200 && status < 300) return { kind: 'delivered', answer }
  if (status === 413) return { kind: 'too_large', answer }
  if (status === 400 || status === 422) return { kind: 'rejected', answer }
  return { kind: 'later', answer, retryAfterMs: retryAfterMs(headers['retry-after'], clock) }
}

const wordsBytesMax = 200
/** Whoever says later than this is asked again nevertheless. */
const retryAfterMsMax = 15 * 60_000

/** RFC 9110 10.2.3: seconds or a date. */
function retryAfterMs(field: string | undefined, clock: Clock): number | null {
  if (field === undefined) return null
  const ms = /^\d{1,9}$/.test(field) ? Number(field) * 1000 : Date.parse(field) - clock.wallMs()
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), retryAfterMsMax)
}
