/**
 * Synthetic traffic for the demo, plainly labelled: every request carries `User-Agent: gatehouse-demo-traffic`, and comes
 * from addresses for documentation (RFC 5737, RFC 3849) in `X-Forwarded-For`, which the demo's gateway believes.
 * About five requests a second to a loopback gateway with a slow tide, most of them fine, some refused, as on any ordinary
 * day: never so many of one kind that somebody should look. It stops by itself after eight hours, or when its parent goes away.
 *
 * Told by its parent: { gateway: 'http://127.0.0.1:8080', keys: { name: 'gthk_…' } }
 */
import { request as send } from 'node:http'

const perSecond = 5
const tideMs = 10 * 60 * 1000
const runMs = 8 * 3600 * 1000
const agent = 'gatehouse-demo-traffic/1 (synthetic)'

const any = (count) => Math.floor(Math.random() * count)
/** Who calls from where: people at home, phones, one server of a warehouse, two of a partner. */
const home = () => `198.51.100.${1 + any(250)}`
const phone = () => `2001:db8:${(1 + any(40)).toString(16)}:${any(200).toString(16)}::${1 + any(9)}`
const depot = () => '192.0.2.10'
const partner = () => `192.0.2.${130 + any(2)}`
const order = () => `/v1/orders/${1000 + any(40)}`

/** What happens all the time, by weight. */
const usual = [
  { weight: 26, method: 'GET', path: () => '/v1/orders', key: 'shop-web', from: home },
  { weight: 18, method: 'GET', path: order, key: 'shop-web', from: home },
  { weight: 20, method: 'GET', path: () => '/v1/orders', key: 'shop-app', from: phone },
  { weight: 12, method: 'GET', path: order, key: 'shop-app', from: phone },
  { weight: 6, method: 'GET', path: order, key: 'partner-globex', from: partner },
  { weight: 5, method: 'GET', path: () => `/v1/users/${Math.random() < 0.8 ? 7 : 9}`, key: 'shop-web', from: home },
  {
    weight: 10,
    method: 'POST',
    path: () => '/v1/orders',
    key: 'warehouse',
    from: depot,
    body: { customer: '7', items: [{ sku: 'lamp', count: 1 }] },
  },
  {
    weight: 3,
    method: 'POST',
    path: () => '/v1/login',
    key: null,
    from: home,
    body: { name: 'ada', password: 'analytical engine' },
  },
]
const weights = usual.reduce((sum, play) => sum + play.weight, 0)

/** What goes wrong now and then, each at its own pace. */
const rare = [
  {
    everyMs: 19_000,
    method: 'POST',
    path: () => '/v1/login',
    key: null,
    from: home,
    body: { name: 'ada', password: 'difference' },
  },
  { everyMs: 23_000, method: 'GET', path: () => '/v1/orders', key: null, from: home },
  { everyMs: 41_000, method: 'GET', path: () => '/v1/invoices', key: 'shop-app', from: phone },
  { everyMs: 67_000, method: 'DELETE', path: () => '/v1/orders', key: 'warehouse', from: depot },
  {
    everyMs: 83_000,
    method: 'POST',
    path: () => '/v1/orders',
    key: 'partner-globex',
    from: partner,
    body: { customer: '8', items: [] },
  },
]

function pick() {
  let at = Math.random() * weights
  return usual.find((play) => (at -= play.weight) < 0) ?? usual[0]
}

function fire(play, { gateway, keys }) {
  const headers = { 'user-agent': agent, 'x-forwarded-for': play.from() }
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

/** The next one comes after a while that nobody can foretell, shorter at high tide. */
function next(told) {
  const tide = 1 + 0.25 * Math.sin((Date.now() / tideMs) * 2 * Math.PI)
  setTimeout(
    () => {
      fire(pick(), told)
      next(told)
    },
    (-Math.log(1 - Math.random()) * 1000) / (perSecond * tide),
  )
}

process.on('message', (told) => {
  const { hostname } = new URL(told.gateway)
  if (hostname !== '127.0.0.1' && hostname !== '[::1]')
    throw new Error(`Demo traffic goes to loopback only, not to ${hostname}`)
  next(told)
  for (const play of rare) setInterval(() => fire(play, told), play.everyMs)
  setTimeout(() => process.exit(0), runMs)
})
process.on('disconnect', () => process.exit(0))
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
