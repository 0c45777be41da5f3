import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { TextWriter } from './text-writer.ts'

function written(write: (out: TextWriter) => void, bytes = 100_000): string {
  const memory = new Uint8Array(bytes)
  const out = new TextWriter(memory)
  write(out)
  assert.ok(out.fits)
  return new TextDecoder().decode(memory.subarray(0, out.at))
}

test('number() writes every whole number as JSON does, and the nearest of any other', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(), fc.integer(), fc.maxSafeInteger()), (value) => {
      assert.equal(
        written((out) => out.number(value)),
        JSON.stringify(value),
      )
    }),
  )
  for (let power = 1; power < 1e16; power *= 10)
    for (const value of [power - 1, power, power + 1])
      assert.equal(
        written((out) => out.number(value)),
        String(value),
      )
  for (const [value, nearest] of [
    [1.5, '2'],
    [-0, '0'],
    [Number.NaN, '0'],
    [Number.POSITIVE_INFINITY, '9007199254740991'],
    [-1e300, '-9007199254740991'],
  ] as const)
    assert.equal(
      written((out) => out.number(value)),
      nearest,
    )
})

test('text() writes what JSON.stringify writes of well-formed text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
      assert.equal(
        written((out) => out.text(text)),
        JSON.stringify(text.toWellFormed()),
      )
      assert.equal(
        written((out) => out.pair('a', text)),
        JSON.stringify(`a ${text.toWellFormed()}`),
      )
    }),
  )
})

test('text() cuts at the limit, between the halves of a pair too, and keeps an older mark', () => {
  assert.equal(cutAt(4, 'abcd'), 'abcd')
  assert.equal(cutAt(4, 'abcde'), 'abcd…(5)')
  assert.equal(cutAt(4, 'abc🙂'), 'abc\ufffd…(5)')
  assert.equal(cutAt(4, 'abcd…(5000)'), 'abcd…(5000)')
  assert.equal(cutAt(2, 'abcd…(5000)'), 'ab…(5000)')
})

test('fits is false when one byte is too few, and nothing is written beyond the end', () => {
  const whole = new TextEncoder().encode(written(writeSome)).length
  for (let bytes = 0; bytes <= whole; bytes++) {
    const memory = new Uint8Array(whole + 8).fill(0xaa)
    const out = new TextWriter(memory.subarray(0, bytes))
    writeSome(out)
    assert.equal(out.fits, bytes === whole, `${bytes} of ${whole}`)
    assert.ok(memory.subarray(bytes).every((byte) => byte === 0xaa))
  }
})

function writeSome(out: TextWriter): void {
  out.literal('{"a":')
  out.text('ü"x')
  out.numberMember(',"b":', 1234)
  out.literal('}')
}

function cutAt(charsMax: number, text: string): unknown {
  const json = written((out) => {
    out.charsMax = charsMax
    out.text(text)
  })
  return JSON.parse(json)
}
