import type { Mode } from '../core/mod.ts'
import type * as z from 'zod'
import { addressKind } from './address-kinds.ts'
import type { Address } from './addresses.ts'
import type { AuthChoice, LimitSection, RouteSection } from './file-types.ts'
import { oneOrMany, setting } from './kinds.ts'
import type { Path } from './problems.ts'
import { isBroken, type Reading, valueAt } from './reading.ts'
import { tlsListenDefault } from './section-tls.ts'
import {
  authSchema,
  hostsSchema,
  limitSchema,
  modeSetting,
  routeSchema,
  scopesSchema,
  upstreamSchema,
} from './schema.ts'

/**
 * As much of the file as is right by itself. Checks across keys look at this and not at the parsed file, so that they have
 * their say also in a file of which other parts are wrong, and all problems are told at once.
 */
export interface Outline {
  readonly listeners: readonly Placed<Address>[]
  readonly admin: Placed<Address> | null
  readonly apis: readonly ApiOutline[]
}

/** A part and where it stands. */
export interface Placed<T> {
  readonly path: Path
  readonly value: T
}

/** What is right of one API. */
export interface ApiOutline {
  readonly name: string
  readonly path: Path
  readonly mode: Mode | null
  /** Null where the file's own are not understood, as for all that follows. */
  readonly hosts: readonly string[] | null
  readonly upstreams: readonly Placed<string>[]
  readonly auth: AuthChoice | null
  readonly scopes: readonly string[]
  readonly limits: readonly Placed<LimitSection>[]
  readonly routes: readonly RouteOutline[]
}

/** What is right of one route; a route with a mistake of its own is left out. */
export interface RouteOutline {
  readonly path: Path
  readonly route: RouteSection
  readonly auth: AuthChoice | null
  readonly limits: readonly Placed<LimitSection>[]
  /** False for the route that stands for an API without routes. */
  readonly written: boolean
}

/** Never fails: what is not understood is left out, and was reported by the parser. */
export function outlineOf(reading: Reading): Outline {
  const listen = part(reading, ['listen'], listenSchema) ?? []
  const many = Array.isArray(valueAt(reading.tree, ['listen']))
  const admin = part(reading, ['admin', 'listen'], adminSchema)
  const secure = isMap(valueAt(reading.tree, ['tls'])) ? part(reading, ['tls', 'listen'], tlsListenSchema) : null
  const apis = valueAt(reading.tree, ['apis'])
  const names = isMap(apis) ? Object.keys(apis).filter((name) => isMap(valueAt(apis, [name]))) : []
  return {
    listeners: [
      ...listen.map((value, index) => ({ path: many ? ['listen', index] : ['listen'], value })),
      ...(secure === null ? [] : [{ path: ['tls', 'listen'], value: secure }]),
    ],
    admin: admin === null ? null : { path: ['admin', 'listen'], value: admin },
    apis: names.map((name) => apiOutline(reading, name)),
  }
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const listenSchema = setting(oneOrMany(addressKind), '127.0.0.1:8080', '')
const adminSchema = setting(addressKind, '127.0.0.1:8090', '')
const tlsListenSchema = setting(addressKind, tlsListenDefault, '')

function apiOutline(reading: Reading, name: string): ApiOutline {
  const path: Path = ['apis', name]
  const below = (...steps: Path): Path => [...path, ...steps]
  const auth = part(reading, below('auth'), authSchema.prefault('api-key'))
  const one = part(reading, below('upstream'), upstreamSchema)
  const several = placedItems(reading, below('upstreams'), upstreamSchema)
  return {
    name,
    path,
    mode: part(reading, below('mode'), modeSetting.prefault(valueAt(reading.tree, ['mode']) ?? 'enforce')),
    hosts: part(reading, below('hosts'), hostsSchema),
    upstreams: one === null ? several : [{ path: below('upstream'), value: one }, ...several],
    auth,
    scopes: part(reading, below('scopes'), scopesSchema) ?? [],
    limits: placedItems(reading, below('limits'), limitSchema),
    routes: routesOf(reading, path, auth),
  }
}

function routesOf(reading: Reading, path: Path, auth: AuthChoice | null): readonly RouteOutline[] {
  const at = [...path, 'routes']
  if (valueAt(reading.tree, at) === undefined) {
    const route = routeSchema.parse({ path: '/{rest*}' })
    return [{ path, route, auth, limits: [], written: false }]
  }
  return placedItems(reading, at, routeSchema).map((placed) => ({
    path: placed.path,
    route: placed.value,
    auth: placed.value.auth ?? auth,
    limits: placedItems(reading, [...placed.path, 'limits'], limitSchema),
    written: true,
  }))
}

function placedItems<T>(reading: Reading, path: Path, schema: z.ZodType<T>): readonly Placed<T>[] {
  const list = valueAt(reading.tree, path)
  if (!Array.isArray(list)) return []
  return list.flatMap((_, index) => {
    const value = part(reading, [...path, index], schema)
    return value === null ? [] : [{ path: [...path, index], value }]
  })
}

function part<T>(reading: Reading, path: Path, schema: z.ZodType<T>): T | null {
  if (isBroken(reading, path)) return null
  const read = schema.safeParse(valueAt(reading.tree, path))
  return read.success ? read.data : null
}
