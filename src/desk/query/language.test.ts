import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GatehouseError } from '../../core/mod.ts'
import { groupFieldsMax, type Measure } from './engine.ts'
import { type Field, type FieldName, fields } from './fields.ts'
import { allOf, anyOf, type Filter, type Test } from './filter.ts'
import { parseFilter, parseQuestion, type Question } from './language.ts'
import { printQuestion } from './print.ts'
import { measureWords, type Stage } from './stages.ts'

const is = (field: FieldName, ...values: (string | number)[]): Filter => ({
  kind: 'field',
  field,
  tests: values.map((value) => ({ kind: 'equals', value })),
})
const range = (field: FieldName, from: number | null, to: number | null, inclusive = true): Filter => ({
  kind: 'field',
  field,
  tests: [
    {
      kind: 'range',
      from: from === null ? null : { value: from, inclusive },
      to: to === null ? null : { value: to, inclusive },
    },
  ],
})
const during = (from: number, to: number): Filter => ({
  kind: 'field',
  field: 'time',
  tests: [{ kind: 'range', from: { value: from, inclusive: true }, to: { value: to, inclusive: false } }],
})
const stage = (text: string): Stage | null => parseQuestion(text).stage
const pattern = (field: FieldName, text: string): Filter => ({
  kind: 'field',
  field,
  tests: [{ kind: 'pattern', pattern: text }],
})

test('parseFilter() reads every kind of filter', () => {
  const readings: [string, Filter][] = [
    ['', { kind: 'all', of: [] }],
    ['status:401', is('status', 401)],
    ['status:401,403', is('status', 401, 403)],
    ['status:401, 403', is('status', 401, 403)],
    ['STATUS:401 consumer:acme', allOf([is('status', 401), is('consumer', 'acme')])],
    ['-consumer:acme', { kind: 'not', of: is('consumer', 'acme') }],
    ['not consumer:acme', { kind: 'not', of: is('consumer', 'acme') }],
    ['ms:>200', range('duration', 200_000, null, false)],
    ['ms:>=1.5s', range('duration', 1_500_000, null)],
    ['out:<10kb', range('responseBytes', null, 10_240, false)],
    ['status:400..499', range('status', 400, 499)],
    ['status:4xx', range('status', 400, 499)],
    ['status:..199', range('status', null, 199)],
    ['path:/v1/orders/*', pattern('path', '/v1/orders/*')],
    ['consumer:*', pattern('consumer', '*')],
    ['status:*', pattern('status', '*')],
    ['path:a\\*b', is('path', 'a*b')],
    ['route:"GET /v1/*"', pattern('route', 'GET /v1/*')],
    [
      'ip:10.0.0.0/8,2001:db8::/32',
      {
        kind: 'field',
        field: 'ip',
        tests: [
          { kind: 'network', cidr: '10.0.0.0/8' },
          { kind: 'network', cidr: '2001:db8::/32' },
        ],
      },
    ],
    [
      '(a or b c) d',
      allOf([
        anyOf([
          { kind: 'text', text: 'a' },
          allOf([
            { kind: 'text', text: 'b' },
            { kind: 'text', text: 'c' },
          ]),
        ]),
        { kind: 'text', text: 'd' },
      ]),
    ],
    ['"say \\"or\\""', { kind: 'text', text: 'say "or"' }],
    ['order and status:200', allOf([{ kind: 'text', text: 'order' }, is('status', 200)])],
    ['/v1/orders,x', { kind: 'text', text: '/v1/orders,x' }],
  ]
  for (const [text, filter] of readings) assert.deepEqual(parseFilter(text), filter, text)
})

test('parseFilter() takes a day or a minute as all of it', () => {
  const day = Date.UTC(2026, 0, 31)
  assert.deepEqual(parseFilter('time:2026-01-31'), during(day, day + 86_400_000))
  assert.deepEqual(parseFilter('time:2026-01-31T08:00Z'), during(day + 28_800_000, day + 28_860_000))
  assert.deepEqual(parseFilter('time:2026-01-01..2026-01-31'), during(Date.UTC(2026, 0, 1), day + 86_400_000))
})

test('parseQuestion() reads stages', () => {
  assert.deepEqual(stage('status:401 | count by route, who every 5m'), {
    measures: ['count'],
    by: ['route', 'consumer'],
    everyMs: 300_000,
    limit: null,
  })
  assert.deepEqual(stage('| top 5 ip'), { measures: ['count'], by: ['ip'], everyMs: null, limit: 5 })
  assert.deepEqual(stage('| top ip'), { measures: ['count'], by: ['ip'], everyMs: null, limit: 10 })
  assert.deepEqual(stage('| p95(latency), count by route'), {
    measures: ['p95Us', 'count'],
    by: ['route'],
    everyMs: null,
    limit: null,
  })
})

test('parseQuestion() reads what the help shows', () => {
  for (const { example } of fields) assert.equal(parseFilter(example).kind, 'field', example)
  for (const { word, measure } of measureWords) assert.deepEqual(stage(`| ${word} by route`)?.measures, [measure])
})

test('parseQuestion() says which column is wrong, and what was meant', () => {
  const wrong: [string, string][] = [
    ['statsu:401', "column 1: there is no field 'statsu'; did you mean 'status'?"],
    ['status:401 rout:x', "column 12: there is no field 'rout'; did you mean 'route'?"],
    ['status:abc', "column 8: 'abc' is no number for 'status'"],
    ['status:', "column 8: 'status:' needs a value"],
    ['ip:10.0.0/8', "column 4: '10.0.0/8' is no address"],
    ['outcome:refusd', "column 9: 'outcome' is never 'refusd'; did you mean 'refused'?"],
    ['(a or b', 'column 1: this parenthesis has no end'],
    ['a) b', 'column 2: this parenthesis was not opened'],
    ['path:"x', 'column 6: this quotation mark has no end'],
    ['a or', 'column 5: something to look for is missing here'],
    ['a | coutn by route', "column 5: there is no stage 'coutn'; did you mean 'count'?"],
    ['a | count by rout', "column 14: there is no field 'rout'; did you mean 'route'?"],
    ['a | count every 5', "column 17: 'every' takes a duration"],
    ['a | count | top ip', "column 11: '| top ip' is too much here"],
    ['ms:9..5', "column 4: the range '9..5' ends before it begins"],
    ['x\\', 'column 2: nothing stands behind this backslash'],
    [`${'('.repeat(40)}a`, 'levels deep'],
    ['a '.repeat(300), 'at most 200 tests'],
    ['a'.repeat(2_001), 'at most 2000 characters'],
  ]
  for (const [text, says] of wrong)
    assert.throws(
      () => parseQuestion(text),
      (error) => error instanceof GatehouseError && error.code === 'invalid_argument' && error.message.includes(says),
      `${text}: ${says}`,
    )
})

const words = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.constantFrom('or', 'AND', '-x', '>5', 'a"b', 'a\\b', 'a*b', '..', 'x:y', '(', 'a b', ','),
)
const plain = { noNullPrototype: true } as const
const amount = fc.integer({ min: 0, max: 4_000_000_000_000 })

function testsOf({ kind, values }: Field): fc.Arbitrary<Test> {
  const any: fc.Arbitrary<Test> = fc.constant({ kind: 'pattern', pattern: '*' })
  if (kind === 'address')
    return fc.oneof(
      any,
      fc.ipV4().map((ip): Test => ({ kind: 'network', cidr: `${ip}/20` })),
      fc.ipV6().map((ip): Test => ({ kind: 'network', cidr: ip })),
    )
  if (kind === 'text') {
    if (values !== null) return fc.constantFrom(...values).map((value): Test => ({ kind: 'equals', value }))
    return fc.oneof(
      any,
      words.map((value): Test => ({ kind: 'equals', value })),
      words.map((text): Test => ({ kind: 'pattern', pattern: `${text.replaceAll(/[\\*]/g, '\\$&')}*x` })),
    )
  }
  const bound = fc.record({ value: amount, inclusive: fc.boolean() }, plain)
  const closed = kind !== 'time'
  return fc.oneof(
    any,
    closed ? amount.map((value): Test => ({ kind: 'equals', value })) : any,
    bound.map((from): Test => ({ kind: 'range', from, to: null })),
    bound.map((to): Test => ({ kind: 'range', from: null, to })),
    fc.tuple(amount, amount).map(([a, b]): Test => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)]
      return {
        kind: 'range',
        from: { value: low, inclusive: true },
        to: { value: closed ? high : high + 1, inclusive: closed },
      }
    }),
  )
}

const { filters } = fc.letrec<{ filters: Filter }>((tie) => ({
  filters: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'filter' },
    words.map((text): Filter => ({ kind: 'text', text })),
    fc
      .constantFrom(...fields)
      .chain((field) =>
        fc
          .array(testsOf(field), { minLength: 1, maxLength: 3 })
          .map((tests): Filter => ({ kind: 'field', field: field.name, tests })),
      ),
    tie('filters').map((of): Filter => ({ kind: 'not', of })),
    fc.array(tie('filters'), { minLength: 2, maxLength: 3 }).map(allOf),
    fc.array(tie('filters'), { minLength: 2, maxLength: 3 }).map(anyOf),
  ),
}))

const by = fc.uniqueArray(fc.constantFrom(...fields.map(({ name }) => name)), {
  minLength: 1,
  maxLength: groupFieldsMax,
})
const measured: fc.Arbitrary<readonly Measure[]> = fc.uniqueArray(
  fc.constantFrom(...measureWords.map(({ measure }) => measure)),
  { minLength: 1, maxLength: 4 },
)
const stages: fc.Arbitrary<Stage> = fc.oneof(
  fc.record(
    {
      measures: measured,
      by: fc.oneof(by, fc.constant([])),
      everyMs: fc.oneof(
        fc.constant(null),
        fc.integer({ min: 1, max: 999_999 }).map((s) => s * 1_000),
      ),
      limit: fc.constant(null),
    },
    plain,
  ),
  fc.record(
    {
      measures: fc.constant<readonly Measure[]>(['count']),
      by,
      everyMs: fc.constant(null),
      limit: fc.integer({ min: 1, max: 10_000 }),
    },
    plain,
  ),
)

test('parseQuestion() reads what printQuestion() wrote', () => {
  fc.assert(
    fc.property(filters, fc.oneof(fc.constant(null), stages), (filter, asked) => {
      const question: Question = { filter, stage: asked }
      const text = printQuestion(question)
      fc.pre(text.length <= 2_000)
      assert.deepEqual(parseQuestion(text), question, text)
    }),
    { numRuns: 300, endOnFailure: true },
  )
})

test('parseQuestion() either reads a text or says what is wrong with it', () => {
  const pieces = fc.constantFrom(
    'status:',
    'a',
    '(',
    ')',
    '|',
    ' ',
    '"',
    '-',
    'or ',
    'count',
    'by ',
    'ip',
    ':',
    ',',
    '\\',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((list) => list.join('')),
      ),
      (text) => {
        try {
          parseQuestion(text)
        } catch (error) {
          assert.ok(error instanceof GatehouseError && /column \d+: \S/.test(error.message), text)
        }
      },
    ),
    { numRuns: 500 },
  )
})
