import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { GatehouseError } from '../../core/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { actorOf } from './caller.ts'
import { body, guarded, json, pageOf, pageQuery, refusals } from './route-parts.ts'
import { bodied, stored } from './route-refusals.ts'
import {
  changedConsumerSchema,
  consumerChangeSchema,
  consumersSchema,
  createdKeySchema,
  credentialsSchema,
  newConsumerSchema,
  newKeySchema,
  reloadedSchema,
  revokedKeySchema,
  statusSchema,
} from './schemas.ts'
import { shownCredential } from './shown.ts'

const status = createRoute({
  method: 'get',
  path: '/v1/status',
  tags: ['Operation'],
  summary: 'How desk and gate are',
  responses: { 200: json('As of the last second', statusSchema), ...refusals(...guarded) },
})

const reload = createRoute({
  method: 'post',
  path: '/v1/reload',
  tags: ['Operation'],
  summary: 'Read the configuration again',
  description: 'A configuration with errors changes nothing; the answer says what is wrong, and where.',
  responses: { 200: json('It was read', reloadedSchema), ...refusals(...guarded, ...stored, 'config_invalid') },
})

const listConsumers = createRoute({
  method: 'get',
  path: '/v1/consumers',
  tags: ['Consumers'],
  summary: 'List consumers by name',
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: json('Consumers', consumersSchema), ...refusals(...guarded, 'invalid_request') },
})

const createConsumer = createRoute({
  method: 'post',
  path: '/v1/consumers',
  tags: ['Consumers'],
  summary: 'Register a consumer',
  request: { body: body(newConsumerSchema) },
  responses: {
    201: json('It is registered', changedConsumerSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'conflict'),
  },
})

const changeConsumer = createRoute({
  method: 'patch',
  path: '/v1/consumers/{name}',
  tags: ['Consumers'],
  summary: 'Disable or enable a consumer',
  description: 'All keys of a disabled consumer are refused, from the moment the gate has the change (`applied`).',
  request: {
    params: z.object({ name: z.string().openapi({ example: 'acme' }) }),
    body: body(consumerChangeSchema),
  },
  responses: {
    200: json('It is changed', changedConsumerSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_found'),
  },
})

const listKeys = createRoute({
  method: 'get',
  path: '/v1/keys',
  tags: ['Keys'],
  summary: 'List keys in the order in which they were made, the revoked ones too',
  request: {
    query: z.strictObject({
      ...pageQuery,
      consumer: z.string().max(64).optional().openapi({ description: 'Only keys of this consumer', example: 'acme' }),
    }),
  },
  responses: {
    200: json('Keys, without their secrets', credentialsSchema),
    ...refusals(...guarded, 'invalid_request', 'not_found'),
  },
})

const createKey = createRoute({
  method: 'post',
  path: '/v1/keys',
  tags: ['Keys'],
  summary: 'Make a key',
  description:
    'The answer holds the key, this once. The key works from the moment the gate has the change (`applied`).',
  request: { body: body(newKeySchema) },
  responses: {
    201: json('It is made', createdKeySchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_found', 'conflict'),
  },
})

const revokeKey = createRoute({
  method: 'post',
  path: '/v1/keys/{id}/revoke',
  tags: ['Keys'],
  summary: 'Revoke a key, for good',
  description:
    'With `applied` no gateway thread accepts it any more. Doing it again changes nothing and tells the gate again.',
  request: { params: z.object({ id: z.string().openapi({ example: 'A1b2C3d4E5f6' }) }) },
  responses: { 200: json('It is revoked', revokedKeySchema), ...refusals(...guarded, ...stored, 'not_found') },
})

/** Adds consumers, keys and what else changes the rules. */
export function addControlRoutes(app: OpenAPIHono<AppEnv>, { control, gate, config }: AppOptions): void {
  app.openapi(status, (c) => c.json({ revision: control.revision, gate: gate.status() }, 200))
  app.openapi(reload, async (c) => {
    const result = await config.reload()
    if (!result.ok) throw new GatehouseError('config_invalid', result.text)
    const { revision, changed, applied, warnings } = result
    return c.json({ revision, changed, applied, warnings }, 200)
  })

  app.openapi(listConsumers, (c) => c.json(pageOf(control.listConsumers(), c.req.valid('query')), 200))
  app.openapi(createConsumer, async (c) =>
    c.json(await control.by(actorOf(c)).createConsumer(c.req.valid('json')), 201),
  )
  app.openapi(changeConsumer, async (c) => {
    const { name } = c.req.valid('param')
    return c.json(await control.by(actorOf(c)).changeConsumer(name, c.req.valid('json')), 200)
  })

  app.openapi(listKeys, (c) => {
    const { consumer, ...page } = c.req.valid('query')
    const { items, next } = pageOf(control.listKeys({ consumer }), page)
    return c.json({ items: items.map(shownCredential), next }, 200)
  })
  app.openapi(createKey, async (c) => {
    const { key, credential, applied } = await control.by(actorOf(c)).createKey(c.req.valid('json'))
    return c.json({ key, credential: shownCredential(credential), applied }, 201)
  })
  app.openapi(revokeKey, async (c) => {
    const { credential, applied } = await control.by(actorOf(c)).revokeKey(c.req.valid('param').id)
    return c.json({ credential: shownCredential(credential), applied }, 200)
  })
}
