import { QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiError } from './client.ts'

/** All that was read, while it is fresh. Whoever is no longer signed in is noticed at once, by `onSignedOut`. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError: (error) => (isSignedOut(error) ? onSignedOut() : undefined) }),
    defaultOptions: {
      queries: {
        retry: (failures, error) =>
          failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
        staleTime: 2_000,
        refetchOnWindowFocus: true,
      },
      mutations: { onError: (error) => (isSignedOut(error) ? onSignedOut() : undefined) },
    },
  })
}

function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}
