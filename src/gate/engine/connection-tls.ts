import type { TLSSocket } from 'node:tls'
import type { ClientCertificate, ConnectionTls } from '../../core/mod.ts'

/** What was agreed on a connection whose handshake is over; read once, since it cannot change without a new one. */
export function connectionTls(socket: TLSSocket): ConnectionTls {
  const client = clientOf(socket)
  return {
    facts: {
      version: socket.getProtocol() ?? '',
      cipher: socket.getCipher().standardName,
      clientCert: client?.sha256 ?? null,
    },
    client,
  }
}

/** Null where none was asked for, or none was presented. */
function clientOf(socket: TLSSocket): ClientCertificate | null {
  const presented = socket.getPeerX509Certificate()
  if (presented === undefined) return null
  return {
    sha256: presented.fingerprint256.replaceAll(':', '').toLowerCase(),
    fault: socket.authorized ? null : faultText(socket),
    notAfterMs: presented.validToDate.getTime(),
  }
}

/** Why the chain of a client was not accepted: the code of OpenSSL, such as `CERT_HAS_EXPIRED`. */
export function faultText({ authorizationError }: TLSSocket): string {
  // Node's types say Error; what stands there is a code, and null where nothing was found wrong.
  const why: unknown = authorizationError
  return typeof why === 'string' ? why : why instanceof Error ? why.message : 'UNVERIFIED'
}
