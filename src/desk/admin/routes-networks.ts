import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { NetworkRule } from '../../core/mod.ts'
import { expiresInMsMax, reasonCharsMax } from '../control/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { actorOf } from './caller.ts'
import { body, guarded, json, refusals } from './route-parts.ts'
import { bodied, stored } from './route-refusals.ts'

const tags = ['Networks']

const rule = z.object({
  id: z.string().meta({ example: 'net_5f2c0a1be7d8' }),
  cidr: z.string().meta({ example: '203.0.113.0/28' }),
  verdict: z.enum(['block', 'allow']),
  reason: z.string(),
  createdAtMs: z.int(),
  expiresAtMs: z.int().nullable().meta({ description: 'Null: until it is released' }),
  by: z.string().meta({ description: 'Who set it', example: 'admin:ana' }),
})
const ruleSchema: z.ZodType<NetworkRule> = rule.openapi('NetworkRule')
const applied = z.boolean().meta({ description: 'All gateway threads of the connected gate have confirmed it' })

const observed = z
  .array(z.string())
  .meta({ description: 'APIs in observe mode, which only note what a rule would have refused' })

const list = createRoute({
  method: 'get',
  path: '/v1/networks',
  tags,
  summary: 'List the networks that are blocked or excepted from a block now',
  responses: {
    200: json('Rules, the oldest first', z.object({ items: z.array(ruleSchema) })),
    ...refusals(...guarded),
  },
})

const set = createRoute({
  method: 'post',
  path: '/v1/networks',
  tags,
  summary: 'Block a network, or except it from a block',
  description:
    'At once on all gateway threads, and recorded. The longest prefix decides; between two of equal length the exception does. A block that would shut out this machine, whoever asks, or a good part of the world is refused unless `force` says that it is meant.',
  request: {
    body: body(
      z
        .strictObject({
          network: z.string().max(64).meta({ example: '203.0.113.0/28' }),
          verdict: z.enum(['block', 'allow']),
          expiresInMs: z
            .int()
            .positive()
            .max(expiresInMsMax)
            .nullable()
            .optional()
            .meta({ description: 'An hour for a block when left out; null: until it is released' }),
          reason: z.string().max(reasonCharsMax).optional(),
          force: z.boolean().optional(),
        })
        .openapi('NewNetworkRule'),
    ),
  },
  responses: {
    201: json('It holds', rule.extend({ applied, observed }).openapi('SetNetworkRule')),
    ...refusals(...guarded, ...bodied, ...stored, 'conflict'),
  },
})

const release = createRoute({
  method: 'delete',
  path: '/v1/networks/{which}',
  tags,
  summary: 'End a rule before its time',
  request: {
    params: z.object({
      which: z.string().max(64).openapi({ description: 'The id of a rule, or a network: then all rules for it' }),
    }),
  },
  responses: {
    200: json('They hold no longer', z.object({ items: z.array(ruleSchema), applied }).openapi('ReleasedNetworks')),
    ...refusals(...guarded, ...stored, 'not_found'),
  },
})

/** Adds the networks that are blocked or let through by hand. */
export function addNetworkRoutes(app: OpenAPIHono<AppEnv>, { control }: Pick<AppOptions, 'control'>): void {
  app.openapi(list, (c) => c.json({ items: [...control.listNetworks()] }, 200))
  app.openapi(set, async (c) => {
    const address = c.env.incoming?.socket.remoteAddress
    const own = address === undefined ? [] : [address]
    const made = await control.by(actorOf(c)).setNetwork({ ...c.req.valid('json'), own })
    return c.json({ ...made, observed: observedBy(control) }, 201)
  })
  app.openapi(release, async (c) => {
    const { released, applied: isApplied } = await control.by(actorOf(c)).releaseNetwork(c.req.valid('param').which)
    return c.json({ items: [...released], applied: isApplied }, 200)
  })
}

function observedBy(control: AppOptions['control']): string[] {
  return control.snapshot().policy.apis.flatMap(({ name, mode }) => (mode === 'observe' ? [name] : []))
}
