import { generate } from 'selfsigned'

/** A certificate and its key, PEM: made for one test. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

export interface TestAuthority extends TestCertificate {
  /** A certificate that it vouches for. */
  issue(name: string, validity?: Validity): Promise<TestCertificate>
}

interface Validity {
  /** @default a minute ago */
  readonly from?: Date
  /** @default in a day */
  readonly until?: Date
}

const minuteMs = 60_000
const dayMs = 86_400_000
const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

/** An authority of its own. */
export async function testAuthority(name = 'test authority'): Promise<TestAuthority> {
  const made = await generate([{ name: 'commonName', value: name }], {
    ...common,
    ...within({}),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  const ca = { cert: made.cert, key: made.private }
  return { ...ca, issue: (subject, validity = {}) => issue(ca, subject, validity) }
}

async function issue(ca: TestCertificate, name: string, validity: Validity): Promise<TestCertificate> {
  const made = await generate([{ name: 'commonName', value: name }], {
    ...common,
    ...within(validity),
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: name },
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  return { cert: made.cert, key: made.private }
}

function within({ from, until }: Validity): { notBeforeDate: Date; notAfterDate: Date } {
  return {
    notBeforeDate: from ?? new Date(Date.now() - minuteMs),
    notAfterDate: until ?? new Date(Date.now() + dayMs),
  }
}
