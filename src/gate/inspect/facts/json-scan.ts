import type { BodyFacts } from './body-facts.ts'
import { charBits, charTable, classify, isTime, mayHaveClass } from './data-classes.ts'
import { errorIn } from './error-prints.ts'
import { type FieldNode, typeBits } from './field-tree.ts'

/** `cut`: the text ends before its value does. `broken`: it is no JSON, from some place on. `deep`: nested too deep. */
export type ScanEnd = 'whole' | 'cut' | 'broken' | 'deep'

const depthMax = 64
/** Of one text no more is looked at for classes and errors. */
const lookBytesMax = 8192

const quote = 0x22
const backslash = 0x5c

/**
 * Reads JSON once, from left to right, without making a value of it, and tells `facts` what it meets. It takes a little more
 * than JSON (separators are not checked): what an API sends is looked at, not judged. Linear in `end`, bounded in depth.
 */
export function scanJson(bytes: Uint8Array, end: number, facts: BodyFacts): ScanEnd {
  return new JsonScan(bytes, end, facts).run()
}

class JsonScan {
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #facts: BodyFacts
  /** The containers around: their places, and whether each is an object. */
  readonly #nodes: FieldNode[] = []
  readonly #objects: boolean[] = []
  #depth = 0
  #inObject = false
  #isKey = false
  #at = 0
  /** Of the value that comes next. */
  #node: FieldNode

  constructor(bytes: Uint8Array, end: number, facts: BodyFacts) {
    this.#bytes = bytes
    this.#end = end
    this.#facts = facts
    this.#node = facts.tree.root
  }

  run(): ScanEnd {
    const bytes = this.#bytes
    while (this.#at < this.#end) {
      const char = bytes[this.#at] ?? 0
      if (char <= 0x20) this.#at++
      else if (char === quote) {
        if (!(this.#isKey ? this.#key() : this.#text())) return 'cut'
      } else if (char === 0x2c) {
        this.#isKey = this.#inObject // ,
        this.#at++
      } else if (char === 0x3a) {
        this.#isKey = false // :
        this.#at++
      } else if (char === 0x7b || char === 0x5b) {
        if (this.#depth >= depthMax) return 'deep'
        this.#open(char === 0x7b)
      } else if (char === 0x7d || char === 0x5d) {
        if (this.#depth === 0) return 'broken'
        this.#close()
      } else if ((char >= 0x30 && char <= 0x39) || char === 0x2d) this.#number()
      else if (!this.#word(char)) return 'broken'
    }
    return this.#depth === 0 ? 'whole' : 'cut'
  }

  #open(isObject: boolean): void {
    const { tree } = this.#facts
    this.#nodes[this.#depth] = this.#node
    this.#objects[this.#depth] = this.#inObject
    this.#depth++
    this.#inObject = isObject
    this.#isKey = isObject
    if (!isObject) this.#node = tree.element(this.#node)
    this.#at++
  }

  #close(): void {
    this.#depth--
    // What was opened stood at this place, which in an array is that of the next one too.
    this.#node = this.#nodes[this.#depth] ?? this.#facts.tree.root
    this.#inObject = this.#objects[this.#depth] ?? false
    this.#isKey = false
    this.#at++
  }

  /** False where the text ends before its quote. */
  #key(): boolean {
    const bytes = this.#bytes
    const start = this.#at + 1
    let hash = 0x811c9dc5
    let at = start
    for (; at < this.#end; at++) {
      const char = bytes[at] ?? 0
      if (char === quote) break
      if (char === backslash) at++
      hash = Math.imul(hash ^ char, 0x01000193)
    }
    if (at >= this.#end) return false
    // The place of the object was kept when it was opened.
    const parent = this.#nodes[this.#depth - 1] ?? this.#facts.tree.root
    this.#node = this.#facts.tree.child(parent, bytes, { start, end: at, hash: hash ^ (at - start) })
    this.#isKey = false
    this.#at = at + 1
    return true
  }

  #text(): boolean {
    const bytes = this.#bytes
    const end = this.#end
    const start = this.#at + 1
    let mask = 0
    let digits = 0
    let at = start
    for (; at < end; at++) {
      const char = bytes[at] ?? 0
      if (char === quote) break
      if (char === backslash) {
        mask |= charBits.escape
        at++
        continue
      }
      const kind = charTable[char] ?? 0
      mask |= kind
      digits += kind & 1
    }
    if (at >= end) return false
    this.#at = at + 1
    const facts = this.#facts
    const range = { start, end: at }
    facts.meet(this.#node, typeBits.text)
    facts.value(this.#node, bytes, range)
    if (mayHaveClass({ mask, digits }, at - start) && !isTime(bytes, start, at - start)) {
      classify(bytes, { start, end: Math.min(at, start + lookBytesMax) }, facts.counts)
    }
    if (at - start >= 24) errorIn(bytes, { start, end: Math.min(at, start + lookBytesMax) }, facts)
    return true
  }

  #number(): void {
    const bytes = this.#bytes
    const start = this.#at
    let at = start
    let isWhole = true
    for (; at < this.#end; at++) {
      const char = bytes[at] ?? 0
      if (char >= 0x30 && char <= 0x39) continue
      if (char === 0x2e || char === 0x65 || char === 0x45 || char === 0x2b) isWhole = false
      else if (char !== 0x2d) break
    }
    this.#at = at
    const facts = this.#facts
    const range = { start, end: at }
    facts.meet(this.#node, typeBits.number)
    if (this.#node.role === 'id') facts.value(this.#node, bytes, range)
    if (isWhole && at - start >= 13 && at - start <= 19) classify(bytes, range, facts.counts)
  }

  /** true, false, null. */
  #word(char: number): boolean {
    const length = char === 0x74 || char === 0x6e ? 4 : char === 0x66 ? 5 : 0
    if (length === 0) return false
    this.#facts.meet(this.#node, char === 0x6e ? typeBits.nothing : typeBits.truth)
    this.#at += length
    return true
  }
}
