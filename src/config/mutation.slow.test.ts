/** Whatever is done to a file, loading it ends in a configuration or in problems. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Document, isCollection, isPair, isScalar, parseDocument, visit } from 'yaml'
import { commentedExample } from './example.ts'
import { loadText } from './load-config.ts'
import { problemCodes } from './problems.ts'

const example = commentedExample({ upstream: 'http://localhost:3000' }).replaceAll(/^( *)#(?=[^ #]| {2})/gm, '$1')
const pieces = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  '- ',
  '\n',
  '\n  ',
  '\t',
  '"',
  "'",
  '#',
  '&a ',
  '*a',
  '!x ',
  '${X}',
  'env:X',
  'file:/x',
  '---\n',
  '|\n',
  '<<: ',
  '__proto__',
  'null',
  '~',
  '0',
  '-1',
  '1e9',
  '.inf',
  '.nan',
  'true',
  '\0',
  '\u202e',
  '😀',
  '\r\n',
]

/** Any code unit, lone surrogates too. */
const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength })

function settles(text: string): void {
  const read = loadText(text, { path: 'gatehouse.yaml', env: { GATEHOUSE_LISTEN: '127.0.0.1:1' }, cores: 2 })
  if (read.ok) {
    assert.ok(read.config.policy.apis.every((api) => api.upstreams.length > 0 && api.routes.length > 0))
    return
  }
  assert.ok(read.problems.length > 0)
  assert.match(read.text, /\n\d+ problems? in gatehouse\.yaml\. Nothing was changed;/)
  const lines = text.split(/\r\n|\n|\r/)
  for (const { code, message, line, column, columnEnd } of read.problems) {
    assert.ok(code in problemCodes)
    assert.notEqual(message, '')
    assert.equal(line === null, column === null)
    if (line === null || column === null || columnEnd === null) continue
    assert.ok(line >= 1 && line <= lines.length && column >= 1 && columnEnd > column, `${line}:${column}-${columnEnd}`)
  }
}

test('loadText() settles for any cut, doubling or insertion in the text of a good file', () => {
  const edit = fc.record({
    at: fc.nat(example.length),
    cut: fc.nat(40),
    insert: fc.oneof(fc.constantFrom(...pieces), anyText(4)),
  })
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let text = example
      for (const { at, cut, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + cut)
      settles(text)
    }),
    { numRuns: 120 },
  )
})

test('loadText() settles for any value or key in the place of one of a good file', () => {
  const value = fc.oneof(
    fc.constantFrom(null, true, 0, -1, 1e21, NaN, '', [], {}, [[]], { a: {} }, 'env:X', '${X}'),
    fc.jsonValue({ maxDepth: 2 }),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.nat(), value, fc.boolean(), (which, instead, key) => {
      const document = parseDocument(example)
      let index = 0
      let count = 0
      visit(document, () => void count++)
      visit(document, (_, node) => {
        if (index++ !== which % count) return undefined
        if (isPair(node)) {
          if (key) node.key = document.createNode(JSON.stringify(instead))
          else node.value = document.createNode(instead)
          return visit.BREAK
        }
        return isScalar(node) || isCollection(node) ? (document.createNode(instead) as never) : undefined // a node of any kind may stand here
      })
      settles(document.toString())
    }),
    { numRuns: 120 },
  )
})

test('loadText() settles for any document at all', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        anyText(40),
        fc.jsonValue().map((value) => new Document(value).toString()),
      ),
      settles,
    ),
    { numRuns: 100 },
  )
})
