/**
 * A disk as a power cut leaves it. What a program did to a folder (`disk-trace.ts`) is played up to some moment; from then on only
 * this is certain: what a sync that had returned covers. Of everything else a random part survived.
 *
 * Stricter than any journalling file system: file contents survive page by page, one page torn at any byte; the size of a file
 * apart from its contents; the names in each folder in their order, but in no order with those of other folders, nor with
 * contents. A sync of a file says nothing of its name, a sync of a folder nothing of the folder's own name.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { DiskOp } from './disk-trace.ts'

/** A change with the bytes of a write. */
export interface TracedOp {
  readonly op: DiskOp
  readonly payload: Buffer
}

/** What all threads wrote down, in order: of one life of the program, or of several that followed each other on one folder. */
export function readTrace(lives: readonly string[]): TracedOp[] {
  const all: TracedOp[] = []
  for (const out of lives) {
    const begun = (all.at(-1)?.op.end ?? -1) + 1
    const ops = readdirSync(out).flatMap((name) => readThread(readFileSync(join(out, name))))
    for (const { op, payload } of ops.toSorted((a, b) => a.op.start - b.op.start))
      all.push({ op: { ...op, start: begun + op.start, end: begun + op.end }, payload })
  }
  return all
}

function readThread(bytes: Buffer): TracedOp[] {
  const ops: TracedOp[] = []
  for (let at = 0; at < bytes.length;) {
    const jsonEnd = at + 4 + bytes.readUInt32LE(at)
    // Written by the trace in this repository.
    const op = JSON.parse(bytes.toString('utf8', at + 4, jsonEnd)) as DiskOp
    at = jsonEnd + (op.kind === 'write' ? op.bytes : 0)
    ops.push({ op, payload: bytes.subarray(jsonEnd, at) })
  }
  return ops
}

const pageBytes = 4096
const blank = Buffer.alloc(pageBytes)

/** One file, whatever its names. */
class Inode {
  /** As the program sees it. */
  #cache: Buffer = Buffer.alloc(0)
  readonly #pages = new Map<number, Buffer>()
  #size = 0
  /** Contents and sizes that may be on the disk as well, the oldest first. */
  readonly #newPages = new Map<number, Buffer[]>()
  #newSizes: number[] = []

  write(at: number, bytes: Buffer): void {
    const end = at + bytes.length
    if (end > this.#cache.length) this.#resize(end)
    bytes.copy(this.#cache, at)
    for (let page = Math.floor(at / pageBytes); page * pageBytes < end; page++) this.#touch(page)
  }

  truncate(size: number): void {
    const lastPage = Math.floor(Math.min(size, this.#cache.length) / pageBytes)
    this.#resize(size)
    if (size % pageBytes !== 0) this.#touch(lastPage)
  }

  /** Everything, or the pages of one write; the size in either case. */
  sync(range?: { readonly at: number; readonly bytes: number }): void {
    for (const [page, versions] of this.#newPages) {
      if (range !== undefined && ((page + 1) * pageBytes <= range.at || page * pageBytes >= range.at + range.bytes))
        continue
      this.#pages.set(page, versions.at(-1) ?? blank)
      this.#newPages.delete(page)
    }
    this.#size = this.#newSizes.at(-1) ?? this.#size
    this.#newSizes = []
  }

  get cache(): Buffer {
    return this.#cache
  }

  /** One of the contents that a power cut may leave. */
  survivor(chance: Chance): Buffer {
    const bytes = Buffer.alloc(chance.survivor([this.#size, ...this.#newSizes]))
    const pages = new Map(this.#pages)
    for (const [page, versions] of this.#newPages) {
      const old = pages.get(page) ?? blank
      const kept = chance.survivor([old, ...versions])
      pages.set(page, chance.tears() ? torn(kept, chance.survivor([old, ...versions]), chance.below(pageBytes)) : kept)
    }
    for (const [page, content] of pages)
      if (page * pageBytes < bytes.length) content.copy(bytes, page * pageBytes, 0, pageBytes)
    return bytes
  }

  #resize(size: number): void {
    const cache = Buffer.alloc(size)
    this.#cache.copy(cache)
    this.#cache = cache
    this.#newSizes.push(size)
  }

  #touch(page: number): void {
    const content = Buffer.alloc(pageBytes)
    this.#cache.copy(content, 0, page * pageBytes, (page + 1) * pageBytes)
    const versions = this.#newPages.get(page)
    if (versions === undefined) this.#newPages.set(page, [content])
    else versions.push(content)
  }
}

function torn(first: Buffer, second: Buffer, at: number): Buffer {
  return Buffer.concat([first.subarray(0, at), second.subarray(at)])
}

type Named = Inode | 'folder'

/** Names that change together; null for one that goes. */
type Renaming = ReadonlyMap<string, Named | null>

class Folder {
  /** As the program sees it. */
  readonly names = new Map<string, Named>()
  #durable = new Map<string, Named>()
  #changes: Renaming[] = []

  change(renaming: Renaming): void {
    apply(this.names, renaming)
    this.#changes.push(renaming)
  }

  sync(): void {
    this.#durable = new Map(this.names)
    this.#changes = []
  }

  survivor(chance: Chance): ReadonlyMap<string, Named> {
    const names = new Map(this.#durable)
    const count = chance.survivor(Array.from({ length: this.#changes.length + 1 }, (_, index) => index))
    for (const renaming of this.#changes.slice(0, count)) apply(names, renaming)
    return names
  }
}

function apply(names: Map<string, Named>, renaming: Renaming): void {
  for (const [name, named] of renaming)
    if (named === null) names.delete(name)
    else names.set(name, named)
}

/** Decides what survives; the same seed decides the same. */
export class Chance {
  #state: number
  readonly #mood: 'oldest' | 'newest' | 'any'

  constructor(seed: number) {
    this.#state = seed * 2_654_435_761 + 1
    // Random parts of everything are never all of it nor nothing, which real power cuts often leave.
    this.#mood = (['any', 'any', 'oldest', 'newest'] as const)[this.below(4)] ?? 'any'
  }

  /** One of these, of which the first is what surely was there and the last is what was written last. */
  survivor<T>(choices: readonly T[]): T {
    if (this.#mood === 'any') return this.oneOf(choices)
    return this.oneOf(this.#mood === 'oldest' ? choices.slice(0, 1) : choices.slice(-1))
  }

  oneOf<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)]
    if (choice === undefined) throw new Error('nothing to choose from')
    return choice
  }

  tears(): boolean {
    return this.#mood === 'any' && this.below(3) === 0
  }

  /** xorshift32: enough to choose with. */
  below(max: number): number {
    let state = this.#state | 0 || 1
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return Math.floor(((state >>> 0) / 2 ** 32) * max)
  }
}

/** A checkpoint that somebody may have seen: it was being put in its place, or stood there. */
export interface Published {
  /** Of its folder. */
  readonly log: string
  readonly note: Buffer
}

/** The disk at one moment. */
export interface CutDisk {
  /** Marks made until then. */
  readonly marks: readonly string[]
  readonly published: readonly Published[]
  /** Writes what one power cut may have left of the root into a folder. */
  survive(chance: Chance, into: string): void
  /** Writes what the program saw. */
  write(into: string): void
}

/** Plays the trace up to a moment: what had not ended by then may have happened or not. */
export function cutAt(ops: readonly TracedOp[], root: string, ticket: number): CutDisk {
  const player = new Player(root)
  for (const { op, payload } of ops) if (op.start < ticket) player.play(op, payload, op.end < ticket)
  return player
}

class Player implements CutDisk {
  readonly marks: string[] = []
  readonly published: Published[] = []
  readonly #root: string
  readonly #folders = new Map<string, Folder>()
  readonly #inodes = new Map<number, Inode>()

  constructor(root: string) {
    this.#root = root
    this.#folders.set(root, new Folder())
  }

  play(op: DiskOp, payload: Buffer, ended: boolean): void {
    switch (op.kind) {
      case 'create': {
        const inode = new Inode()
        this.#inodes.set(op.inode, inode) // the file system may have given the number before
        return this.#name(op.path, inode)
      }
      case 'write': {
        const inode = this.#inode(op.inode)
        inode.write(op.at, payload)
        if (op.syncs && ended) inode.sync(op)
        return
      }
      case 'truncate':
        return this.#inode(op.inode).truncate(op.size)
      case 'sync':
        return ended ? this.#inode(op.inode).sync() : undefined
      case 'syncFolder':
        return ended ? this.#folder(op.path).sync() : undefined
      case 'mkdir':
        this.#folders.set(op.path, new Folder())
        return this.#name(op.path, 'folder')
      case 'unlink':
        return this.#name(op.path, null)
      case 'link':
        return this.#name(op.to, this.#at(op.path))
      case 'rename':
        return this.#rename(op.path, op.to)
      case 'mark':
        this.marks.push(op.text)
    }
  }

  survive(chance: Chance, into: string): void {
    this.#write(
      into,
      this.#root,
      (folder) => folder.survivor(chance),
      (inode) => inode.survivor(chance),
    )
  }

  write(into: string): void {
    this.#write(
      into,
      this.#root,
      (folder) => folder.names,
      (inode) => inode.cache,
    )
  }

  #write(
    into: string,
    path: string,
    namesOf: (folder: Folder) => ReadonlyMap<string, Named>,
    contentOf: (inode: Inode) => Buffer,
  ): void {
    mkdirSync(into, { recursive: true, mode: 0o700 })
    for (const [name, named] of namesOf(this.#folder(path)))
      if (named === 'folder') this.#write(join(into, name), join(path, name), namesOf, contentOf)
      else writeFileSync(join(into, name), contentOf(named), { mode: 0o600 })
  }

  #rename(path: string, to: string): void {
    if (dirname(path) !== dirname(to)) throw new Error('no rename from folder to folder is expected')
    const named = this.#at(path)
    const renaming = new Map<string, Named | null>([
      [basename(path), null],
      [basename(to), named],
    ])
    this.#folder(dirname(path)).change(renaming)
    if (basename(to) === 'checkpoint' && named !== 'folder')
      this.published.push({ log: basename(dirname(to)), note: Buffer.from(named.cache) })
  }

  #name(path: string, named: Named | null): void {
    this.#folder(dirname(path)).change(new Map([[basename(path), named]]))
  }

  #at(path: string): Named {
    const named = this.#folder(dirname(path)).names.get(basename(path))
    if (named === undefined) throw new Error(`the trace never told of ${path}`)
    return named
  }

  #folder(path: string): Folder {
    const folder = this.#folders.get(path)
    if (folder === undefined) throw new Error(`the trace never told of the folder ${path}`)
    return folder
  }

  #inode(number: number): Inode {
    const inode = this.#inodes.get(number)
    if (inode === undefined) throw new Error(`the trace never told of inode ${number}`)
    return inode
  }
}
