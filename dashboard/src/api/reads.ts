import { ApiError, getJson } from './client.ts'
import type {
  EventPage,
  GateStatus,
  Incident,
  IncidentPage,
  IncidentState,
  OverviewAnswer,
  PlanView,
  RunSummary,
  RunView,
  Session,
  ShownAudit,
  ShownRequest,
} from './types.ts'

// Everything that is read, in one place: what is asked, how often, and under which name it is kept.

/** A read, as the library takes it. */
export interface Read<T> {
  readonly queryKey: readonly (string | number)[]
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<T>
  /** Asked again after so long, for as long as somebody looks. */
  readonly refetchInterval?: number | ((query: { readonly state: { readonly data: T | undefined } }) => number | false)
  readonly staleTime?: number
  readonly refetchOnWindowFocus?: boolean
}

/** Who is signed in; null: nobody. */
export const sessionRead: Read<Session | null> = {
  queryKey: ['session'],
  queryFn: async ({ signal }) => {
    try {
      return await getJson<Session>('/v1/session', { signal })
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null
      throw error
    }
  },
  staleTime: 60_000,
  refetchOnWindowFocus: false,
}

/** What happened in the last minutes. */
export function overviewRead(minutes: number): Read<OverviewAnswer> {
  return {
    queryKey: ['overview', minutes],
    queryFn: ({ signal }) => getJson<OverviewAnswer>(`/v1/overview?minutes=${minutes}`, { signal, by: 'page' }),
    refetchInterval: 1_000,
  }
}

export interface Status {
  readonly revision: number
  readonly gate: GateStatus | null
}

/** How desk and gate are. */
export const statusRead: Read<Status> = {
  queryKey: ['status'],
  queryFn: ({ signal }) => getJson<Status>('/v1/status', { signal, by: 'page' }),
  refetchInterval: 2_000,
}

/** Incidents in a state, or all; the newest first. */
export function incidentsRead(state: IncidentState | 'all', limit: number): Read<IncidentPage> {
  const query = new URLSearchParams({ limit: String(limit), ...(state === 'all' ? {} : { state }) })
  return {
    queryKey: ['incidents', state, limit],
    queryFn: ({ signal }) => getJson<IncidentPage>(`/v1/incidents?${query.toString()}`, { signal, by: 'page' }),
    refetchInterval: 3_000,
  }
}

/** One incident. */
export function incidentRead(id: string): Read<Incident> {
  return {
    queryKey: ['incident', id],
    queryFn: ({ signal }) => getJson<Incident>(`/v1/incidents/${encodeURIComponent(id)}`, { signal, by: 'page' }),
    refetchInterval: 3_000,
  }
}

export interface Reviews {
  readonly plans: readonly PlanView[]
  readonly items: readonly RunSummary[]
}

/** Plans and runs. */
export const reviewsRead: Read<Reviews> = {
  queryKey: ['reviews'],
  queryFn: ({ signal }) => getJson<Reviews>('/v1/reviews', { signal, by: 'page' }),
  refetchInterval: 10_000,
}

/** One run; read again and again while it is collected. */
export function reviewRead(id: string): Read<RunView> {
  return {
    queryKey: ['review', id],
    queryFn: ({ signal }) => getJson<RunView>(`/v1/reviews/${encodeURIComponent(id)}`, { signal, by: 'page' }),
    refetchInterval: ({ state }) => (state.data?.state === 'collecting' ? 1_500 : false),
  }
}

/** The newest records of the audit log. */
export const auditRead: Read<{ readonly items: readonly ShownAudit[] }> = {
  queryKey: ['audit'],
  queryFn: ({ signal }) =>
    getJson<{ readonly items: readonly ShownAudit[] }>('/v1/audit?limit=50', { signal, by: 'page' }),
  refetchInterval: 5_000,
}

/** Everything known of one request. */
export function requestRead(id: string): Read<ShownRequest> {
  return {
    queryKey: ['request', id],
    queryFn: ({ signal }) => getJson<ShownRequest>(`/v1/events/${encodeURIComponent(id)}`, { signal }),
    staleTime: 30_000,
  }
}

/** A page of recent records, the newest first. */
export async function readEvents(
  query: URLSearchParams,
  { before, limit }: { before: number | null; limit: number },
): Promise<EventPage> {
  const params = new URLSearchParams(query)
  params.set('limit', String(limit))
  if (before !== null) params.set('before', String(before))
  return await getJson<EventPage>(`/v1/events?${params.toString()}`, { by: 'page' })
}
