/** Preload of `npm run check`: properties are tried on few examples there, on all of theirs in `npm test`. */
import fc from 'fast-check'

const fewRuns = 10

fc.configureGlobal({ numRuns: fewRuns })
