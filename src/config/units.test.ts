import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  durationText,
  meantDuration,
  meantRate,
  meantSize,
  parseDuration,
  parseRate,
  parseSize,
  rateText,
  sizeText,
} from './units.ts'

test('parseDuration() understands each unit and fractions', () => {
  const cases = {
    '250ms': 250,
    '2s': 2000,
    '5m': 300_000,
    '12h': 43_200_000,
    '90d': 7_776_000_000,
    '0.5ms': 0.5,
    '1.5s': 1500,
    '0s': 0,
  }
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text)
})

test('parseDuration() gives null for what lacks a unit or has a foreign one', () => {
  for (const text of ['', '30', 's', '30 s', '-1s', '1e3s', '30S', '30min', '1h30m', '1..5s', '.5s', ' 1s', '1s\n'])
    assert.equal(parseDuration(text), null, text)
})

test('parseSize() counts a kb as 1024 bytes', () => {
  assert.deepEqual(
    ['512b', '64kb', '1mb', '2gb', '1.5kb'].map(parseSize),
    [512, 65_536, 1_048_576, 2_147_483_648, 1536],
  )
  for (const text of ['', '64', '64k', '64KB', '64kib', '1tb', '-1kb']) assert.equal(parseSize(text), null, text)
})

test('parseRate() understands a window with and without a count', () => {
  assert.deepEqual(parseRate('600/m'), { limit: 600, windowMs: 60_000 })
  assert.deepEqual(parseRate('50/10s'), { limit: 50, windowMs: 10_000 })
  for (const text of ['', '600', '600/', '/m', '600/min', '600 /m', '-1/s', '1.5/s', '1/1.5s'])
    assert.equal(parseRate(text), null, text)
})

test('parseDuration(), parseSize() and parseRate() read back what is written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000_000 }), fc.integer({ min: 1, max: 1000 }), (amount, count) => {
      assert.equal(parseDuration(durationText(amount)), amount)
      assert.equal(parseSize(sizeText(amount)), amount)
      const rate = { limit: amount, windowMs: count * 1000 }
      assert.deepEqual(parseRate(rateText(rate)), rate)
    }),
  )
})

test('meantDuration(), meantSize() and meantRate() see through how people write', () => {
  assert.deepEqual(['30 seconds', '5min', '1 Day', '30S', '2 hrs', 'soon'].map(meantDuration), [
    '30s',
    '5m',
    '1d',
    '30s',
    '2h',
    null,
  ])
  assert.deepEqual(['10 MiB', '64k', '1GB', '3 bytes', 'big'].map(meantSize), ['10mb', '64kb', '1gb', '3b', null])
  assert.deepEqual(['600 per minute', '600/min', '600rpm', '20 / s', '5 every 10 sec', 'few'].map(meantRate), [
    '600/m',
    '600/m',
    '600/m',
    '20/s',
    '5/10s',
    null,
  ])
})

test('the parsers and guesses of units never throw, and what is guessed can be parsed', () => {
  const nearly = fc.stringMatching(/^\d{0,4}[ /.a-zA-Z0-9]{0,8}$/)
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearly), (text) => {
      for (const [meant, parse] of [
        [meantDuration, parseDuration],
        [meantSize, parseSize],
        [meantRate, parseRate],
      ] as const) {
        parse(text)
        const guess = meant(text)
        if (guess !== null) assert.notEqual(parse(guess), null, `${text} → ${guess}`)
      }
    }),
  )
})
