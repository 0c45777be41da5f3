/** Which of many literals stand in a text: one pass, whatever their number (Aho and Corasick, 1975). */
export interface LiteralScan {
  /** Calls `met` with the number of each literal that stands in the text, as often as it does. */
  scan(text: string, met: (literal: number) => void): void
}

/** Letters of the texts; all others are one more, which stands in no literal. */
const letters = 128

export function createLiteralScan(literals: readonly string[]): LiteralScan {
  const states = literals.reduce((sum, { length }) => sum + length, 1)
  const next = new Int32Array(states * letters).fill(-1)
  const found: number[][] = [[]]
  for (const [number, literal] of literals.entries()) {
    let state = 0
    for (let i = 0; i < literal.length; i++) {
      const at = state * letters + literal.charCodeAt(i)
      if ((next[at] ?? 0) < 0) next[at] = found.push([]) - 1
      state = next[at] ?? 0
    }
    found[state]?.push(number)
  }
  complete(next, found)
  return {
    scan: (text, met) => {
      let state = 0
      for (let i = 0; i < text.length; i++) {
        const letter = text.charCodeAt(i)
        state = letter < letters ? (next[state * letters + letter] ?? 0) : 0
        const here = found[state]
        if (here !== undefined && here.length > 0) for (const literal of here) met(literal)
      }
    },
  }
}

/** Where no letter goes on, the longest end that is a beginning does: filled in from the shortest states to the longest. */
function complete(next: Int32Array, found: readonly number[][]): void {
  const back = new Int32Array(found.length)
  const queue: number[] = []
  for (let letter = 0; letter < letters; letter++) {
    const child = next[letter] ?? -1
    if (child < 0) next[letter] = 0
    else queue.push(child)
  }
  for (const state of queue) {
    const behind = back[state] ?? 0
    found[state]?.push(...(found[behind] ?? []))
    for (let letter = 0; letter < letters; letter++) {
      const at = state * letters + letter
      const child = next[at] ?? -1
      const other = next[behind * letters + letter] ?? 0
      if (child < 0) next[at] = other
      else {
        back[child] = other
        queue.push(child)
      }
    }
  }
}
