import { randomBytes } from 'node:crypto'
import { type Clock, messageOf, type TlsSettings } from '../core/mod.ts'
import type { TlsSecrets } from '../gate/engine/mod.ts'
import type { GateAudit } from './gate-audit.ts'
import type { ProcessLog } from './process-log.ts'
import { readTlsFiles, type TlsFiles, tlsFilesMark } from './tls-files.ts'

export interface GateTlsOptions {
  readonly settings: TlsSettings
  readonly clock: Pick<Clock, 'wallMs'>
  readonly audit: Pick<GateAudit, 'tell'>
  readonly log: ProcessLog
  /** Called when connections are to be made by other secrets from now on. */
  readonly onChange: () => void
}

/** The certificate of the gate and what belongs to it, followed on disk. */
export interface GateTls extends Disposable {
  readonly secrets: TlsSecrets
  /** Looks at the files now; a pair that cannot be used replaces nothing, and is told of. */
  look(): void
}

const lookMs = 1_000
/** Cert and key are two files: for so many looks they may not belong together before somebody is told. */
const patience = 2
/** RFC 9325 4.1.3 and RFC 8446 C.4: who has the key of tickets can read what TLS 1.2 resumed by them. */
const ticketMsMax = 12 * 3_600_000
const warnMs = 14 * 86_400_000

/** Throws `config_invalid` where there is nothing to begin with. */
export function openGateTls(options: GateTlsOptions): GateTls {
  const watched = new WatchedTls(options)
  const looking = setInterval(() => watched.look(), lookMs).unref()
  const turning = setInterval(() => watched.turn(), ticketMsMax).unref()
  return {
    get secrets() {
      return watched.secrets
    },
    look: () => watched.look(patience),
    [Symbol.dispose]: () => {
      clearInterval(looking)
      clearInterval(turning)
    },
  }
}

class WatchedTls {
  secrets: TlsSecrets
  readonly #options: GateTlsOptions
  /** Of the files that are used. */
  #mark: string
  /** Of files that could not be used, and how often they were seen so. */
  #bad = { mark: '', looks: 0 }

  constructor(options: GateTlsOptions) {
    this.#options = options
    this.#mark = tlsFilesMark(options.settings)
    const files = readTlsFiles(options.settings)
    this.secrets = this.#secretsOf(files, randomBytes(ticketKeysBytes))
    this.#tell(files)
  }

  /** New keys for tickets; who comes back with an old one makes a whole handshake. */
  turn(): void {
    this.secrets = { ...this.secrets, ticketKeys: randomBytes(ticketKeysBytes) }
    this.#options.onChange()
  }

  look(looks = 1): void {
    const { settings, clock, log, onChange } = this.#options
    const mark = tlsFilesMark(settings)
    if (mark === this.#mark || (mark === this.#bad.mark && this.#bad.looks >= patience)) return
    try {
      const files = readTlsFiles(settings)
      if (files.facts.notAfterMs < clock.wallMs()) throw new Error(`the certificate ${settings.cert} has expired`)
      // Who was vouched for by authorities that are gone must not come back by a ticket.
      const isSame = files.clientCa === this.secrets.clientCa
      this.#mark = mark
      this.secrets = this.#secretsOf(files, isSame ? this.secrets.ticketKeys : randomBytes(ticketKeysBytes))
      this.#tell(files)
      onChange()
    } catch (error) {
      this.#bad = { mark, looks: mark === this.#bad.mark ? this.#bad.looks + looks : looks }
      if (this.#bad.looks >= patience)
        log.error('The new certificate cannot be used; the one from before goes on', { why: messageOf(error).trim() })
    }
  }

  #secretsOf({ cert, key, clientCa }: TlsFiles, ticketKeys: Uint8Array): TlsSecrets {
    const { minVersion, clientCert } = this.#options.settings
    return { cert, key, clientCa, isClientCertRequired: clientCert === 'required', minVersion, ticketKeys }
  }

  #tell({ facts }: TlsFiles): void {
    const { settings, clock, audit, log } = this.#options
    const { sha256, names, notAfterMs } = facts
    void audit.tell('certificate.loaded', { sha256, names, notAfterMs, isDevelopment: settings.isDevelopment })
    const leftMs = notAfterMs - clock.wallMs()
    const until = new Date(notAfterMs).toISOString()
    if (leftMs < 0) log.error('The certificate has expired', { cert: settings.cert, until })
    else if (leftMs < warnMs && !settings.isDevelopment)
      log.warn('The certificate expires soon', { cert: settings.cert, until })
  }
}

const ticketKeysBytes = 48
