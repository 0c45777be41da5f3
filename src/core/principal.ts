/** Who is calling, once identified. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'consumer'
      readonly consumerId: string
      readonly consumerName: string
      readonly credentialId: string
      /** How it was proven. */
      readonly via: 'api-key'
      readonly environment: 'live' | 'test'
      readonly scopes: ReadonlySet<string>
    }

export const anonymous: Principal = { kind: 'anonymous' }
