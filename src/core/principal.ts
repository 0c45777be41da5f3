import type { AuthMethod } from './api.ts'

/** Who is calling, once identified. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'consumer'
      readonly consumerId: string
      readonly consumerName: string
      readonly credentialId: string
      /** How it was proven. */
      readonly via: AuthMethod
      readonly environment: 'live' | 'test'
      readonly scopes: ReadonlySet<string>
      /** Names of the consumer's roles. */
      readonly roles: readonly string[]
      /** Set while a key that was rotated works on: since when it should not be used any more, and until when it can be. */
      readonly deprecation: { readonly atMs: number; readonly sunsetMs: number } | null
    }

export const anonymous: Principal = { kind: 'anonymous' }
