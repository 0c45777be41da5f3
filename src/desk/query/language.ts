/**
 * The query language: `status:401,403 -ip:10.0.0.0/8 (route:"GET /v1/*" or ms:>200) | count by consumer every 5m`. One grammar for
 * console, command line and API:
 *
 * ```text
 * question = [ either ] [ "|" stage ]
 * either   = both *( "or" both )
 * both     = 1*( [ "and" ] term )
 * term     = ( "-" / "not" ) term / "(" either ")" / field ":" value *( "," value ) / text
 * ```
 */
import { fieldOf, fieldWords } from './fields.ts'
import { allOf, anyOf, everything, type Filter } from './filter.ts'
import { nearest } from '../../core/mod.ts'
import { problemAt, readToken, type Reader, skipSpace, take, takeMatch, takeWord } from './reader.ts'
import { readStage, type Stage } from './stages.ts'
import { testOf } from './values.ts'

/** Which requests, and, where there is a stage, what is asked about them. */
export interface Question {
  readonly filter: Filter
  /** Null asks for the requests themselves. */
  readonly stage: Stage | null
}

/** Bounds of a query: its length, how deep its parentheses go, and its tests. */
export const queryCharsMax = 2_000
const depthMax = 32
const testsMax = 200

/** Reads a query. Throws `invalid_argument` with the column and the remedy. */
export function parseQuestion(text: string): Question {
  if (text.length > queryCharsMax) throw problemAt(queryCharsMax, `a query has at most ${queryCharsMax} characters`)
  const parse: Parse = { text, at: 0, depth: 0, tests: 0 }
  skipSpace(parse)
  const filter = atEnd(parse) ? everything : readEither(parse)
  skipSpace(parse)
  const stage = take(parse, '|') ? readStage(parse) : null
  skipSpace(parse)
  if (take(parse, ')')) throw problemAt(parse.at - 1, 'this parenthesis was not opened')
  if (parse.at < text.length)
    throw problemAt(parse.at, `'${text.slice(parse.at, parse.at + 20)}' is too much here; a query has one stage`)
  return { filter, stage }
}

/** Reads the part of a query that says which requests: no stage may follow. */
export function parseFilter(text: string): Filter {
  const { filter, stage } = parseQuestion(text)
  if (stage !== null) throw problemAt(text.lastIndexOf('|'), 'only a filter is meant here, without a stage')
  return filter
}

interface Parse extends Reader {
  depth: number
  tests: number
}

/** Nothing more, or the end of what stands in parentheses or before a stage. */
function atEnd({ text, at }: Parse): boolean {
  return at >= text.length || text.charAt(at) === '|' || text.charAt(at) === ')'
}

function readEither(parse: Parse): Filter {
  const choices = [readBoth(parse)]
  for (;;) {
    skipSpace(parse)
    if (!takeWord(parse, 'or')) return anyOf(choices)
    choices.push(readBoth(parse))
  }
}

function readBoth(parse: Parse): Filter {
  const terms: Filter[] = []
  for (;;) {
    skipSpace(parse)
    const before = parse.at
    if (terms.length > 0 && takeWord(parse, 'and')) skipSpace(parse)
    const ends = atEnd(parse) || takeWord(parse, 'or')
    if (!ends) {
      terms.push(readTerm(parse))
      continue
    }
    if (terms.length === 0) throw problemAt(before, 'something to look for is missing here')
    parse.at = before
    return allOf(terms)
  }
}

function readTerm(parse: Parse): Filter {
  if (++parse.depth > depthMax) throw problemAt(parse.at, `a query is at most ${depthMax} levels deep`)
  const term = readNested(parse)
  parse.depth--
  return term
}

function readNested(parse: Parse): Filter {
  if (take(parse, '-')) return { kind: 'not', of: readTerm(parse) }
  if (takeWord(parse, 'not')) {
    skipSpace(parse)
    if (atEnd(parse)) throw problemAt(parse.at, `'not' needs something behind it`)
    return { kind: 'not', of: readTerm(parse) }
  }
  const open = parse.at
  if (!take(parse, '(')) return readTest(parse)
  const inner = readEither(parse)
  skipSpace(parse)
  if (!take(parse, ')')) throw problemAt(open, 'this parenthesis has no end')
  return inner
}

function readTest(parse: Parse): Filter {
  if (++parse.tests > testsMax) throw problemAt(parse.at, `a query has at most ${testsMax} tests`)
  const { at } = parse
  const word = takeMatch(parse, /([A-Za-z_][A-Za-z0-9_]*):/y)?.[1]
  if (word !== undefined) return readField(parse, { word, at })
  const token = readToken(parse, /[\s()|"]/)
  if (token.text === '') throw problemAt(at, 'something to look for is missing here')
  if (!token.quoted && token.text.startsWith(':'))
    throw problemAt(at, `a field is missing before ':'; quote it as text`)
  return { kind: 'text', text: token.text }
}

function readField(parse: Parse, { word, at }: { readonly word: string; readonly at: number }): Filter {
  const field = fieldOf(word)
  if (field === null) {
    const meant = nearest(word, fieldWords)
    throw problemAt(
      at,
      `there is no field '${word}'${meant === null ? '; quote it as text' : `; did you mean '${meant}'?`}`,
    )
  }
  const tests = []
  do {
    if (tests.length > 0) skipSpace(parse)
    if (++parse.tests > testsMax) throw problemAt(parse.at, `a query has at most ${testsMax} tests`)
    tests.push(testOf(field, readToken(parse, /[\s,()|"]/)))
  } while (take(parse, ','))
  return { kind: 'field', field: field.name, tests }
}
