/** What the verbs `up`, `gate` and `desk` understand; all of it optional. */
export interface RunOptions {
  readonly config?: string
  readonly data?: string
  readonly upstream?: string
  readonly listen?: string
  readonly admin?: string
  readonly threads?: number
  /** Where to serve TLS with a development certificate, unless the configuration has a listener by TLS. */
  readonly devTls?: string
}

/** What the gate tells its launcher when it listens. */
export interface GateReady {
  readonly addresses: readonly { readonly host: string; readonly port: number; readonly isSecure: boolean }[]
  /** The certificate is one that was made for development. */
  readonly isDevelopmentTls: boolean
  /** Where TLS for development would have been served, had somebody else not had the port. */
  readonly tlsSkipped: string | null
}

/** What the desk tells its launcher when its API answers. */
export interface DeskReady {
  readonly adminUrl: string
  /** Set once, at the first start ever. */
  readonly adminToken: string | null
  /** Where the first administrator sets up an account, once; null when there is one. */
  readonly setUpUrl: string | null
}
