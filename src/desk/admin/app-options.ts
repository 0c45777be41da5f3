import type { HttpBindings } from '@hono/node-server'
import type { Clock } from '../../core/mod.ts'
import type { Admins, Control, SignedIn } from '../control/mod.ts'
import type { RequestIndex } from '../query/mod.ts'
import type { Reviews } from '../review/mod.ts'
import type { AlertsDoor, DrillsDoor, IncidentsDoor } from './alert-doors.ts'
import type { ConsoleFiles } from './console-files.ts'
import type { LedgerDoor } from './ledger-door.ts'
import type { LivePace } from './live-stream.ts'
import type { OverviewDesk } from './overview.ts'
import type { RecentAudit } from './recent-audit.ts'
import type { RecentEvents } from './recent-events.ts'
import type { QueryDoor } from './routes-query.ts'
import type { SinksDoor } from './routes-sinks.ts'
import type { WitnessesDoor } from './routes-witnesses.ts'
import type { GateView } from './shown.ts'

/** What reading the configuration again came to. A refused one changes nothing. */
export type ReloadResult =
  | {
      readonly ok: true
      readonly revision: number
      readonly changed: boolean
      readonly applied: boolean
      /** As for a terminal; '' when there are none. */
      readonly warnings: string
    }
  | { readonly ok: false; readonly text: string }

/** What the admin API speaks for. */
export interface AppOptions {
  readonly control: Control
  readonly events: RecentEvents
  readonly audit: Pick<RecentAudit, 'list'>
  readonly gate: GateView
  readonly ledger: LedgerDoor
  readonly index: Pick<RequestIndex, 'find'>
  readonly config: { reload(): Promise<ReloadResult> }
  readonly metrics: { text(): string }
  /** Tells the admin token from anything else, in constant time. */
  readonly token: { verify(token: string): boolean }
  /** The people who may enter the console; without it nobody can sign in. */
  readonly admins?: Admins
  /** The built console; without it nothing is served beside the API. */
  readonly console?: ConsoleFiles
  /** Receivers of events. */
  readonly sinks?: SinksDoor
  /** Who cosigns the logs. */
  readonly witnesses?: WitnessesDoor
  /** Searches the log of requests; without it nothing is searched. */
  readonly query?: QueryDoor
  /** Age from which a key should not be used any more; without it keys are due when they end. */
  readonly keyAgeMsMax?: number
  /** Regular reviews of the logs; without it there are none. */
  readonly reviews?: Reviews
  /** Where people reach it, without a slash at its end: `https://gatehouse.example.com:8090`. */
  readonly url: () => string
  /** What happened of late; without it there is no overview. */
  readonly overview?: OverviewDesk
  /** What the detectors found; without it there are no incidents. */
  readonly incidents?: IncidentsDoor
  readonly alerts?: AlertsDoor
  readonly drills?: DrillsDoor
  readonly version: string
  readonly clock: Clock
  readonly live: LivePace
  /** Told of errors that nobody expected; the caller gets no detail of them. */
  readonly onDefect: (error: unknown) => void
  /** Fires when the API closes: it ends the live streams. */
  readonly signal: AbortSignal
}

/** By which door a request came: over TCP it needs the token, over the socket the data folder's permissions spoke. */
export type Door = 'tcp' | 'socket'

/** Who asks, and by which of the three ways in. */
export type Caller =
  | { readonly kind: 'socket' }
  | { readonly kind: 'token' }
  /** `secret` is what the cookie held. */
  | { readonly kind: 'admin'; readonly signedIn: SignedIn; readonly secret: string }
  /** Only on paths that are for everybody. */
  | { readonly kind: 'nobody' }

export interface AppEnv {
  /** `secure`: it came over TLS. */
  Bindings: HttpBindings & { readonly door: Door; readonly secure: boolean }
  Variables: { readonly caller: Caller }
}
