import { type Clock, GatehouseError, type GateSettings, hasCode, type Policy, type TlsSettings } from '../core/mod.ts'
import type { AtRest } from '../crypto/mod.ts'
import type { KeyAnswer } from '../gate/identity/mod.ts'
import type { OutboundOptions } from '../outbound/mod.ts'
import type { DownByApi } from '../gate/upstreams/mod.ts'
import type { GateAudit } from './gate-audit.ts'
import type { GateHealth } from './gate-health.ts'
import type { GateJwks } from './gate-jwks.ts'
import { type GateTls, openGateTls } from './gate-tls.ts'
import { probePorts } from './ports.ts'
import type { ProcessLog } from './process-log.ts'
import type { ThreadShare } from './thread-messages.ts'
import type { ThreadPool } from './thread-pool.ts'

export interface GateShareOptions {
  readonly settings: Pick<GateSettings, 'tls' | 'dataDir'>
  readonly atRest: AtRest
  readonly outbound: OutboundOptions
  readonly clock: Clock
  readonly audit: Pick<GateAudit, 'tell'>
  readonly log: ProcessLog
}

/** What the gate's main thread keeps up for its gateway threads: the certificate, and the keys of issuers. */
export interface GateShare extends AsyncDisposable {
  readonly newest: ThreadShare
  /** Looks at the certificate's files now. */
  look(): void
  /** Takes over the issuers of a policy, and the health checks of its upstreams. */
  configure(policy: Pick<Policy, 'issuers' | 'apis'>): void
  wantKey(issuer: string, kid: string): Promise<KeyAnswer>
  /** Whom to tell of changes from now on. */
  attach(pool: Pick<ThreadPool, 'shareNewest'>): void
}

/** Throws `config_invalid` for a certificate that cannot be used. */
export function openGateShare(options: GateShareOptions): GateShare {
  const { settings, atRest, outbound, clock, audit, log } = options
  const opened = new AsyncDisposableStack()
  let pool: Pick<ThreadPool, 'shareNewest'> | null = null
  let jwks: GateJwks | null = null
  let opening: Promise<GateJwks> | null = null
  let issuers: Policy['issuers'] = []
  let down: DownByApi = {}
  let newest: ThreadShare = { tls: null, issuerKeys: [], down }
  const renew = (): void => {
    newest = { tls: tls?.secrets ?? null, issuerKeys: jwks?.known() ?? [], down }
    pool?.shareNewest()
  }
  const tls: GateTls | null =
    settings.tls === null
      ? null
      : opened.use(openGateTls({ settings: settings.tls, clock, audit, log, onChange: () => renew() }))
  renew()
  /** Nothing that speaks to others is loaded where there is nobody to speak to. */
  const open = async (): Promise<GateJwks> => {
    const { openGateJwks } = await import('./gate-jwks.ts')
    const sealer = atRest.sealer('issuer-keys')
    jwks = opened.use(
      openGateJwks({ dataDir: settings.dataDir, sealer, outbound, clock, log, issuers, onChange: renew }),
    )
    renew()
    return jwks
  }
  const watchUpstreams = upstreamWatch({ clock, log, opened }, (next) => {
    down = next
    renew()
  })
  return {
    get newest() {
      return newest
    },
    look: () => tls?.look(),
    configure: (policy) => {
      issuers = policy.issuers
      if (jwks !== null) jwks.configure(issuers)
      else if (issuers.length > 0) opening ??= open()
      void watchUpstreams(policy)
    },
    wantKey: async (issuer, kid) => (await (await opening)?.want(issuer, kid)) ?? 'unavailable',
    attach: (to) => {
      pool = to
    },
    [Symbol.asyncDispose]: async () => {
      await opening
      await opened.disposeAsync()
    },
  }
}

/** Health checks, from the first policy on that asks for any. */
function upstreamWatch(
  { clock, log, opened }: { clock: Clock; log: ProcessLog; opened: AsyncDisposableStack },
  onChange: (down: DownByApi) => void,
): (policy: Pick<Policy, 'apis'>) => Promise<void> {
  let opening: Promise<GateHealth> | null = null
  let newest: Pick<Policy, 'apis'> = { apis: [] }
  const open = async (): Promise<GateHealth> => {
    const { openGateHealth } = await import('./gate-health.ts')
    return opened.use(openGateHealth({ clock, log, policy: newest, onChange }))
  }
  return async (policy) => {
    newest = policy
    if (opening === null && !policy.apis.some(({ pool }) => (pool?.health ?? null) !== null)) return
    const isFirst = opening === null
    opening ??= open()
    const health = await opening
    if (!isFirst) health.configure(newest)
  }
}

/**
 * The TLS listener with its port tried out as those of the others are; null without one. A development listener is nobody's wish
 * in particular: where its port is taken, `skipped` says so, and the gate goes on without.
 */
export async function probeTls(
  settings: TlsSettings | null,
): Promise<{ readonly tls: TlsSettings | null; readonly skipped: string | null }> {
  if (settings === null) return { tls: null, skipped: null }
  try {
    const [listen] = await probePorts([settings.listen])
    if (listen === undefined) throw new GatehouseError('port_taken', 'Cannot listen for TLS')
    return { tls: { ...settings, listen }, skipped: null }
  } catch (error) {
    if (!settings.isDevelopment || !hasCode(error, 'port_taken')) throw error
    return { tls: null, skipped: `${settings.listen.host}:${settings.listen.port}` }
  }
}
