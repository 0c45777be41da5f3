import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { GatehouseError, type LedgerLog } from '../../core/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { guarded, json, refusals } from './route-parts.ts'

/** How one witness stands to one log. */
export interface ShownStanding {
  readonly log: string
  readonly witness: string
  readonly state: 'waiting' | 'cosigned' | 'ahead' | 'disagrees' | 'failed'
  readonly size: number
  readonly cosignedAtMs: number | null
  readonly why: string | null
}

/** What the routes speak for. */
export interface WitnessesDoor {
  standings(): readonly ShownStanding[]
  /** The newest checkpoint that had its quorum, with all cosignatures; null while there is none. */
  cosigned(log: LedgerLog): string | null
}

const tags = ['Ledger']
const standing: z.ZodType<ShownStanding> = z
  .object({
    log: z.string().openapi({ example: 'access' }),
    witness: z.string().openapi({ description: 'Its name in the policy', example: 'w1' }),
    state: z.enum(['waiting', 'cosigned', 'ahead', 'disagrees', 'failed']).openapi({
      description:
        '`ahead`: it has cosigned more than there is; `disagrees`: it has cosigned another history; `failed`: no answer that says anything',
    }),
    size: z.int().nonnegative().openapi({ description: 'Records that it has cosigned, since the desk started' }),
    cosignedAtMs: z.int().nullable().openapi({ description: 'By the clock of the witness' }),
    why: z.string().nullable(),
  })
  .openapi('WitnessStanding')

const list = createRoute({
  method: 'get',
  path: '/v1/witnesses',
  tags,
  summary: 'List witnesses, and what each has cosigned of each log',
  responses: {
    200: json('Nothing when the configuration names no witness', z.object({ items: z.array(standing) })),
    ...refusals(...guarded),
  },
})

const cosigned = createRoute({
  method: 'get',
  path: '/ledger/{log}/cosigned',
  tags,
  summary: 'The newest checkpoint that enough witnesses have cosigned (c2sp.org/tlog-cosignature)',
  request: { params: z.object({ log: z.enum(['access', 'audit']).openapi({ description: 'Which log' }) }) },
  responses: {
    200: { description: 'A signed note', content: { 'text/plain': { schema: z.string() } } },
    ...refusals(...guarded, 'invalid_request', 'not_found'),
  },
})

/** Adds the witnesses, where there is somebody who speaks for them. */
export function addWitnessRoutes(app: OpenAPIHono<AppEnv>, { witnesses }: AppOptions): void {
  if (witnesses === undefined) return
  app.openapi(list, (c) => c.json({ items: [...witnesses.standings()] }, 200))
  app.openapi(cosigned, (c) => {
    const { log } = c.req.valid('param')
    const found = witnesses.cosigned(log)
    if (found === null) throw new GatehouseError('not_found', `No quorum of witnesses has cosigned the ${log} log yet`)
    return c.text(found, 200)
  })
}
