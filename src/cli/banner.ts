import type { DeskReady, GateReady } from '../app/mod.ts'
import type { Config } from '../config/mod.ts'
import { type DemoKeys, gateUrl } from './demo.ts'
import { painter, type Terminal } from './terminal.ts'

export interface BannerFacts {
  readonly version: string
  readonly gate: GateReady
  readonly desk: DeskReady
  readonly keys: DemoKeys | null
  readonly config: Config
  readonly terminal: Terminal
  readonly traffic: boolean
}

/** What a person sees when both processes are ready: the addresses, what is enforced, and one line to paste. */
export function banner({ version, gate, desk, keys, config, terminal, traffic }: BannerFacts): string {
  const paint = painter(terminal)
  const url = gateUrl(gate)
  const program = import.meta.url.endsWith('.ts') ? 'node bin/gatehouse.js' : 'gatehouse'
  const data =
    config.gate.dataDir === 'gatehouse-data' || config.gate.dataDir === './gatehouse-data'
      ? ''
      : ` --data ${config.gate.dataDir}`
  const lines = [
    '',
    `${paint('bold', `Gatehouse ${version}`)}${keys === null ? '' : paint('yellow', '  DEMO: example API, synthetic data')}`,
    '',
  ]
  const say = (name: string, text: string): void => void lines.push(`  ${name.padEnd(10)} ${text}`)
  say('Gateway', `${url}   ${modeOf(config)}`)
  const secure = secureOf(gate)
  if (secure !== null) say('', secure)
  if (desk.setUpUrl === null) say('Console', desk.adminUrl)
  else say('Console', `${desk.setUpUrl}   set-up link: one use, 30 min`)
  say('Admin API', `${desk.adminUrl}   (metrics: ${desk.adminUrl}/metrics)`)
  if (desk.adminToken !== null) say('Token', `${desk.adminToken}   admin token, shown this once`)
  if (keys !== null) {
    say('First key', `${keys.yours}   may read orders`)
    if (traffic)
      say(
        'Traffic',
        'about 5 synthetic requests a second, labelled gatehouse-demo-traffic (off: npm start -- --no-traffic)',
      )
  }
  lines.push('')
  say(
    'Try',
    paint(
      'cyan',
      `curl -i ${url}${keys === null ? '/' : '/v1/orders'}${keys === null ? '' : ` -H 'Authorization: Bearer ${keys.yours}'`}`,
    ),
  )
  say('Then', `${program} tail${data}`)
  say('', `${program} explain <x-request-id>${data}`)
  if (keys !== null) say('', `${program} drill credential-stuffing${data}   an attack, and the incident that it makes`)
  if (config.policy.apis.some((api) => api.mode === 'observe')) {
    lines.push(
      '',
      paint(
        'yellow',
        '  Observe mode: nothing is refused; records say what would have been. To enforce: gatehouse init, set mode: enforce,',
      ),
    )
    lines.push(
      paint('yellow', `  and give callers keys: ${program} keys create --consumer acme --scopes orders:read${data}`),
    )
  }
  if (keys !== null) lines.push('', `  Your own API: npm start -- --upstream http://localhost:3000`)
  lines.push('  Ctrl-C stops it.', '', '')
  return lines.join('\n')
}

/** Null where nobody asked for TLS. */
function secureOf({ addresses, isDevelopmentTls, tlsSkipped }: GateReady): string | null {
  if (tlsSkipped !== null) return `no TLS: ${tlsSkipped} is taken by somebody else   (--dev-tls host:port for another)`
  const address = addresses.find(({ isSecure }) => isSecure)
  if (address === undefined) return null
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  const kind = isDevelopmentTls ? '   (self-signed development certificate)' : ''
  return `https://${host}:${address.port}${kind}`
}

function modeOf(config: Config): string {
  const observing = config.policy.apis.filter((api) => api.mode === 'observe').map((api) => api.name)
  if (observing.length === 0) return 'enforces keys, scopes and limits'
  return observing.length === config.policy.apis.length ? 'observes only' : `observes only: ${observing.join(', ')}`
}
