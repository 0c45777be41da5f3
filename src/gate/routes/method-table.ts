import type { RouteMatch } from './match.ts'

/** The routes of one template shape on one host, by method. */
export interface MethodTable {
  /** The route that answers the method: one that names it, for HEAD one that names GET, or one for every method. */
  routeFor(method: string): RouteMatch | null
  /** The methods that are answered by name, HEAD with GET. */
  methods(): Iterable<string>
  /** Adds the route for those of its methods that are free, and gives the others: the first route keeps what it has. */
  add(match: RouteMatch): readonly Taken[]
}

/** A method that two routes want. */
export interface Taken {
  /** Null stands for every method that is not named. */
  readonly method: string | null
  readonly by: RouteMatch
}

/** These echo credentials or open tunnels: a route that says nothing of methods does not mean them. */
const neverImplied: ReadonlySet<string> = new Set(['TRACE', 'TRACK', 'CONNECT'])

/** An empty table. */
export function createMethodTable(): MethodTable {
  const byMethod = new Map<string | null, RouteMatch>()
  return {
    routeFor: (method) =>
      byMethod.get(method) ??
      (method === 'HEAD' ? byMethod.get('GET') : undefined) ??
      (neverImplied.has(method) ? undefined : byMethod.get(null)) ??
      null,
    methods: function* () {
      for (const method of byMethod.keys()) if (method !== null) yield method
      if (byMethod.has('GET')) yield 'HEAD'
    },
    add: (match) => {
      const wanted = match.route.methods.length === 0 ? [null] : new Set(match.route.methods)
      const taken: Taken[] = []
      for (const method of wanted) {
        const by = byMethod.get(method)
        if (by === undefined) byMethod.set(method, match)
        else taken.push({ method, by })
      }
      return taken
    },
  }
}
