import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import type { TlsSettings } from '../core/mod.ts'
import { isKeyOf, readCertificate, writeFileAtomic } from '../crypto/mod.ts'

const dayMs = 86_400_000
const validMs = 30 * dayMs
/** One that has less left than this is made anew. */
const leftMsMin = 2 * dayMs

/**
 * A certificate for this machine that nobody vouches for, so that TLS can be tried before there is a real one: made in the
 * `keys` folder (0600), and again when it is about to expire.
 */
export async function developmentTls(
  dataDir: string,
  listen: TlsSettings['listen'],
  nowMs: number,
): Promise<TlsSettings> {
  const cert = join(dataDir, 'keys', 'tls-dev.crt')
  const key = join(dataDir, 'keys', 'tls-dev.key')
  if (!isUsable(cert, key, nowMs)) {
    const made = await generate([{ name: 'commonName', value: 'Gatehouse development' }], {
      keyType: 'ec',
      curve: 'P-256',
      algorithm: 'sha256',
      notBeforeDate: new Date(nowMs),
      notAfterDate: new Date(nowMs + validMs),
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 7, ip: '127.0.0.1' },
            { type: 7, ip: '::1' },
          ],
        },
      ],
    })
    writeFileAtomic(key, Buffer.from(made.private), 0o600)
    writeFileAtomic(cert, Buffer.from(made.cert), 0o600)
  }
  return { listen, cert, key, minVersion: 'TLSv1.2', clientCa: null, clientCert: 'none', isDevelopment: true }
}

function isUsable(cert: string, key: string, nowMs: number): boolean {
  if (!existsSync(cert) || !existsSync(key)) return false
  try {
    const text = readFileSync(cert, 'utf8')
    return readCertificate(text).notAfterMs - nowMs >= leftMsMin && isKeyOf(readFileSync(key, 'utf8'), text)
  } catch {
    return false // it is made again
  }
}
