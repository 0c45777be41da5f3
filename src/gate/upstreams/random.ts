/** Numbers that only look random: the same ones for the same seed (xorshift32, Marsaglia 2003). 0 to 1, 1 left out. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0 || 0x9e37_79b9
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}

/** 32 bits of a text: FNV-1a, and the end of MurmurHash3, without which similar texts would lie together. */
export function hashOf(text: string, seed = 0): number {
  let hash = 0x811c_9dc5 ^ seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
