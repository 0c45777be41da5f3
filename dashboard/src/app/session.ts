import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { getJson, send } from '../api/client.ts'
import { sessionRead } from '../api/reads.ts'
import type { Session } from '../api/types.ts'

/** Who is signed in; null before it is known, and for nobody. */
export function useSession(): Session | null {
  return useQuery(sessionRead).data ?? null
}

/** Whether this person may change things; an auditor reads. */
export function useMayChange(): boolean {
  return useSession()?.role === 'owner'
}

/** Signs out; what was read is forgotten. */
export function useSignOut(): () => void {
  const client = useQueryClient()
  return () => {
    send('DELETE', '/v1/session').then(
      () => forget(client),
      () => forget(client),
    )
  }
}

function forget(client: QueryClient): void {
  client.setQueryData(sessionRead.queryKey, null)
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionRead.queryKey[0] })
}

const touchMs = 60_000

/** A page that shows live figures asks for them by itself, which keeps no session alive: its user does, by using it. */
export function useKeepAlive(): void {
  useEffect(() => {
    let touchedMs = performance.now()
    const touch = (): void => {
      if (performance.now() - touchedMs < touchMs) return
      touchedMs = performance.now()
      getJson('/v1/session').catch(() => undefined) // what it means shows at the next read
    }
    const kinds = ['pointerdown', 'keydown', 'wheel'] as const
    for (const kind of kinds) addEventListener(kind, touch, { passive: true })
    return () => {
      for (const kind of kinds) removeEventListener(kind, touch)
    }
  }, [])
}
