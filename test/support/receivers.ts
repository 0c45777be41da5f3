import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { generate } from 'selfsigned'

/** A certificate for 127.0.0.1 and localhost, signed by itself. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

/** Makes a certificate; `names` stand in it beside 127.0.0.1. */
export async function testCertificate(names: readonly string[] = ['localhost']): Promise<TestCertificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: [{ type: 7, ip: '127.0.0.1' }, ...names.map((value) => ({ type: 2 as const, value }))],
      },
    ],
  })
  return { cert, key }
}

/** A server on a free port of 127.0.0.1. */
export interface Receiver extends AsyncDisposable {
  readonly port: number
}

/** Serves over TLS with a certificate, else in clear. */
export async function openReceiver(listener: RequestListener, tls: TestCertificate | null = null): Promise<Receiver> {
  const server: Server & { closeAllConnections(): void } =
    tls === null ? createHttp(listener) : createHttps({ cert: tls.cert, key: tls.key }, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    // A server on a port has an address with a port.
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
