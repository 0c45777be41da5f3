import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, programPath, startChild, waitForPort } from '../children.ts'
import { peerKey, type Product, productOf, type ProductPlan, type Workbench } from './product.ts'

/** HAProxy with a list of keys and a stick table that counts per key. It logs to a syslog server, which is not part of it: none here. */
export const haproxy: ProductPlan = {
  name: 'haproxy',
  does: 'key list, stick-table limit, no log, 1 thread',
  asksForKey: true,
  forBars: false,
  debianPackage: 'haproxy',
  start,
}

async function start({ upstream, folder }: Workbench): Promise<Product> {
  const port = await freePort()
  const configPath = join(folder, 'haproxy.cfg')
  const keysPath = join(folder, 'keys.lst')
  writeFileSync(keysPath, `${peerKey}\n`)
  writeFileSync(configPath, configOf({ port, keysPath, upstreamPort: upstream.port }))
  const command = [programPath('haproxy') ?? 'haproxy', '-db', '-q', '-f', configPath]
  const child = startChild(command, { core: 'product', logPath: join(folder, 'haproxy.log') })
  await waitForPort(port, child)
  return productOf(child, { port, key: peerKey })
}

function configOf({ port, keysPath, upstreamPort }: { port: number; keysPath: string; upstreamPort: number }): string {
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 1h
  timeout server 30s
  timeout http-keep-alive 1h
  option http-keep-alive
  http-reuse always
frontend gateway
  bind 127.0.0.1:${port}
  acl known req.hdr(x-api-key) -f ${keysPath}
  http-request deny deny_status 401 unless known
  http-request track-sc0 req.hdr(x-api-key) table per_key
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 10000000 }
  http-request del-header x-api-key
  default_backend api
backend per_key
  stick-table type string len 80 size 100k expire 60s store http_req_rate(60s)
backend api
  server api 127.0.0.1:${upstreamPort} pool-max-conn 256
`
}
