import { join } from 'node:path'
import { freePort, startChild, waitForPort } from '../children.ts'
import { peerKey, type Product, productOf, type ProductPlan, type Workbench } from './product.ts'

/** The floor that a gateway on this runtime stands on. */
export const bareNode: ProductPlan = nodePeer('bare', 'node:http + undici', 'nothing', true)

/** Proxies that people build Node gateways from. */
export const fastifyHttpProxy: ProductPlan = nodePeer('fastify-http-proxy', '@fastify/http-proxy', 'nothing', true)
export const httpProxy3: ProductPlan = nodePeer('http-proxy-3', 'http-proxy-3', 'nothing', false)

function nodePeer(program: string, name: string, does: string, forBars: boolean): ProductPlan {
  const start = async ({ upstream, folder }: Workbench): Promise<Product> => {
    const port = await freePort()
    const path = new URL(`${program}.ts`, import.meta.url).pathname
    const command = [process.execPath, path, String(port), upstream.url]
    const child = startChild(command, { core: 'product', logPath: join(folder, `${program}.log`) })
    await waitForPort(port, child)
    return productOf(child, { port, key: peerKey })
  }
  return { name, does, asksForKey: false, forBars, debianPackage: null, start }
}
