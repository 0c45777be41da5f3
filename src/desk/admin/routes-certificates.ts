import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { consumerNamePattern, scopePattern, scopesMax } from '../control/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { actorOf } from './caller.ts'
import { body, guarded, json, pageOf, pageQuery, refusals } from './route-parts.ts'
import { bodied, stored } from './route-refusals.ts'
import { credentialSchema, credentialsSchema, revokedKeySchema } from './schemas.ts'
import { shownCredential } from './shown.ts'

const tags = ['Certificates']
const timeMs = z.int()
/** A certificate with its chain is some thousand characters. */
const pemCharsMax = 32_768

const newCertificateSchema = z
  .strictObject({
    consumer: z
      .string()
      .regex(consumerNamePattern, "takes 1 to 64 of a-z, 0-9, '.', '_' and '-'")
      .meta({ description: 'Name of the consumer who proves itself by it', example: 'acme' }),
    certificate: z
      .string()
      .max(pemCharsMax)
      .meta({ description: 'PEM; the first certificate counts', example: '-----BEGIN CERTIFICATE-----…' }),
    scopes: z
      .array(z.string().regex(scopePattern, 'takes printable characters without space, quote and backslash'))
      .max(scopesMax)
      .default([])
      .meta({ example: ['orders:read'] }),
    createConsumer: z.boolean().optional().meta({ description: 'Make the consumer where there is none of that name' }),
  })
  .openapi('NewCertificate')

const addedSchema = z
  .object({
    credential: credentialSchema,
    certificate: z.object({
      sha256: z.string().meta({ description: 'Of its DER' }),
      subject: z.string().meta({ example: 'CN=acme' }),
      names: z.array(z.string()).readonly(),
      notBeforeMs: timeMs,
      notAfterMs: timeMs,
    }),
    applied: z.boolean().meta({ description: 'All gateway threads of the connected gate have confirmed it' }),
  })
  .openapi('AddedCertificate')

const list = createRoute({
  method: 'get',
  path: '/v1/certificates',
  tags,
  summary: 'List client certificates in the order in which they were registered, the revoked ones too',
  request: {
    query: z.strictObject({
      ...pageQuery,
      consumer: z.string().max(64).optional().openapi({ description: 'Only those of this consumer', example: 'acme' }),
    }),
  },
  responses: {
    200: json('Certificates, by their SHA-256', credentialsSchema),
    ...refusals(...guarded, 'invalid_request', 'not_found'),
  },
})

const add = createRoute({
  method: 'post',
  path: '/v1/certificates',
  tags,
  summary: 'Let a consumer prove itself by a client certificate',
  description:
    'It counts on routes whose `auth` names `mtls`, while the authorities of the TLS listener (`tls.clientCa`) vouch for it, and ends when the certificate does.',
  request: { body: body(newCertificateSchema) },
  responses: {
    201: json('It is registered', addedSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_found', 'conflict'),
  },
})

const revoke = createRoute({
  method: 'post',
  path: '/v1/certificates/{id}/revoke',
  tags,
  summary: 'Refuse a client certificate, for good',
  description: 'With `applied` no gateway thread accepts it any more, on connections that stand already, too.',
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: json('It is revoked', revokedKeySchema), ...refusals(...guarded, ...stored, 'not_found') },
})

/** Adds client certificates of consumers. */
export function addCertificateRoutes(app: OpenAPIHono<AppEnv>, { control }: Pick<AppOptions, 'control'>): void {
  app.openapi(list, (c) => {
    const { consumer, ...page } = c.req.valid('query')
    const certificates = control.listKeys({ consumer }).filter(({ kind }) => kind === 'certificate')
    const { items, next } = pageOf(certificates, page)
    return c.json({ items: items.map(shownCredential), next }, 200)
  })
  app.openapi(add, async (c) => {
    const { credential, certificate, applied } = await control.by(actorOf(c)).addCertificate(c.req.valid('json'))
    return c.json({ credential: shownCredential(credential), certificate, applied }, 201)
  })
  app.openapi(revoke, async (c) => {
    const { credential, applied } = await control.by(actorOf(c)).revokeKey(c.req.valid('param').id)
    return c.json({ credential: shownCredential(credential), applied }, 200)
  })
}
