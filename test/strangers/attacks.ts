import type { Files } from './files.ts'

/** Something that one can do to the files of a finished log without its keys. */
export interface Attack {
  readonly name: string
  /** Whether the log has the files that it needs. */
  applies(files: Files): boolean
  run(files: Files): void
}

/** Bytes with one bit turned. */
export function flipBit(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  return bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit))
}

/** Changes a file by a function of its bytes; fails if there is none, so that no attack is silently none. */
export function edit(files: Files, path: string, change: (bytes: Uint8Array) => Uint8Array): void {
  const bytes = files.read(path)
  if (bytes === null) throw new Error(`The log has no ${path} to attack`)
  files.write(path, Uint8Array.from(change(Uint8Array.from(bytes))))
}

/** The first file whose path fits, or null. */
export function findFile(files: Files, pattern: RegExp): string | null {
  return files.list().find((path) => pattern.test(path)) ?? null
}

function swap(files: Files, one: string, other: string): void {
  const [first, second] = [files.read(one), files.read(other)]
  if (first === null || second === null) throw new Error(`The log has no ${one} and ${other} to attack`)
  files.write(one, Uint8Array.from(second))
  files.write(other, Uint8Array.from(first))
}

function onFile(name: string, pattern: RegExp, act: (files: Files, path: string) => void): Attack {
  return {
    name,
    applies: (files) => findFile(files, pattern) !== null,
    run: (files) => {
      const path = findFile(files, pattern)
      if (path === null) throw new Error(`The log has no ${String(pattern)} to attack`)
      act(files, path)
    },
  }
}

function onBoth(name: string, paths: readonly string[], act: (files: Files) => void): Attack {
  return { name, applies: (files) => paths.every((path) => files.read(path) !== null), run: act }
}

const fullBundle = /^tile\/entries\/(?:x\d{3}\/)*\d{3}$/
const lastBundle = /^tile\/entries\/.*\.p\/\d+$/
const fullLevel0 = /^tile\/0\/(?:x\d{3}\/)*\d{3}$/
const level1 = /^tile\/1\//
const middleOf = (bytes: Uint8Array): number => Math.floor(bytes.length / 2)

function editLine(number: number, change: (line: string) => string): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const lines = Buffer.from(bytes).toString('utf8').split('\n')
    lines[number] = change(lines[number] ?? '')
    return Buffer.from(lines.join('\n'))
  }
}

/**
 * The attacks that every verifier must refuse, ours and strangers'. They work on any log of more than 512 entries, a real
 * one as well as a sample; `rollBack` comes beside them, because it needs a checkpoint that was kept.
 */
export const attacks: readonly Attack[] = [
  onFile('a bit flipped in a bundle', fullBundle, (files, path) =>
    edit(files, path, (bytes) => flipBit(bytes, middleOf(bytes))),
  ),
  onFile('a bit flipped in the last bundle', lastBundle, (files, path) =>
    edit(files, path, (bytes) => flipBit(bytes, middleOf(bytes))),
  ),
  onFile('a bit flipped in a tile of level 0', fullLevel0, (files, path) =>
    edit(files, path, (bytes) => flipBit(bytes, middleOf(bytes))),
  ),
  onFile('a bit flipped in a tile of level 1', level1, (files, path) =>
    edit(files, path, (bytes) => flipBit(bytes, 3)),
  ),
  onFile('a bundle truncated', fullBundle, (files, path) => edit(files, path, (bytes) => bytes.subarray(0, -1))),
  onFile('a bundle cut at an entry', lastBundle, (files, path) => edit(files, path, cutLastEntry)),
  onFile('a tile of level 0 truncated', fullLevel0, (files, path) =>
    edit(files, path, (bytes) => bytes.subarray(0, -32)),
  ),
  onFile('the checkpoint truncated', /^checkpoint$/, (files, path) =>
    edit(files, path, (bytes) => bytes.subarray(0, -1)),
  ),
  onFile('a bundle deleted', lastBundle, (files, path) => files.remove(path)),
  onFile('a tile of level 0 deleted', fullLevel0, (files, path) => files.remove(path)),
  onFile('the checkpoint deleted', /^checkpoint$/, (files, path) => files.remove(path)),
  onBoth('two bundles swapped', ['tile/entries/000', 'tile/entries/001'], (files) =>
    swap(files, 'tile/entries/000', 'tile/entries/001'),
  ),
  onBoth(
    'two bundles and their tiles swapped',
    ['tile/entries/000', 'tile/entries/001', 'tile/0/000', 'tile/0/001'],
    (files) => {
      swap(files, 'tile/entries/000', 'tile/entries/001')
      swap(files, 'tile/0/000', 'tile/0/001')
    },
  ),
  onFile('two entries swapped', fullBundle, (files, path) => edit(files, path, swapFirstEntries)),
  onFile('an entry put twice in the place of another', fullBundle, (files, path) =>
    edit(files, path, repeatFirstEntry),
  ),
  onFile('the size edited', /^checkpoint$/, (files, path) =>
    edit(
      files,
      path,
      editLine(1, (size) => String(Number(size) - 1)),
    ),
  ),
  onFile('the root edited', /^checkpoint$/, (files, path) =>
    edit(
      files,
      path,
      editLine(2, (root) => `${root.startsWith('A') ? 'B' : 'A'}${root.slice(1)}`),
    ),
  ),
  onFile('the origin edited', /^checkpoint$/, (files, path) =>
    edit(
      files,
      path,
      editLine(0, (origin) => `${origin}x`),
    ),
  ),
]

/** Puts an older checkpoint, rightly signed, in the place of the newest: only who has kept a newer one can tell. */
export function rollBack(files: Files, olderCheckpoint: Uint8Array): void {
  files.write('checkpoint', olderCheckpoint)
}

function entriesOf(bundle: Uint8Array): readonly Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let at = 0; at < bundle.length;) {
    const end = at + 2 + (bundle[at] ?? 0) * 256 + (bundle[at + 1] ?? 0)
    entries.push(bundle.subarray(at, end))
    at = end
  }
  return entries
}

function cutLastEntry(bundle: Uint8Array): Uint8Array {
  return Buffer.concat(entriesOf(bundle).slice(0, -1))
}

function swapFirstEntries(bundle: Uint8Array): Uint8Array {
  const [first = bundle, second = bundle, ...rest] = entriesOf(bundle)
  return Buffer.concat([second, first, ...rest])
}

function repeatFirstEntry(bundle: Uint8Array): Uint8Array {
  const [first = bundle, , ...rest] = entriesOf(bundle)
  return Buffer.concat([first, first, ...rest])
}
