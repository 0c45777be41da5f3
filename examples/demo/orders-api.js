/**
 * A small real API to stand behind the gateway: orders, users and a sign-in, kept in memory.
 * It knows nothing of Gatehouse: no keys, no limits, no log. Plain JavaScript, so that it runs anywhere Node does.
 *
 *   node examples/demo/orders-api.js --port 3000
 */
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'

const bodyBytesMax = 64 * 1024
const ordersMax = 1000

/** @type {Map<string, { id: string, customer: string, items: { sku: string, count: number }[], total: number, state: string }>} */
const orders = new Map()
const users = new Map([
  ['7', { id: '7', name: 'Ada Lovelace', email: 'ada@example.com' }],
  ['8', { id: '8', name: 'Alan Turing', email: 'alan@example.com' }],
])
const skus = ['lamp', 'desk', 'chair', 'shelf', 'rug']
for (let i = 1; i <= 40; i++)
  addOrder({ customer: i % 2 === 0 ? '7' : '8', items: [{ sku: skus[i % skus.length], count: (i % 3) + 1 }] })

function addOrder({ customer, items }) {
  const id = String(1000 + orders.size)
  const total = items.reduce((sum, item) => sum + item.count * 1990, 0)
  const order = { id, customer, items, total, state: 'placed' }
  orders.set(id, order)
  return order
}

function send(response, status, value) {
  const body = JSON.stringify(value)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

async function bodyOf(request) {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > bodyBytesMax) throw new Error('too large')
  }
  return JSON.parse(text)
}

function isOrder(value) {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof value.customer === 'string' &&
    Array.isArray(value.items) &&
    value.items.every((item) => typeof item?.sku === 'string' && Number.isInteger(item.count) && item.count > 0)
  )
}

const handlers = {
  'GET orders': (response) => send(response, 200, { items: [...orders.values()].slice(-20), total: orders.size }),
  'GET orders/{id}': (response, { id }) => found(response, orders.get(id), 'no such order'),
  'GET users/{id}': (response, { id }) => found(response, users.get(id), 'no such user'),
  'POST orders': (response, { body }) => {
    if (!isOrder(body)) return send(response, 422, { error: 'an order has a customer and items of sku and count' })
    if (orders.size >= ordersMax) return send(response, 507, { error: 'this example keeps 1000 orders at most' })
    return send(response, 201, addOrder(body))
  },
  'POST login': (response, { body }) => {
    const right = body?.name === 'ada' && body?.password === 'analytical engine'
    return right ? send(response, 200, { user: '7' }) : send(response, 401, { error: 'wrong name or password' })
  },
}

function found(response, thing, otherwise) {
  return thing === undefined ? send(response, 404, { error: otherwise }) : send(response, 200, thing)
}

async function answer(request, response) {
  const [version, collection, id] = new URL(request.url, 'http://localhost').pathname.split('/').slice(1)
  const handler = handlers[`${request.method} ${collection}${id === undefined ? '' : '/{id}'}`]
  if (version !== 'v1' || handler === undefined) return send(response, 404, { error: 'not found' })
  const body = request.method === 'POST' ? await bodyOf(request).catch(() => null) : null
  return handler(response, { id, body })
}

const { values } = parseArgs({ options: { port: { type: 'string', default: '3000' } } })
const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    if (!response.headersSent) send(response, 500, { error: 'internal error' })
    console.error(error)
  })
})
server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address()
  process.send?.({ ready: true, port })
  if (process.send === undefined) console.log(`Orders API on http://127.0.0.1:${port}`)
})
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.close(() => process.exit(0)))
process.on('disconnect', () => process.exit(0))
