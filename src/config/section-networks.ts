import * as z from 'zod'
import type { ApiNetworks } from '../core/mod.ts'
import { networkKind } from './address-kinds.ts'
import { leaf, section } from './kinds.ts'

const listMax = 1000

const members: z.ZodType<ApiNetworks> = z.strictObject({
  allow: z
    .array(leaf(networkKind))
    .max(listMax)
    .prefault([])
    .describe('Networks of clients that this API is for; every one when left out'),
  deny: z
    .array(leaf(networkKind))
    .max(listMax)
    .prefault([])
    .describe('Networks of clients that this API refuses; of several that hold a client the smallest decides'),
})

/** `networks:` of an API, with its default: everybody. */
export const networksSchema: z.ZodType<ApiNetworks> = section(
  members,
  'Whose requests are taken, by address; for a while: gatehouse block',
)
