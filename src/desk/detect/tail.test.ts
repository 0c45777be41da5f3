import assert from 'node:assert/strict'
import test from 'node:test'
import { alarmAt, logGamma, upperTail } from './tail.ts'

const near = (actual: number, expected: number, within: number): void =>
  assert.ok(Math.abs(actual - expected) <= within * Math.abs(expected), `${actual} is not ${expected}`)

test('logGamma() is the logarithm of the factorial before it', () => {
  let log = 0
  for (let n = 1; n < 200; n++) {
    near(logGamma(n + 1) + 1, log + Math.log(n) + 1, 1e-10)
    log += Math.log(n)
  }
  near(logGamma(0.5), Math.log(Math.sqrt(Math.PI)), 1e-12)
})

test('upperTail() is the sum of the Poisson probabilities from there on', () => {
  for (const mean of [0.1, 1, 5, 20, 60]) {
    for (const observed of [1, 2, 10, 30, 80, 150]) {
      if (observed <= mean) continue
      let term = Math.exp(-mean)
      let below = 0
      let above = 0
      for (let k = 0; k < 1_000; k++) {
        if (k < observed) below += term
        else above += term
        term *= mean / (k + 1)
      }
      assert.ok(Math.abs(below + above - 1) < 1e-9)
      near(upperTail(observed, mean, 1), above, 1e-6)
    }
  }
})

test('upperTail() of callers that come in bunches is the negative binomial one, and larger', () => {
  const [mean, dispersion, observed] = [10, 4, 60]
  const size = mean / (dispersion - 1)
  let term = dispersion ** -size
  let above = 0
  for (let k = 0; k < 5_000; k++) {
    if (k >= observed) above += term
    term *= ((k + size) / (k + 1)) * (1 - 1 / dispersion)
  }
  near(upperTail(observed, mean, dispersion), above, 1e-6)
  assert.ok(above > upperTail(observed, mean, 1) * 1e6)
})

test('alarmAt() is the least number that is so improbable', () => {
  for (const mean of [0.1, 3, 40, 700, 20_000]) {
    for (const dispersion of [1, 3, 50]) {
      const at = alarmAt(mean, dispersion, { p: 1e-9, floor: 1 })
      assert.ok(upperTail(at, mean, dispersion) < 1e-9, `${mean} ${dispersion}`)
      assert.ok(at <= Math.ceil(mean) + 1 || upperTail(at - 1, mean, dispersion) >= 1e-9, `${mean} ${dispersion}`)
    }
  }
})
