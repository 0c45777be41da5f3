/**
 * The probability of `observed` or more events where `mean` are usual. With `dispersion` (variance over mean) 1 they are
 * Poisson distributed; above 1, for callers that come in bunches, negative binomial with that variance.
 */
export function upperTail(observed: number, mean: number, dispersion: number): number {
  if (observed <= 0 || observed <= mean) return 1
  return dispersion > 1.001 ? negativeBinomialTail(observed, mean, dispersion) : poissonTail(observed, mean)
}

function poissonTail(observed: number, mean: number): number {
  const first = Math.exp(observed * Math.log(mean) - mean - logGamma(observed + 1))
  return summed(first, observed, (k) => mean / (k + 1))
}

function negativeBinomialTail(observed: number, mean: number, dispersion: number): number {
  const size = mean / (dispersion - 1)
  const rest = 1 - 1 / dispersion
  const log =
    logGamma(observed + size) -
    logGamma(observed + 1) -
    logGamma(size) -
    size * Math.log(dispersion) +
    observed * Math.log(rest)
  return summed(Math.exp(log), observed, (k) => ((k + size) / (k + 1)) * rest)
}

const termsMax = 20_000

/** The first term and all that follow, each by its ratio to the one before; above the mean they fall. */
function summed(first: number, from: number, ratio: (k: number) => number): number {
  let term = first
  let sum = first
  for (let k = from; k < from + termsMax; k++) {
    term *= ratio(k)
    sum += term
    if (term < sum * 1e-9) break
  }
  return Math.min(1, sum)
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const

/** ln Γ(x) for x > 0, by Lanczos' approximation (g = 7, n = 9), right to 14 digits. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  const at = x - 1
  let sum: number = lanczos[0]
  for (let i = 1; i < lanczos.length; i++) sum += (lanczos[i] ?? 0) / (at + i)
  const t = at + 7.5
  return 0.5 * Math.log(2 * Math.PI) + (at + 0.5) * Math.log(t) - t + Math.log(sum)
}

/** The least number, from `floor` on, that is so improbable. */
export function alarmAt(mean: number, dispersion: number, { p, floor }: { p: number; floor: number }): number {
  let high = Math.max(floor, Math.ceil(mean) + 1)
  if (upperTail(high, mean, dispersion) < p) return high
  let low = high
  while (upperTail(high, mean, dispersion) >= p && high < 1e9) {
    low = high
    high *= 2
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (upperTail(middle, mean, dispersion) < p) high = middle
    else low = middle
  }
  return high
}
