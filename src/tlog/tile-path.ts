import { TlogError } from './errors.ts'
import { quote } from './text.ts'

/** Hashes of a full tile, and entries of a full bundle. */
export const tileWidth = 256

/** The highest level that a path may name. */
export const tileLevelMax = 63

/** One file of the log: a tile of hashes, or a bundle of entries. A width below 256 names a partial one. */
export interface TileAddress {
  readonly level: number | 'entries'
  readonly index: number
  /** 1 to 256. */
  readonly width: number
}

/** `tile/0/x001/x234/067`, `tile/entries/000.p/12` (c2sp.org/tlog-tiles); below the log's prefix, with no leading slash. */
export function tilePath({ level, index, width }: TileAddress): string {
  if (level !== 'entries' && !(Number.isInteger(level) && level >= 0 && level <= tileLevelMax)) {
    throw new TlogError('out_of_range', `A tile has a level from 0 to ${tileLevelMax}, not ${level}`)
  }
  if (!Number.isSafeInteger(index) || index < 0) throw new TlogError('out_of_range', `A tile has no index ${index}`)
  if (!Number.isInteger(width) || width < 1 || width > tileWidth)
    throw new TlogError('out_of_range', `A tile has no width ${width}`)
  return `tile/${level}/${formatIndex(index)}${width === tileWidth ? '' : `.p/${width}`}`
}

function formatIndex(index: number): string {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? []
  return groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join('/')
}

/** The inverse of `tilePath`; refuses every other spelling, and indices above 2^53 - 1. */
export function parseTilePath(path: string): TileAddress {
  const match = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path)
  const [, level = '', index = '', width] = match ?? []
  const address: TileAddress = {
    level: level === 'entries' ? level : Number(level),
    index: Number(index.replaceAll(/[x/]/g, '')),
    width: width === undefined ? tileWidth : Number(width),
  }
  if (match === null || !isCanonical(address, path))
    throw new TlogError('malformed', `Not the path of a tile: ${quote(path)}`)
  return address
}

/** Written again it must be the same: no leading zeros, no empty groups, no width of 0 or 256, nothing out of range. */
function isCanonical(address: TileAddress, path: string): boolean {
  try {
    return tilePath(address) === path
  } catch {
    return false
  }
}
