import { createPrivateKey, X509Certificate } from 'node:crypto'
import { GatehouseError, messageOf } from '../core/mod.ts'

/** What a certificate says. */
export interface CertificateFacts {
  /** SHA-256 of its DER, 64 hex digits: what it is known by. */
  readonly sha256: string
  /** As RFC 2253 writes it, on one line: `CN=api.example.com, O=Example`. */
  readonly subject: string
  /** Names that it is for, such as `DNS:api.example.com`; empty for none. */
  readonly names: readonly string[]
  readonly notBeforeMs: number
  /** The last millisecond in which it is valid. */
  readonly notAfterMs: number
}

/** Reads the first certificate of a PEM text, or one in DER. Throws `invalid_argument` where there is none. */
export function readCertificate(bytes: string | Uint8Array): CertificateFacts {
  const certificate = parsed(bytes)
  return {
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    subject: certificate.subject.replaceAll('\n', ', '),
    names: (certificate.subjectAltName ?? '').split(', ').filter((name) => name !== ''),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  }
}

/** Whether this private key (PEM) belongs to the first certificate of the text. Throws `invalid_argument` for what is neither. */
export function isKeyOf(key: string, cert: string): boolean {
  const certificate = parsed(cert)
  try {
    return certificate.checkPrivateKey(createPrivateKey(key))
  } catch (cause) {
    throw new GatehouseError('invalid_argument', `This is no private key in PEM: ${messageOf(cause)}`, { cause })
  }
}

function parsed(bytes: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(bytes)
  } catch (cause) {
    throw new GatehouseError('invalid_argument', `This is no certificate: ${messageOf(cause)}`, { cause })
  }
}
