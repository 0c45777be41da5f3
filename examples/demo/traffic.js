/**
 * Synthetic traffic for the demo, plainly labelled: every request carries `User-Agent: gatehouse-demo-traffic`.
 * A handful of requests a second to a loopback gateway, most of them fine, some refused, as on any ordinary day.
 * It stops by itself after eight hours, or when its parent goes away.
 *
 * Told by its parent: { gateway: 'http://127.0.0.1:8080', keys: { name: 'gthk_…' } }
 */
import { request as send } from 'node:http'

const perSecond = 5
const runMs = 8 * 3600 * 1000
const agent = 'gatehouse-demo-traffic/1 (synthetic)'

const plays = [
  { weight: 40, method: 'GET', path: () => '/v1/orders', key: 'shop-web' },
  { weight: 30, method: 'GET', path: () => `/v1/orders/${1000 + Math.floor(Math.random() * 40)}`, key: 'shop-web' },
  {
    weight: 12,
    method: 'POST',
    path: () => '/v1/orders',
    key: 'warehouse',
    body: { customer: '7', items: [{ sku: 'lamp', count: 1 }] },
  },
  { weight: 8, method: 'GET', path: () => `/v1/users/${Math.random() < 0.8 ? 7 : 9}`, key: 'shop-web' },
  {
    weight: 4,
    method: 'POST',
    path: () => '/v1/login',
    key: null,
    body: { name: 'ada', password: Math.random() < 0.5 ? 'analytical engine' : 'difference' },
  },
  { weight: 2, method: 'POST', path: () => '/v1/orders', key: 'shop-web', body: { customer: '8', items: [] } },
  { weight: 2, method: 'GET', path: () => '/v1/orders', key: null },
  { weight: 1, method: 'GET', path: () => '/v1/invoices', key: 'shop-web' },
  { weight: 1, method: 'DELETE', path: () => '/v1/orders', key: 'warehouse' },
]
const weights = plays.reduce((sum, play) => sum + play.weight, 0)

function pick() {
  let at = Math.random() * weights
  return plays.find((play) => (at -= play.weight) < 0) ?? plays[0]
}

function fire({ gateway, keys }) {
  const play = pick()
  const headers = { 'user-agent': agent }
  const key = play.key === null ? undefined : keys[play.key]
  if (key !== undefined) headers.authorization = `Bearer ${key}`
  const body = play.body === undefined ? undefined : JSON.stringify(play.body)
  if (body !== undefined)
    Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  const outgoing = send(new URL(play.path(), gateway), { method: play.method, headers, timeout: 5000 }, (response) =>
    response.resume(),
  )
  outgoing.on('timeout', () => outgoing.destroy())
  outgoing.on('error', () => {}) // The gateway may be restarting; the next request will tell.
  outgoing.end(body)
}

process.on('message', (told) => {
  const { hostname } = new URL(told.gateway)
  if (hostname !== '127.0.0.1' && hostname !== '[::1]')
    throw new Error(`Demo traffic goes to loopback only, not to ${hostname}`)
  setInterval(() => fire(told), 1000 / perSecond)
  setTimeout(() => process.exit(0), runMs)
})
process.on('disconnect', () => process.exit(0))
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
