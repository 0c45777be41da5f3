/** What the verbs `up`, `gate` and `desk` understand; all of it optional. */
export interface RunOptions {
  readonly config?: string
  readonly data?: string
  readonly upstream?: string
  readonly listen?: string
  readonly admin?: string
  readonly threads?: number
}

/** What the gate tells its launcher when it listens. */
export interface GateReady {
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
}

/** What the desk tells its launcher when its API answers. */
export interface DeskReady {
  readonly adminUrl: string
  /** Set once, at the first start ever. */
  readonly adminToken: string | null
  /** Where the first administrator sets up an account, once; null when there is one. */
  readonly setUpUrl: string | null
}
