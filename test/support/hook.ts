import type { IncomingHttpHeaders } from 'node:http'
import { openOutbound, type Outbound } from '../../src/outbound/mod.ts'
import { openReceiver, type Receiver, type TestCertificate } from './receivers.ts'

/** The product's way out, for rooms that do not know it. */
export function wayOut(): Outbound {
  return openOutbound()
}

/** One POST that arrived. */
export interface HookCall {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Of the events in it: place and uid. */
  readonly seqs: readonly number[]
  readonly uids: readonly string[]
}

/** What a receiver answers. */
export interface HookAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A receiver of webhooks that answers as it is told. */
export interface Hook extends Receiver {
  readonly url: string
  readonly calls: HookCall[]
  /** Of the access log, the places of what was taken with 2xx, in order. */
  readonly taken: number[]
  /** The same of the audit log. */
  readonly takenAudit: number[]
}

interface Delivered {
  readonly metadata: { readonly sequence: number; readonly uid: string; readonly log_name: string }
}

/** `answer` is asked for each call; null leaves the caller without an answer. */
export async function openHook(
  answer: (call: HookCall, at: number) => HookAnswer | null = () => ({ status: 204 }),
  tls: TestCertificate | null = null,
): Promise<Hook> {
  const calls: HookCall[] = []
  const taken: number[] = []
  const takenAudit: number[] = []
  const receiver = await openReceiver((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const events = JSON.parse(body) as Delivered[]
      const seqs = events.map(({ metadata }) => metadata.sequence)
      const call = { headers: request.headers, body, seqs, uids: events.map(({ metadata }) => metadata.uid) }
      calls.push(call)
      const said = answer(call, calls.length - 1)
      if (said === null) return
      const list = events[0]?.metadata.log_name === 'audit' ? takenAudit : taken
      if (said.status >= 200 && said.status < 300) list.push(...seqs)
      response.writeHead(said.status, said.headers).end(said.body)
    })
  }, tls)
  return {
    ...receiver,
    url: `${tls === null ? 'http' : 'https'}://127.0.0.1:${receiver.port}/events`,
    calls,
    taken,
    takenAudit,
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  }
}
