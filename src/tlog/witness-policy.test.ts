import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWitnessPolicy, sha256, type VerifierKey, verifierKey } from './mod.ts'
import { formatVerifierKey } from './verifier-key.ts'
import { readJson, vectorsFolder } from './test/vectors.ts'

const keys = ['a', 'b', 'c'].map((name, at) =>
  verifierKey(sha256, { name, type: 'cosignature', publicKey: new Uint8Array(32).fill(at + 1) }),
)
const [a, b, c] = keys as [VerifierKey, VerifierKey, VerifierKey] // there are three
const witnesses = keys.map((key) => `witness ${key.name} ${formatVerifierKey(key)} https://w.example/${key.name}\n`)

test('satisfied() asks for as many members as the group of the quorum says', () => {
  const policy = parseWitnessPolicy(sha256, `${witnesses.join('')}group two 2 a b c\nquorum two\n`)
  assert.equal(policy.satisfied([a]), false)
  assert.equal(policy.satisfied([a, a]), false)
  assert.equal(policy.satisfied([a, c]), true)
})

test('satisfied() counts a group as one member of another', () => {
  const text = `${witnesses.join('')}group near any a b\ngroup both all near c\nquorum both\n`
  const policy = parseWitnessPolicy(sha256, text)
  assert.equal(policy.satisfied([a, b]), false)
  assert.equal(policy.satisfied([b, c]), true)
})

test('parseWitnessPolicy() refuses one key under two names, so that one witness is no quorum', () => {
  const twice = `${witnesses[0]}witness other ${formatVerifierKey(a)}\nquorum none\n`
  assert.throws(() => parseWitnessPolicy(sha256, twice), /another witness's already/)
})

test('parseWitnessPolicy() names the line that is wrong', () => {
  assert.throws(
    () => parseWitnessPolicy(sha256, '\ngroup g 1 a\n'),
    /Line 2 of the policy: no line before it defines "a"/,
  )
})

interface Policies {
  readonly good: readonly { readonly name: string; readonly policy: string; readonly n?: number }[]
  readonly bad: readonly { readonly name: string; readonly policy: string }[]
}

test('parseWitnessPolicy() reads and refuses as the public vectors ask', (t) => {
  const folder = vectorsFolder(t)
  if (folder === null) return
  const { good, bad } = readJson<Policies>(folder, 'tlog-policy', 'formats-policy.json')
  // Those with one key twice are for a library that is more lenient than the specification.
  const strict = good.filter(({ n }) => n === undefined || n === 1)
  assert.ok(strict.length > 0)
  for (const { policy } of bad) assert.throws(() => parseWitnessPolicy(sha256, policy))
  const [first] = strict
  assert.equal(parseWitnessPolicy(sha256, first?.policy ?? '').witnesses.length, 2)
})
