import assert from 'node:assert/strict'
import test from 'node:test'
import { framed, verdict } from './frames.ts'
import type { Problem } from './problems.ts'

const problem: Problem = {
  code: 'GH-C007',
  message: '"ooauth" is not one of api-key, none',
  path: 'apis.orders.auth',
  line: 1,
  column: 7,
  columnEnd: 13,
  origin: null,
  hint: 'did you mean "oauth"?',
}
const options = { word: 'error', name: 'gatehouse.yaml', lines: ['auth: ooauth'] } as const

test('framed() shows what is wrong, where, the line, and what to do', () => {
  assert.equal(
    framed([problem], options),
    `error[GH-C007]: "ooauth" is not one of api-key, none
  --> gatehouse.yaml:1:7  (apis.orders.auth)
    |
  1 | auth: ooauth
    |       ^^^^^^ did you mean "oauth"?
`,
  )
})

test('framed() sorts by line and column, and puts what is not from the file last', () => {
  const lines = Array.from({ length: 120 }, (_, index) => `line ${index + 1}`)
  const elsewhere = {
    ...problem,
    message: 'elsewhere',
    line: null,
    column: null,
    columnEnd: null,
    origin: 'environment variable GATEHOUSE_LISTEN',
  }
  const text = framed(
    [
      elsewhere,
      { ...problem, line: 120, column: 3, columnEnd: 4, message: 'last' },
      { ...problem, line: 2, column: 1, columnEnd: 2, message: 'first' },
    ],
    { ...options, lines },
  )
  assert.deepEqual(text.match(/^error.*$/gm), [
    'error[GH-C007]: first',
    'error[GH-C007]: last',
    'error[GH-C007]: elsewhere',
  ])
  assert.match(text, /^ 120 \| line 120\n {5}\| {3}\^ did/m)
  assert.match(text, /^ {3}2 \| line 2\n {5}\| \^ did/m)
  assert.match(text, /--> environment variable GATEHOUSE_LISTEN {2}\(apis.orders.auth\)\n {5}= did you mean/)
})

test('framed() lets nothing of a file steer the terminal', () => {
  const text = framed([{ ...problem, message: 'a\u001b[2Jb\u202e', hint: '\u009b31m' }], {
    ...options,
    lines: ['auth: \u001b]0;x\u0007'],
  })
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u202e]/)
})

test('framed() hides the password of a URL and keeps the columns', () => {
  const text = framed([{ ...problem, column: 11, columnEnd: 34 }], {
    ...options,
    lines: ['upstream: http://joe:hunter2@host'],
  })
  assert.match(text, / 1 \| upstream: http:\/\/\*{11}@host\n/)
})

test('framed() cuts a long line around what is marked', () => {
  const line = `${'x'.repeat(500)}BAD${'y'.repeat(500)}`
  const text = framed([{ ...problem, column: 501, columnEnd: 504 }], { ...options, lines: [line] }).split('\n')
  const [shown = '', marks = ''] = [text[3]?.slice(6), text[4]?.slice(6)]
  assert.ok(shown.length < 130)
  assert.equal(shown.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1), 'BAD')
})

test('framed() keeps a tab below itself', () => {
  const text = framed([{ ...problem, column: 4, columnEnd: 5 }], { ...options, lines: ['a:\tx'] })
  assert.match(text, /\|   \t\^ did/)
})

test('verdict() counts', () => {
  assert.match(verdict(1, 'gatehouse.yaml'), /^1 problem in gatehouse\.yaml\. Nothing was changed; /)
  assert.match(verdict(6, 'gatehouse.yaml'), /^6 problems in/)
})
