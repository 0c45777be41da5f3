import { Agent, request as send } from 'node:http'
import { GatehouseError } from '../core/mod.ts'
import { exitCodes } from './exit-codes.ts'
import type { IncidentPage, ShownIncident } from './incidents-answers.ts'
import type { Shown } from './keys.ts'
import { painter } from './terminal.ts'

export interface DrillOptions {
  readonly fast: boolean
  /** Null: where the desk says that the gateway is. */
  readonly gateway: string | null
}

const attempts = 400
const lengthMs = 20_000
const waitMs = 15_000
const lookEveryMs = 250
const answerMs = 5_000
const network = '203.0.113.0/28'
/** Addresses for documentation (RFC 5737), which are nobody's. */
const addresses: readonly string[] = Array.from({ length: 9 }, (_, i) => `203.0.113.${i + 1}`)
const userAgent = 'gatehouse-drill/1 (synthetic attack)'

/**
 * Attacks the demo as one would who tries stolen passwords, and waits for the incident. Recorded before it begins, and only
 * against this machine. Resolves with the exit code.
 */
export async function credentialStuffing(shown: Shown, { fast, gateway }: DrillOptions): Promise<number> {
  const { client, terminal, json } = shown
  const begun = (await client.post('/v1/drills', { attack: 'credential-stuffing' })) as {
    gateway: string
    startedAtMs: number
  }
  const target = signInUrl(gateway ?? begun.gateway)
  terminal.err(`Sending ${attempts} sign-ins from ${addresses.length} test addresses of ${network} to ${target.href}\n`)
  const startedMs = performance.now()
  const looking = new AbortController()
  const found = findIncident(shown, { sinceMs: begun.startedAtMs, signal: looking.signal })
  const statuses = await attack(target, fast ? 0 : lengthMs / attempts)
  const tookMs = performance.now() - startedMs
  const late = setTimeout(() => looking.abort(), waitMs)
  const incident = await found.finally(() => clearTimeout(late))
  const afterMs = incident === null ? null : incident.openedAtMs - begun.startedAtMs
  if (json) {
    const facts = { sent: attempts, tookMs: Math.round(tookMs), statuses: Object.fromEntries(statuses) }
    terminal.out(`${JSON.stringify({ ...facts, incident: incident?.id ?? null, afterMs })}\n`)
  } else {
    terminal.out(`sent ${attempts} sign-ins in ${seconds(tookMs)}: ${answersOf(statuses)}\n`)
    const paint = painter(terminal)
    terminal.out(
      incident === null
        ? `${paint('red', 'no incident')} within ${seconds(waitMs)} after it\n`
        : `${paint('green', `incident ${incident.id}`)} ${openedText(afterMs ?? 0)}\n`,
    )
    if (incident !== null) terminal.err(`Look at it: gatehouse incidents show ${incident.id}\n`)
  }
  return incident === null ? exitCodes.found : exitCodes.ok
}

function openedText(afterMs: number): string {
  return afterMs >= 0
    ? `opened after ${seconds(afterMs)}`
    : `was open already, since ${seconds(-afterMs)} before; the attack was added to it`
}

/** Whatever the desk says: only this machine is attacked. */
function signInUrl(gateway: string): URL {
  const url = URL.parse('/v1/login', gateway)
  if (url === null || url.protocol !== 'http:' || !['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname))
    throw new GatehouseError(
      'not_allowed',
      `Cannot attack '${gateway}': a drill goes to the demo on this machine only, such as http://127.0.0.1:8080`,
    )
  return url
}

/** Answers by their status; 0 for none. */
async function attack(target: URL, everyMs: number): Promise<ReadonlyMap<number, number>> {
  const statuses = new Map<number, number>()
  const agent = new Agent({ keepAlive: true, maxSockets: lanes })
  const one = async (i: number): Promise<void> => {
    const status = await signIn(target, { i, agent })
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  const startedMs = performance.now()
  const lane = async (first: number): Promise<void> => {
    for (let i = first; i < attempts; i += lanes) {
      const leftMs = startedMs + i * everyMs - performance.now()
      if (leftMs > 0) await pause(leftMs)
      await one(i)
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, i) => lane(i)))
  agent.destroy()
  return statuses
}

const lanes = 8

function signIn(target: URL, { i, agent }: { i: number; agent: Agent }): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const body = JSON.stringify({ name: `drill-user-${i}`, password: `wrong-${i}` })
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': userAgent,
    'x-forwarded-for': addresses[i % addresses.length],
  }
  const outgoing = send(target, { method: 'POST', headers, agent, timeout: answerMs }, (response) => {
    response.resume()
    response.on('close', () => resolve(response.statusCode ?? 0))
  })
  outgoing.on('timeout', () => outgoing.destroy())
  outgoing.on('error', () => resolve(0))
  outgoing.end(body)
  return promise
}

/** The incident of the attack as soon as there is one; null when the signal fires before. */
async function findIncident(
  { client }: Shown,
  { sinceMs, signal }: { sinceMs: number; signal: AbortSignal },
): Promise<ShownIncident | null> {
  while (!signal.aborted) {
    const { items } = (await client.get('/v1/incidents?limit=50')) as IncidentPage
    const found = items.find(({ actor, lastSeenMs }) => actor.group === network && lastSeenMs >= sinceMs)
    if (found !== undefined) return found
    await pause(lookEveryMs)
  }
  return null
}

function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, ms)
  return promise
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

const words: Readonly<Record<number, string>> = {
  0: 'without an answer',
  401: 'wrong name or password',
  403: 'refused: blocked',
  429: 'refused: over the limit',
}

function answersOf(statuses: ReadonlyMap<number, number>): string {
  const counted = [...statuses].toSorted(([, a], [, b]) => b - a)
  return counted
    .map(([status, count]) => `${count} × ${status === 0 ? '' : `${status} `}${words[status] ?? ''}`.trim())
    .join(', ')
}
