import { nearest } from '../core/mod.ts'

/** The hint for a word that may be a slip of one of these. */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  return meantText(nearest(word, candidates))
}

/** The hint as it stands behind the carets; none for what is too long to be read there. */
export function meantText(meant: string | null): string | null {
  return meant === null || meant.length > guessCharsMax ? null : `did you mean "${meant}"?`
}

const guessCharsMax = 100
