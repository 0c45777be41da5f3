import type { SipHash } from '../../../crypto/mod.ts'
import { type ClassCounts, count, createClassCounts } from './data-classes.ts'
import { type FieldNode, type FieldTree, typeBits } from './field-tree.ts'

/** Fields of one body that are told apart. */
export const fieldsMax = 64
const errorsMax = 4
const idBytesMax = 128
/** The same id may come again and again: no more than so many are hashed. */
const hashesMax = 64

/** What a scan of one body is to find, and where it puts it; used again for the next body, so that it costs no memory. */
export class BodyFacts {
  readonly tree: FieldTree
  readonly #sip: SipHash
  readonly #text = new TextDecoder()
  readonly counts: ClassCounts = createClassCounts()
  #idsMax = 0
  #body = 0
  readonly #fields: FieldNode[] = []
  #ids: string[] = []
  idCount = 0
  login: string | null = null
  errors: string[] = []
  /** A field whose values are a name to sign in with counts as one. */
  #takesLogin = false

  constructor(tree: FieldTree, sip: SipHash) {
    this.tree = tree
    this.#sip = sip
  }

  /** Begins anew. */
  begin(options: { readonly idsMax: number; readonly takesLogin: boolean }): void {
    this.tree.prune()
    this.counts.fill(0)
    this.#idsMax = options.idsMax
    this.#takesLogin = options.takesLogin
    this.#body++
    this.#fields.length = 0
    this.#ids = []
    this.idCount = 0
    this.login = null
    this.errors = []
  }

  get ids(): readonly string[] {
    return this.#ids
  }

  /** A value of this type stands there. */
  meet(node: FieldNode, type: number): void {
    if (node.body !== this.#body) {
      node.body = this.#body
      node.types = 0
      if (this.#fields.length < fieldsMax) this.#fields.push(node)
    }
    node.types |= type
  }

  /** A text or number, as it stands in the body without its quotes. */
  value(node: FieldNode, bytes: Uint8Array, { start, end }: { start: number; end: number }): void {
    if (node.role === 'plain' || end === start) return
    if (node.role === 'secret') return count(this.counts, 'secret_field')
    if (node.role === 'id') return this.id(bytes, start, end)
    if (this.#takesLogin)
      this.login ??= this.loginOf(this.#text.decode(bytes.subarray(start, Math.min(end, start + 320))))
  }

  id(bytes: Uint8Array, start: number, end: number): void {
    this.idCount++
    if (this.#ids.length >= this.#idsMax || this.idCount > hashesMax || end - start > idBytesMax) return
    const hash = this.#sip.of(bytes, start, end)
    if (!this.#ids.includes(hash)) this.#ids.push(hash)
  }

  /** Letter case and blanks around it make no other name. */
  loginOf(name: string): string {
    const bytes = encoder.encode(name.trim().toLowerCase().normalize('NFKC'))
    return this.#sip.of(bytes, 0, bytes.length)
  }

  /** A stack trace or an error text was found: `kind`, or `kind:hash` of what it says. */
  error(kind: string, frames: string): void {
    const bytes = encoder.encode(frames)
    const print = frames === '' ? kind : `${kind}:${this.#sip.of(bytes, 0, bytes.length)}`
    if (this.errors.length < errorsMax && !this.errors.includes(print)) this.errors.push(print)
  }

  /** Hash of all fields and types, whatever their order. Null where there are none. */
  shape(): string | null {
    if (this.#fields.length === 0) return null
    let sum = 0
    for (const { hash, types } of this.#fields) sum = (sum + Math.imul(hash ^ (types * 0x9e3779b1), 0x85ebca6b)) | 0
    return (sum >>> 0).toString(16).padStart(8, '0')
  }

  /** `items[].id:n`, sorted, as far as they fit into `charsMax`. */
  fields(charsMax: number): readonly string[] {
    const all = this.#fields.map(({ path, types }) => `${path === '' ? '.' : path}:${typeText(types)}`).toSorted()
    let chars = 0
    return all.filter((field) => (chars += field.length + 3) <= charsMax)
  }
}

const encoder = new TextEncoder()

function typeText(types: number): string {
  const { text, number, truth, nothing } = typeBits
  return `${types & text ? 's' : ''}${types & number ? 'n' : ''}${types & truth ? 'b' : ''}${types & nothing ? 'z' : ''}`
}
