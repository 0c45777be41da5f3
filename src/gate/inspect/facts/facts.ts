import { type ApiRequest, type Clock, type Facts, headerValue, type Headers, noFacts } from '../../../core/mod.ts'
import { createSipHash } from '../../../crypto/mod.ts'
import { BodyFacts } from './body-facts.ts'
import { type Budget, createBudget } from './budget.ts'
import { classify, countedClasses } from './data-classes.ts'
import { decodeBody, lookedBytesMax } from './decode-body.ts'
import { errorIn } from './error-prints.ts'
import { createFieldTree, roleOfName } from './field-tree.ts'
import { decoded, scanForm } from './form-scan.ts'
import { scanJson } from './json-scan.ts'
import { type Kept, KeptBody } from './kept-body.ts'
import { type FactsPlan, segmentsOf } from './plan.ts'

export interface FactsOptions {
  /** At least `sipKeyBytes`. The same at all times and in all threads: who lacks it cannot tell what was hashed. */
  readonly key: Uint8Array
  readonly clock: Clock
}

/** Learns facts of the bodies of one thread. Never throws for what a body holds. */
export interface FactsReader {
  /** Null where this request is not looked at. */
  begin(plan: FactsPlan | undefined, request: ApiRequest, place: number): ExchangeFacts | null
}

/** An answer whose body is looked at. */
export interface SeenAnswer {
  readonly status: number
  readonly headers: Headers
}

/** The facts of one exchange. Its two first members are a tap of the engine. */
export interface ExchangeFacts {
  request(chunk: Uint8Array): void
  /** Looked at only behind `follow`: what is held is there as a whole. */
  response(chunk: Uint8Array): void
  /** The answer is streamed; this is what was held of it. Chunks that come later come by `response`. */
  follow(held: readonly Uint8Array[]): void
  /** What was learnt; the body is `held`, or what was followed where that is null. To be called once. */
  finish(answer: SeenAnswer | null, held: readonly Uint8Array[] | null): Facts | null
  /** Gives back what was kept. To be called at the end, whatever that was; more than once does no harm. */
  release(): void
}

/** What all exchanges of a thread share. */
interface Shared {
  readonly body: BodyFacts
  readonly budget: Budget
  readonly clock: Clock
  readonly kept: Kept
  /** Shapes whose fields were listed, and when. */
  readonly listed: Map<string, number>
}

const askedMax = 8
const givenMax = 24
const queryPairsMax = 32
const fieldCharsMax = 900
const listedMax = 4096
const listedAgainMs = 3_600_000

/** One for each gateway thread. */
export function createFactsReader({ key, clock }: FactsOptions): FactsReader {
  const body = new BodyFacts(createFieldTree(), createSipHash(key))
  const shared: Shared = { body, budget: createBudget(clock), clock, kept: { bytes: 0 }, listed: new Map() }
  return {
    begin: (plan, request, place) => {
      if (plan === undefined || plan.share === 0) return null
      if (plan.share < 1 && drawOf(request.id) >= plan.share) return null
      return new Looking(shared, { plan, request, place })
    },
  }
}

/** Drawn from the id, which is random. */
function drawOf(id: string): number {
  return Number.parseInt(id.slice(-8), 16) / 2 ** 32
}

/** A half of the facts: those of one body. */
interface Half {
  readonly shape: string | null
  readonly fields: readonly string[]
  readonly classes: readonly string[]
  readonly errors: readonly string[]
}

const nothing: Half = { shape: null, fields: [], classes: [], errors: [] }

class Looking implements ExchangeFacts {
  readonly #shared: Shared
  readonly #of: { readonly plan: FactsPlan; readonly request: ApiRequest; readonly place: number }
  readonly #requestKind: BodyKind | null
  #request: KeptBody | null = null
  #response: KeptBody | null = null
  #skipped: string[] = []
  #asked: readonly string[] = []
  #login: string | null = null
  #fieldChars = fieldCharsMax

  constructor(shared: Shared, of: { plan: FactsPlan; request: ApiRequest; place: number }) {
    this.#shared = shared
    this.#of = of
    this.#requestKind = of.request.bodyBytes === 0 ? null : kindOf(headerValue(of.request.headers, 'content-type'))
  }

  request(chunk: Uint8Array): void {
    if (this.#requestKind === null) return
    this.#request ??= new KeptBody(this.#shared.kept)
    this.#request.push(chunk)
  }

  response(chunk: Uint8Array): void {
    this.#response?.push(chunk)
  }

  follow(held: readonly Uint8Array[]): void {
    this.#response = new KeptBody(this.#shared.kept)
    for (const chunk of held) this.#response.push(chunk)
  }

  finish(answer: SeenAnswer | null, held: readonly Uint8Array[] | null): Facts | null {
    const { budget, clock } = this.#shared
    const startMs = clock.monotonicMs()
    try {
      return budget.isLeft ? this.#learn(answer, held) : { ...noFacts, skipped: ['busy'] }
    } catch {
      // Nobody's request fails because we could not look at it.
      return { ...noFacts, skipped: ['failed'] }
    } finally {
      budget.spend(clock.monotonicMs() - startMs)
      this.release()
    }
  }

  release(): void {
    this.#request?.release()
    this.#response?.release()
  }

  #learn(answer: SeenAnswer | null, held: readonly Uint8Array[] | null): Facts | null {
    const given = answer === null ? nothing : this.#ofAnswer(answer, held)
    const { body } = this.#shared
    const { ids, idCount } = answer === null ? { ids: [], idCount: 0 } : body
    const sent = this.#ofRequest()
    const facts: Facts = {
      asked: this.#asked,
      given: ids,
      givenCount: idCount,
      login: this.#login,
      requestShape: sent.shape,
      responseShape: given.shape,
      requestFields: sent.fields,
      responseFields: given.fields,
      requestClasses: sent.classes,
      responseClasses: given.classes,
      errors: given.errors,
      skipped: this.#skipped,
    }
    return isEmpty(facts) ? null : facts
  }

  #ofAnswer({ status, headers }: SeenAnswer, held: readonly Uint8Array[] | null): Half {
    const { body } = this.#shared
    body.begin({ idsMax: givenMax, takesLogin: false })
    const kind = kindOf(headerValue(headers, 'content-type'))
    const followed = held === null ? this.#response : null
    const bytes = held === null ? (followed?.bytes ?? none) : joined(held)
    if (kind === null || bytes.length === 0) return nothing
    const coding = headerValue(headers, 'content-encoding') ?? ''
    if (
      !this.#scan(kind, bytes, {
        coding,
        side: 'response',
        isCut: followed?.isCut ?? false,
        looksForErrors: status >= 400,
      })
    )
      return nothing
    return this.#half('response')
  }

  #ofRequest(): Half {
    const { plan, request } = this.#of
    const { body } = this.#shared
    body.begin({ idsMax: askedMax, takesLogin: plan.takesLogin })
    for (const id of segmentsOf(request.path, plan.idSegments)) askFor(id, body)
    if (request.query !== '') askInQuery(request.query, body)
    const kept = this.#request
    let half = nothing
    if (kept !== null && kept.length > 0 && this.#requestKind !== null) {
      const coding = headerValue(request.headers, 'content-encoding') ?? ''
      const how = { coding, side: 'request', isCut: kept.isCut, looksForErrors: false }
      if (this.#scan(this.#requestKind, kept.bytes, how)) half = this.#half('request')
    }
    this.#asked = body.ids
    this.#login = body.login
    return half
  }

  #scan(
    kind: BodyKind,
    bytes: Uint8Array,
    how: { readonly coding: string; readonly side: string; readonly isCut: boolean; readonly looksForErrors: boolean },
  ): boolean {
    const result = decodeBody(bytes.length > lookedBytesMax ? bytes.subarray(0, lookedBytesMax) : bytes, how.coding)
    if ('skipped' in result) {
      this.#skipped.push(`${how.side}:${result.skipped}`)
      return false
    }
    const end = Math.min(result.bytes.length, lookedBytesMax)
    const isCut = how.isCut || bytes.length > lookedBytesMax || result.bytes.length > end
    const { body } = this.#shared
    const why = scanAs(kind, result.bytes.subarray(0, end), body, how.looksForErrors)
    if (isCut || why !== 'whole') this.#skipped.push(`${how.side}:${why === 'whole' ? 'cut' : why}`)
    return true
  }

  #half(side: 'request' | 'response'): Half {
    const { body } = this.#shared
    const shape = body.shape()
    const fields =
      shape !== null && this.#isNew(`${side} ${this.#of.place} ${shape}`) ? body.fields(this.#fieldChars) : []
    for (const field of fields) this.#fieldChars -= field.length + 3
    return { shape, fields, classes: countedClasses(body.counts), errors: body.errors }
  }

  #isNew(shape: string): boolean {
    const { listed, clock } = this.#shared
    const nowMs = clock.monotonicMs()
    const beforeMs = listed.get(shape)
    if (beforeMs !== undefined && nowMs - beforeMs < listedAgainMs) return false
    if (listed.size >= listedMax) listed.clear()
    listed.set(shape, nowMs)
    return true
  }
}

type BodyKind = 'json' | 'form' | 'text'

/** Null for what is not looked at. */
function kindOf(contentType: string | null): BodyKind | null {
  if (contentType === null) return null
  if (contentType.startsWith('application/json')) return 'json'
  const type = contentType.toLowerCase()
  if (/^[\w-]{1,40}\/(?:[\w.-]{1,80}\+)?json\b/.test(type)) return 'json'
  if (type.startsWith('application/x-www-form-urlencoded')) return 'form'
  return type.startsWith('text/') && !type.startsWith('text/event-stream') ? 'text' : null
}

const latin1 = new TextDecoder('latin1')

function scanAs(kind: BodyKind, bytes: Uint8Array, body: BodyFacts, looksForErrors: boolean): string {
  if (kind === 'json') return scanJson(bytes, bytes.length, body)
  if (kind === 'form') scanForm(latin1.decode(bytes), body)
  else {
    const range = { start: 0, end: bytes.length }
    classify(bytes, range, body.counts)
    if (looksForErrors) errorIn(bytes, range, body)
  }
  return 'whole'
}

const encoder = new TextEncoder()
/** Ids that do not fit are not hashed. */
const scratch = new Uint8Array(512)

function askFor(id: string, body: BodyFacts): void {
  const { read, written } = encoder.encodeInto(id, scratch)
  if (read === id.length) body.id(scratch, 0, written)
}

function askInQuery(query: string, body: BodyFacts): void {
  for (const pair of query.split('&', queryPairsMax)) {
    const equals = pair.indexOf('=')
    if (equals > 0 && roleOfName(pair.slice(0, equals)) === 'id') askFor(decoded(pair.slice(equals + 1)), body)
  }
}

const none = new Uint8Array(0)

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first = none] = chunks
  if (chunks.length < 2) return first
  const all = new Uint8Array(chunks.reduce((bytes, chunk) => bytes + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

function isEmpty(facts: Facts): boolean {
  const { asked, given, login, requestShape, responseShape, requestClasses, responseClasses, errors, skipped } = facts
  if (login !== null || requestShape !== null || responseShape !== null) return false
  const lists = asked.length + given.length + requestClasses.length + responseClasses.length
  return lists + errors.length + skipped.length === 0
}
