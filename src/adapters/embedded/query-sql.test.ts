import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { fields, type Filter, parseFilter, type Test } from '../../desk/query/mod.ts'
import { conditionOf, createBindings } from './query-sql.ts'

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom("'; DROP TABLE s1; --", '{s}', '$1', '") OR 1=1 --', "' || (SELECT 1) || '", '\\', '%', '\0'),
)
const tests: fc.Arbitrary<Test> = fc.oneof(
  hostile.map((value): Test => ({ kind: 'equals', value })),
  hostile.map((pattern): Test => ({ kind: 'pattern', pattern: `${pattern}x` })),
  hostile.map((cidr): Test => ({ kind: 'network', cidr })),
)
const filters: fc.Arbitrary<Filter> = fc.oneof(
  hostile.map((text): Filter => ({ kind: 'text', text })),
  fc
    .tuple(fc.constantFrom(...fields), fc.array(tests, { minLength: 1, maxLength: 3 }))
    .map(([{ name }, list]): Filter => ({ kind: 'field', field: name, tests: list })),
)

test('conditionOf() makes its text of own names alone, whatever is looked for', () => {
  fc.assert(
    fc.property(filters, (filter) => {
      const bindings = createBindings()
      const { tables, where } = conditionOf({ seqFrom: 1, seqTo: 2 }, filter, bindings)
      const own =
        /^(?:w\d+|AS|MATERIALIZED|SELECT|code|FROM|WHERE|text|lower|address|ILIKE|ESCAPE|BETWEEN|AND|OR|NOT|NULL|IS|IN|UNION|ALL|true|false|\{s\}|\{[da]_[a-zA-Z]+\}|[tn]_[a-zA-Z]+|\$\d+|'\\'|<>|[<>=]+|0|[(),\s])*$/
      assert.match([...tables, where].join(' '), own)
    }),
    { numRuns: 300 },
  )
})

test('conditionOf() binds every value', () => {
  const bindings = createBindings()
  conditionOf({ fromMs: 1, toMs: 2 }, parseFilter('consumer:acme status:>400 path:/a_b* ip:10.0.0.0/8 "x%y"'), bindings)
  assert.deepEqual(bindings.values, [
    1,
    2,
    'acme',
    400,
    '/a\\_b%',
    '00000000000000000000ffff0a000000',
    '00000000000000000000ffff0affffff',
    '%x\\%y%',
  ])
})
