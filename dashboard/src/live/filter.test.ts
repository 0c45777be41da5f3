import assert from 'node:assert/strict'
import test from 'node:test'
import { emptyEvent } from '../../../src/core/access-event-empty.ts'
import type { AccessEvent, ShownEvent } from '../api/types.ts'
import { matchesFilter, parseFilter, serverQuery, term, withTerm } from './filter.ts'

function shown(event: Partial<AccessEvent>, seq: number = 7): ShownEvent {
  return { seq, recordedAtUs: 0, event: { ...emptyEvent, ...event } }
}

const refused = shown({
  outcome: 'refused',
  reason: 'invalid_api_key',
  status: 401,
  method: 'POST',
  path: '/v1/login',
  route: 'POST /v1/login',
  consumer: 'shop-web',
  clientIp: '203.0.113.9',
  userAgent: 'python-requests/2.31',
  durationUs: 12_100,
})

const holds = (text: string, of: ShownEvent = refused): boolean => {
  const filter = parseFilter(text)
  assert.deepEqual(filter.problems, [])
  return matchesFilter(filter, of)
}

test('matchesFilter() holds fields against values, lists, classes, ranges, networks and patterns', () => {
  const yes = [
    '',
    'outcome:refused',
    'status:401,403',
    'status:4xx',
    'status:>=400',
    'status:400..499',
    'ip:203.0.113.0/28',
    'ip:203.0.113.9',
    'path:/v1/*',
    'route:"POST /v1/login"',
    'reason:INVALID_api_key consumer:shop-web',
    'ms:>12',
    'agent:python*',
    'requests',
    '-status:200',
    'seq:7',
  ]
  const no = [
    'outcome:served',
    'status:403',
    'status:5xx',
    'status:>401',
    'ip:203.0.113.16/28',
    'path:/v1',
    '-ip:203.0.113.0/24',
    'ms:<12',
    'nothing',
    'wouldRefuse:*',
    'outcome:refused status:200',
  ]
  for (const text of yes) assert.equal(holds(text), true, text)
  for (const text of no) assert.equal(holds(text), false, text)
})

test('matchesFilter() lets what is absent pass no test, and its opposite always', () => {
  const nobody = shown({ consumer: null })
  assert.equal(holds('consumer:*', nobody), false)
  assert.equal(holds('-consumer:*', nobody), true)
})

test('parseFilter() names what it does not understand, with what may have been meant', () => {
  assert.deepEqual(parseFilter('statsu:401').problems, ["There is no field 'statsu', did you mean 'status'?"])
  assert.deepEqual(parseFilter('ip:nowhere').problems, ["'ip' takes an address or a network, not 'nowhere'"])
  assert.equal(parseFilter('status:x ms:>200').terms.length, 1)
})

const asked = (text: string): string => serverQuery(parseFilter(text)).toString()

test('serverQuery() asks the server for never fewer records than match', () => {
  assert.equal(
    asked('outcome:refused status:401,4xx consumer:acme'),
    'kind=request&outcome=refused&status=401%2C4xx&consumer=acme',
  )
  assert.equal(asked('-outcome:served status:>400 consumer:a*'), 'kind=request')
})

test('withTerm() replaces the terms of one field, and quotes what needs it', () => {
  assert.equal(withTerm('outcome:served /v1 -status:200', 'outcome', 'refused'), '/v1 -status:200 outcome:refused')
  assert.equal(withTerm('status:200', 'status', null), '')
  assert.equal(withTerm('', 'route', 'GET /v1/"x"'), String.raw`route:"GET /v1/\"x\""`)
  assert.equal(term('ip', '2001:db8::/56'), 'ip:2001:db8::/56')
  assert.equal(holds('ip:2001:db8::/56', shown({ clientIp: '2001:db8:0:1::7' })), true)
})
