import * as z from 'zod'
import type { HealthRules, PoolRules } from '../core/mod.ts'
import { bad, booleanKind, choiceKind, good, integerKind, leaf, optional, section, setting, textKind } from './kinds.ts'
import { durationKind } from './measures.ts'
import type { ApiOutline } from './outline.ts'
import type { Finding } from './problems.ts'
import { type Reading, valueAt } from './reading.ts'

/** What an API says of how its upstreams are used together. */
export interface PoolSection {
  readonly balance: PoolRules['balance']
  readonly hashBy: string
  readonly weights: readonly number[]
  readonly health: HealthSection | null
  readonly eject: { readonly after: number; readonly for: number; readonly longest: number; readonly most: number }
  readonly breaker: BreakerSection | null
  readonly retries: { readonly max: number; readonly share: number; readonly least: number }
  readonly panic: boolean
}

interface HealthSection {
  readonly path: string
  readonly every: number
  readonly timeout: number
  readonly healthyAfter: number
  readonly unhealthyAfter: number
  readonly expect: HealthRules['expect']
}

interface BreakerSection {
  readonly failures: number
  readonly requests: number
  readonly window: number
  readonly open: number
}

const percent = (least: number): ReturnType<typeof integerKind> => integerKind(least, 100)

const hashByKind = textKind<string, string>({
  noun: 'something to choose by',
  how: 'write consumer, ip, or header: and the name of a field: header:x-tenant',
  schema: { pattern: '^(?:consumer|ip|header:[A-Za-z0-9_-]{1,64})$' },
  parse: (text) => (/^(?:consumer|ip|header:[A-Za-z0-9_-]{1,64})$/.test(text) ? text.toLowerCase() : null),
  meant: (text) => (/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(text) ? `header:${text.toLowerCase()}` : null),
  check: good,
})

const expectKind = textKind<readonly [number, number], HealthRules['expect']>({
  noun: 'a range of statuses',
  how: 'write one status or a range: 200, 200-399',
  schema: { pattern: '^[1-5]\\d\\d(?:-[1-5]\\d\\d)?$' },
  parse: (text) => {
    const found = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(text)
    return found === null ? null : [Number(found[1]), Number(found[2] ?? found[1])]
  },
  meant: (text) => (/^[1-5]\d\d$/.test(text) ? `"${text}"` : null),
  check: ([from, to]) => (from <= to ? good({ from, to }) : bad('GH-C009', 'ends before it begins')),
})

const pathKind = textKind<string, string>({
  noun: 'a path',
  how: 'write it from the first slash on: /healthz',
  schema: { pattern: '^/[!-~]{0,1023}$' },
  parse: (text) => (/^\/[!-~]{0,1023}$/.test(text) && !text.includes('#') ? text : null),
  meant: (text) => (/^[a-z][\w/-]*$/i.test(text) ? `/${text}` : null),
  check: good,
})

const healthSchema: z.ZodType<HealthSection | null> = optional(
  z
    .strictObject({
      path: setting(pathKind, '/healthz', 'Asked with GET, behind the path of the upstream'),
      every: setting(durationKind('500ms', '1h'), '5s', 'How often each upstream is asked'),
      timeout: setting(durationKind('50ms', '1m'), '2s', 'How long its answer is awaited'),
      healthyAfter: setting(integerKind(1, 100), 2, 'Good answers in a row that bring it back'),
      unhealthyAfter: setting(integerKind(1, 100), 3, 'Others in a row that leave it out'),
      expect: setting(expectKind, '200-399', 'Statuses that are good answers: 200, or a range'),
    })
    .superRefine(({ every, timeout }, context) => {
      if (timeout <= every) return
      context.addIssue({
        code: 'custom',
        message: 'is longer than every',
        path: ['timeout'],
        params: { code: 'GH-C014', hint: 'ask less often, or wait less long', guess: null },
      })
    }),
  'A health check of each upstream; it is asked for nothing when left out, and judged by its answers to requests alone',
)

const ejectSchema: z.ZodType<PoolSection['eject']> = z.strictObject({
  after: setting(
    integerKind(1, 10_000),
    5,
    'Failures in a row: no connection, a broken or late answer, or a status of 500 and above',
  ),
  for: setting(
    durationKind('100ms', '1h'),
    '10s',
    'How long the first time; twice as long the second time in a row, and so on',
  ),
  longest: setting(durationKind('100ms', '1d'), '5m', 'How long at most'),
  most: setting(percent(0), 50, 'How much of the upstreams is left out at one time at most, in percent; 0: none ever'),
})

const breakerSchema: z.ZodType<BreakerSection | null> = optional(
  z.strictObject({
    failures: setting(percent(1), 50, 'Opens when so much of the requests failed, in percent'),
    requests: setting(integerKind(1, 1_000_000), 20, 'With fewer requests in the window it stays closed'),
    window: setting(durationKind('1s', '10m'), '10s', 'The window in which they are counted'),
    open: setting(durationKind('100ms', '10m'), '5s', 'How long it is open before one request may try'),
  }),
  'A circuit breaker for each upstream, in each thread: while it is open, requests are refused at once; none when left out',
)

const retriesSchema: z.ZodType<PoolSection['retries']> = z.strictObject({
  max: setting(integerKind(0, 10), 1, 'How often one request is sent again, each time to another upstream'),
  share: setting(
    percent(0),
    20,
    'How much of the requests of the last ten seconds may be sent again, in percent, in each thread',
  ),
  least: setting(integerKind(0, 1000), 3, 'How many may be sent again each second beside that'),
})

/** The settings of an API that are about its upstreams together. */
export const poolShape: { readonly [K in keyof PoolSection]: z.ZodType<PoolSection[K]> } = {
  balance: setting(
    choiceKind('round-robin', 'least-requests', 'hash'),
    'round-robin',
    'Which of several upstreams gets a request: in turn, the less busy of two, or always the same for the same hashBy',
  ),
  hashBy: setting(hashByKind, 'consumer', 'What hash goes by: consumer, ip or header:name; ip where it is missing'),
  weights: z
    .array(leaf(integerKind(1, 100)))
    .max(64)
    .prefault([])
    .describe('How much each upstream gets, in their order; 1 for those behind the end'),
  health: healthSchema,
  eject: section(ejectSchema, 'When an upstream that fails is left out for a while'),
  breaker: breakerSchema,
  retries: section(
    retriesSchema,
    'When a request that failed is sent again: where the upstream got nothing of it, or the method is idempotent',
  ),
  panic: setting(booleanKind, true, 'Use all upstreams again where all are left out; false: refuse with 503'),
}

/** The rules as the gate takes them. */
export function composePool(pool: PoolSection): PoolRules {
  const { balance, hashBy, weights, health, eject, breaker, retries, panic } = pool
  return {
    balance,
    hashBy,
    weights,
    panic,
    retries: { max: retries.max, share: retries.share / 100, perSecondMin: retries.least },
    eject:
      eject.most === 0
        ? null
        : {
            failures: eject.after,
            baseMs: eject.for,
            mostMs: Math.max(eject.for, eject.longest),
            share: eject.most / 100,
          },
    breaker:
      breaker === null
        ? null
        : {
            failureRate: breaker.failures / 100,
            requestsMin: breaker.requests,
            windowMs: breaker.window,
            openMs: breaker.open,
          },
    health:
      health === null
        ? null
        : {
            path: health.path,
            everyMs: health.every,
            timeoutMs: health.timeout,
            healthyAfter: health.healthyAfter,
            unhealthyAfter: health.unhealthyAfter,
            expect: health.expect,
          },
  }
}

/** Weights are by place, so more of them than upstreams are a mistake. */
export function poolChecks({ path, upstreams }: ApiOutline, reading: Reading): readonly Finding[] {
  const weights = valueAt(reading.tree, [...path, 'weights'])
  if (!Array.isArray(weights) || upstreams.length === 0 || weights.length <= upstreams.length) return []
  return [
    {
      code: 'GH-C014',
      message: `there are ${weights.length} weights for ${upstreams.length} upstreams`,
      path: [...path, 'weights'],
      mark: 'key',
      hint: 'write one weight for each upstream, in their order',
    },
  ]
}
