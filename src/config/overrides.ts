import { didYouMean } from './did-you-mean.ts'
import type { SchemaMap } from './json-schema.ts'
import { apiNames } from './names.ts'
import type { Path, Problem } from './problems.ts'
import { pathKey, putAt, type Reading, valueAt } from './reading.ts'
import { type Environment, scalarOf } from './references.ts'

/** Variables that begin like an override and are something else. */
const others: ReadonlySet<string> = new Set([
  'GATEHOUSE_BENCH_MARK',
  'GATEHOUSE_DATASETS',
  'GATEHOUSE_DEMO_UPSTREAM',
  'GATEHOUSE_STARTED_WITH',
  'GATEHOUSE_TOKEN',
  'GATEHOUSE_VECTORS',
])

/**
 * Puts the value of each variable `GATEHOUSE_…` over the scalar that it names; an empty one changes nothing, since that is
 * how compose files unset things. Returns a warning for each variable that names no scalar. Lists stay with the file.
 */
export function applyOverrides(reading: Reading, env: Environment, schema: SchemaMap): readonly Problem[] {
  const paths = new Map(schema.scalars(namesOfApis(reading.tree)).map((path) => [variableOf(path), path]))
  const referred = referredIn(reading.tree)
  const warnings: Problem[] = []
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('GATEHOUSE_') || value === undefined || value === '') continue
    const path = paths.get(name)
    if (path !== undefined) override(reading, path, { name, value })
    else if (!others.has(name) && !referred.has(name)) warnings.push(unknownVariable(name, paths.keys()))
  }
  return warnings
}

/** `connections.urlMax` → `GATEHOUSE_CONNECTIONS_URL_MAX`; `apis.my-api.upstream` → `GATEHOUSE_APIS_MY_API_UPSTREAM`. */
export function variableOf(path: Path): string {
  const words = path.map((step) =>
    String(step)
      .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
      .replaceAll('-', '_'),
  )
  return `GATEHOUSE_${words.join('_').toUpperCase()}`
}

function override(reading: Reading, path: Path, variable: { name: string; value: string }): void {
  // Where something that is no map stands in the way, the parser says so, with its line.
  if (!putAt(reading.tree, path, scalarOf(variable.value))) return
  reading.origins.set(pathKey(path), `environment variable ${variable.name}`)
  reading.hidden.set(pathKey(path), `the value of ${variable.name}`)
}

function namesOfApis(tree: unknown): readonly string[] {
  const apis = valueAt(tree, ['apis'])
  return typeof apis === 'object' && apis !== null && !Array.isArray(apis)
    ? Object.keys(apis).filter(apiNames.fits)
    : []
}

/** Names of variables to which the file itself refers. */
function referredIn(value: unknown): ReadonlySet<string> {
  const found = new Set<string>()
  const look = (node: unknown): void => {
    if (typeof node === 'string' && node.startsWith('env:')) found.add(node.slice(4))
    if (typeof node === 'object' && node !== null) for (const child of Object.values(node)) look(child)
  }
  look(value)
  return found
}

function unknownVariable(name: string, known: Iterable<string>): Problem {
  const hint = didYouMean(name, known) ?? 'it changes nothing'
  const message = `${name} overrides nothing: there is no such setting`
  return {
    code: 'GH-W005',
    message,
    path: '',
    line: null,
    column: null,
    columnEnd: null,
    origin: `environment variable ${name}`,
    hint,
  }
}
