// What the admin API of the same version answers about reviews; docs: GET /openapi.json. The program and its server are one
// release, so the verbs do not parse these a second time.

/** A run in a list. */
export interface ShownRun {
  readonly id: string
  readonly plan: string
  readonly period: { readonly label: string; readonly fromMs: number; readonly toMs: number }
  readonly dueAtMs: number
  readonly state: 'collecting' | 'ready' | 'in_review' | 'signed' | 'missed'
  readonly overdue: boolean
  readonly lateReason: string
  readonly waiting: string
  readonly items: { readonly total: number; readonly open: number }
  readonly signOff: {
    readonly name: string
    readonly actor: string
    readonly atMs: number
    readonly statement: string
    readonly limitations: readonly string[]
    readonly manifestDigest: string
  } | null
}

/** `GET /v1/reviews` */
export interface ShownReviews {
  readonly plans: readonly {
    readonly name: string
    readonly cron: string
    readonly timeZone: string
    readonly period: string
    readonly nextAtMs: number | null
  }[]
  readonly items: readonly ShownRun[]
}

export interface ShownItem {
  readonly id: string
  readonly severity: 'high' | 'low'
  readonly title: string
  readonly text: string
  readonly places: readonly { readonly log: string; readonly seq: number }[]
  readonly decision: { readonly disposition: string; readonly note: string; readonly by: string } | null
}

/** `GET /v1/reviews/{id}` */
export interface ShownReview extends Omit<ShownRun, 'items'> {
  readonly items: ShownRun['items'] & { readonly list: readonly ShownItem[] }
  readonly results: {
    readonly pins: Readonly<
      Record<'access' | 'audit', { readonly from: number; readonly to: number; readonly root: string }>
    >
    readonly trust: {
      readonly facts: readonly { readonly title: string; readonly state: 'ok' | 'limited'; readonly text: string }[]
    }
    readonly checks: readonly {
      readonly id: string
      readonly title: string
      readonly hits: number
      readonly found: number
    }[]
    readonly differences: { readonly against: string; readonly entries: readonly { readonly text: string }[] }
  } | null
}

/** `GET /v1/reviews/{id}/replay` */
export type ShownReplay =
  | { readonly state: 'running' }
  | { readonly state: 'failed'; readonly why: string }
  | { readonly state: 'done'; readonly matches: boolean; readonly differences: readonly string[] }
