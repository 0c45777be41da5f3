/** What the name of a field says about its values. */
export type FieldRole = 'id' | 'login' | 'secret' | 'plain'

/** One place in bodies of a kind: `items[].id`. */
export interface FieldNode {
  readonly path: string
  readonly role: FieldRole
  /** Hash of the path. */
  readonly hash: number
  readonly children: Map<number, FieldNode>
  element: FieldNode | null
  /** The body in which it was met last, and with which types there. */
  body: number
  types: number
}

/** Types of values, as bits. */
export const typeBits = { text: 1, number: 2, truth: 4, nothing: 8 } as const

/**
 * The places of fields that were met, so that meeting one again costs a look into a map and no text. Bounded: when there are
 * more than `nodesMax`, all are forgotten.
 */
export interface FieldTree {
  readonly root: FieldNode
  child(parent: FieldNode, bytes: Uint8Array, key: { start: number; end: number; hash: number }): FieldNode
  element(parent: FieldNode): FieldNode
  /** To be called between two bodies, never within one. */
  prune(): void
}

const nodesMax = 8192
const pathCharsMax = 96
const nameCharsMax = 40

export function createFieldTree(): FieldTree {
  const root = nodeOf('', 'plain')
  let nodes = 0
  return {
    root,
    child: (parent, bytes, { start, end, hash }) => {
      const known = parent.children.get(hash)
      if (known !== undefined) return known
      const name = nameOf(bytes, start, end)
      const path = parent.path === '' ? name : `${parent.path}.${name}`
      const made = path.length > pathCharsMax ? parent : nodeOf(path, roleOf(name))
      parent.children.set(hash, made)
      nodes++
      return made
    },
    element: (parent) => {
      parent.element ??= parent.path.length > pathCharsMax ? parent : nodeOf(`${parent.path}[]`, parent.role)
      return parent.element
    },
    prune: () => {
      if (nodes <= nodesMax) return
      nodes = 0
      root.children.clear()
      root.element = null
    },
  }
}

function nodeOf(path: string, role: FieldRole): FieldNode {
  return { path, role, hash: hashOf(path), children: new Map(), element: null, body: 0, types: 0 }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** A key that looks like data and not like a name (an address, a number, a token) stands as `*`: keys can be personal too. */
function nameOf(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > nameCharsMax || end === start) return '*'
  let digits = 0
  let name = ''
  for (let i = start; i < end; i++) {
    const char = bytes[i] ?? 0
    const isDigit = char >= 0x30 && char <= 0x39
    const isLetter = (char >= 0x41 && char <= 0x5a) || (char >= 0x61 && char <= 0x7a)
    if (!isDigit && !isLetter && char !== underscore && char !== dash && char !== dollar) return '*'
    if (isDigit) digits++
    name += String.fromCharCode(char)
  }
  const isName = digits <= 3 && digits < name.length && !(digits > 0 && name.length >= 12 && /^[0-9a-f]+$/i.test(name))
  return isName ? name : '*'
}

const underscore = 0x5f
const dash = 0x2d
const dollar = 0x24

const loginNames =
  /^(?:user_?name|user|e?-?mail|e_?mail_?address|login|login_?name|account_?name|phone_?number|identifier)$/i
const secretNames =
  /^(?:password|passwd|pwd|passphrase|secret|client_?secret|api_?key|private_?key|access_?token|refresh_?token|token|pin|cvv|cvc|otp)$/i
const idNames = /^(?:_?id|uuid|guid|.+_(?:id|uuid|guid)|.*[a-z](?:Id|ID|Uuid|UUID|Guid)|ids|.+_ids|.*[a-z]Ids)$/

function roleOf(name: string): FieldRole {
  if (idNames.test(name)) return 'id'
  if (secretNames.test(name)) return 'secret'
  return loginNames.test(name) ? 'login' : 'plain'
}

/** What a parameter of this name says. */
export function roleOfName(name: string): FieldRole {
  const known = roles.get(name)
  if (known !== undefined) return known
  const role = roleOf(name.slice(0, nameCharsMax))
  if (roles.size >= rolesMax) roles.clear()
  if (name.length <= nameCharsMax) roles.set(name, role)
  return role
}

/** Names of parameters that were met: they are few, and to look at one costs more than to remember it. */
const roles = new Map<string, FieldRole>()
const rolesMax = 1024
