/** The Prometheus text format, version 0.0.4, as far as we write it. */

export type Labels = Readonly<Record<string, string | number>>

/** One figure with its labels. */
export interface Sample {
  readonly value: number
  readonly labels?: Labels
}

export interface FamilyHead {
  readonly name: string
  readonly help: string
}

/** A family of counters or gauges as text; nothing for a family without samples. */
export function family(type: 'counter' | 'gauge', { name, help }: FamilyHead, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  return head(type, { name, help }) + samples.map(({ value, labels }) => line(name, labels ?? {}, value)).join('')
}

/** Most combinations of labels of one family: what comes later is counted under `other`. */
export const seriesMax = 1_000

/** Counters by labels. */
export interface Counters {
  add(labels: Labels): void
  text(): string
}

export function openCounters(fact: FamilyHead): Counters {
  const series = openSeries<{ value: number }>(() => ({ value: 0 }))
  return {
    add: (labels) => void series.of(labels).value++,
    text: () =>
      family(
        'counter',
        fact,
        series.all().map(([labels, { value }]) => ({ labels, value })),
      ),
  }
}

/** Histograms by labels; values in seconds. */
export interface Histograms {
  observe(labels: Labels, seconds: number): void
  text(): string
}

interface Histogram {
  readonly counts: Float64Array
  sum: number
}

/** Upper bounds from a cached answer to a slow report. */
const bounds: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function openHistograms(fact: FamilyHead): Histograms {
  const series = openSeries<Histogram>(() => ({ counts: new Float64Array(bounds.length + 1), sum: 0 }))
  return {
    observe: (labels, seconds) => {
      const histogram = series.of(labels)
      const at = bounds.findIndex((bound) => seconds <= bound)
      const bucket = at === -1 ? bounds.length : at
      histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1
      histogram.sum += seconds
    },
    text: () => {
      const lines = series.all().map(([labels, histogram]) => histogramLines(fact.name, labels, histogram))
      return lines.length === 0 ? '' : head('histogram', fact) + lines.join('')
    },
  }
}

function histogramLines(name: string, labels: Labels, { counts, sum }: Histogram): string {
  let below = 0
  let text = ''
  for (const [at, count] of counts.entries()) {
    below += count
    text += line(`${name}_bucket`, { ...labels, le: bounds[at] ?? '+Inf' }, below)
  }
  return text + line(`${name}_sum`, labels, sum) + line(`${name}_count`, labels, below)
}

/** What belongs to each combination of labels, made when it is first asked for. */
interface Series<T> {
  of(labels: Labels): T
  all(): [Labels, T][]
}

function openSeries<T>(make: () => T): Series<T> {
  const byText = new Map<string, [Labels, T]>()
  const of = (labels: Labels): T => {
    const key = keyOf(labels)
    const known = byText.get(key)
    if (known !== undefined) return known[1]
    if (byText.size >= seriesMax - 1) {
      const other = Object.fromEntries(Object.keys(labels).map((name) => [name, 'other']))
      if (key !== keyOf(other)) return of(other)
    }
    const made = make()
    byText.set(key, [labels, made])
    return made
  }
  return { of, all: () => [...byText.values()] }
}

function keyOf(labels: Labels): string {
  return Object.values(labels).join('\u0000')
}

function head(type: string, { name, help }: FamilyHead): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, of]) => `${label}="${escaped(String(of))}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
