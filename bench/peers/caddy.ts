import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, programPath, startChild, waitForPort } from '../children.ts'
import { peerKey, type Product, productOf, type ProductPlan, type Workbench } from './product.ts'

/** Caddy as Debian has it: a key by header matcher and its JSON access log; it brings no rate limit. */
export const caddy: ProductPlan = {
  name: 'caddy',
  does: 'key matcher, no limit, JSON log, GOMAXPROCS=1',
  asksForKey: true,
  forBars: false,
  debianPackage: 'caddy',
  start,
}

async function start({ upstream, folder }: Workbench): Promise<Product> {
  const port = await freePort()
  const configPath = join(folder, 'Caddyfile')
  writeFileSync(configPath, configOf({ port, folder, upstreamPort: upstream.port }))
  const command = [programPath('caddy') ?? 'caddy', 'run', '--config', configPath, '--adapter', 'caddyfile']
  const env = { ...process.env, GOMAXPROCS: '1', HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = startChild(command, { core: 'product', logPath: join(folder, 'caddy.log'), env })
  await waitForPort(port, child)
  return productOf(child, { port, key: peerKey })
}

function configOf({ port, folder, upstreamPort }: { port: number; folder: string; upstreamPort: number }): string {
  return `{
	admin off
	auto_https off
}
http://127.0.0.1:${port} {
	bind 127.0.0.1
	log {
		output file ${folder}/access.log
		format json
	}
	@known header X-API-Key ${peerKey}
	handle @known {
		reverse_proxy 127.0.0.1:${upstreamPort} {
			header_up -X-API-Key
			transport http {
				keepalive_idle_conns_per_host 256
			}
		}
	}
	respond 401
}
`
}
