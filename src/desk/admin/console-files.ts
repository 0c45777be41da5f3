import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'

/** One file of the built console, as it is sent. */
export interface ConsoleFile {
  readonly type: string
  /** Names of assets carry a hash of what they hold: they never change. */
  readonly immutable: boolean
  readonly etag: string
  readonly plain: Uint8Array<ArrayBuffer>
  /** Packed beforehand; null where the build did not. */
  readonly br: Uint8Array<ArrayBuffer> | null
  readonly gzip: Uint8Array<ArrayBuffer> | null
}

/**
 * The built console: what is served is exactly what was in its folder when it was read, by the path of the file, so that no
 * request ever names a file of this machine. A new build is taken over as a whole.
 */
export interface ConsoleFiles {
  /** By the path of a URL, such as `/assets/index-B3xq.js`; null for what is not there. */
  find(path: string): ConsoleFile | null
  /** `index.html`, which shows every page; null when the console is not built. */
  index(): ConsoleFile | null
}

/** A folder with more than that is not the console. */
const filesMax = 500
const bytesMax = 32 * 1024 * 1024
/** How often it is looked whether there is a new build. */
const lookMs = 1_000

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}

interface Build {
  /** Tells one build from the next. */
  readonly stamp: string
  readonly files: ReadonlyMap<string, ConsoleFile>
}

const unbuilt: Build = { stamp: '', files: new Map() }

/** `folder` is what `npm run build:console` writes; it need not be there yet. */
export function openConsoleFiles(folder: string, nowMs: () => number): ConsoleFiles {
  let build = unbuilt
  let lookedAtMs = -Infinity
  const current = (): Build => {
    if (nowMs() - lookedAtMs < lookMs) return build
    lookedAtMs = nowMs()
    const stamp = stampOf(folder)
    if (stamp !== build.stamp) build = stamp === '' ? unbuilt : readBuild(folder, stamp)
    return build
  }
  return {
    find: (path) => current().files.get(path) ?? null,
    index: () => current().files.get('/index.html') ?? null,
  }
}

/** The builder writes `index.html` last. */
function stampOf(folder: string): string {
  const found = statSync(join(folder, 'index.html'), { throwIfNoEntry: false })
  return found?.isFile() === true ? `${found.mtimeMs}-${found.size}-${found.ino}` : ''
}

function readBuild(folder: string, stamp: string): Build {
  const files = new Map<string, ConsoleFile>()
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const path = join(entry.parentPath, entry.name)
    bytes += statSync(path).size
    if (files.size >= filesMax || bytes > bytesMax) break
    const name = `/${relative(folder, path).split(sep).join('/')}`
    files.set(name, {
      type,
      immutable: name.startsWith('/assets/'),
      etag: `"${stamp}-${statSync(path).size.toString(36)}"`,
      plain: new Uint8Array(readFileSync(path)),
      br: packed(`${path}.br`),
      gzip: packed(`${path}.gz`),
    })
  }
  return { stamp, files }
}

function packed(path: string): Uint8Array<ArrayBuffer> | null {
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : null
}
