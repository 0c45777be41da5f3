import assert from 'node:assert/strict'
import test from 'node:test'
import { emptyEvent } from '../../../src/core/access-event-empty.ts'
import type { AccessEvent } from '../api/types.ts'
import { curlOf, traceOf } from './trace.ts'

const routed: AccessEvent = {
  ...emptyEvent,
  api: 'orders',
  route: 'GET /v1/orders',
  mode: 'enforce',
  scheme: 'http',
  protocol: 'HTTP/1.1',
  method: 'GET',
  host: 'api.example.com',
  path: '/v1/orders',
}

const stepsOf = (event: Partial<AccessEvent>): string[] =>
  traceOf({ ...routed, ...event }).map(({ state, name }) => `${state} ${name}`)

test('traceOf() ends at the check that refused', () => {
  assert.deepEqual(stepsOf({ outcome: 'refused', reason: 'credential_missing', status: 401 }), [
    'passed connection',
    'passed route',
    'stopped identity',
    'stopped answer',
  ])
  assert.deepEqual(
    stepsOf({
      outcome: 'refused',
      reason: 'insufficient_scope',
      status: 403,
      identifiedBy: 'api-key',
      consumer: 'acme',
      scopesNeeded: ['orders:write'],
      scopesHeld: ['orders:read'],
    }),
    ['passed connection', 'passed route', 'passed identity', 'stopped scope', 'stopped answer'],
  )
  assert.deepEqual(stepsOf({ route: null, outcome: 'refused', reason: 'network_blocked', status: 403 }), [
    'passed connection',
    'stopped network',
    'stopped answer',
  ])
  assert.deepEqual(stepsOf({ outcome: 'refused', reason: 'not_permitted', status: 403, identifiedBy: 'jwt' }), [
    'passed connection',
    'passed route',
    'passed identity',
    'stopped role',
    'stopped answer',
  ])
  assert.deepEqual(stepsOf({ route: null, outcome: 'refused', reason: 'no_route', status: 404 }), [
    'passed connection',
    'stopped route',
  ])
})

test('traceOf() tells what enforcing would have refused, in observe mode', () => {
  const steps = stepsOf({ outcome: 'served', status: 200, mode: 'observe', wouldRefuse: 'credential_missing' })
  assert.deepEqual(steps, ['passed connection', 'passed route', 'observed identity', 'passed answer'])
})

test('curlOf() quotes for the shell, and names no secret', () => {
  const event = {
    ...routed,
    method: 'POST',
    path: "/v1/it's",
    query: 'a=1&token=***',
    identifiedBy: 'api-key' as const,
  }
  assert.equal(
    curlOf(event),
    String.raw`curl -i -X POST 'http://api.example.com/v1/it'\''s?a=1&token=***' -H 'authorization: Bearer YOUR_KEY'`,
  )
})
