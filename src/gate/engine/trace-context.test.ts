import assert from 'node:assert/strict'
import test from 'node:test'
import { parseTraceParent } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

test('parseTraceParent() takes a version 00 field', () => {
  assert.deepEqual(parseTraceParent(`00-${traceId}-00f067aa0ba902b7-01`), { traceId, flags: '01' })
})

test('parseTraceParent() gives null for everything else', () => {
  const zeros = '0'.repeat(32)
  const bad = [
    '',
    traceId,
    `01-${traceId}-00f067aa0ba902b7-01`,
    `00-${zeros}-00f067aa0ba902b7-01`,
    `00-${traceId}-0000000000000000-01`,
    `00-${traceId.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${traceId}-00f067aa0ba902b7-01-more`,
  ]
  for (const value of bad) assert.equal(parseTraceParent(value), null, value)
})
