/** What was agreed on the TLS connection of a request, as it is recorded. */
export interface TlsFacts {
  /** `TLSv1.3` or `TLSv1.2`. */
  readonly version: string
  /** As the IANA registry names it: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string
  /** SHA-256 of the client's certificate (DER), 64 hex digits; null when none was presented. */
  readonly clientCert: string | null
}

/** The certificate that a client presented, whose private key it holds: TLS has proven that. */
export interface ClientCertificate {
  /** SHA-256 of its DER, 64 hex digits. */
  readonly sha256: string
  /** Why its chain does not end at one of the trusted authorities, such as `CERT_HAS_EXPIRED`; null when it does. */
  readonly fault: string | null
  /** The last millisecond in which it is valid: a connection can outlive its certificate. */
  readonly notAfterMs: number
}

/** The TLS side of a connection. */
export interface ConnectionTls {
  readonly facts: TlsFacts
  readonly client: ClientCertificate | null
}

/** The TLS listener, as configured; takes effect at a start, but for the contents of the files. */
export interface TlsSettings {
  readonly listen: { readonly host: string; readonly port: number }
  /** Path of the certificate with its chain, PEM; read again when it changes. */
  readonly cert: string
  /** Path of its private key, PEM. Whoever can read it can pose as this gateway. */
  readonly key: string
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Path of the authorities that vouch for client certificates, PEM; null where none are asked for. */
  readonly clientCa: string | null
  readonly clientCert: 'none' | 'optional' | 'required'
  /** A self-signed certificate that was made at the start: goes without when the port is taken. */
  readonly isDevelopment: boolean
}

/** How the gateway speaks TLS to an upstream; its certificate is always verified. Paths of PEM files. */
export interface UpstreamTls {
  /** Authorities that are trusted instead of the public ones. */
  readonly ca: string | null
  /** Certificate and key that we prove ourselves with. */
  readonly cert: string | null
  readonly key: string | null
  /** The name that is asked for (SNI) and must stand in the certificate; the host of the URL when null. */
  readonly serverName: string | null
}
