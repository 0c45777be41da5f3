import { readFileSync, statSync } from 'node:fs'
import type { Config } from '../config/mod.ts'
import { messageOf } from '../core/mod.ts'
import { isKeyOf, readCertificate } from '../crypto/mod.ts'
import { advice, type Check, ok, wrong } from './check-up.ts'

const dayMs = 86_400_000
/** Certificates of public authorities live for weeks: whoever renews them late is told in time. */
const soonMs = 14 * dayMs

/** Whether the configured certificate can be used, and for how long; nothing where none is configured. */
export function certificate({ gate }: Pick<Config, 'gate'>, nowMs: number): readonly Check[] {
  const { tls } = gate
  if (tls === null) return []
  try {
    const cert = readFileSync(tls.cert, 'utf8')
    const { subject, notAfterMs, notBeforeMs } = readCertificate(cert)
    const until = new Date(notAfterMs).toISOString().slice(0, 10)
    if (!isKeyOf(readFileSync(tls.key, 'utf8'), cert))
      return [
        wrong('certificate', `${tls.key} is not the key of ${tls.cert}`, 'Put the two that belong together there'),
      ]
    return [
      notAfterMs < nowMs
        ? wrong('certificate', `${subject} expired on ${until}`, `Replace ${tls.cert} and ${tls.key}`)
        : notBeforeMs > nowMs
          ? wrong('certificate', `${subject} is not valid yet`, 'Look at the clock of this machine')
          : notAfterMs - nowMs < soonMs
            ? advice('certificate', `${subject} expires on ${until}`, `Renew it: ${tls.cert} is read when it changes`)
            : ok('certificate', `${subject}, until ${until}`),
      keyMode(tls.key),
      ...authorities(tls.clientCa),
    ]
  } catch (error) {
    return [wrong('certificate', messageOf(error), 'Mend tls.cert and tls.key; until then the one from before is used')]
  }
}

/** Whoever can read it can pose as this gateway. */
function keyMode(path: string): Check {
  const mode = statSync(path).mode & 0o777
  const text = `${path} has mode ${mode.toString(8).padStart(4, '0')}`
  return (mode & 0o007) === 0
    ? ok('tls key', text)
    : wrong('tls key', `${text}: everybody can read it`, `chmod 600 ${path}`)
}

function authorities(path: string | null): readonly Check[] {
  if (path === null) return []
  try {
    return [ok('client ca', `${readCertificate(readFileSync(path, 'utf8')).subject} vouches for clients`)]
  } catch (error) {
    return [wrong('client ca', `${path}: ${messageOf(error)}`, 'Mend tls.clientCa')]
  }
}
