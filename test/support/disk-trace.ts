/**
 * Loaded in front of a program with `--import`, writes down every change that the program's threads make below one folder, and
 * every sync, in the order in which they happened: what `power-cut.ts` makes folders from in which only a part of it survived.
 * Does nothing without `DISK_TRACE`, JSON of `DiskTraceOrder`.
 *
 * Architecture invariant: the list is complete, or the test that uses it fails: a replay of all of it is compared with the folder.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join } from 'node:path'
import { getEnvironmentData, isMainThread, setEnvironmentData, threadId } from 'node:worker_threads'

/** What is to be written down, and where. */
export interface DiskTraceOrder {
  readonly root: string
  /** A folder outside of the root. */
  readonly out: string
}

/** One change, sync or mark. Tickets are one clock for all threads: it began after `start` and had ended before `end`. */
export type DiskOp = { readonly start: number; readonly end: number } & DiskDeed

export type DiskDeed =
  | { readonly kind: 'create'; readonly path: string; readonly inode: number }
  | {
      readonly kind: 'write'
      readonly inode: number
      readonly at: number
      readonly syncs: boolean
      readonly bytes: number
    }
  | { readonly kind: 'truncate'; readonly inode: number; readonly size: number }
  | { readonly kind: 'sync'; readonly inode: number }
  | { readonly kind: 'syncFolder'; readonly path: string }
  | { readonly kind: 'rename' | 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'unlink' | 'mkdir'; readonly path: string }
  /** What a thread was told, for instance that a record is durable. */
  | { readonly kind: 'mark'; readonly text: string }

interface Shared extends DiskTraceOrder {
  readonly clock: SharedArrayBuffer
}

interface OpenFile {
  readonly path: string
  readonly inode: number
  readonly isFolder: boolean
  readonly syncs: boolean
  /** Where a write without a position goes. */
  position: number
}

const key = 'disk-trace'
/** Untouched, for the trace itself. */
const real = { ...fs }
const shared = isMainThread ? orderFromEnvironment() : (getEnvironmentData(key) as Shared | undefined)
const clock = shared === undefined ? null : new Int32Array(shared.clock)
const files = new Map<number, OpenFile>()
let out: number | null = null

if (shared !== undefined) patch()

function orderFromEnvironment(): Shared | undefined {
  const text = process.env['DISK_TRACE']
  if (text === undefined) return undefined
  const order = { ...(JSON.parse(text) as DiskTraceOrder), clock: new SharedArrayBuffer(4) }
  setEnvironmentData(key, order) // every thread that is started from now on finds it
  return order
}

/** Writes down that something is known by now; nothing without a trace. */
export function mark(text: string): void {
  if (clock !== null) note({ kind: 'mark', text }, tick())
}

function tick(): number {
  return clock === null ? 0 : Atomics.add(clock, 0, 1)
}

/** `u32le length | JSON | the bytes of a write`, in a file for each thread. */
function note(deed: DiskDeed, start: number, payload?: Uint8Array): void {
  const op: DiskOp = { start, end: tick(), ...deed }
  const json = Buffer.from(JSON.stringify(op))
  const head = Buffer.alloc(4)
  head.writeUInt32LE(json.length)
  out ??= real.openSync(join(shared?.out ?? '', `${threadId}.trace`), 'w')
  real.writeSync(out, Buffer.concat([head, json, payload ?? new Uint8Array()]))
}

function isWatched(path: unknown): path is string {
  return typeof path === 'string' && (path === shared?.root || path.startsWith(`${shared?.root}/`))
}

const flagsOf: Readonly<Record<string, number>> = {
  r: fs.constants.O_RDONLY,
  'r+': fs.constants.O_RDWR,
  w: fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_TRUNC,
  wx: fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL,
  a: fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_APPEND,
}

function open(path: string, flags: number | string = 'r', mode: fs.Mode = 0o666): number {
  const bits = typeof flags === 'number' ? flags : flagsOf[flags]
  if (bits === undefined) throw new Error(`the trace does not know the flags '${flags}'`)
  const isNew = !real.existsSync(path)
  const start = tick()
  const fd = real.openSync(path, bits, mode)
  const { ino, size } = real.fstatSync(fd)
  const isFolder = real.fstatSync(fd).isDirectory()
  if (isNew) note({ kind: 'create', path, inode: ino }, start)
  else if ((bits & fs.constants.O_TRUNC) !== 0) note({ kind: 'truncate', inode: ino, size: 0 }, start)
  const syncs = (bits & fs.constants.O_DSYNC) !== 0
  files.set(fd, { path, inode: ino, isFolder, syncs, position: (bits & fs.constants.O_APPEND) === 0 ? 0 : size })
  return fd
}

function write(fd: number, file: OpenFile, bytes: Uint8Array, position: number | null): number {
  const at = position ?? file.position
  const start = tick()
  const written = real.writeSync(fd, bytes, 0, bytes.length, position)
  if (position === null) file.position += written
  const whole = bytes.subarray(0, written)
  note({ kind: 'write', inode: file.inode, at, syncs: file.syncs, bytes: written }, start, whole)
  return written
}

function bytesOf(data: unknown): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  throw new Error('the trace does not know what is written')
}

function noteSync({ isFolder, path, inode }: OpenFile, start: number): void {
  note(isFolder ? { kind: 'syncFolder', path } : { kind: 'sync', inode }, start)
}

/** Folders that a recursive `mkdir` is about to make, the uppermost first. */
function missingAbove(path: string): string[] {
  return real.existsSync(path) ? [] : [...missingAbove(dirname(path)), path]
}

function writeFile(target: fs.PathOrFileDescriptor, data: unknown, flag: string, mode: fs.Mode | undefined): void {
  const fd = typeof target === 'number' ? target : open(String(target), flag, mode)
  const file = files.get(fd)
  if (file !== undefined) write(fd, file, bytesOf(data), null)
  if (typeof target === 'number') return
  files.delete(fd)
  real.closeSync(fd)
}

interface WriteFileChoice {
  readonly flag?: string
  readonly mode?: fs.Mode
}

function choiceOf(options: unknown): WriteFileChoice {
  return typeof options === 'object' && options !== null ? options : {}
}

/** Takes the place of the functions that change something, for everything that imports `node:fs` in this thread. */
function patch(): void {
  // Each has the overloads of the one that it replaces and hands on what it does not watch, which no type can say.
  const patched: Record<string, (...args: never[]) => unknown> = {
    openSync: (path: string, flags?: number | string, mode?: fs.Mode) =>
      isWatched(path) ? open(path, flags, mode) : real.openSync(path, flags ?? 'r', mode),
    closeSync: (fd: number) => {
      files.delete(fd)
      real.closeSync(fd)
    },
    writeSync: (fd: number, data: Uint8Array, ...place: readonly (number | null | undefined)[]) => {
      const [offset, length, position] = place
      const file = files.get(fd)
      if (file === undefined) return real.writeSync(fd, data, offset, length, position)
      if (typeof data === 'string') return write(fd, file, Buffer.from(data), offset ?? null)
      const bytes = bytesOf(data)
      const from = offset ?? 0
      return write(fd, file, bytes.subarray(from, from + (length ?? bytes.length - from)), position ?? null)
    },
    fsyncSync: (fd: number) => syncAny(fd, real.fsyncSync),
    fdatasyncSync: (fd: number) => syncAny(fd, real.fdatasyncSync),
    fsync: (fd: number, done: fs.NoParamCallback) => syncSoon(fd, real.fsync, done),
    fdatasync: (fd: number, done: fs.NoParamCallback) => syncSoon(fd, real.fdatasync, done),
    ftruncateSync: (fd: number, size: number = 0) => {
      const file = files.get(fd)
      const start = tick()
      real.ftruncateSync(fd, size)
      if (file !== undefined) note({ kind: 'truncate', inode: file.inode, size }, start)
    },
    renameSync: (path: string, to: string) =>
      traced(path, { kind: 'rename', path, to }, () => real.renameSync(path, to)),
    linkSync: (path: string, to: string) => traced(path, { kind: 'link', path, to }, () => real.linkSync(path, to)),
    unlinkSync: (path: string) => traced(path, { kind: 'unlink', path }, () => real.unlinkSync(path)),
    rmSync: (path: string, options?: fs.RmOptions) => {
      if (!isWatched(path)) return real.rmSync(path, options)
      if (!real.existsSync(path)) return options?.force === true ? undefined : real.rmSync(path, options)
      traced(path, { kind: 'unlink', path }, () => real.unlinkSync(path)) // a folder is none of what the ledger removes
    },
    mkdirSync: (path: string, options?: fs.MakeDirectoryOptions) => {
      const made = isWatched(path) ? missingAbove(path) : []
      const start = tick()
      const first = real.mkdirSync(path, options)
      for (const folder of made) note({ kind: 'mkdir', path: folder }, start)
      return first
    },
    writeFileSync: (target: fs.PathOrFileDescriptor, data: string, options?: fs.WriteFileOptions) => {
      if (!isWatchedTarget(target)) return real.writeFileSync(target, data, options)
      const { flag = 'w', mode } = choiceOf(options)
      writeFile(target, data, flag, mode)
    },
    appendFileSync: (target: fs.PathOrFileDescriptor, data: string, options?: fs.WriteFileOptions) => {
      if (!isWatchedTarget(target)) return real.appendFileSync(target, data, options)
      writeFile(target, data, 'a', choiceOf(options).mode)
    },
  }
  Object.assign(fs, patched)
  syncBuiltinESMExports()
}

function isWatchedTarget(target: fs.PathOrFileDescriptor): boolean {
  return typeof target === 'number' ? files.has(target) : isWatched(target)
}

function syncAny(fd: number, how: (fd: number) => void): void {
  const file = files.get(fd)
  const start = tick()
  how(fd)
  if (file !== undefined) noteSync(file, start)
}

function syncSoon(fd: number, how: typeof fs.fsync, done: fs.NoParamCallback): void {
  const file = files.get(fd)
  const start = tick()
  how(fd, (error) => {
    if (file !== undefined && error === null) noteSync(file, start)
    done(error)
  })
}

function traced(path: string, deed: DiskDeed, how: () => void): void {
  const start = tick()
  how()
  if (isWatched(path)) note(deed, start)
}
