import assert from 'node:assert/strict'
import test from 'node:test'
import { type AccessEvent, emptyEvent } from '../core/mod.ts'
import { explain } from './explain.ts'

function told(event: Partial<AccessEvent>): string {
  const whole: AccessEvent = { ...emptyEvent, clientIp: '203.0.113.9', mode: 'enforce', ...event }
  return explain({ seq: 1, recordedAtUs: 0, event: whole }, (_style, text) => text)
}

const routed = { api: 'orders', route: 'GET /v1/orders' } as const
const known = { ...routed, identifiedBy: 'api-key', consumer: 'acme', credentialId: 'A1b2C3d4E5f6' } as const

test('explain() says of a blocked network that nobody was asked who it is', () => {
  const refused = { outcome: 'refused', reason: 'network_blocked', note: '203.0.113.0/28 is blocked (net_1)' } as const
  for (const where of [routed, {}]) {
    const text = told({ ...where, ...refused })
    assert.match(text, /✕ network +203\.0\.113\.9 is blocked/)
    assert.match(text, /note: 203\.0\.113\.0\/28 is blocked \(net_1\)/)
    assert.doesNotMatch(text, /identify|✕ route/)
  }
  const noted = told({ ...known, mode: 'observe', outcome: 'served', wouldRefuse: 'network_blocked' })
  assert.match(noted, /✕ network/)
  assert.match(noted, /✓ identify +acme/)
})

test('explain() names the role that permitted it, or says that none did', () => {
  assert.match(
    told({ ...known, outcome: 'served', role: 'reader GET /v1/**' }),
    /✓ role +permitted by reader GET \/v1\/\*\*/,
  )
  assert.match(
    told({ ...known, outcome: 'refused', reason: 'not_permitted' }),
    /✕ role +no role of the caller allows it/,
  )
  assert.doesNotMatch(told({ ...known, outcome: 'served' }), /role/)
})
