// What the admin API of the same version answers of incidents; see answers.ts.

export interface ShownIncident {
  readonly id: string
  readonly state: 'open' | 'acknowledged' | 'snoozed' | 'resolved'
  readonly severity: 'info' | 'low' | 'medium' | 'high' | 'critical'
  readonly title: string
  readonly actor: { readonly kind: string; readonly value: string; readonly group: string }
  readonly api: string | null
  readonly route: string | null
  readonly action: string
  readonly openedAtMs: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  readonly count: number
  readonly snoozedUntilMs: number | null
}

export interface IncidentPage {
  readonly items: readonly ShownIncident[]
  readonly next: number | null
  readonly summary: { readonly open: number; readonly acknowledged: number; readonly snoozed: number }
}

export interface WholeIncident extends ShownIncident {
  readonly findings: readonly {
    readonly rule: { readonly id: string; readonly version: number }
    readonly title: string
    readonly severity: string
    readonly count: number
    readonly repeats: number
    readonly baseline: {
      readonly expected: number
      readonly observed: number
      readonly windowMs: number
      readonly p: number | null
    }
    readonly evidence: readonly { readonly seq: number; readonly requestId: string }[]
    readonly tags: readonly string[]
    readonly note: string
  }[]
  readonly timeline: readonly {
    readonly atMs: number
    readonly kind: string
    readonly by: string
    readonly text: string
  }[]
}
