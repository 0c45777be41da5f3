/**
 * The candidate that was most probably meant, or null when none is near. Near is at most a third of the letters wrong, and
 * two neighbours that changed places count as one mistake, since that is what fingers do.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const typed = word.slice(0, charsMax).toLowerCase()
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(typed.length / 3)) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - typed.length) >= bestDistance) continue
    const found = distance(typed, candidate.toLowerCase())
    if (found >= bestDistance) continue
    best = candidate
    bestDistance = found
  }
  return best
}

/** Longer words are no slips of the fingers, and cost time that grows with the square. */
const charsMax = 64

/** Optimal string alignment: insert, drop, replace a letter, or swap two neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + cost)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) least = Math.min(least, (before[j - 2] ?? 0) + 1)
      row.push(least)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}
